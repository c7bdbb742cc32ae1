"""The times of blocks that come at a steady pace, freed from the jitter of who reports them."""

from __future__ import annotations

from typing import Final

from voice_coach.audio.port import BLOCK, RATE

_STEP: Final = BLOCK / RATE
_PULL: Final = 0.05
"""Share of each deviation that is believed: a steady state is reached within a second or so."""

_SETTLING: Final = 10
"""Blocks at the start that are believed as they come: a card that has just been opened does not
know its own latency yet."""

_JUMP: Final = 0.06
"""Seconds of deviation from which on it is not jitter but a gap in the sound."""


class Timeline:
    """Follows measured times of successive blocks, 30 ms apart, as a phase-locked loop does."""

    def __init__(self) -> None:
        self._last: float | None = None
        self._seen = 0

    def follow(self, measured: float) -> float:
        """The smoothed time of the next block; both in seconds. Never goes back."""
        self._seen += 1
        if self._last is None:
            self._last = measured
            return measured
        expected = self._last + _STEP
        off = measured - expected
        settled = self._seen > _SETTLING and abs(off) <= _JUMP
        at = expected + _PULL * off if settled else measured
        self._last = max(at, self._last)
        return self._last
