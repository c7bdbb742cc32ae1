"""How well the coach hears, in numbers: for nights that are played without sound."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_QUIET: Final = 30.0
"""dB: noise below this changes nothing."""

# Measured with the conversation's phrases in voices that the model never heard: see the README.
_WRONG: Final = (0.008, 0.028)
"""Share of utterances taken for something else: in quiet, and at 10 dB."""
_MISSED: Final = (0.049, 0.092)
"""Share that is not understood."""
_ALARMS: Final = (0.0, 11.0)
"""Commands an hour heard where nobody spoke."""

_NOTHING: Final = 0.5
"""Share of the missed utterances that leave no trace at all."""

_OTHERS: Final = 0.008
"""Share of other speech that is taken for a phrase."""


@dataclass(frozen=True)
class Hearing:
    """The ear of a night."""

    wrong: float
    missed: float
    alarms: float
    """An hour."""

    @classmethod
    def at(cls, snr_db: float | None) -> Hearing:
        """In noise this far below the person's voice; None: in a quiet room. Below 10 dB it goes
        on as from quiet to 10 dB."""
        share = 0.0 if snr_db is None else max(0.0, (_QUIET - snr_db) / (_QUIET - 10.0))

        def between(quiet: float, noisy: float) -> float:
            return quiet + share * (noisy - quiet)

        return cls(
            min(0.5, between(*_WRONG)), min(0.5, between(*_MISSED)), max(0.0, between(*_ALARMS))
        )

    def hear(self, said: str, vocabulary: Mapping[str, str], chance: random.Random) -> str | None:
        """What is heard of it, with ``vocabulary`` (phrases and their intents) expected: a phrase,
        "" for something that was not understood, or None for nothing."""
        if said not in vocabulary:
            return self.noise(vocabulary, chance) if chance.random() < _OTHERS else ""
        luck = chance.random()
        if luck < self.wrong:
            others = [p for p, intent in vocabulary.items() if intent != vocabulary[said]]
            return chance.choice(others) if others else ""
        if luck < self.wrong + self.missed:
            return None if chance.random() < _NOTHING else ""
        return said

    def noise(self, vocabulary: Mapping[str, str], chance: random.Random) -> str:
        """What is heard where nothing was said."""
        return chance.choice(list(vocabulary))

    def next_alarm(self, chance: random.Random) -> float:
        """Seconds until noise is taken for a phrase."""
        return chance.expovariate(self.alarms / 3600) if self.alarms else float("inf")
