"""The energy gate: is there more sound than the room's own?

The noise floor is the quietest block of the last two seconds, so a fan that starts opens the gate
for two seconds only, while speech, full of short dips, keeps it open.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Final

import numpy as np

from voice_coach.audio.port import Samples

OPEN_DB: Final = 8.0
"""A block this far above the floor is sound."""

HOLD_DB: Final = 6.0
"""Sound that has begun goes on while it is this far above the floor."""

QUIETEST_FLOOR: Final = -66.0
"""dBFS. A silent card has no noise; speech at -55 dBFS is still to open the gate."""

FIRST_FLOOR: Final = -55.0
"""dBFS, assumed until two seconds were heard: the very first block may be speech."""

_BIN: Final = 10
_BINS: Final = 7
_FULL_SCALE_DB: Final = 20 * math.log10(32768)


class Gate:
    """Tells sound from the room's noise, block by block; no clock inside."""

    def __init__(self) -> None:
        self._minima: deque[float] = deque([FIRST_FLOOR] * _BINS, maxlen=_BINS)
        self._past = FIRST_FLOOR
        self._current = math.inf
        self._count = 0
        self._sound = False
        self._level = -math.inf

    @property
    def floor(self) -> float:
        """The noise floor, dBFS."""
        return max(QUIETEST_FLOOR, min(self._past, self._current))

    @property
    def level(self) -> float:
        """The last block's level, dBFS."""
        return self._level

    def process(self, samples: Samples) -> bool:
        """Whether this block, of 30 ms, holds sound. Shape (n,), int16, n > 0."""
        level = self._level = _level(samples)
        # The floor it is compared with excludes this block: a first whisper is not its own floor.
        threshold = self.floor + (HOLD_DB if self._sound else OPEN_DB)
        self._track(level)
        self._sound = level > threshold
        return self._sound

    def _track(self, level: float) -> None:
        self._current = min(self._current, level)
        self._count += 1
        if self._count == _BIN:
            self._minima.append(self._current)
            self._past = min(self._minima)
            self._current = math.inf
            self._count = 0


def _level(samples: Samples) -> float:
    """Power without the constant part some sound cards add, in dBFS."""
    sound = samples.astype(np.float32)
    sound -= sound.sum() / len(sound)  # first: the difference of two large squares is no power
    power = float(np.dot(sound, sound)) / len(sound)
    return 10 * math.log10(power + 1e-9) - _FULL_SCALE_DB
