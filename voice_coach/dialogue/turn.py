"""The mechanics of one turn: saying lines, waiting, holding, moving between steps.

A ``Turn`` lives for one call of ``Dialogue.advance``: it carries the state forward and collects
the actions. The safety gate stands in ``enter``, where every change of step passes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import Any, Final

from voice_coach.dialogue import actions as act
from voice_coach.dialogue.protocol import Case, Level, Protocol, Reaction, Step
from voice_coach.dialogue.state import Line, State, forbids, may_press, open_screens
from voice_coach.dialogue.words import number

TRAIL: Final = 20
"""Steps remembered for "go back"."""

_EPSILON: Final = 0.05
"""Seconds by which a timer may be early."""

_FIELDS: Final = frozenset(field.name for field in fields(State))

_PRESSING: Final = ("say", "again", "cue")
"""Parts of a step with ``touch`` that ask for pressure; the others explain it or end it."""


class Turn:
    """One step of the conversation's machinery over an immutable state."""

    def __init__(self, protocol: Protocol, state: State, fields: dict[str, str]) -> None:
        self.protocol = protocol
        self.state = state
        self.fields = fields
        self.actions: list[act.Action] = []
        self._continues = False
        """A sentence has just ended: the next one keeps its distance."""

    @property
    def step(self) -> Step:
        return self.protocol.steps[self.state.step]

    def set(self, **changes: Any) -> None:
        """``dataclasses.replace``, in a tenth of its time: a turn does it all the time."""
        assert changes.keys() <= _FIELDS, changes
        state = object.__new__(State)
        state.__dict__.update(self.state.__dict__)
        state.__dict__.update(changes)
        self.state = state

    def emit(self, action: act.Action) -> None:
        self.actions.append(action)

    # -- saying ---------------------------------------------------------------------------

    def lines(
        self, prompt: str, texts: Iterable[str], first: int = 0, touch: bool = False
    ) -> tuple[Line, ...]:
        """Texts of the content as lines, their placeholders filled, numbered from ``first``."""
        return tuple(
            Line(f"{prompt}.{i}", self._filled(text), touch) for i, text in enumerate(texts, first)
        )

    def own(self, part: str, texts: Iterable[str], first: int = 0) -> tuple[Line, ...]:
        """Lines of the current step."""
        touch = self.step.touch and part in _PRESSING
        return self.lines(f"{self.state.step}.{part}", texts, first, touch)

    def common(self, part: str, text: str, **fields: str) -> tuple[Line, ...]:
        """A sentence that belongs to no step, with placeholders of its own."""
        return (Line(f"common.{part}", self._filled(text, **fields)),)

    def _filled(self, text: str, **fields: str) -> str:
        side = self.state.side
        good = {None: "good", "left": "right", "right": "left"}[side]
        return text.format_map(
            {**self.fields, "cramped": side or "cramped", "good": good, **fields}
        )

    def reminder(self) -> tuple[Line, ...]:
        """The step's prompt in short: its first reprompt, else the prompt itself."""
        step = self.step
        return self.own("again", step.again[:1]) if step.again else self.own("say", step.say)

    def question(self) -> tuple[Line, ...]:
        """After a detour, the open question in short; nothing where none is open."""
        if self.state.mode == "wait" and self.step.kind in ("ask", "screen"):
            return self.reminder()
        return ()

    def hush(self) -> None:
        """Stop speaking at once; what was still to be said is dropped."""
        if self.state.queue:
            self.emit(act.Hush())
            self.set(queue=())

    def speak(self, lines: tuple[Line, ...]) -> None:
        """Say these lines now, instead of anything still queued, then settle."""
        self.hush()
        self.emit(act.CancelTimer("silence"))
        self.set(queue=self._with_clock(lines))
        self._next_line(first=True)

    def _with_clock(self, lines: tuple[Line, ...]) -> tuple[Line, ...]:
        """What the clock has to say goes along, if an answer cut it off: first, but never before
        the words that make somebody ease off, and not when the advice is being given."""
        after = tuple(line for line in self.unsaid() if line not in lines)
        owed = tuple(line for line in self.state.owed if line not in lines)
        if self.step.phase == "end":
            self.set(owed=())
            return lines + after
        return lines + owed + after if self.step.eases else owed + lines + after

    def interject(self, lines: tuple[Line, ...]) -> None:
        """Say these lines after the sentence that is being spoken, before all others."""
        if not self.state.queue:
            self.speak(lines)
            return
        current, *rest = self.state.queue
        self.set(queue=(current, *lines, *rest))

    def line_ended(self) -> None:
        """The first line of the queue was heard to its end."""
        self._continues = True
        if self.state.queue[:1] == self.unsaid()[-1:]:
            self.set(limit_unsaid=False)
        heard = self.state.queue[:1]
        self.set(
            queue=self.state.queue[1:],
            owed=tuple(line for line in self.state.owed if line not in heard),
        )
        self._next_line(first=False)

    def _next_line(self, first: bool) -> None:
        if not self.state.queue:
            self.settle()
            return
        line = self.state.queue[0]
        gap = 0.0 if first and not self._continues else self.protocol.gap
        self.emit(act.Say(line.prompt, line.text, gap, line.touch))
        if line.touch and not self.state.pressed:
            self.set(pressed=True)

    # -- the limit of self-care -------------------------------------------------------------

    def past_help(self) -> bool:
        """The limit needs no step of its own: the cramp is gone, or help is already advised."""
        return self.state.relieved or self.step.phase == "end" or self._pressure_forbidden()

    def unsaid(self) -> tuple[Line, ...]:
        """Rule S3: the limit's sentences, as long as they were not heard to their end."""
        if not self.state.limit_unsaid or not self.past_help():
            return ()
        return self.lines("common.limit", self.protocol.limits.limit_say)

    # -- waiting --------------------------------------------------------------------------

    def settle(self) -> None:
        """Everything is said: do what the mode says comes then."""
        mode = self.state.mode
        if mode == "lead":
            self._led()
        elif mode == "wait":
            self.emit(act.StartTimer("silence", self.step.wait))
        elif mode == "hold":
            self.run_hold()
        elif mode == "leave":
            self.enter(self.state.target)
        elif mode == "pause":
            self.emit(act.StartTimer("silence", self.protocol.pause_seconds))

    def _led(self) -> None:
        kind = self.step.kind
        if self.state.step == self.protocol.limits.limit_step:
            self.set(limit_unsaid=False)
        if kind == "end":
            self.finish()
        elif kind == "hold":
            self.set(mode="hold", held=0.0, held_since=None)
            self.emit(act.Cue("tick"))
            self.run_hold()
        elif kind == "do" and self.step.wait <= 0:
            self.enter(self.step.next)
        else:
            self.set(mode="wait")
            self.settle()

    def leave(self, lines: tuple[Line, ...], target: str) -> None:
        """Say the last words of this step, then go to ``target``."""
        self.stop_hold()
        if lines:
            self.set(mode="leave", target=target)
            self.speak(lines)
        else:
            self.hush()
            self.enter(target)

    def leave_after(self, lines: tuple[Line, ...], target: str) -> None:
        """The sentence being spoken ends first: cut short, it is worse than the last words late."""
        if not self.state.queue:
            self.leave(lines, target)
            return
        self.stop_hold()
        self.set(queue=self.state.queue[:1] + lines, mode="leave", target=target)

    # -- holding --------------------------------------------------------------------------

    def run_hold(self) -> None:
        """Start or go on with a hold, unless it is running."""
        if self.state.held_since is not None:
            return
        self.set(held_since=self.state.now)
        self._arm_hold()

    def _arm_hold(self) -> None:
        elapsed = self.state.hold_elapsed()
        every = self.step.every
        following = (int((elapsed + _EPSILON) / every) + 1) * every
        due = min(following, self.step.seconds) - elapsed
        self.emit(act.StartTimer("hold", max(due, _EPSILON)))

    def hold_due(self) -> None:
        """A count is due, or the end of the hold."""
        if self.state.mode != "hold" or self.state.held_since is None:
            return
        elapsed = self.state.hold_elapsed()
        if elapsed >= self.step.seconds - _EPSILON:
            self._hold_over()
            return
        if not self.state.queue:
            self.speak(self._count(elapsed))
        self._arm_hold()

    def _count(self, elapsed: float) -> tuple[Line, ...]:
        cues = self.step.cues
        n = round(elapsed / self.step.every)
        if cues:
            i = (n - 1) % len(cues)
            return self.own("cue", (cues[i],), i)
        count = number(round(elapsed)).capitalize()
        return self.common(f"count_{round(elapsed)}", self.protocol.common.count, count=count)

    def pause_hold(self) -> None:
        """Stop the hold's clock and keep what was held."""
        self.set(held=self.state.hold_elapsed(), held_since=None)
        self.emit(act.CancelTimer("hold"))

    def end_hold(self) -> None:
        """The person says that it is enough."""
        self.emit(act.Cue("done"))
        self.leave(self.own("release", self.step.release), self.step.next)

    def _hold_over(self) -> None:
        """Its time is over. An answer to the person is not cut short: the last words come at most a
        sentence late, and what the answer still had to say comes after them."""
        if not self.state.queue:
            self.end_hold()
            return
        rest = tuple(line for line in self.state.queue[1:] if not line.touch)
        self.leave_after(self.own("release", self.step.release) + rest, self.step.next)

    def stop_hold(self) -> None:
        """Leave the hold: its clock stops and starts from nothing the next time."""
        if self.state.held_since is not None:
            self.pause_hold()
        self.set(held=0.0)

    # -- moving ---------------------------------------------------------------------------

    def enter(self, step_id: str, back: bool = False) -> None:
        """Go to a step: through routes and past the gate, then say its prompt."""
        target = self._allowed(step_id)
        if not back and self.state.step != target:
            self.set(trail=(*self.state.trail, self.state.step)[-TRAIL:])
        self.stop_hold()
        self.hush()
        self.emit(act.CancelTimer("silence"))
        # A question that is asked again is open again, whatever was answered before.
        cleared = self.state.cleared - {target}
        self.set(
            step=target, mode="lead", entered=self.state.now, attempts=0, mumbled=False,
            target="", cleared=cleared,
        )  # fmt: skip
        self.emit(act.Enter(target))
        self.speak(self.own("say", self.step.say))

    def _allowed(self, step_id: str) -> str:
        """The step that may be entered now: the clock goes before the content, but easing off
        and the end go before the clock."""
        target = self._resolve(step_id)
        state, limits = self.state, self.protocol.limits
        step = self.protocol.steps[target]
        if step.eases or step.phase == "end":
            return target
        if state.now >= limits.cap:
            return self._resolve(limits.cap_step)
        if state.limit_unsaid and not state.relieved and not self._pressure_forbidden():
            return self._resolve(limits.limit_step)
        return target

    def _pressure_forbidden(self) -> bool:
        return forbids(self.protocol, self.state, "pressure")

    def _resolve(self, step_id: str) -> str:
        """The step that may really be entered: routes followed, the gate kept."""
        for _ in range(len(self.protocol.steps)):
            step = self.protocol.steps[step_id]
            if step.kind == "route":
                step_id = next((c.to for c in step.cases if self.holds(c)), step.next)
            elif step.touch and not may_press(self.protocol, self.state):
                step_id = self._instead_of_pressure()
            elif step.stretch and forbids(self.protocol, self.state, "stretch"):
                step_id = self.protocol.gate.forbidden
            else:
                return step_id
        raise ValueError(f"the routes from {step_id} lead in a circle")

    def _instead_of_pressure(self) -> str:
        if self._pressure_forbidden():
            return self.protocol.gate.forbidden
        if not self.state.released:
            return self.protocol.gate.locked
        return open_screens(self.protocol, self.state)[0]

    def holds(self, case: Case) -> bool:
        """Whether a route's condition holds."""
        state = self.state
        facts: dict[str, Callable[[], bool]] = {
            "standing": lambda: state.position == "standing",
            "far": lambda: state.position == "far",
            "side_known": lambda: state.side is not None,
            "gate_open": lambda: bool(open_screens(self.protocol, state)),
            "no_pressure": self._pressure_forbidden,
        }
        if case.when in facts:
            return facts[case.when]()
        if case.when in Level.__members__:
            return state.level >= Level[case.when]
        return bool(getattr(state, case.when))

    # -- what answers change --------------------------------------------------------------

    def react(self, intent: str, reaction: Reaction) -> None:
        """Do what a reaction says."""
        for name in ("released", "relieved", "severe", "position", "side"):
            value = getattr(reaction, name)
            if value is not None:
                self.set(**{name: value})
        if reaction.released is False:
            self._locked()
        if reaction.relieved:
            self.set(released=True)
        outdated = bool(reaction.flag) and self._outdates(reaction.flag)
        if reaction.flag:
            self.raise_flag(reaction.flag)
        target = self._target(reaction)
        if outdated and not target:
            target = self.protocol.limits.cap_step
        if not target and self._resolve(self.state.step) != self.state.step:
            target = self.state.step  # the answer has shut this very step: out through the gate
        touch = self.step.touch and not target and intent in self.step.on
        lines = self.lines(f"{self.state.step}.{intent}", reaction.say, touch=touch)
        if target:
            self.leave(lines, target)
        else:
            self.reply(lines + self.question())

    def _outdates(self, flag: str) -> bool:
        """Whether the advice of this ending is no longer the right one with the flag raised."""
        return self.step.kind == "end" and self.state.level < Level[self.protocol.flags[flag].level]

    def _locked(self) -> None:
        """The muscle is locked. After the limit that is a cramp that self-care did not resolve."""
        self.set(relieved=False)
        limits = self.protocol.limits
        if self.state.limit and self.state.level < Level[limits.limit_level]:
            self.advise(Level[limits.limit_level], "limit")

    def _target(self, reaction: Reaction) -> str:
        if isinstance(reaction.to, str):
            return reaction.to
        # Answers that lead along the same list share one count: "no" after "not yet" goes on.
        key = f"{self.state.step}/{'>'.join(reaction.to)}"
        n = self.state.count(key)
        counts = {**dict(self.state.counts), key: n + 1}
        self.set(counts=tuple(sorted(counts.items())))
        return reaction.to[min(n, len(reaction.to) - 1)]

    def reply(self, lines: tuple[Line, ...]) -> None:
        """Say something and stay. A prompt that it interrupts goes on with the same sentence, so
        that no talk can hold it up for ever."""
        if self.state.mode == "lead":
            said = self.own("say", self.step.say)
            rest = tuple(line for line in self.state.queue if line in said)
            self.speak(lines + (rest or said))
        elif self.state.mode == "leave":
            self.interject(lines)
        else:
            self.speak(lines)

    def raise_flag(self, flag: str) -> None:
        self.set(flags=self.state.flags | {flag})
        self.advise(Level[self.protocol.flags[flag].level], flag)

    def advise(self, level: Level, reason: str) -> None:
        """The level rises to at least ``level``; it never falls."""
        self.set(level=max(self.state.level, level))
        self.emit(act.Advise(self.state.level, reason))

    def finish(self) -> None:
        """The end step was said: name the advice and the outcome."""
        self.advise(self.state.level, "end")
        outcome = self.step.outcome or self._outcome()
        self.set(mode="over", outcome=outcome)
        for timer in ("silence", "hold"):
            self.emit(act.CancelTimer(timer))
        self.emit(act.End(outcome))

    def _outcome(self) -> str:
        if self.state.level == Level.emergency:
            return "emergency"
        raised = [self.protocol.flags[flag].level for flag in self.state.flags]
        if "urgent" in raised:
            return "urgent"
        return "relieved" if self.state.relieved else "not_resolved"
