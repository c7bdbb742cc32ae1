"""Sounds a person makes that are no word: coughing, groaning, a door that falls shut.

They are made, not recorded: bursts of shaped noise, and a buzz through a throat.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voice_coach.audio.port import RATE, Samples

_Signal = NDArray[np.float64]


def is_noise(text: str) -> bool:
    """Whether somebody "says" a sound: "[cough]"."""
    return text.startswith("[") and text.endswith("]")


def noise(text: str, chance: random.Random) -> Samples:
    """The sound "[NAME]", another one each time, int16, shape (n,). Raises KeyError."""
    draw = np.random.default_rng(chance.getrandbits(32))
    sound = NOISES[text](draw)
    return np.asarray(sound * 16_000 / np.abs(sound).max(), np.int16)


def _cough(draw: np.random.Generator) -> _Signal:
    """Two bursts: the glottis opens, then what is left."""
    return np.concatenate(
        [_burst(draw, 0.18, 900.0), np.zeros(round(0.12 * RATE)), 0.7 * _burst(draw, 0.15, 700.0)]
    )


def _burst(draw: np.random.Generator, seconds: float, hertz: float) -> _Signal:
    time = np.arange(round(seconds * RATE)) / RATE
    edge = np.minimum(1.0, time / 0.004) * np.exp(-time / (0.3 * seconds))
    return edge * _resonances(draw.standard_normal(len(time)), (hertz, 2.4 * hertz, 4.0 * hertz))


def _groan(draw: np.random.Generator) -> _Signal:
    """A low voice on one vowel, sinking."""
    seconds = float(draw.uniform(0.7, 1.1))
    time = np.arange(round(seconds * RATE)) / RATE
    pitch = draw.uniform(90, 150) * (1.1 - 0.3 * time / seconds)
    phase = np.cumsum(pitch / RATE)
    pulses = np.diff(np.floor(phase), prepend=0.0) + 0.01 * draw.standard_normal(len(time))
    edge = np.minimum(1.0, time / 0.08) * np.minimum(1.0, (seconds - time) / 0.25)
    return edge * _resonances(pulses, (500.0, 1000.0, 2400.0))


def _door(draw: np.random.Generator) -> _Signal:
    """A blow, and the frame that rings."""
    time = np.arange(round(0.35 * RATE)) / RATE
    blow = draw.standard_normal(len(time)) * np.exp(-time / 0.01)
    return _resonances(blow, (90.0, 210.0, 480.0)) + 0.3 * blow


def _resonances(sound: _Signal, centres: tuple[float, ...]) -> _Signal:
    """The sound through a few resonances in parallel, each weaker than the one before."""
    spectrum = np.fft.rfft(sound)
    hertz = np.fft.rfftfreq(len(sound), 1 / RATE)
    shape = sum(
        0.6**i / np.sqrt(1 + ((hertz - centre) / (30 + 0.08 * centre)) ** 2)
        for i, centre in enumerate(centres)
    )
    shaped: _Signal = np.fft.irfft(spectrum * shape, len(sound))
    return shaped


NOISES: Final[dict[str, Callable[[np.random.Generator], _Signal]]] = {
    "[cough]": _cough,
    "[groan]": _groan,
    "[door]": _door,
}
