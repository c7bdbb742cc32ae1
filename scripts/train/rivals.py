"""Which other phrases an utterance could be taken for in a closed grammar."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from scripts.train.lexicon import PHONE_INDEX, Lexicon

NEAR = 24
"""How many of the most similar transcripts are near rivals."""


def sketch(words: str, lexicon: Lexicon) -> dict[int, float]:
    """Counts of phones and of pairs of phones, to compare transcripts by their sound."""
    size = len(PHONE_INDEX) + 1
    counts: dict[int, float] = {}
    phones = [0, *(PHONE_INDEX[p] for word in words.split() for p in lexicon[word][0]), 0]
    for phone in phones[1:-1]:
        counts[phone] = counts.get(phone, 0.0) + 1.0
    for first, second in itertools.pairwise(phones):
        pair = size * (1 + first) + second
        counts[pair] = counts.get(pair, 0.0) + 1.0
    return counts


def _sound(words: str, lexicon: Lexicon) -> tuple[str, ...]:
    return tuple(phone for word in words.split() for phone in lexicon[word][0])


class Rivals:
    """Draws rivals: some similar in sound, some that people often say, some any, and silence."""

    def __init__(
        self, transcripts: Sequence[str], lexicon: Lexicon, often: Sequence[str] = ()
    ) -> None:
        """``often``: those of the transcripts that are said by many."""
        self._often = sorted(set(often))
        if len({_sound(words, lexicon) for words in self._often}) < 2:
            self._often = []
        self._all = sorted(set(transcripts))
        self._index = {words: number for number, words in enumerate(self._all)}
        size = len(PHONE_INDEX) + 1
        table = np.zeros((len(self._all), size * (size + 1)), dtype=np.float32)
        for row, words in zip(table, self._all, strict=True):
            for column, count in sketch(words, lexicon).items():
                row[column] = count
        table /= np.linalg.norm(table, axis=1, keepdims=True)
        self._sounds = [_sound(words, lexicon) for words in self._all]
        if len(set(self._sounds)) < 2:
            raise ValueError("Rivals need at least two transcripts that sound different.")
        order = np.argsort(-(table @ table.T), axis=1)[:, : NEAR + 1]
        self._near = [
            [int(other) for other in row if self._sounds[other] != self._sounds[number]]
            for number, row in enumerate(order)
        ]

    def of(self, words: str, count: int, draw: np.random.Generator) -> list[str]:
        """``count`` transcripts that are not ``words`` and do not sound exactly like it."""
        number = self._index.get(words)
        near = self._near[number] if number is not None else []
        found = [""] if words and draw.random() < 0.5 else []
        while near and len(found) < count * 3 // 8:
            found.append(self._all[near[int(draw.integers(len(near)))]])
        sound = self._sounds[number] if number is not None else None
        while len(found) < count:
            pool = self._often if len(found) < count * 7 // 8 and self._often else self._all
            other = pool[int(draw.integers(len(pool)))]
            if self._sounds[self._index[other]] != sound:
                found.append(other)
        return found
