"""Everything that can happen in a state: each event with what the proof leaves open about it."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from voice_coach.dialogue.controls import RATE_STEPS, VOLUME_STEPS
from voice_coach.dialogue.events import Event, Heard, NotUnderstood, PromptEnded, TimerFired
from voice_coach.dialogue.protocol import Protocol, Step
from voice_coach.dialogue.state import Line, State
from voice_coach.dialogue.words import digits
from voice_coach.proof.shape import NEUTRAL, PRESSING, changed, matters
from voice_coach.proof.watched import Now

NUMBER: Final = "112"
"""The emergency number of the proof: any other is spoken in the same places."""

MANNER: Final = {
    "slower": {"rate": -RATE_STEPS}, "faster": {"rate": RATE_STEPS},
    "quieter": {"volume": -VOLUME_STEPS}, "louder": {"volume": VOLUME_STEPS},
}  # fmt: skip
"""Where each can go no further."""


ALIKE: Final = {
    "faster": "slower", "quieter": "slower", "louder": "slower",
    "cause": "why", "options": "why", "thanks": "why", "elapsed": "why",
}  # fmt: skip
"""Controls that do what another does, in other words. For one memory of each place it is checked
that they do; only the other is followed for all."""


@dataclass(frozen=True)
class Happening:
    """An event, in a state that differs from the one that stands for its shape in ``fields``."""

    event: Event
    fields: dict[str, Any] = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)
    """Only with these values in memory."""
    facts: dict[str, bool] = field(default_factory=dict)
    """What the event itself says about what is not known."""

    alike: str = ""
    """The intent that does the same."""

    @property
    def key(self) -> tuple[Hashable, ...]:
        """What tells it from others, but for the sentences that it finds."""
        bare = tuple(sorted((n, v) for n, v in self.fields.items() if n != "queue"))
        return (self.event, bare, tuple(self.given.items()), tuple(self.facts.items()))

    def state(self, of: State) -> State:
        return changed(of, self.fields) if self.fields else of


def happenings(
    protocol: Protocol, state: State, timers: frozenset[str], now: Now
) -> Iterator[Happening]:
    """All of them, but "go back" to another step."""
    step = protocol.steps[state.step]
    if state.queue:
        yield from _sentence(protocol, state, now)
    if "silence" in timers:
        for fields in _patience(protocol, step, state):
            yield Happening(TimerFired(now, "silence"), fields)
    if "hold" in timers:
        if step.every < step.seconds:
            yield Happening(TimerFired(later(now, step.every), "hold"))
        yield Happening(TimerFired(later(now, step.seconds), "hold"))
    yield Happening(TimerFired(now, "limit"), given={"limit": False})
    yield Happening(TimerFired(now, "cap"), facts={"late": True})
    for seconds in protocol.limits.announce[:1]:
        yield Happening(TimerFired(now, f"announce:{seconds:g}"))
    for fields in _patience(protocol, step, state):
        yield Happening(NotUnderstood(now), fields)
    for intent in sorted(set(protocol.vocabulary(state.step).values())):
        alike = "" if intent in step.on or intent in protocol.anywhere else ALIKE.get(intent, "")
        yield Happening(Heard(now, intent), alike="" if alike in step.on else alike)
        if intent in MANNER:
            yield Happening(Heard(now, intent), MANNER[intent], alike=alike)


def _sentence(protocol: Protocol, state: State, now: Now) -> Iterator[Happening]:
    """It ends. Something neutral may have been put behind it, then that comes next; and if it is
    neutral, it may be the last one about the limit."""
    front, *rest = state.queue
    yield Happening(PromptEnded(now, front.prompt))
    if matters(front, state):
        yield Happening(PromptEnded(now, front.prompt), {"queue": (front, NEUTRAL, *rest)})
        if front == PRESSING:
            yield Happening(PromptEnded(now, front.prompt), {"queue": (front, front, *rest)})
    else:
        last = limit_lines(protocol)[-1]
        yield Happening(
            PromptEnded(now, last.prompt), {"queue": (last, *rest)}, given={"limit_unsaid": True}
        )


def limit_lines(protocol: Protocol) -> tuple[Line, ...]:
    """What is said of the limit where it needs no step of its own."""
    fields = {"number": digits(NUMBER), "cramped": "cramped", "good": "good"}
    texts = protocol.limits.limit_say
    return tuple(Line(f"common.limit.{i}", text.format_map(fields)) for i, text in enumerate(texts))


def _patience(protocol: Protocol, step: Step, state: State) -> Iterator[dict[str, Any]]:
    """How much has been borne before: nothing, or all but the last; of a safety question also
    whether any of it was an answer, for that gives it one more."""
    if state.mode == "pause":
        yield {}
        yield {"reminders": protocol.pause_reminders}
    elif state.mode == "wait":
        yield {}
        last = last_attempt(step)
        if last:
            yield {"attempts": last}
        if protocol.asks_of_danger(state.step):
            yield {"attempts": last, "mumbled": True}
            yield {"attempts": last + 1, "mumbled": True}
    else:
        yield {}


def last_attempt(step: Step) -> int:
    """After so many reprompts, silence leads on."""
    return step.repeats or len(step.again)


def later(now: Now, seconds: float) -> Now:
    time = Now(now + seconds)
    time.oracle = now.oracle
    return time


def back(now: Now, step: str = "") -> Happening:
    """ "Go back" to a step, or where nothing was before."""
    return Happening(Heard(now, "back"), {"trail": (step,) if step else ()})
