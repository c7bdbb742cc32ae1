"""What a microphone makes of a voice: levels in dB, and whether they will do.

Pure. dBFS is the power against that of a constant at full scale, as everywhere in this project: the
loudest sine is at -3. The thresholds were measured with the shipped model, six synthetic voices and
sixteen phrases in the simulated room.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from voice_coach.audio.port import BLOCK, RATE, Samples

Problem = Literal["quiet", "clipped", "noisy", "silent", "dead"]

TOO_QUIET: Final = -45.0
"""dBFS of active speech. Phrases are lost below -55, where their soft ends no longer open the gate;
somebody who mumbles in the dark is ten decibels below their voice by day."""

RAIL: Final = 32_440
"""A sample this large is taken for clipped: 1 % below full scale, because resampling after the
clipping scatters the flat tops."""

TOO_CLIPPED: Final = 0.005
"""Share of clipped samples in speech. Phrases are lost from 0.07 on, and somebody who cries out is
eight decibels louder, which makes 0.07 of 0.006."""

CLIPPED_OFTEN: Final = 0.25
"""Share of utterances that must be clipped: a single knock on the microphone says nothing."""

TOO_NOISY: Final = 16.0
"""dB, active speech against the noise. In pink noise 15 dB below the voice no phrase is lost, at 10
people's commands are missed one time in four. That noise measures 19 and 13.5 here, because its
rumble below 33 Hz is left out, which disturbs nobody; this is the middle."""

DEAD: Final = -80.0
"""dBFS of the loudest sample. Below are three steps of sixteen bits: no microphone in any room is
as silent as that, but a muted or unplugged one is."""

LOWEST: Final = -96.0
"""dBFS of digital silence, as good as it gets in sixteen bits."""

_ACTIVE: Final = 15.0
"""dB below the loudest frame of an utterance down to which a frame is speech and no pause."""

_BEFORE: Final = 0.1
_AFTER: Final = 0.25
"""Seconds around an utterance that are neither speech nor surely silence: breath and echo."""

_FEWEST: Final = 5
"""Frames of 30 ms from which a noise level can be told."""


@dataclass(frozen=True)
class Level:
    """What one recording measures."""

    peak: float = LOWEST
    """dBFS, the loudest sample."""
    speech: float | None = None
    """dBFS, active speech without the noise below it; None when nobody spoke."""
    noise: float | None = None
    """dBFS, the rest of the recording; None when there is too little of it."""
    clipped: float = 0.0
    """Share of the speech's samples at the rail, 0..1."""

    @property
    def snr(self) -> float | None:
        """dB, speech against noise."""
        if self.speech is None or self.noise is None:
            return None
        return self.speech - self.noise


@dataclass(frozen=True)
class Verdict:
    """What there is to say of a microphone after a whole practice. Levels are medians."""

    problems: tuple[Problem, ...]
    """The worst first; empty when all is well."""
    speech: float | None = None
    noise: float | None = None
    snr: float | None = None
    peak: float | None = None
    clipped: float = 0.0
    """Share of clipped samples in the worst utterance."""


def measure(samples: Samples, spoken: tuple[float, float] | None = None) -> Level:
    """Measure a recording, int16, shape (n,).

    ``spoken``: seconds from its first sample between which somebody spoke; None for nobody.
    """
    sound = samples.astype(np.float64)
    peak = _decibel(float(np.max(np.abs(sound), initial=0.0)) ** 2)
    frames = sound[: len(sound) // BLOCK * BLOCK].reshape(-1, BLOCK)
    # Some cards add a constant, which is no sound; neither is rumble slower than a frame.
    power: NDArray[np.float64] = frames.var(axis=1)
    at = np.arange(len(power)) * (BLOCK / RATE)
    if spoken is None:
        return Level(peak, noise=_noise(power))
    begins, ends = spoken
    noise = _noise(power[(at + BLOCK / RATE <= begins - _BEFORE) | (at >= ends + _AFTER)])
    voiced = power[(at + BLOCK / RATE > begins) & (at < ends)]
    if not len(voiced):
        return Level(peak, noise=noise)
    active = float(voiced[voiced >= voiced.max() * 10 ** (-_ACTIVE / 10)].mean())
    # The noise goes on below the voice; what is left of less than a tenth is guesswork.
    below = 0.0 if noise is None else 32768.0**2 * 10 ** (noise / 10)
    utterance = samples[round(max(0.0, begins) * RATE) : round(ends * RATE)].astype(np.int32)
    clipped = float(np.mean(np.abs(utterance) >= RAIL)) if len(utterance) else 0.0
    return Level(peak, _decibel(max(active - below, 0.1 * active)), noise, clipped)


def judge(levels: Sequence[Level]) -> Verdict:
    """The verdict over all recordings of a practice, spoken or silent."""
    spoken = [level for level in levels if level.speech is not None]
    noise = _median([level.noise for level in levels])
    peak = max((level.peak for level in levels), default=None)
    if not spoken:
        silent: tuple[Problem, ...] = ()
        if peak is not None:
            silent = ("dead",) if peak < DEAD else ("silent",)
        return Verdict(silent, noise=noise, peak=peak)
    speech = _median([level.speech for level in spoken])
    # Whoever answers at once leaves no silence of their own: the room's is the same.
    snr = None if speech is None or noise is None else speech - noise
    often = sum(level.clipped > TOO_CLIPPED for level in spoken) / len(spoken)
    found: dict[Problem, bool] = {
        "clipped": often >= CLIPPED_OFTEN,
        "quiet": speech is not None and speech < TOO_QUIET,
        "noisy": snr is not None and snr < TOO_NOISY,
    }
    problems = tuple(problem for problem, there in found.items() if there)
    return Verdict(problems, speech, noise, snr, peak, max(level.clipped for level in spoken))


def _noise(power: NDArray[np.float64]) -> float | None:
    """The middle frame: a cough or a door does not count."""
    return _decibel(float(np.median(power))) if len(power) >= _FEWEST else None


def _decibel(power: float) -> float:
    return max(LOWEST, 10 * math.log10(power / 32768.0**2)) if power > 0 else LOWEST


def _median(values: Sequence[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return float(np.median(there)) if there else None
