"""What makes sound one of the phrases, and not something else: prices and thresholds.

They belong to an acoustic model, so they lie in its folder; ``scripts/bench/tune.py`` finds them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Final


@dataclass(frozen=True)
class GraphCosts:
    """The prior of each way through a grammar's graph, in nats; higher is less likely."""

    unknown: float = 0.0
    """Added for each word of [unk]: higher lets more strange speech be taken for a phrase."""

    unknown_phone: float = -0.3
    """Added for each phone of [unk]; negative, as its bigram is a much weaker guess than a
    phrase. Lower rejects more."""

    phrase: float = 1.0
    """Of log(number of phrases), added for each phrase: at 1, having more phrases does not make
    it likelier that noise becomes one of them."""

    expected: float = 0.0
    """Taken off for a phrase that was asked for: "left" after "Which leg?"."""

    decoy: float = 1.0
    """Of log(number of phrases and decoys), added for each decoy."""

    pause: float = math.log(2)
    """For making an optional silence, and for not making it."""


@dataclass(frozen=True)
class Evidence:
    """What is known of the best reading of an utterance."""

    syllables: int = 2
    posterior: float = 1.0
    """Share of the readings with the same meaning, 0..1."""
    seconds: float = 0.5
    speech: float = 1.0
    """Probability that this was a voice, 0..1."""


@dataclass(frozen=True)
class Belief:
    """When the best reading is believed."""

    short: float = 0.5
    """Posterior from which a phrase of one syllable is believed, 0..1. Noise is taken for "no",
    "stop" and "done", hardly ever for anything longer."""

    long: float = 0.0
    """The same for any other phrase."""

    shortest: float = 0.12
    """Seconds a syllable takes at least: what is shorter is a click, or the end of an echo."""

    longest: float = 1.2
    """Seconds; a phrase of one syllable is no hum."""

    short_speech: float = 0.5
    """Probability of a voice from which a phrase of one syllable is believed, 0..1."""

    long_speech: float = 0.3
    """The same for any other phrase."""

    any_speech: float = 0.2
    """Below it, strange sound is not even speech that was not understood."""

    def accepts(self, reading: Evidence) -> bool:
        """Whether a reading is believed."""
        if reading.seconds < self.shortest * reading.syllables:
            return False
        if reading.syllables > 1:
            return reading.posterior >= self.long and reading.speech >= self.long_speech
        likely = reading.posterior >= self.short and reading.speech >= self.short_speech
        return likely and reading.seconds <= self.longest


@dataclass(frozen=True)
class Rejection:
    """All of it."""

    costs: GraphCosts = field(default_factory=GraphCosts)
    belief: Belief = field(default_factory=Belief)

    @classmethod
    def of(cls, values: Mapping[str, float]) -> Rejection:
        """From a table of names and values. Raises ValueError for a name that is none."""
        strange = sorted(values.keys() - set(NAMES))
        if strange:
            raise ValueError(f"{strange[0]!r} is none of {', '.join(NAMES)}")
        parts = ({n: values[n] for n in _names(kind) if n in values} for kind in _KINDS)
        return cls(GraphCosts(**next(parts)), Belief(**next(parts)))

    def values(self) -> dict[str, float]:
        """The table again."""
        both = ((part, name) for part in (self.costs, self.belief) for name in _names(type(part)))
        return {name: getattr(part, name) for part, name in both}


_KINDS: Final = (GraphCosts, Belief)


def _names(kind: type) -> list[str]:
    return [one.name for one in fields(kind)]


NAMES: Final = tuple(name for kind in _KINDS for name in _names(kind))
DEFAULT_REJECTION: Final = Rejection()
