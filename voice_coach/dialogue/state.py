"""Everything a dialogue remembers: one immutable value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from voice_coach.dialogue.protocol import Level, Position, Protocol, Side

Mode = Literal["lead", "wait", "hold", "leave", "pause", "over"]


@dataclass(frozen=True)
class Line:
    """A sentence on its way to the speaker."""

    prompt: str
    text: str
    touch: bool = False


@dataclass(frozen=True)
class State:
    """Where the conversation stands. Times are seconds since the call."""

    step: str
    mode: Mode = "lead"
    """lead: saying the step's prompt; wait: expecting an answer; hold: a hold is running;
    leave: saying the last words before ``target``; pause: the person asked for one; over."""
    now: float = 0.0
    entered: float = 0.0
    """When this step began."""
    queue: tuple[Line, ...] = ()
    """Sentences still to be heard; the first is being spoken."""
    target: str = ""
    owed: tuple[Line, ...] = ()
    """The clock's announcement, until it was heard to its end."""
    attempts: int = 0
    """Silences and misunderstandings since the step was asked."""
    mumbled: bool = False
    """An answer to the step was not understood: somebody is there, and speaks."""
    misses: int = 0
    """Misunderstandings in the whole session: picks other words each time."""
    held: float = 0.0
    """Seconds of the hold before ``held_since``."""
    held_since: float | None = None
    before_pause: Mode = "wait"
    reminders: int = 0

    level: Level = Level.self_care
    flags: frozenset[str] = frozenset()
    """Red flags raised: they stay."""
    cleared: frozenset[str] = frozenset()
    """Screens answered with a clear reassuring answer."""
    released: bool = False
    relieved: bool = False
    severe: bool = False
    pressed: bool = False
    limit: bool = False
    """The limit of self-care has passed."""
    limit_unsaid: bool = False
    """It has passed, but has not been said to its end yet."""
    position: Position | None = None
    side: Side | None = None

    rate: int = 0
    volume: int = 0
    trail: tuple[str, ...] = ()
    """Steps before this one, for "go back"."""
    counts: tuple[tuple[str, int], ...] = ()
    """How often each reaction with several targets was taken."""
    outcome: str = ""

    @property
    def speaking(self) -> bool:
        return bool(self.queue)

    def count(self, key: str) -> int:
        return dict(self.counts).get(key, 0)

    def hold_elapsed(self) -> float:
        """Seconds of the current hold so far."""
        return self.held + (self.now - self.held_since if self.held_since is not None else 0.0)


def forbids(protocol: Protocol, state: State, what: Literal["pressure", "stretch"]) -> bool:
    """Whether a raised flag forbids pressure or stretching."""
    return any(what in protocol.flags[flag].forbids for flag in state.flags)


def open_screens(protocol: Protocol, state: State) -> tuple[str, ...]:
    """Gate screens that have no clear reassuring answer yet, in order."""
    return tuple(step for step in protocol.gate.screens if step not in state.cleared)


def may_press(protocol: Protocol, state: State) -> bool:
    """Rules S1 and S2: pressure only after release, with every gate screen answered and clear."""
    return (
        state.released
        and not forbids(protocol, state, "pressure")
        and not open_screens(protocol, state)
    )
