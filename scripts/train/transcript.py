"""A transcript as states of one phone each, every pronunciation and pause a way through them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scripts.train.arrays import Array
from scripts.train.lexicon import PHONE_INDEX, Lexicon, Pronunciation
from voice_coach.listening.graph import own_phone


@dataclass(frozen=True)
class Chain:
    """One transcript as states of one phone each."""

    phones: Array
    """(states,) index of each state's phone."""
    before: Array
    """(states, k) states that lead here; -1 where there are fewer."""
    first: Array
    """(states,) whether the utterance may begin here."""
    last: Array
    """(states,) whether the utterance may end here."""

    @property
    def shortest(self) -> int:
        """Output frames that the shortest way through needs."""
        reach = np.where(self.first, 1, 10**6)
        for state in range(len(reach)):
            ways = [reach[b] + 1 for b in self.before[state] if b >= 0]
            reach[state] = min([reach[state], *ways])
        return int(reach[self.last].min())


class _Builder:
    def __init__(self, own: Mapping[str, int]) -> None:
        self._own = own
        self.phones: list[int] = []
        self.before: list[list[int]] = []
        self.first: list[bool] = []

    def add(self, phone: int, before: Iterable[int], first: bool) -> int:
        self.phones.append(phone)
        self.before.append(list(before))
        self.first.append(first)
        return len(self.phones) - 1

    def word(
        self, word: str, pronunciations: Sequence[Pronunciation], ends: list[int], first: bool
    ) -> list[int]:
        """The word's states behind the states ``ends``; returns its own last states."""
        lasts = []
        for phones in pronunciations:
            state = -1
            for number, phone in enumerate(phones):
                start = number == 0
                before = ends if start else [state]
                index = self._own.get(own_phone(phone, word), PHONE_INDEX[phone])
                state = self.add(index, before, first and start)
            lasts.append(state)
        return lasts


def chain(words: Sequence[str], lexicon: Lexicon, own: Mapping[str, int] | None = None) -> Chain:
    """The states of a transcript; no words at all means silence.

    ``own``: numbers of the phones that single words have for themselves.
    """
    build = _Builder(own or {})
    silence = build.add(0, [], True)
    ends, first = [silence], True
    for word in words:
        lasts = build.word(word, lexicon[word], ends, first)
        pause = build.add(0, lasts, False)
        ends, first = [*lasts, pause], False
    width = max(1, *(len(b) for b in build.before))
    before = np.full((len(build.phones), width), -1, dtype=np.int64)
    for state, ways in enumerate(build.before):
        before[state, : len(ways)] = ways
    last = np.zeros(len(build.phones), dtype=bool)
    last[ends] = True
    return Chain(np.array(build.phones), before, np.array(build.first), last)
