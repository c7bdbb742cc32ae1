"""The door to sound: blocks of samples in, blocks of samples out, and the time they belong to.

Everything in this project is 16 kHz, mono, 16-bit, in blocks of 480 samples (30 ms). A port is one
duplex stream: the sound card, a pair of WAV files, or a simulated room. The port pulls what is to
be played from a ``Source`` (the mixer) and hands each microphone block to the session.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

RATE: Final = 16_000
"""Samples a second, everywhere."""

BLOCK: Final = 480
"""Samples in a block: 30 ms."""

Samples = NDArray[np.int16]
"""Mono 16-bit samples, shape (n,)."""


@dataclass(frozen=True)
class Block:
    """One block of microphone sound."""

    samples: Samples
    """Shape (BLOCK,), int16."""

    at: float
    """Seconds on the port's clock when the last of these samples was heard."""

    played: Samples | None = None
    """What was handed to the speaker during the same 30 ms, shape (BLOCK,), int16; None when that
    is unknown. Its echo is in this block or in a later one, never in an earlier one, and from one
    block to the next nothing is left out: an echo canceller's reference."""


class Source(Protocol):
    """Where a port gets the sound to play. Must never block: a card asks from its callback."""

    def next_block(self, at: float) -> Samples:
        """The next BLOCK samples to play, shape (BLOCK,), int16.

        ``at`` is the port's clock in seconds when the first of them will be audible.
        """
        ...


class AudioPort(Protocol):
    """A duplex stream with its own clock. Real (a card) or virtual (files, a room)."""

    def start(self, source: Source) -> None:
        """Open the stream. Raises AudioDeviceError or AudioFileError."""
        ...

    def now(self) -> float:
        """Seconds since ``start``: real time on a card, samples read on a virtual port."""
        ...

    def read(self, timeout: float) -> Block | None:
        """The next microphone block; None if none came within ``timeout`` real seconds.

        A virtual port never waits: it pulls one block from the source, advances its clock by one
        block and returns what the microphone heard meanwhile.
        """
        ...

    def close(self) -> None:
        """Stop and release everything. May be called twice."""
        ...


@runtime_checkable
class Healing(Protocol):
    """A port that can fall ill and be opened again: a sound card."""

    def healthy(self) -> bool:
        """Whether sound flows."""
        ...

    def reopen(self) -> bool:
        """Try to open it again; whether there is sound now. Does nothing shortly after a failure,
        so it may be called as often as one likes."""
        ...


@runtime_checkable
class Resting(Protocol):
    """A port that costs less while only the microphone matters: a sound card, all night long."""

    def rest(self) -> None:
        """Nothing will be played for a while: let go of the speaker, and let microphone blocks come
        several at a time, and so a little later. Nothing of the sound is lost. Does nothing when it
        rests already; a card that cannot goes on as before. May take a tenth of a second."""
        ...

    def rouse(self) -> None:
        """Sound in both directions, block by block. Does nothing when it does not rest. Where it
        fails the port is no longer healthy. What the microphone hears meanwhile may be lost."""
        ...
