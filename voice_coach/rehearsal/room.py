"""A bedroom in numbers: the person, the echo and the noise, as the microphone hears them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voice_coach.audio import wav
from voice_coach.audio.port import BLOCK, RATE, Block, Samples, Source

PERSON_LEVEL: Final = -23.0
"""dBFS, active speech of the person at the microphone."""

QUIET: Final = -72.0
"""dBFS, the noise of a silent room and its microphone."""

_REFLECTIONS: Final = 24
_DECAY: Final = 0.05
"""Seconds in which reflections fall by a factor e."""
_REACH: Final = 0.2
"""Seconds until the last reflection."""
_DIRECT: Final = 0.004
"""Seconds from speaker to microphone."""

Speech = Callable[[float], Samples | None]
"""Asked at each block with the port's clock: what the person begins to say now."""

_Signal = NDArray[np.float32]


class RoomPort:
    """An AudioPort in virtual time whose microphone stands in a simulated room."""

    def __init__(
        self,
        speech: Speech,
        *,
        seed: int,
        echo_db: float = -14.0,
        snr_db: float | None = None,
        noise: Path | None = None,
    ) -> None:
        """``echo_db``: the coach at the microphone against the coach at the speaker.
        ``snr_db``: the person's active speech against the noise; None for a quiet room.
        ``noise``: a WAV of the noise; None for pink noise. Raises AudioFileError."""
        self._speech = speech
        rng = np.random.default_rng(seed)
        self._taps = _reflections(rng, echo_db)
        self._noise = _noise(rng, snr_db, wav.load(noise) if noise else None)
        self._noise_at = int(rng.integers(len(self._noise) - BLOCK))
        self._tail: _Signal = np.zeros(BLOCK + round(_REACH * RATE) + BLOCK, dtype=np.float32)
        self._tail_left = 0
        self._active: list[tuple[_Signal, int]] = []
        self._source: Source | None = None
        self._read = 0
        self._heard: list[Samples] = []

    def start(self, source: Source) -> None:
        self._source = source

    def now(self) -> float:
        return self._read / RATE

    def read(self, timeout: float) -> Block:  # noqa: ARG002 - virtual time never waits
        assert self._source is not None, "read before start"
        begun = self._read / RATE
        played = self._source.next_block(begun)
        speech = self._speech(begun)
        if speech is not None:
            self._active.append((_at_level(speech, PERSON_LEVEL), 0))
        person = self._person()
        mic = person + self._echo(played) + self._hiss()
        self._read += BLOCK
        # What a visitor in the room would hear: both voices, and the noise.
        self._heard.append(_clip(mic + 0.5 * played.astype(np.float32)))
        return Block(_clip(mic), self._read / RATE)

    def close(self) -> None:
        self._source = None

    def recording(self) -> Samples:
        """Both voices as heard in the room, shape (n,)."""
        return np.concatenate(self._heard) if self._heard else np.zeros(0, dtype=np.int16)

    def _person(self) -> _Signal:
        block = np.zeros(BLOCK, dtype=np.float32)
        still = []
        for samples, at in self._active:
            piece = samples[at : at + BLOCK]
            block[: len(piece)] += piece
            if at + BLOCK < len(samples):
                still.append((samples, at + BLOCK))
        self._active = still
        return block

    def _echo(self, played: Samples) -> _Signal:
        """The direct sound and the reflections of the coach, overlapping into later blocks."""
        if played.any():
            loud = played.astype(np.float32)
            for delay, gain in self._taps:
                self._tail[delay : delay + BLOCK] += gain * loud
            self._tail_left = len(self._tail)
        if self._tail_left <= 0:
            return np.zeros(BLOCK, dtype=np.float32)
        out: _Signal = self._tail[:BLOCK].copy()
        self._tail[:-BLOCK] = self._tail[BLOCK:]
        self._tail[-BLOCK:] = 0.0
        self._tail_left -= BLOCK
        return out

    def _hiss(self) -> _Signal:
        at = self._noise_at
        self._noise_at = (at + BLOCK) % (len(self._noise) - BLOCK)
        return (
            self._noise[at : at + BLOCK] if at + BLOCK <= len(self._noise) else self._noise[:BLOCK]
        )


def _reflections(rng: np.random.Generator, echo_db: float) -> list[tuple[int, np.float32]]:
    """Delays in samples and gains: the direct path at ``echo_db``, then a decaying tail."""
    times = np.sort(rng.uniform(0.005, _REACH, _REFLECTIONS))
    gains = rng.choice([-1.0, 1.0], _REFLECTIONS) * 0.35 * np.exp(-times / _DECAY)
    level = 10 ** (echo_db / 20)
    taps = [(_DIRECT, 1.0), *zip(times.tolist(), gains.tolist(), strict=True)]
    return [(round(t * RATE), np.float32(level * g)) for t, g in taps]


def _noise(rng: np.random.Generator, snr_db: float | None, recorded: Samples | None) -> _Signal:
    """Half a minute of the room's noise at its level, to be looped."""
    n = 30 * RATE
    if recorded is not None:
        if len(recorded) < 2 * BLOCK:
            recorded = np.zeros(n, dtype=np.int16)
        noise = np.resize(recorded, max(n, len(recorded))).astype(np.float32)
    else:
        spectrum = np.fft.rfft(rng.standard_normal(n))
        spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
        noise = np.fft.irfft(spectrum, n).astype(np.float32)
    level = QUIET if snr_db is None else PERSON_LEVEL - snr_db
    return _scaled(noise, level, float(np.sqrt(np.mean(noise**2))))


def _at_level(speech: Samples, level: float) -> _Signal:
    """Speech scaled so that its active parts have this level, dBFS."""
    signal = speech.astype(np.float32)
    frames = signal[: len(signal) // BLOCK * BLOCK].reshape(-1, BLOCK)
    power = np.mean(frames**2, axis=1) if len(frames) else np.array([np.mean(signal**2)])
    active = power[power > power.max() * 10**-2.5]
    return _scaled(signal, level, float(np.sqrt(active.mean())) if len(active) else 0.0)


def _scaled(signal: _Signal, level: float, rms: float) -> _Signal:
    return signal * np.float32(32768 * 10 ** (level / 20) / rms) if rms > 0 else signal


def _clip(signal: _Signal) -> Samples:
    return np.clip(np.rint(signal), -32768, 32767).astype(np.int16)
