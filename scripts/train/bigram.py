"""How phones follow each other in the transcripts: a bigram with silence between words."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from scripts.train.arrays import Array
from scripts.train.lexicon import PHONE_INDEX, PHONES, Lexicon

AT_EDGE = 0.8
"""Share of utterances that begin, and that end, with silence."""


@dataclass(frozen=True)
class Bigram:
    """Log-probabilities of phones after phones, of the first phone and of the end."""

    follow: Array
    """(phones, phones)"""
    start: Array
    end: Array

    def priced(self, phone: float) -> Bigram:
        """The same with a price for each phone but silence."""
        price = np.full(len(self.start), phone)
        price[0] = 0.0
        return Bigram(self.follow - price, self.start - price, self.end)


def estimate_bigram(
    transcripts: Iterable[Sequence[str]], lexicon: Lexicon, pause: float = 0.3, prior: float = 0.5
) -> Bigram:
    """Count the phones of transcripts; ``pause``: probability of silence between two words."""
    size = len(PHONES)
    counts = np.full((size + 1, size + 1), prior)
    for words in transcripts:
        _count(counts, words, lexicon, pause)
    counts[size, size] = 0.0
    table = np.log(np.maximum(counts / counts.sum(axis=1, keepdims=True), 1e-9))
    return Bigram(table[:size, :size], table[size, :size], table[:size, size])


def _count(counts: Array, words: Sequence[str], lexicon: Lexicon, pause: float) -> None:
    edge = len(counts) - 1
    before, silent = edge, AT_EDGE
    for word in words:
        phones = [PHONE_INDEX[phone] for phone in lexicon[word][0]]
        counts[before, phones[0]] += 1 - silent
        counts[before, 0] += silent
        counts[0, phones[0]] += silent
        for a, b in itertools.pairwise(phones):
            counts[a, b] += 1
        before, silent = phones[-1], pause
    silent = AT_EDGE if words else 1.0
    counts[before, 0] += silent
    counts[0, edge] += silent
    counts[before, edge] += 1 - silent
