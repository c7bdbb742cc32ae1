"""Words with phones of their own: those that enough people say to be learnt as whole words.

"EH.yes" is the EH of "yes". It starts as a copy of EH, and learns only from telling "yes" from
whatever else is said; the other words keep sharing the plain phones. So a word that hundreds say
is heard as a word, and any other one still needs nothing but its line in the lexicon.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from scripts.train.corpus import Clip
from scripts.train.lexicon import PHONE_INDEX, PHONES, Lexicon
from voice_coach.listening.graph import own_phone

ENOUGH_PEOPLE = 100
"""Speakers that a word needs."""


def common_phone(name: str) -> str:
    """The phone that a phone of either kind began as."""
    return name.partition(".")[0]


@dataclass(frozen=True)
class OwnPhones:
    """Numbers of all phones: the plain ones first, then those of single words."""

    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, words: Iterable[str], lexicon: Lexicon) -> OwnPhones:
        """The own phones of these words, every pronunciation's."""
        found = (
            own_phone(phone, word)
            for word in sorted(set(words))
            for pronunciation in lexicon[word]
            for phone in pronunciation
        )
        return cls(tuple(dict.fromkeys(found)))

    @property
    def numbers(self) -> Mapping[str, int]:
        """The network's number of each own phone."""
        return {name: len(PHONES) + place for place, name in enumerate(self.names)}

    @property
    def plain(self) -> list[int]:
        """The number of the plain phone that each own one began as, in their order."""
        return [PHONE_INDEX[common_phone(name)] for name in self.names]


def well_known(clips: Iterable[Clip]) -> list[str]:
    """The words that enough people of the train split say alone."""
    people: dict[str, set[str]] = defaultdict(set)
    for clip in clips:
        if clip.kind == "speech" and clip.split == "train" and clip.speaker:
            people[clip.transcript].add(clip.speaker)
    return sorted(
        words
        for words, who in people.items()
        if len(words.split()) == 1 and len(who) >= ENOUGH_PEOPLE
    )
