"""From the coach's loudspeaker to the microphone: what a small speaker and a bedroom do to sound.

The room's impulse response is made, not measured: the direct sound, early reflections, and a
diffuse tail whose lows ring longer than its highs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voice_coach.audio.port import BLOCK, RATE, Samples

DIRECT: Final = 0.002
"""Seconds from speaker to microphone: some 70 cm."""

WANDER: Final = 0.03
"""Seconds by which two clocks may drift apart: then a sound server leaves out, or repeats, as
much."""

_RING: Final = 0.3
"""Seconds in which a bedroom's echo dies away by 60 dB."""

_EARLY: Final = 8
_FULL: Final = 32768.0
_TAPS: Final = 16
"""Length of the interpolating filter: errors 60 dB down at speech's frequencies."""

Signal = NDArray[np.float32]


@dataclass(frozen=True)
class Loudspeaker:
    """What happens to the coach's voice before it is in the air."""

    delay: float = 0.0
    """Seconds the sound card and its buffers hold the sound back, both ways together."""

    drift_ppm: float = 0.0
    """How much faster its clock runs than the microphone's, in millionths."""

    drive: float = 0.0
    """How hard it is driven; 0 is linear, at 4 loud vowels are clearly distorted."""


class EchoPath:
    """What the speaker plays in, what the microphone hears of it out, block by block."""

    def __init__(self, level_db: float, loudspeaker: Loudspeaker, rng: np.random.Generator) -> None:
        """``level_db``: the coach at the microphone against the coach at the speaker."""
        self._drive = loudspeaker.drive
        self._clock = _Clock(loudspeaker.delay, loudspeaker.drift_ppm)
        response = room_response(rng) * np.float32(10 ** (level_db / 20))
        self._length = len(response)
        self._size = 1 << (BLOCK + self._length - 2).bit_length()
        self._response = np.fft.rfft(response, self._size)
        self._tail: Signal = np.zeros(self._length - 1 + BLOCK, dtype=np.float32)
        self._ringing = 0

    def process(self, played: Samples) -> Signal:
        """The echo in the microphone, shape (BLOCK,), int16's scale."""
        arrived = self._clock.process(_distorted(played, self._drive))
        if arrived.any():
            spectrum = np.fft.rfft(arrived, self._size) * self._response
            wet = np.fft.irfft(spectrum, self._size)
            self._tail += wet[: len(self._tail)].astype(np.float32)
            self._ringing = len(self._tail)
        if self._ringing <= 0:
            return np.zeros(BLOCK, dtype=np.float32)
        out: Signal = self._tail[:BLOCK].copy()
        self._tail[:-BLOCK] = self._tail[BLOCK:]
        self._tail[-BLOCK:] = 0.0
        self._ringing -= BLOCK
        return out


class _Clock:
    """Delay, and a clock that runs a little faster or slower than ours."""

    def __init__(self, delay: float, drift_ppm: float) -> None:
        self._step = 1.0 + 1e-6 * drift_ppm
        # A drifting delay must not become negative: that would be sound from the future.
        self._delay = delay * RATE + (WANDER * RATE if drift_ppm else 0.0) + _TAPS
        self._wandered = 0.0
        self._kept = int(self._delay + WANDER * RATE) + 2 * BLOCK + 2 * _TAPS
        self._past: Signal = np.zeros(self._kept, dtype=np.float32)
        self._silent = self._kept

    def process(self, samples: Signal) -> Signal:
        self._past = np.concatenate((self._past[BLOCK:], samples))
        self._silent = 0 if samples.any() else min(self._kept, self._silent + BLOCK)
        first = self._kept - BLOCK - self._delay + self._wandered
        self._wandered += BLOCK * (self._step - 1.0)
        if abs(self._wandered) >= WANDER * RATE:
            self._wandered = 0.0
        if self._silent >= self._kept:
            return np.zeros(BLOCK, dtype=np.float32)
        if self._step == 1.0:
            at = int(first)
            return self._past[at : at + BLOCK]
        return self._interpolated(first)

    def _interpolated(self, first: float) -> Signal:
        where = first + self._step * np.arange(BLOCK)
        whole = np.floor(where).astype(np.int64)
        taps = np.arange(1 - _TAPS // 2, 1 + _TAPS // 2)
        offset = taps - (where - whole)[:, None]
        weights = np.sinc(offset) * (0.5 + 0.5 * np.cos(2 * np.pi * offset / (_TAPS + 1)))
        near = self._past[whole[:, None] + taps]
        found: Signal = np.einsum("ij,ij->i", near, weights.astype(np.float32))
        return found


def _distorted(samples: Samples, drive: float) -> Signal:
    """A cone that moves less the further it is out, and less outward than inward."""
    sound = samples.astype(np.float32)
    if drive == 0.0:
        return sound
    pushed = np.float32(drive / _FULL) * sound
    bent: Signal = np.float32(_FULL / drive) * np.tanh(pushed + np.float32(0.15) * pushed**2)
    return bent


def room_response(rng: np.random.Generator, ring: float = _RING) -> Signal:
    """A bedroom's impulse response, shape (n,); the direct sound has the amplitude 1.

    ``ring``: seconds in which the middle frequencies die away by 60 dB.
    """
    count = round(1.2 * ring * RATE)
    time = np.arange(count) / RATE
    hertz = np.fft.rfftfreq(count, 1 / RATE)
    tail = np.zeros(count)
    for low, high, share in ((0, 400, 1.3), (400, 2_500, 1.0), (2_500, 8_001, 0.6)):
        noise = np.fft.rfft(rng.standard_normal(count) * np.exp(-6.9 * time / (share * ring)))
        noise[(hertz < low) | (hertz >= high)] = 0.0
        tail += np.fft.irfft(noise, count)
    direct = round(DIRECT * RATE)
    tail[: 2 * direct] = 0.0
    # Both are in one device, or near each other: the direct sound carries most of the power.
    tail *= rng.uniform(0.3, 0.6) / np.sqrt(np.sum(tail**2))
    for late in rng.uniform(0.001, 0.02, _EARLY):
        tail[direct + round(late * RATE)] += rng.choice((-1.0, 1.0)) * 0.2 * np.exp(-late / 0.015)
    tail[direct] = 1.0
    return tail.astype(np.float32)
