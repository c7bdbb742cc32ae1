"""One thing that happened, and what came of it: what the rules judge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from voice_coach.dialogue import actions as act
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.events import Event, Heard, TimerFired
from voice_coach.dialogue.protocol import Protocol, Step
from voice_coach.dialogue.state import State
from voice_coach.proof.shape import running
from voice_coach.proof.watched import Cleared


@dataclass(frozen=True)
class Moment:
    """A state with the timers that are running in it."""

    state: State
    timers: frozenset[str]


@dataclass
class Turn:
    """States may be watched: what a rule reads of them, its verdict is taken to depend on."""

    protocol: Protocol
    before: Moment
    event: Event
    after: Moment
    actions: tuple[act.Action, ...]
    number: str = "112"

    # Looked at by many rules, so found once.

    intent: str = field(init=False, default="")
    timer: str = field(init=False, default="")
    here: Step = field(init=False)
    """The step in which it happened."""
    there: Step = field(init=False)
    """The step in which it ended."""
    entered: list[str] = field(init=False, default_factory=list)
    said: list[act.Say] = field(init=False, default_factory=list)
    advised: list[act.Advise] = field(init=False, default_factory=list)
    hushed: bool = field(init=False, default=False)
    presses: bool = field(init=False, default=False)
    """Pressure is spoken, or a step with pressure is entered."""

    def __post_init__(self) -> None:
        steps = self.protocol.steps
        self.here = steps[self.before.state.step]
        self.there = steps[self.after.state.step]
        if isinstance(self.event, Heard):
            self.intent = self.event.intent
        elif isinstance(self.event, TimerFired):
            self.timer = self.event.timer
        for action in self.actions:
            if isinstance(action, act.Say):
                self.said.append(action)
                self.presses |= action.touch
            elif isinstance(action, act.Enter):
                self.entered.append(action.step)
                self.presses |= steps[action.step].touch
            elif isinstance(action, act.Advise):
                self.advised.append(action)
            elif isinstance(action, act.Hush):
                self.hushed = True

    def became_clear(self) -> set[str]:
        """Screens with a clear answer only since this turn."""
        after = self.after.state.__dict__["cleared"]
        if isinstance(after, Cleared):
            return {name for name, clear in after.changed.items() if clear}
        return set(after - self.before.state.cleared)

    def __str__(self) -> str:
        one, two = self.before.state, self.after.state
        return f"{one.step}/{one.mode} -- {self.event} --> {two.step}/{two.mode} {self.actions}"


def begin(dialogue: Dialogue) -> Moment:
    """The call has come."""
    state, actions = dialogue.begin()
    return Moment(state, running(frozenset(), actions))


def advance(moment: Moment, event: Event, dialogue: Dialogue) -> Turn:
    """One turn of any dialogue, with its timers."""
    state, actions = dialogue.advance(moment.state, event)
    timers = left(moment.timers, event, actions)
    return Turn(dialogue.protocol, moment, event, Moment(state, timers), actions, dialogue.number)


def left(timers: frozenset[str], event: Event, actions: Iterable[act.Action]) -> frozenset[str]:
    """The timers that run after an event."""
    if isinstance(event, TimerFired):
        timers -= {event.timer}
    return running(timers, actions)
