"""How words sound: the pronunciation lexicon of a model folder."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from voice_coach.errors import ModelError

Phones = tuple[str, ...]
"""One pronunciation: ARPABET phones without stress, e.g. ("K", "AE", "F")."""

VOWELS: Final = frozenset(
    ("AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW")
)
"""The phones that carry a syllable."""


@dataclass(frozen=True)
class Lexicon:
    """Words and their pronunciations, the commonest first."""

    entries: Mapping[str, tuple[Phones, ...]]

    @classmethod
    def load(cls, path: Path) -> Lexicon:
        """Read ``word PHONE PHONE ...`` lines; several lines a word are alternatives.

        Raises ModelError when the file cannot be read or a line has no phones.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ModelError(
                f"The lexicon {path} cannot be read ({error}); restore the model folder."
            ) from error
        entries: dict[str, tuple[Phones, ...]] = {}
        for number, line in enumerate(text.splitlines(), start=1):
            word, *phones = line.split() or ("#",)
            if word.startswith("#"):
                continue
            if not phones:
                raise ModelError(
                    f"Line {number} of {path} has no phones; "
                    f"write the word and how it sounds, such as: calf K AE F"
                )
            # One string a phone, not one for each time it is written: 3 MB less.
            spoken = tuple(map(sys.intern, phones))
            entries[word] = (*entries.get(word, ()), spoken)
        return cls(entries)

    def __len__(self) -> int:
        """How many words there are."""
        return len(self.entries)

    def pronunciations(self, word: str) -> tuple[Phones, ...]:
        """All pronunciations of a word; empty for an unknown one."""
        return self.entries.get(word, ())

    def unknown(self, phrases: Iterable[str]) -> list[str]:
        """The words of these phrases that have no pronunciation, each once, in order."""
        words = dict.fromkeys(word for phrase in phrases for word in phrase.split())
        return [word for word in words if word not in self.entries]

    def phones(self) -> set[str]:
        """Every phone that some pronunciation uses."""
        return {p for variants in self.entries.values() for phones in variants for p in phones}

    def syllables(self, phrase: str) -> int:
        """Syllables in the phrase's first pronunciations; an unknown word counts as one."""
        return sum(
            sum(p in VOWELS for p in variants[0]) if (variants := self.entries.get(word)) else 1
            for word in phrase.split()
        )
