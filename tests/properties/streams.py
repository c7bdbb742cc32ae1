"""Conversations of any length and timing: what may happen next, chosen by numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from hypothesis import strategies as st

from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.events import Event, Heard, NotUnderstood, PromptEnded, TimerFired
from voice_coach.dialogue.protocol import Protocol
from voice_coach.proof.turn import Moment, Turn, advance, begin


class Choice(NamedTuple):
    """One thing that happens."""

    what: str
    which: int
    pause: float
    """Seconds since the last."""


def _choice(what: st.SearchStrategy[str]) -> st.SearchStrategy[Choice]:
    return st.builds(Choice, what, st.integers(0, 10_000), st.floats(0, 400, allow_nan=False))


CHOICES: Final = st.lists(
    _choice(st.sampled_from(("ended", "ended", "ended", "timer", "heard", "heard", "noise"))),
    max_size=120,
)


def event_of(moment: Moment, choice: Choice, now: float, protocol: Protocol) -> Event | None:
    """What that is in this moment; None where it cannot happen."""
    state = moment.state
    if choice.what == "ended":
        return PromptEnded(now, state.queue[0].prompt) if state.queue else None
    if choice.what == "timer":
        timers = sorted(moment.timers)
        return TimerFired(now, timers[choice.which % len(timers)]) if timers else None
    if choice.what == "heard":
        intents = sorted(set(protocol.vocabulary(state.step).values()))
        return Heard(now, intents[choice.which % len(intents)])
    return NotUnderstood(now)


def turns(dialogue: Dialogue, stream: list[Choice]) -> Iterator[Turn]:
    """A conversation, turn by turn."""
    moment, now = begin(dialogue), 0.0
    for choice in stream:
        now += choice.pause if choice.what == "timer" else choice.pause / 10
        event = event_of(moment, choice, now, dialogue.protocol)
        if event is not None and moment.state.mode != "over":
            turn = advance(moment, event, dialogue)
            yield turn
            moment = turn.after
