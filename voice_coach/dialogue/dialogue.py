"""The conversation: a pure function from state and event to state and actions.

No audio, no clock, no input or output: time arrives with the events. So the same code runs on
the sound card, in a rehearsal, typed in a terminal, and through every reachable state in a proof.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from voice_coach.dialogue import actions as act
from voice_coach.dialogue import controls
from voice_coach.dialogue.events import Event, Heard, NotUnderstood, PromptEnded, TimerFired
from voice_coach.dialogue.protocol import Level, Protocol
from voice_coach.dialogue.state import State, forbids
from voice_coach.dialogue.turn import Turn
from voice_coach.dialogue.words import digits, duration

Result = tuple[State, tuple[act.Action, ...]]

_CONTROLS: Final[dict[str, Callable[[Turn], None]]] = {
    "stop": controls.stop,
    "pause": controls.pause,
    "resume": controls.resume,
    "repeat": controls.repeat,
    "skip": controls.skip,
    "back": controls.back,
    "restart": controls.restart,
    "elapsed": controls.elapsed,
    "what_now": controls.what_now,
    "why": controls.why,
    "cause": controls.cause,
    "options": controls.options,
    "thanks": controls.thanks,
    "sharp": controls.comfort,
}


@dataclass(frozen=True)
class Dialogue:
    """A protocol made ready to run in a region."""

    protocol: Protocol
    number: str = "112"
    """The emergency number as dialled."""

    def begin(self) -> Result:
        """The call came: time zero. Returns the first state and what to do."""
        turn = self._turn(State(step=self.protocol.start))
        limits = self.protocol.limits
        turn.emit(act.Cue("listening"))
        for seconds in limits.announce:
            turn.emit(act.StartTimer(f"announce:{seconds:g}", seconds))
        turn.emit(act.StartTimer("limit", limits.limit))
        turn.emit(act.StartTimer("cap", limits.cap))
        turn.enter(self.protocol.start)
        return turn.state, tuple(turn.actions)

    def advance(self, state: State, event: Event) -> Result:
        """What ``event`` does to ``state``. A state that is over stays as it is."""
        if state.mode == "over":
            return state, ()
        turn = self._turn(replace(state, now=max(state.now, event.at)))
        if isinstance(event, PromptEnded):
            if state.queue and state.queue[0].prompt == event.prompt:
                turn.line_ended()
        elif isinstance(event, Heard):
            _heard(turn, event.intent)
        elif isinstance(event, NotUnderstood):
            _not_understood(turn)
        elif isinstance(event, TimerFired):
            _timer(turn, event.timer)
        return turn.state, tuple(turn.actions)

    def vocabulary(self, step: str) -> dict[str, str]:
        """Phrases that may be said in ``step``, each with its intent there."""
        return self.protocol.vocabulary(step)

    def _turn(self, state: State) -> Turn:
        return Turn(self.protocol, state, {"number": digits(self.number)})


def _heard(turn: Turn, intent: str) -> None:
    step = turn.step
    if turn.state.mode == "pause" and intent not in ("pause", "stop", "resume", "elapsed"):
        # Whoever speaks is back: the pause is over, and what they said counts.
        turn.set(mode=turn.state.before_pause)
    reaction = turn.protocol.reaction(turn.state.step, intent)
    anywhere = turn.protocol.anywhere.get(intent)
    if anywhere is not None and anywhere.flag:
        reaction = anywhere
    if intent == "stop" and step.kind != "end":
        controls.stop(turn)
    elif reaction is not None and intent != "silence":
        turn.react(intent, reaction)
    elif step.kind == "screen" and intent in ("yes", "no", "unsure"):
        (controls.found if intent == "unsure" or intent in step.danger else controls.clear)(turn)
    elif anywhere is not None:
        turn.react(intent, anywhere)
    elif intent == "done" and step.kind in ("do", "hold"):
        _done(turn)
    elif intent in ("slower", "faster", "louder", "quieter"):
        controls.adjust(turn, intent)
    elif intent in _CONTROLS:
        _control(turn, intent)
    else:
        _not_understood(turn)


def _control(turn: Turn, intent: str) -> None:
    if intent == "stop":  # in an end step: say no more, the advice stands
        turn.hush()
        turn.finish()
    else:
        _CONTROLS[intent](turn)


def _done(turn: Turn) -> None:
    if turn.step.kind == "hold":
        turn.end_hold()
    else:
        turn.leave((), turn.step.next)


def _not_understood(turn: Turn) -> None:
    """Ask again in other words. During a hold, a pause or while speaking a groan is no answer."""
    state = turn.state
    if state.mode != "wait" or state.speaking:
        return
    if turn.step.repeats:
        turn.speak(turn.own("again", turn.step.again))
        return
    if state.attempts >= len(turn.step.again):
        _no_answer(turn)
        return
    words = turn.protocol.common.nomatch
    miss = state.misses % len(words)
    turn.set(misses=state.misses + 1, attempts=state.attempts + 1)
    again = (turn.step.again[state.attempts],)
    turn.speak(
        turn.common(f"nomatch_{miss}", words[miss]) + turn.own("again", again, state.attempts)
    )


def _silence(turn: Turn) -> None:
    state = turn.state
    if state.speaking:
        return
    if state.mode == "pause":
        _still_paused(turn)
    elif state.mode == "wait":
        rounds = turn.step.repeats or len(turn.step.again)
        if state.attempts >= rounds:
            _no_answer(turn)
            return
        turn.set(attempts=state.attempts + 1)
        again = turn.step.again
        if turn.step.repeats:
            turn.speak(turn.own("again", again))
        else:
            turn.speak(turn.own("again", (again[state.attempts],), state.attempts))


def _no_answer(turn: Turn) -> None:
    """Silence to the end: a safety question counts as "not sure", anything else goes on."""
    if turn.step.kind == "screen":
        controls.found(turn)
    else:
        controls.give_up(turn)


def _still_paused(turn: Turn) -> None:
    if turn.state.reminders >= turn.protocol.pause_reminders:
        controls.resume(turn)
        return
    turn.set(reminders=turn.state.reminders + 1)
    turn.speak(turn.common("still_paused", turn.protocol.common.still_paused))


def _timer(turn: Turn, timer: str) -> None:
    if timer == "silence":
        _silence(turn)
    elif timer == "hold":
        turn.hold_due()
    elif timer == "limit":
        _limit(turn)
    elif timer == "cap":
        if turn.step.phase != "end":
            turn.leave((), turn.protocol.limits.cap_step)
    elif timer.startswith("announce:"):
        _announce(turn, float(timer.split(":")[1]))


def _announce(turn: Turn, seconds: float) -> None:
    if turn.step.phase == "end":
        return
    text = turn.protocol.common.announce
    time = duration(seconds).capitalize()
    turn.interject(turn.common(f"announce_{seconds:g}", text, time=time))


def _limit(turn: Turn) -> None:
    """Rule S3: at the limit of self-care it is said, and the advice given, whatever the step."""
    limits = turn.protocol.limits
    turn.set(limit=True)
    if turn.state.relieved or turn.step.phase == "end" or forbids_all(turn):
        turn.advise(turn.state.level, "limit")
        turn.interject(turn.lines("common.limit", limits.limit_say))
        return
    turn.advise(Level[limits.limit_level], "limit")
    if turn.state.queue:
        # The sentence being spoken ends first: cut short, an instruction is worse than late.
        turn.set(queue=turn.state.queue[:1], mode="leave", target=limits.limit_step)
        if turn.state.held_since is not None:
            turn.pause_hold()
    else:
        turn.leave((), limits.limit_step)


def forbids_all(turn: Turn) -> bool:
    """Both pressure and stretching are forbidden: the person is already on the way to help."""
    return forbids(turn.protocol, turn.state, "stretch") and forbids(
        turn.protocol, turn.state, "pressure"
    )
