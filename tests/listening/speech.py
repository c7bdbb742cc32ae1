"""Synthetic speech for these tests, by espeak-ng itself: the ear's test needs no voice of ours."""

from __future__ import annotations

import io
import subprocess
import wave
from functools import lru_cache

import numpy as np
import soxr

from voice_coach.audio.port import RATE, Samples


@lru_cache(maxsize=64)
def speech(text: str, voice: str = "en-us") -> Samples:
    """The text as espeak-ng says it; 16 kHz int16, no silence round it."""
    command = ["espeak-ng", "-v", voice, "--stdout", text]
    data = subprocess.run(command, capture_output=True, check=True).stdout
    with wave.open(io.BytesIO(data)) as file:
        sound = np.frombuffer(file.readframes(-1), np.int16)
        rate = file.getframerate()
    resampled = np.asarray(soxr.resample(sound, rate, RATE), np.int16)
    loud = np.flatnonzero(np.abs(resampled.astype(np.int32)) > 150)
    return resampled[loud[0] : loud[-1] + 1]


def silence(seconds: float) -> Samples:
    """Digital silence."""
    return np.zeros(round(seconds * RATE), np.int16)


def hiss(seconds: float, dbfs: float, seed: int = 1) -> Samples:
    """White noise of this level."""
    noise = np.random.default_rng(seed).standard_normal(round(seconds * RATE))
    return np.asarray(noise * 32768 * 10 ** (dbfs / 20), np.int16)


def join(*parts: Samples) -> Samples:
    """One sound after another."""
    return np.concatenate(parts)
