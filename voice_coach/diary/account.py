"""From a conversation to an episode: what each turn adds. Pure.

It reads the dialogue's own states, so nothing has to be guessed from the words: a "yes" that came
before its question is none here either.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from voice_coach.dialogue import actions as act
from voice_coach.dialogue.events import Event, Heard
from voice_coach.dialogue.protocol import Protocol
from voice_coach.dialogue.state import State
from voice_coach.diary.episode import Answer, Episode, Finding, Taken

_HEARD: Final = 200
"""Intents kept of one step: a pause may be talked through all night."""


@dataclass(frozen=True)
class Turn:
    """What the dialogue made of one event. ``before`` is None when the call came."""

    before: State | None
    event: Event | None
    after: State
    actions: tuple[act.Action, ...]
    protocol: Protocol
    """The one of this night."""


def opened(now: datetime, turn: Turn) -> Episode:
    """A new episode. ``now``: with a time zone."""
    began = now - timedelta(seconds=turn.after.now)
    first = Episode(uid=uuid.uuid4().hex, began=began.replace(microsecond=0))
    return _changed(first, steps=_entered((), turn))


def told(episode: Episode, turn: Turn) -> Episode:
    """The episode with one turn more."""
    before, after = turn.before, turn.after
    assert before is not None
    steps = _spoken(episode.steps, turn.event)
    eased, helped = episode.eased, episode.helped
    if not after.released:
        eased, helped = None, ""
    elif not before.released:
        eased, helped = _time(after.now), _stretch(steps, turn.protocol)
    gone = episode.gone if before.relieved else _time(after.now)
    return _changed(
        episode,
        seconds=_time(after.now),
        side=after.side,
        position=after.position or episode.position,
        severe=episode.severe or after.severe,
        eased=eased,
        helped=helped,
        gone=gone if after.relieved else None,
        pressure=_pressure(episode, turn),
        level=after.level.name,
        outcome=after.outcome,
        answers=episode.answers + _answers(episode, turn),
        steps=_entered(steps, turn),
    )


def _changed(episode: Episode, **fields: object) -> Episode:
    return msgspec.structs.replace(episode, **fields)


def _time(seconds: float) -> float:
    return round(seconds, 1)


def _spoken(steps: tuple[Taken, ...], event: Event | None) -> tuple[Taken, ...]:
    """The words belong to the step in which they were said."""
    if not isinstance(event, Heard) or not steps or len(steps[-1].heard) >= _HEARD:
        return steps
    *earlier, last = steps
    return (*earlier, msgspec.structs.replace(last, heard=(*last.heard, event.intent)))


def _entered(steps: tuple[Taken, ...], turn: Turn) -> tuple[Taken, ...]:
    entered = [action.step for action in turn.actions if isinstance(action, act.Enter)]
    return steps + tuple(Taken(step, _time(turn.after.now)) for step in entered)


def _stretch(steps: tuple[Taken, ...], protocol: Protocol) -> str:
    """The stretch that was held last."""
    for taken in reversed(steps):
        step = protocol.steps.get(taken.step)
        if step is not None and step.kind == "hold" and step.stretch:
            return taken.step
    return ""


def _pressure(episode: Episode, turn: Turn) -> str:
    assert turn.before is not None
    steps = turn.protocol.steps
    pressed = steps[turn.before.step].touch
    if pressed and isinstance(turn.event, Heard) and turn.event.intent == "sharp":
        return "too_hard"
    if episode.pressure == "none" and steps[turn.after.step].touch:
        return "tolerated"
    return episode.pressure


def _answers(episode: Episode, turn: Turn) -> tuple[Answer, ...]:
    """Red flags that this turn has raised or cleared."""
    assert turn.before is not None
    at = _time(turn.after.now)
    found = [
        Answer(action.reason, _found(turn), at)
        for action in turn.actions
        if isinstance(action, act.Advise) and action.reason in turn.protocol.flags
    ]
    cleared = turn.after.cleared - turn.before.cleared
    found += [Answer(turn.protocol.steps[step].flag, "no", at) for step in sorted(cleared)]
    return tuple(answer for answer in found if answer.found != episode.finding(answer.flag))


def _found(turn: Turn) -> Finding:
    assert turn.before is not None
    event = turn.event
    if turn.protocol.steps[turn.before.step].kind == "do":
        return "yes"  # nothing was asked: the person said it, or the diary knew
    if not isinstance(event, Heard) or event.intent == "skip":
        return "unanswered"
    return "unsure" if event.intent == "unsure" else "yes"
