"""How loud the coach is: soft in the night, louder only for somebody who does not answer.

The clock on the wall is asked from outside, so that a rehearsal is the same at any hour.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time
from typing import Final

from voice_coach.audio.mixer import LOUDEST

Clock = Callable[[], time]
"""Tells what time it is."""

EVENING: Final = time(22)
MORNING: Final = time(7)
"""The night, from and to."""

SOFT: Final = -8.0
"""dB of the first words in the night."""

RISE: Final = 4.0
"""dB louder after each silence, up to the loudness of the day."""

STEP: Final = 4.0
"""dB of a step when somebody asks for louder or quieter."""


def wall_clock() -> time:
    """The time of this machine's place."""
    return datetime.now().time()


def is_night(now: time) -> bool:
    """Whether people sleep at this time."""
    return now >= EVENING or now < MORNING


class Loudness:
    """The gain of one conversation."""

    def __init__(self, normal: float, now: time | None = None) -> None:
        """``normal``: linear gain by day. ``now``: when the call came; None for a day."""
        self._normal = normal
        self._soft = SOFT if now is not None and is_night(now) else 0.0
        self._steps = 0

    @property
    def gain(self) -> float:
        """Linear, never above what the mixer takes."""
        decibels = self._soft + STEP * self._steps
        return min(LOUDEST, self._normal * 10 ** (decibels / 20))

    def silence(self) -> None:
        """Nobody has answered: perhaps it was too soft."""
        self._soft = min(0.0, self._soft + RISE)

    def ask(self, steps: int) -> None:
        """Somebody wants it so many steps louder (or quieter, if negative) than it began."""
        self._steps = steps
