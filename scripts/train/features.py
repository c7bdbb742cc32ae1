"""Log-mel energies and MFCCs exactly as Kaldi computes them, and caches of them on disk.

The network reads 40 MFCCs. With 40 cepstra from 40 mel bins the cosine transform can be undone, so
caches hold log-mel energies: there noise can be mixed in afterwards, because powers add.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from scripts.train.arrays import Array

RATE = 16000
BINS = 40
WINDOW = 400
"""Samples of one frame (25 ms)."""
STEP = 160
"""Samples between frames (10 ms)."""
FFT = 512
LOW_HZ = 20.0
HIGH_HZ = RATE / 2 - 400.0
FLOOR = float(np.finfo(np.float32).eps)
FULL_SCALE = 32768.0
"""Kaldi reads samples as 16-bit numbers."""


def _mel(hertz: Array | float) -> Array:
    return 1127.0 * np.log(1.0 + np.asarray(hertz, dtype=np.float64) / 700.0)


@lru_cache(maxsize=1)
def mel_edges() -> Array:
    """Mel values of the 42 corners of the 40 triangles."""
    return np.linspace(_mel(LOW_HZ), _mel(HIGH_HZ), BINS + 2)


@lru_cache(maxsize=1)
def mel_filters() -> Array:
    """Weights of the FFT's bins in each mel bin: (256, 40); the Nyquist bin is left out."""
    edges = mel_edges()
    mel = _mel(np.arange(FFT // 2) * RATE / FFT)[:, None]
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    rising = (mel - left) / (centre - left)
    falling = (right - mel) / (right - centre)
    return np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)


@lru_cache(maxsize=1)
def _transform() -> Array:
    """One frame of 400 samples to the real and imaginary parts of 256 FFT bins: (400, 512).

    Removing the mean, pre-emphasis, the window and the transform are linear, so they are one
    matrix; a matrix product is several times faster here than frame-wise steps and an FFT.
    """
    mean = np.eye(WINDOW) - 1.0 / WINDOW
    emphasis = np.eye(WINDOW) - 0.97 * np.eye(WINDOW, k=-1)
    emphasis[0, 0] = 1.0 - 0.97
    phase = 2 * np.pi * np.arange(WINDOW) / (WINDOW - 1)
    window = (0.5 - 0.5 * np.cos(phase)) ** 0.85
    angle = 2 * np.pi / FFT * np.outer(np.arange(FFT // 2), np.arange(WINDOW))
    fourier = np.concatenate((np.cos(angle), np.sin(angle)))
    return np.ascontiguousarray((fourier @ (window[:, None] * emphasis) @ mean).T, dtype=np.float32)


@lru_cache(maxsize=1)
def cepstra() -> Array:
    """Matrix from log-mel energies to liftered MFCCs: ``mfcc = logmel @ cepstra()``, (40, 40)."""
    bins, order = np.arange(BINS), np.arange(BINS)
    dct = np.sqrt(2.0 / BINS) * np.cos(np.pi / BINS * np.outer(bins + 0.5, order))
    dct[:, 0] = np.sqrt(1.0 / BINS)
    lifter = 1.0 + 11.0 * np.sin(np.pi * order / 22.0)
    return dct * lifter


def log_mel(samples: Array) -> Array:
    """Log-mel energies of samples (full scale 1): (frames, 40) float32, natural logarithm.

    Frames are whole windows only: fewer than 400 samples give none.
    """
    count = 1 + (len(samples) - WINDOW) // STEP if len(samples) >= WINDOW else 0
    if count <= 0:
        return np.zeros((0, BINS), dtype=np.float32)
    scaled = np.ascontiguousarray(samples, dtype=np.float32) * FULL_SCALE
    frames = np.lib.stride_tricks.sliding_window_view(scaled, WINDOW)[::STEP][:count]
    spectrum = np.ascontiguousarray(frames) @ _transform()
    spectrum *= spectrum
    power = spectrum[:, : FFT // 2] + spectrum[:, FFT // 2 :]
    return np.log(np.maximum(power @ mel_filters(), FLOOR))


def mfcc(samples: Array) -> Array:
    """The 40 MFCCs that Vosk computes with the exported mfcc.conf: (frames, 40) float32."""
    return (log_mel(samples) @ cepstra()).astype(np.float32)


@dataclass(frozen=True)
class Entry:
    """One cached utterance and what is known of it."""

    key: str
    kind: str
    source: str
    transcript: str
    start: int
    frames: int


class FeatureCache:
    """Log-mel energies of many utterances in one memory-mapped float16 file."""

    def __init__(self, path: Path) -> None:
        rows = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        self.entries: list[Entry] = [Entry(*row) for row in rows]
        data = np.memmap(path.with_suffix(".f16"), dtype=np.float16, mode="r")
        self._data: Array = data.reshape(-1, BINS)

    def __getitem__(self, entry: Entry) -> Array:
        """(frames, 40) float32."""
        return np.asarray(self._data[entry.start : entry.start + entry.frames], dtype=np.float32)


class CacheWriter:
    """Writes a :class:`FeatureCache`; it exists only once :meth:`close` has been called."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._part = path.with_suffix(".part")
        self._file = self._part.open("wb")
        self._entries: list[tuple[str, str, str, str, int, int]] = []
        self._frames = 0

    def add(self, key: str, kind: str, source: str, transcript: str, feats: Array) -> None:
        """Append one utterance's (frames, 40)."""
        feats.astype(np.float16).tofile(self._file)
        self._entries.append((key, kind, source, transcript, self._frames, len(feats)))
        self._frames += len(feats)

    def close(self) -> None:
        self._file.close()
        self._part.replace(self._path.with_suffix(".f16"))
        self._path.with_suffix(".json").write_text(json.dumps(self._entries), encoding="utf-8")


def exists(path: Path) -> bool:
    """Whether a finished cache lies there."""
    return path.with_suffix(".json").exists()


def batches(lengths: Sequence[int], frames: int, order: Array) -> Iterator[Array]:
    """Indices in groups of like length, each of at most ``frames`` padded frames.

    ``order`` is a random permutation: it decides among equals and the order of the groups.
    """
    jittered = np.asarray(lengths)[order] * (1 + 0.1 * (order % 7) / 7)
    ranked = order[np.argsort(jittered, kind="stable")]
    groups: list[Array] = []
    start = 0
    while start < len(ranked):
        stop, longest = start, 0
        while stop < len(ranked):
            longest = max(longest, lengths[ranked[stop]])
            if longest * (stop + 1 - start) > frames and stop > start:
                break
            stop += 1
        groups.append(ranked[start:stop])
        start = stop
    ticket = np.argsort([order[int(group[0]) % len(order)] for group in groups], kind="stable")
    return (groups[int(index)] for index in ticket)


def total_frames(entries: Iterable[Entry]) -> int:
    """Frames of all entries together."""
    return sum(entry.frames for entry in entries)
