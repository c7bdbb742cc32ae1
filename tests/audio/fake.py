"""A port without files or cards: what the microphone hears is given, what is played is kept."""

from __future__ import annotations

import numpy as np

from voice_coach.audio.port import BLOCK, RATE, Block, Samples, Source


class FakePort:
    """Implements ``AudioPort`` in virtual time, from one array into another.

    ``mute_after`` seconds, if given, ``read`` finds nothing any more, as with a card that stalls.
    """

    def __init__(self, microphone: Samples | None = None, mute_after: float | None = None) -> None:
        self._microphone = np.zeros(0, np.int16) if microphone is None else microphone
        self._mute_after = mute_after
        self._source: Source | None = None
        self._played: list[Samples] = []

    @property
    def played(self) -> Samples:
        """Everything the source has given so far."""
        return np.concatenate([np.zeros(0, np.int16), *self._played])

    def start(self, source: Source) -> None:
        self._source = source
        self._played = []

    def now(self) -> float:
        return len(self._played) * BLOCK / RATE

    def read(self, timeout: float) -> Block | None:  # noqa: ARG002 - virtual time never waits
        if self._source is None:
            return None
        if self._mute_after is not None and self.now() >= self._mute_after:
            return None
        first = len(self._played) * BLOCK
        self._played.append(self._source.next_block(self.now()).copy())
        part = self._microphone[first : first + BLOCK]
        samples = np.concatenate([part, np.zeros(BLOCK - len(part), np.int16)])
        return Block(samples, self.now(), self._played[-1])

    def close(self) -> None:
        self._source = None
