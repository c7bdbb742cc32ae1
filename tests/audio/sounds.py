"""Test sounds, and how to find them again."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from voice_coach.audio.port import RATE, Samples


def tone(pitch: float, seconds: float, peak: int = 8_000) -> Samples:
    """A sine, int16, with 5 ms edges."""
    count = round(seconds * RATE)
    wave = peak * np.sin(2 * np.pi * pitch * np.arange(count) / RATE)
    edge = np.minimum(1.0, np.minimum(np.arange(count), np.arange(count)[::-1]) / (0.005 * RATE))
    samples: Samples = np.rint(wave * edge).astype(np.int16)
    return samples


def about(seconds: float) -> float:
    """A time that equals this one but for rounding, for a field of a dataclass."""
    return cast(float, pytest.approx(seconds, abs=1e-9))


def loud(samples: Samples, threshold: int = 1_000) -> NDArray[np.intp]:
    """Indices of the 5 ms windows whose peak exceeds the threshold, in samples."""
    window = RATE // 200
    whole = samples[: len(samples) // window * window].astype(np.int32).reshape(-1, window)
    hits: NDArray[np.intp] = np.flatnonzero(np.abs(whole).max(axis=1) > threshold) * window
    return hits


def extent(samples: Samples) -> tuple[float, float]:
    """Start and end, in seconds, of whatever is loud."""
    hits = loud(samples)
    assert len(hits), "there is only silence"
    return hits[0] / RATE, (hits[-1] + RATE // 200) / RATE


def pitch(samples: Samples) -> float:
    """The strongest frequency of the loud part, in Hz."""
    first, last = extent(samples)
    part = samples[round(first * RATE) : round(last * RATE)].astype(np.float64)
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part)), n=1 << 16))
    return float(np.argmax(spectrum) * RATE / (1 << 16))


def steepest(samples: Samples) -> int:
    """The greatest step between neighbouring samples: a click is a great one."""
    return int(np.abs(np.diff(samples.astype(np.int32))).max())
