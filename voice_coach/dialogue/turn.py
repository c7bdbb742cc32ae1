"""The mechanics of one turn: saying lines, waiting, holding, moving between steps.

A ``Turn`` lives for one call of ``Dialogue.advance``: it carries the state forward and collects
the actions. The safety gate stands in ``enter``, where every change of step passes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final

from voice_coach.dialogue import actions as act
from voice_coach.dialogue.protocol import Case, Level, Protocol, Reaction, Step
from voice_coach.dialogue.state import Line, State, forbids, may_press, open_screens
from voice_coach.dialogue.words import number

TRAIL: Final = 20
"""Steps remembered for "go back"."""

_EPSILON: Final = 0.05
"""Seconds by which a timer may be early."""


class Turn:
    """One step of the conversation's machinery over an immutable state."""

    def __init__(self, protocol: Protocol, state: State, fields: dict[str, str]) -> None:
        self.protocol = protocol
        self.state = state
        self.fields = fields
        self.actions: list[act.Action] = []

    @property
    def step(self) -> Step:
        return self.protocol.steps[self.state.step]

    def set(self, **changes: Any) -> None:
        self.state = replace(self.state, **changes)

    def emit(self, action: act.Action) -> None:
        self.actions.append(action)

    # -- saying ---------------------------------------------------------------------------

    def lines(self, prompt: str, texts: Iterable[str], first: int = 0) -> tuple[Line, ...]:
        """Texts of the content as lines, their placeholders filled, numbered from ``first``."""
        side = self.state.side
        good = {None: "good", "left": "right", "right": "left"}[side]
        values = {**self.fields, "cramped": side or "cramped", "good": good}
        touch = self.step.touch and prompt.startswith(f"{self.state.step}.")
        return tuple(
            Line(f"{prompt}.{i}", text.format_map(values), touch)
            for i, text in enumerate(texts, first)
        )

    def own(self, part: str, texts: Iterable[str], first: int = 0) -> tuple[Line, ...]:
        """Lines of the current step."""
        return self.lines(f"{self.state.step}.{part}", texts, first)

    def common(self, part: str, text: str, **fields: str) -> tuple[Line, ...]:
        """A sentence that belongs to no step, with placeholders of its own."""
        return (Line(f"common.{part}", text.format_map(fields)),)

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
        self.set(queue=lines)
        self._next_line(first=True)

    def interject(self, lines: tuple[Line, ...]) -> None:
        """Say these lines after the sentence that is being spoken, before all others."""
        if not self.state.queue:
            self.speak(lines)
            return
        current, *rest = self.state.queue
        self.set(queue=(current, *lines, *rest))

    def line_ended(self) -> None:
        """The first line of the queue was heard to its end."""
        self.set(queue=self.state.queue[1:])
        self._next_line(first=False)

    def _next_line(self, first: bool) -> None:
        if not self.state.queue:
            self.settle()
            return
        line = self.state.queue[0]
        gap = 0.0 if first else self.protocol.gap
        self.emit(act.Say(line.prompt, line.text, gap, line.touch))
        if line.touch and not self.state.pressed:
            self.set(pressed=True)

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
        self._stop_hold()
        if lines:
            self.set(mode="leave", target=target)
            self.speak(lines)
        else:
            self.hush()
            self.enter(target)

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
            self.end_hold()
            return
        if not self.state.queue:
            self.speak(self._count(elapsed))
        self._arm_hold()

    def _count(self, elapsed: float) -> tuple[Line, ...]:
        cues = self.step.cues
        n = round(elapsed / self.step.every)
        if cues:
            i = (n - 1) % len(cues)
            return (Line(f"{self.state.step}.cue.{i}", cues[i], self.step.touch),)
        count = number(round(elapsed)).capitalize()
        return self.common(f"count_{round(elapsed)}", self.protocol.common.count, count=count)

    def pause_hold(self) -> None:
        """Stop the hold's clock and keep what was held."""
        self.set(held=self.state.hold_elapsed(), held_since=None)
        self.emit(act.CancelTimer("hold"))

    def end_hold(self) -> None:
        self.emit(act.Cue("done"))
        self.leave(self.own("release", self.step.release), self.step.next)

    def _stop_hold(self) -> None:
        if self.state.held_since is not None:
            self.pause_hold()
        self.set(held=0.0)

    # -- moving ---------------------------------------------------------------------------

    def enter(self, step_id: str, back: bool = False) -> None:
        """Go to a step: through routes and past the gate, then say its prompt."""
        target = self._resolve(step_id)
        if not back and self.state.step != target:
            self.set(trail=(*self.state.trail, self.state.step)[-TRAIL:])
        self._stop_hold()
        self.hush()
        self.emit(act.CancelTimer("silence"))
        self.set(step=target, mode="lead", entered=self.state.now, attempts=0, target="")
        self.emit(act.Enter(target))
        self.speak(self.own("say", self.step.say))

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
        if forbids(self.protocol, self.state, "pressure"):
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
            "no_pressure": lambda: forbids(self.protocol, state, "pressure"),
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
            self.set(relieved=False)
        if reaction.relieved:
            self.set(released=True)
        if reaction.flag:
            self.raise_flag(reaction.flag)
        lines = self.own(intent, reaction.say)
        target = self._target(intent, reaction)
        if target:
            self.leave(lines, target)
        else:
            self.reply(lines + self.question())

    def _target(self, intent: str, reaction: Reaction) -> str:
        if isinstance(reaction.to, str):
            return reaction.to
        key = f"{self.state.step}/{intent}"
        n = self.state.count(key)
        counts = {**dict(self.state.counts), key: n + 1}
        self.set(counts=tuple(sorted(counts.items())))
        return reaction.to[min(n, len(reaction.to) - 1)]

    def reply(self, lines: tuple[Line, ...]) -> None:
        """Say something and stay: the step's prompt is not cut short for ever by a question."""
        if self.state.mode == "lead":
            self.speak(lines + self.own("say", self.step.say))
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
