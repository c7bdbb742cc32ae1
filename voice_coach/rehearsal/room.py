"""A bedroom in numbers: the person, the echo and the noise, as the microphone hears them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voice_coach.audio import wav
from voice_coach.audio.port import BLOCK, RATE, Block, Samples, Source
from voice_coach.rehearsal.echo_path import EchoPath, Loudspeaker

PERSON_LEVEL: Final = -23.0
"""dBFS, active speech of the person at the microphone."""

QUIET: Final = -72.0
"""dBFS, the noise of a silent room and its microphone."""

Speech = Callable[[float], Samples | None]
"""Asked at each block with the port's clock: what the person begins to say now."""

_Signal = NDArray[np.float32]


class RoomPort:
    """An AudioPort in virtual time whose microphone stands in a simulated room."""

    def __init__(  # noqa: PLR0913 - a room has many properties
        self,
        speech: Speech,
        *,
        seed: int,
        echo_db: float = -14.0,
        loudspeaker: Loudspeaker | None = None,
        snr_db: float | None = None,
        noise: Path | None = None,
    ) -> None:
        """``echo_db``: the coach at the microphone against the coach at the speaker.
        ``loudspeaker``: its delay, drift and distortion; None for a perfect one.
        ``snr_db``: the person's active speech against the noise; None for a quiet room.
        ``noise``: a WAV of the noise; None for pink noise. Raises AudioFileError."""
        self._speech = speech
        loudspeaker = loudspeaker or Loudspeaker()
        self._delay = loudspeaker.delay
        rng = np.random.default_rng(seed)
        self._echo = EchoPath(echo_db, loudspeaker, rng)
        self._noise = _noise(rng, snr_db, wav.load(noise) if noise else None)
        self._noise_at = int(rng.integers(len(self._noise) - BLOCK))
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
        played = self._source.next_block(begun + self._delay)
        speech = self._speech(begun)
        if speech is not None:
            self._active.append((at_level(speech, PERSON_LEVEL), 0))
        mic = _clip(self._person() + self._echo.process(played) + self._hiss())
        self._read += BLOCK
        # What a visitor in the room would hear: both voices, and the noise.
        self._heard.append(_clip(mic + 0.5 * played.astype(np.float32)))
        return Block(mic, self._read / RATE, played)

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

    def _hiss(self) -> _Signal:
        at = self._noise_at
        self._noise_at = (at + BLOCK) % (len(self._noise) - BLOCK)
        return (
            self._noise[at : at + BLOCK] if at + BLOCK <= len(self._noise) else self._noise[:BLOCK]
        )


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


def at_level(speech: Samples, level: float) -> _Signal:
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
