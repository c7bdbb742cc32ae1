"""What a dialogue wants done. The session performs it; the dialogue never looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from voice_coach.dialogue.protocol import Level


@dataclass(frozen=True)
class Say:
    """Speak one sentence; answer with ``PromptEnded`` when it was heard to its end."""

    prompt: str
    """Which sentence: "step.part.index"."""
    text: str
    gap: float = 0.0
    """Silence before it, seconds."""
    touch: bool = False
    """The sentence asks for pressure on the muscle."""


@dataclass(frozen=True)
class Hush:
    """Fade out at once and forget what was still to be said."""


@dataclass(frozen=True)
class Cue:
    """Play an earcon: "listening" answers the call, "tick" begins a hold, "done" ends it."""

    name: Literal["listening", "tick", "done"]


@dataclass(frozen=True)
class StartTimer:
    """Start, or start again, a timer; answer with ``TimerFired``."""

    timer: str
    seconds: float


@dataclass(frozen=True)
class CancelTimer:
    timer: str


@dataclass(frozen=True)
class Enter:
    """A step has begun."""

    step: str


@dataclass(frozen=True)
class Advise:
    """The advice level as it is now."""

    level: Level
    reason: str
    """A flag, "limit" or "end"."""


@dataclass(frozen=True)
class Adjust:
    """Speak slower or faster, louder or quieter from the next sentence on: steps from normal."""

    rate: int
    volume: int


@dataclass(frozen=True)
class End:
    """The session is over."""

    outcome: str


Action = Say | Hush | Cue | StartTimer | CancelTimer | Enter | Advise | Adjust | End
