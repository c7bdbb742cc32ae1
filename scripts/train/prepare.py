"""From corpora to cached features: which clips are used, and in which transformed copies."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import soundfile
from tqdm import tqdm

from scripts.train.ahead import ahead
from scripts.train.arrays import Array
from scripts.train.augment import BodyAndRoom
from scripts.train.corpus import RATE, Clip, decode, read_clips, read_files, read_manifest
from scripts.train.features import CacheWriter, log_mel
from scripts.train.lexicon import Lexicon
from scripts.train.weights import outputs

log = logging.getLogger(__name__)

LONGEST = 17.0
"""Seconds; longer utterances are left out."""


def held_out_noise(clip: Clip) -> bool:
    """A quarter of the noise recordings is kept for counting false commands."""
    return clip.split != "train" or zlib.crc32(clip.key.encode()) % 4 == 0


def usable(clip: Clip, lexicon: Lexicon) -> bool:
    """Speech of the train split whose every word has a pronunciation."""
    words = clip.transcript.split()
    if clip.kind != "speech" or clip.split != "train" or not 0.25 <= clip.seconds <= LONGEST:
        return False
    return bool(words) and all(word in lexicon for word in words)


def rooms(clips: Iterable[Clip]) -> list[Array]:
    """Impulse responses of rooms, at most a second and a half, energy 1."""
    chosen = [c for c in clips if c.kind == "rir" and c.label in ("", "room")]
    found = []
    for _, samples in read_clips(chosen):
        peak = int(np.argmax(np.abs(samples)))
        part = samples[peak : peak + RATE * 3 // 2]
        found.append(part / (float(np.sqrt(np.sum(part**2))) + 1e-9))
    return found


def generator(key: str, copy: int) -> np.random.Generator:
    """Random numbers that depend on the clip and the copy, not on the order of the work."""
    return np.random.default_rng([zlib.crc32(key.encode()), copy])


class _Copies:
    """An encoded clip's log-mel energies, one for each copy that is asked for."""

    def __init__(self, responses: Sequence[Array], copies: Sequence[int]) -> None:
        self._change = BodyAndRoom(rooms=responses)
        self._copies = copies

    def __call__(self, found: tuple[Clip, bytes]) -> tuple[Clip, list[Array]]:
        """Noise is only wanted as it is; a file that cannot be decoded gives nothing."""
        clip, data = found
        try:
            samples = decode(data)
        except soundfile.LibsndfileError:
            return clip, []
        copies = self._copies if clip.kind == "speech" else [0]
        return clip, [log_mel(self._changed(clip, samples, copy)) for copy in copies]

    def _changed(self, clip: Clip, samples: Array, copy: int) -> Array:
        return self._change(samples, generator(clip.key, copy)) if copy else samples


def build(  # noqa: PLR0913
    clips: Sequence[Clip],
    lexicon: Lexicon,
    responses: Sequence[Array],
    folder: Path,
    copies: Sequence[int],
    processes: int = 0,
) -> None:
    """Write one cache a copy: copy 0 holds the clips as they are, the others transformed ones.

    Noise recordings stand in copy 0 only. An utterance too short for its phones is left out.
    """
    writers = {copy: CacheWriter(folder / f"copy{copy}") for copy in copies}
    chosen = [c for c in clips if usable(c, lexicon)]
    noises = [c for c in clips if 0 in copies and c.kind == "noise" and not held_out_noise(c)]
    work = ahead(_Copies(responses, copies), read_files([*chosen, *noises]), processes)
    broken = 0
    for clip, made in tqdm(work, total=len(chosen) + len(noises), mininterval=5, unit="clip"):
        broken += not made
        phones = sum(len(lexicon[word][0]) for word in clip.transcript.split())
        for copy, feats in zip(copies, made, strict=False):
            if clip.kind == "noise" or outputs(len(feats)) > phones + 2:
                words = clip.transcript if clip.kind == "speech" else ""
                writers[copy].add(clip.key, clip.kind, clip.source, words, feats)
    if broken:
        log.warning("%d clips cannot be decoded and are left out", broken)
    for writer in writers.values():
        writer.close()


def corpora(folders: Iterable[Path]) -> list[Clip]:
    """The clips of all corpus folders."""
    return [clip for folder in folders for clip in read_manifest(folder)]
