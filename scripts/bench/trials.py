"""What hearing is measured on: clips, and the grammar they are heard with."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from recordings import RATE, Clip, entries, load_clips, pink, synthesise, with_noise

COMMANDS: Final = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
COACH: Final = (
    "help",
    "help me",
    "calf cramp",
    "stop",
    "yes",
    "no",
    "not sure",
    "done",
    "okay",
    "still hurts",
    "not yet",
    "it's gone",
    "softer",
    "too hard",
    "go back",
    "i don't know",
)
CHUNK: Final = 3 * RATE


@dataclass(frozen=True)
class Trial:
    """Clips heard with one grammar."""

    name: str
    phrases: tuple[str, ...]
    clips: list[Clip]


def trials(corpora: Path | None, part: float = 1.0) -> Iterator[Trial]:
    """State-sized grammars on people's and synthetic speech, clean and at 10 dB, and on noise.

    ``part`` of the recordings is used; without ``corpora`` there is only synthetic speech.
    """
    noise_rng = np.random.default_rng(7)
    hiss = pink(20, noise_rng)
    spoken = synthesise(COACH)
    yield Trial("synthetic", COACH, spoken)
    yield Trial("synthetic 10dB", COACH, [with_noise(c, hiss, 10, noise_rng) for c in spoken])
    if corpora is not None:
        yield from _human(corpora, part)


def _human(corpora: Path, part: float) -> Iterator[Trial]:
    """Trials on the recordings of speakers kept for tuning."""
    every = max(1, round(1 / part))
    rng = random.Random(7)
    noise_rng = np.random.default_rng(7)
    hiss = pink(20, noise_rng)
    entries_of_words = entries(corpora, kind="speech", split="dev", source="speech_commands")
    rng.shuffle(entries_of_words)
    words = load_clips(corpora, entries_of_words[:350:every])
    sentences = load_clips(corpora, entries(corpora, kind="speech", split="dev", source="speecho"))
    readers = load_clips(corpora, entries(corpora, kind="speech", split="dev", source="libri"))
    noises = load_clips(corpora, entries(corpora, kind="noise"))
    commands = [clip for clip in words if clip.text in COMMANDS]
    yield Trial("words", COMMANDS, commands)
    yield Trial("words 10dB", COMMANDS, [with_noise(c, hiss, 10, noise_rng) for c in commands])
    texts = sorted({clip.text for clip in sentences})
    rng.shuffle(texts)
    for number in range(3):
        chosen = tuple(texts[number * 20 : number * 20 + 20])
        yield Trial("L2 phrases", chosen, [c for c in sentences if c.text in chosen])
    strange = [clip for clip in words if clip.text not in COACH]
    yield Trial("other words", COACH, strange)
    yield Trial("other sentences", COACH, (sentences + readers)[::every])
    yield Trial(
        "noise", COACH, [piece for noise in noises[:: 3 * every] for piece in _pieces(noise)]
    )


def _pieces(noise: Clip) -> Iterator[Clip]:
    for at in range(0, len(noise.samples) - CHUNK + 1, CHUNK):
        yield Clip(f"{noise.name}@{at}", noise.samples[at : at + CHUNK], "")
