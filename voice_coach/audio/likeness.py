"""Is what was heard what was played? The last word on whether the coach hears itself.

Cancellers fail when a sound card loses samples or a sound server falls behind. Whatever the echo
went through, it still has the shape of what was played, at some delay; a person's voice does not.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from voice_coach.audio.port import RATE, Samples

OWN: Final = 0.36
"""From this likeness on it is the coach's own voice. Recorded people over a prompt reach 0.31, a
prompt in the microphone, distorted and by a drifting clock, 0.38 and more; another voice of the
coach's own synthesiser comes to 0.43 now and then."""

_BAND: Final = (200.0, 6000.0)
_SMOOTH: Final = 100.0
"""Hertz over which spectra are levelled: voices resemble each other in their long-term shape."""

_Signal = NDArray[np.floating[Any]]


def likeness(heard: Samples, played: Samples) -> float:
    """The greatest correlation of ``heard`` with any part of ``played`` that is as long, 0..1.

    Both int16, shape (n,); 0 when nothing was played, or for so little that there is no telling.
    """
    if len(heard) < RATE // 10 or len(played) < len(heard) or not played.any() or not heard.any():
        return 0.0
    size = _size(len(heard) + len(played))
    ear, mouth = _levelled(heard, size), _levelled(played, size)
    product = np.fft.rfft(mouth, size) * np.fft.rfft(ear, size).conj()
    places = len(played) - len(heard) + 1
    match = np.abs(np.fft.irfft(product, size)[:places])
    energy = np.concatenate(([0.0], np.cumsum(mouth.astype(np.float64) ** 2)))
    there = energy[len(heard) : len(heard) + places] - energy[:places]
    # Where next to nothing was played there is nothing to be like.
    there = np.maximum(there, 1e-3 * energy[-1])
    return float((match / np.sqrt(there * np.sum(ear**2) + 1e-12)).max())


def _size(least: int) -> int:
    """The first 2^n, or three quarters of it, that is no less: quick to transform."""
    power = 1 << (least - 1).bit_length()
    return power * 3 // 4 if power * 3 // 4 >= least else power


def _levelled(sound: Samples, size: int) -> _Signal:
    """With a flat long-term spectrum, within the band of speech."""
    spectrum = np.fft.rfft(sound.astype(np.float32), size)
    hertz = np.fft.rfftfreq(size, 1 / RATE)
    width = max(1, round(_SMOOTH * size / RATE))
    power = np.concatenate(([0.0], np.cumsum(np.abs(spectrum.astype(np.complex128)) ** 2)))
    places = np.arange(len(spectrum))
    low = np.maximum(0, places - width // 2)
    high = np.minimum(len(spectrum), places + width // 2 + 1)
    mean = (power[high] - power[low]) / (high - low)
    gain = ((hertz > _BAND[0]) & (hertz < _BAND[1])) / np.sqrt(mean + 1e-9)
    flat: _Signal = np.fft.irfft(spectrum * gain.astype(np.float32), size)[: len(sound)]
    return flat
