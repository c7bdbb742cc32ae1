"""The routine's dialogue with two who listen: the diary, and whoever sets the reminder.

Neither changes what is said but in one place: a reminder that could not be set is not promised.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import time

from voice_coach.dialogue import actions as act
from voice_coach.dialogue.dialogue import Dialogue, Result
from voice_coach.dialogue.events import Event, Heard
from voice_coach.dialogue.state import State
from voice_coach.diary.account import Turn
from voice_coach.routine.content import Script, unset

Remind = Callable[[time | None], bool]
"""Sets the reminder to a time of the day, None takes it back; whether that was possible."""


def no_reminder(_: time | None) -> bool:
    """Where none can be set, in a rehearsal or on a recording."""
    return False


@dataclass(frozen=True)
class Led(Dialogue):
    """One routine at a time."""

    script: Script = field(kw_only=True)
    remind: Remind = field(kw_only=True)
    listener: Callable[[Turn], None] | None = field(default=None, kw_only=True)
    _hour: list[time] = field(default_factory=list, init=False, compare=False)
    """The hour that was heard last, until it is agreed."""

    def begin(self) -> Result:
        self._hour.clear()
        state, actions = super().begin()
        self._tell(Turn(None, None, state, actions, self.protocol))
        return state, actions

    def advance(self, state: State, event: Event) -> Result:
        after, actions = super().advance(state, event)
        if isinstance(event, Heard) and state.mode != "over":
            after, actions = self._reminded(state, event, after, actions)
        self._tell(Turn(state, event, after, actions, self.protocol))
        return after, actions

    def _reminded(
        self, state: State, event: Heard, after: State, actions: tuple[act.Action, ...]
    ) -> Result:
        """Set, take back or note an hour, if that is what the turn was about."""
        at = self.script.at(event.intent)
        if at is not None:
            self._hour[:] = [at]
        elif event.intent == self.script.off:
            self.remind(None)
        entered = act.Enter(self.script.set) in actions
        if entered and not (self._hour and self.remind(self._hour[0])):
            plain = Dialogue(unset(self.protocol, self.script), self.number)
            return plain.advance(state, event)
        return after, actions

    def _tell(self, turn: Turn) -> None:
        if self.listener is not None:
            self.listener(turn)
