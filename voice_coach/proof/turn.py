"""One thing that happened, and what came of it: what the rules judge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

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


@dataclass(frozen=True)
class Turn:
    """States may be watched: what a rule reads of them, its verdict is taken to depend on."""

    protocol: Protocol
    before: Moment
    event: Event
    after: Moment
    actions: tuple[act.Action, ...]
    number: str = "112"

    # Looked at by many rules, so found once.

    @cached_property
    def intent(self) -> str:
        return self.event.intent if isinstance(self.event, Heard) else ""

    @cached_property
    def timer(self) -> str:
        return self.event.timer if isinstance(self.event, TimerFired) else ""

    @cached_property
    def here(self) -> Step:
        """The step in which it happened."""
        return self.protocol.steps[self.before.state.step]

    @cached_property
    def there(self) -> Step:
        """The step in which it ended."""
        return self.protocol.steps[self.after.state.step]

    @cached_property
    def entered(self) -> list[str]:
        return [action.step for action in self.actions if isinstance(action, act.Enter)]

    @cached_property
    def said(self) -> list[act.Say]:
        return [action for action in self.actions if isinstance(action, act.Say)]

    @cached_property
    def advised(self) -> list[act.Advise]:
        return [action for action in self.actions if isinstance(action, act.Advise)]

    @cached_property
    def hushed(self) -> bool:
        return any(isinstance(action, act.Hush) for action in self.actions)

    @cached_property
    def presses(self) -> bool:
        """Pressure is spoken, or a step with pressure is entered."""
        steps = self.protocol.steps
        return any(say.touch for say in self.said) or any(steps[n].touch for n in self.entered)

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
