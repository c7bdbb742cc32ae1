"""A short sweep that can be found again in any room: how late, how loud, how distorted it came.

Pure. The sweep is found by its correlation with the recording: noise and speech do not look like
it, so it is found far below the level at which a person would still notice it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voice_coach.audio.port import RATE, Samples
from voice_coach.practice.level import LOWEST, RAIL

SECONDS: Final = 0.4
LOW: Final = 300.0
HIGH: Final = 4_000.0
"""Hz: what small speakers can play, and what speech lives in."""

_PEAK: Final = 0.25
"""Of full scale: well audible, and nobody jumps."""

_FADE: Final = RATE // 50

SURE: Final = 8.0
"""How far the best fit must stand out, as a multiple of the others' deviation. In two thousand
recordings of noise without a chirp, white or pink, the largest was 5.6; a chirp 15 dB softer than
the noise had at least 11."""


@dataclass(frozen=True)
class Echo:
    """A sweep as the microphone heard it."""

    delay: float
    """Seconds after it was handed to the speaker."""
    gain: float
    """dB, as heard against as played."""
    level: float
    """dBFS, as heard."""
    clipped: float
    """Share of samples at the rail, 0..1."""


def chirp() -> Samples:
    """The sweep: 16 kHz mono int16."""
    t = np.arange(round(SECONDS * RATE)) / RATE
    phase = 2 * math.pi * (LOW * t + (HIGH - LOW) / (2 * SECONDS) * t**2)
    sound = np.sin(phase) * _PEAK * 32767
    ramp = np.minimum(1.0, np.minimum(np.arange(len(t)), np.arange(len(t))[::-1]) / _FADE)
    samples: Samples = np.round(sound * ramp).astype(np.int16)
    return samples


def find(heard: Samples, played: Samples) -> Echo | None:
    """The echo in ``heard`` of the only sound in ``played``; None when there is none.

    Both were recorded side by side: the same index is the same moment.
    """
    loud = np.flatnonzero(played)
    if not len(loud) or not np.any(heard):
        return None
    first = int(loud[0])
    sweep = played[first : int(loud[-1]) + 1].astype(np.float64)
    sound = heard[first:].astype(np.float64)
    fit = _correlate(sound, sweep)
    if not len(fit):
        return None
    best = int(np.argmax(np.abs(fit)))
    if _standing_out(fit, best) < SURE:
        return None
    at = heard[first + best : first + best + len(sweep)]
    energy = float(np.sum(sweep**2))
    gain = abs(fit[best]) / energy
    power = float(np.mean(at.astype(np.float64) ** 2))
    return Echo(
        delay=best / RATE,
        gain=20 * math.log10(max(gain, 1e-6)),
        level=max(LOWEST, 10 * math.log10(power / 32768.0**2)) if power else LOWEST,
        clipped=float(np.mean(np.abs(at.astype(np.int32)) >= RAIL)),
    )


def _standing_out(fit: NDArray[np.float64], best: int) -> float:
    """The best fit as a multiple of the deviation of all that are not in its neighbourhood."""
    rest = np.concatenate([fit[: max(0, best - _FADE)], fit[best + _FADE :]])
    deviation = float(np.std(rest)) if len(rest) else 0.0
    return abs(float(fit[best])) / max(deviation, 1e-9)


def _correlate(sound: NDArray[np.float64], sweep: NDArray[np.float64]) -> NDArray[np.float64]:
    """The fit of the sweep at every place in the sound where it has room."""
    places = len(sound) - len(sweep) + 1
    if places < 1:
        return np.zeros(0)
    size = 1 << (len(sound) + len(sweep) - 1).bit_length()
    spectrum = np.fft.rfft(sound, size) * np.conj(np.fft.rfft(sweep, size))
    fit: NDArray[np.float64] = np.fft.irfft(spectrum, size)[:places]
    return fit
