"""Between a card's own format and ours: for cards that will not do 16 kHz mono.

A card's callback brings frames at its rate and wants as many back. Rate conversion does not yield
the same number of samples each time, so both directions go through a short queue, whose length,
with the converter's own delay, is known: times stay true.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

import numpy as np
import soxr
from numpy.typing import NDArray

from voice_coach.audio.port import BLOCK, RATE, Samples

_QUALITY: Final = "MQ"
"""Speech needs no more, and the better filters hold the sound back longer."""


class _Converter(Protocol):
    def resample_chunk(self, x: NDArray[np.int16]) -> NDArray[np.int16]: ...

    def delay(self) -> float: ...


class Microphone:
    """Frames of the card in, blocks of 480 samples at 16 kHz out."""

    def __init__(self, rate: int, channels: int) -> None:
        self._channels = channels
        self._converter = _converter(rate, RATE)
        self._waiting: Samples = np.zeros(0, np.int16)

    @property
    def delay(self) -> float:
        """Seconds between the last sample put in and the last one that came out."""
        held = self._converter.delay() if self._converter else 0.0
        return (len(self._waiting) + held) / RATE

    def blocks(self, raw: bytes) -> list[Samples]:
        """Interleaved int16 frames in; every block that is complete by now out, oldest first."""
        frames = np.frombuffer(raw, np.int16)
        if self._channels > 1:
            wide = frames.reshape(-1, self._channels)
            frames = np.rint(wide.mean(axis=1)).astype(np.int16)
        if self._converter:
            frames = self._converter.resample_chunk(frames)
        waiting = np.concatenate([self._waiting, frames])
        whole = len(waiting) // BLOCK * BLOCK
        self._waiting = waiting[whole:].copy()
        return [waiting[first : first + BLOCK] for first in range(0, whole, BLOCK)]

    def put_back(self, samples: Samples) -> None:
        """The next block begins with these: sound from just before what will be put in."""
        self._waiting = np.concatenate([samples, self._waiting])


class Speaker:
    """Blocks of 480 samples at 16 kHz in, frames of the card out."""

    def __init__(self, rate: int, channels: int) -> None:
        self._rate = rate
        self._channels = channels
        self._converter = _converter(RATE, rate)
        self._waiting: Samples = np.zeros(0, np.int16)

    @property
    def delay(self) -> float:
        """Seconds of sound that is still to come out before the next block that is put in."""
        held = self._converter.delay() if self._converter else 0.0
        return (len(self._waiting) + held) / self._rate

    def frames(self, count: int, pull: Callable[[], Samples]) -> bytes:
        """``count`` interleaved int16 frames, asking ``pull`` for blocks as they are needed."""
        while len(self._waiting) < count:
            block = pull()
            if self._converter:
                block = self._converter.resample_chunk(block)
            self._waiting = np.concatenate([self._waiting, block])
        out, self._waiting = self._waiting[:count], self._waiting[count:]
        return np.repeat(out, self._channels).tobytes()


def _converter(source: int, target: int) -> _Converter | None:
    if source == target:
        return None
    made: _Converter = soxr.ResampleStream(source, target, 1, dtype="int16", quality=_QUALITY)
    return made
