"""From corpora to cached features: which clips are used, and in which transformed copies."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from scripts.train.arrays import Array
from scripts.train.augment import BodyAndRoom
from scripts.train.corpus import RATE, Clip, read_clips, read_manifest
from scripts.train.features import CacheWriter, log_mel
from scripts.train.lexicon import Lexicon
from scripts.train.weights import outputs

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


def build(
    clips: Sequence[Clip],
    lexicon: Lexicon,
    responses: Sequence[Array],
    folder: Path,
    copies: Sequence[int],
) -> None:
    """Write one cache a copy: copy 0 holds the clips as they are, the others transformed ones.

    Noise recordings stand in copy 0 only. An utterance too short for its phones is left out.
    """
    change = BodyAndRoom(rooms=responses)
    writers = {copy: CacheWriter(folder / f"copy{copy}") for copy in copies}
    chosen = [c for c in clips if usable(c, lexicon)]
    noises = [c for c in clips if c.kind == "noise" and not held_out_noise(c)]
    work = read_clips([*chosen, *noises])
    for clip, samples in tqdm(work, total=len(chosen) + len(noises), mininterval=5, unit="clip"):
        if clip.kind == "noise":
            if 0 in writers:
                writers[0].add(clip.key, "noise", clip.source, "", log_mel(samples))
            continue
        phones = sum(len(lexicon[word][0]) for word in clip.transcript.split())
        for copy, writer in writers.items():
            changed = samples if copy == 0 else change(samples, generator(clip.key, copy))
            feats = log_mel(changed)
            if outputs(len(feats)) > phones + 2:
                writer.add(clip.key, "speech", clip.source, clip.transcript, feats)
    for writer in writers.values():
        writer.close()


def corpora(folders: Iterable[Path]) -> list[Clip]:
    """The clips of all corpus folders."""
    return [clip for folder in folders for clip in read_manifest(folder)]
