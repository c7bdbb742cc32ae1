"""A conversation that breaks a rule, as a person reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from voice_coach.dialogue import actions as act
from voice_coach.dialogue.events import Event, Heard, NotUnderstood, PromptEnded, TimerFired
from voice_coach.proof.turn import Turn


def transcript(turns: Iterable[Turn], begun: tuple[act.Action, ...] = ()) -> list[str]:
    """The conversation, a line each: COACH, PERSON, and in brackets what happens without words."""
    lines = [f"COACH: {action.text}" for action in begun if isinstance(action, act.Say)]
    for turn in turns:
        lines += _happened(turn)
        if turn.hushed and isinstance(turn.event, Heard) and lines[-2:-1]:
            lines[-2] += " (cut off)" if lines[-2].startswith("COACH") else ""
        lines += [f"COACH: {say.text}" for say in turn.said]
        if turn.after.state.mode == "over":
            lines.append("(the end)")
    return lines


def _happened(turn: Turn) -> Iterator[str]:
    event: Event = turn.event
    if isinstance(event, Heard):
        yield f"PERSON: {_phrase(turn, event.intent)}"
    elif isinstance(event, NotUnderstood):
        yield "PERSON: (something that is not understood)"
    elif isinstance(event, TimerFired):
        yield f"({_timer(turn, event)})"
    elif not isinstance(event, PromptEnded):
        raise TypeError(event)


def _phrase(turn: Turn, intent: str) -> str:
    words = turn.protocol.vocabulary(turn.before.state.step)
    return next((phrase for phrase, of in words.items() if of == intent), f"({intent})")


def _timer(turn: Turn, event: TimerFired) -> str:
    limits = turn.protocol.limits
    if event.timer == "limit":
        return f"{limits.limit / 60:g} minutes since the call"
    if event.timer == "cap":
        return f"{limits.cap / 60:g} minutes since the call"
    if event.timer.startswith("announce:"):
        return f"{float(event.timer.split(':')[1]) / 60:g} minutes since the call"
    if event.timer == "hold":
        return f"{turn.here.seconds:g} s of the hold are over"
    paused = turn.before.state.mode == "pause"
    return f"silence {turn.protocol.pause_seconds if paused else turn.here.wait:g} s"
