"""From an engine's raw sound to a clip: 16 kHz, trimmed, and as loud as every other clip."""

from __future__ import annotations

from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

from voice_coach.audio.port import RATE, Samples
from voice_coach.speaking.waveform import Waveform

SPEECH_LEVEL: Final = -20.0
"""dBFS, RMS of active speech: where every clip is brought to."""

PEAK_LEVEL: Final = -1.0
"""dBFS that no sample exceeds; a clip with high peaks stays a little quieter instead."""

SILENT_LEVEL: Final = -55.0
"""dBFS: a rendering with no frame above this has no speech in it."""

MARGIN: Final = RATE // 50
"""Samples of silence left on each side of the speech: 20 ms."""

_FRAME: Final = RATE // 100
_TRIM_BELOW_PEAK: Final = -40.0
_ACTIVE_BELOW_PEAK: Final = -25.0


def to_clip(sound: Waveform) -> Samples:
    """Resample, trim and level. Raises ValueError when there is no speech in the sound."""
    samples = sound.samples
    if sound.rate != RATE and samples.size:
        samples = soxr.resample(samples, sound.rate, RATE, quality="HQ")
    return level(trim(samples))


def active_level(samples: NDArray[np.float32]) -> float:
    """RMS of the frames in which somebody speaks, in dBFS; -inf for no sound at all.

    Pauses between words do not count: a sentence with a comma is as loud as one without.
    """
    levels = _frame_levels(samples)
    if levels.size == 0 or levels.max() == -np.inf:
        return -np.inf
    active = levels[levels > levels.max() + _ACTIVE_BELOW_PEAK]
    return float(10.0 * np.log10(np.mean(10.0 ** (active / 10.0))))


def trim(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cut the silence before and after the speech, but for MARGIN samples of each.

    Raises ValueError when there is no speech.
    """
    levels = _frame_levels(samples)
    loudest = levels.max() if levels.size else -np.inf
    if loudest < SILENT_LEVEL:
        raise ValueError("silence")
    heard = np.flatnonzero(levels > loudest + _TRIM_BELOW_PEAK)
    start = max(0, int(heard[0]) * _FRAME - MARGIN)
    return samples[start : (int(heard[-1]) + 1) * _FRAME + MARGIN]


def level(samples: NDArray[np.float32]) -> Samples:
    """Bring speech to SPEECH_LEVEL, with no sample above PEAK_LEVEL."""
    gain = 10.0 ** ((SPEECH_LEVEL - active_level(samples)) / 20.0)
    headroom = 10.0 ** (PEAK_LEVEL / 20.0) / float(np.abs(samples).max())
    clip: Samples = np.round(samples * (min(gain, headroom) * 32767.0)).astype(np.int16)
    return clip


def _frame_levels(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """dBFS of each 10 ms, shape (frames,); a last frame that is cut short counts too."""
    padded = np.pad(samples.astype(np.float64), (0, -samples.size % _FRAME))
    power = np.mean(padded.reshape(-1, _FRAME) ** 2, axis=1)
    with np.errstate(divide="ignore"):
        levels: NDArray[np.float64] = 10.0 * np.log10(power)
    return levels
