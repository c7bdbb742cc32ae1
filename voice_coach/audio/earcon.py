"""Earcons: short soft tones that say "I am listening" without a word.

They are heard at night by someone who has just woken: low pitches, slow edges, a fifth of the
loudness of speech at most. Each is synthesised from a handful of notes, always the same samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final, Literal, get_args

import numpy as np

from voice_coach.audio.port import RATE, Samples

CueName = Literal["listening", "tick", "done", "attention"]

PEAK: Final = 3_277
"""No earcon is louder than this sample value: 20 dB below full scale."""

_ATTACK: Final = 0.012
"""Seconds a note takes to swell: shorter is heard as a click."""


@dataclass(frozen=True)
class Note:
    """One tone of an earcon."""

    pitch: float
    """Hertz."""

    begins: float
    """Seconds after the start of the earcon."""

    lasts: float
    """Seconds until it has died away."""

    level: float = 1.0
    """Linear, relative to the loudest note."""


CUES: Final[Mapping[CueName, tuple[Note, ...]]] = MappingProxyType(
    {
        # Rising: it is your turn.
        "listening": (Note(392.0, 0.0, 0.16, 0.7), Note(523.3, 0.09, 0.24)),
        # One second of a hold has gone by.
        "tick": (Note(440.0, 0.0, 0.09, 0.6),),
        # Falling to rest: a hold is over.
        "done": (Note(523.3, 0.0, 0.24, 0.9), Note(392.0, 0.14, 0.42)),
        # Twice the same: something to listen to.
        "attention": (Note(587.3, 0.0, 0.22), Note(587.3, 0.26, 0.34)),
    }
)


def names() -> tuple[CueName, ...]:
    """Every earcon there is."""
    return get_args(CueName)


@cache
def earcon(name: CueName) -> Samples:
    """The samples of an earcon, 16 kHz mono int16, read-only and the same at every call.

    Raises KeyError for a name that is not one of ``names()``.
    """
    notes = CUES[name]
    sound = np.zeros(round(max(n.begins + n.lasts for n in notes) * RATE))
    for note in notes:
        tone = _tone(note)
        first = round(note.begins * RATE)
        sound[first : first + len(tone)] += tone[: len(sound) - first]
    sound *= max(n.level for n in notes) / np.abs(sound).max()
    samples = np.rint(PEAK * sound).astype(np.int16)
    samples.flags.writeable = False
    return samples


def _tone(note: Note) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """A sine with a little of its octave, swelling fast and dying away to exactly nothing."""
    count = round(note.lasts * RATE)
    time = np.arange(count) / RATE
    wave = np.sin(2 * np.pi * note.pitch * time) + 0.15 * np.sin(4 * np.pi * note.pitch * time)
    swell = 0.5 - 0.5 * np.cos(np.pi * np.minimum(1.0, time / _ATTACK))
    decay = np.exp(-4.0 * time / note.lasts) * (0.5 + 0.5 * np.cos(np.pi * time / note.lasts))
    shaped: np.ndarray[tuple[int], np.dtype[np.float64]] = note.level * wave * swell * decay
    return shaped
