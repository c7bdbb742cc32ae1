"""How the coach waits for the call: what it asks after a doubtful one, and what is certain."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

import msgspec

from voice_coach.content import toml
from voice_coach.content.loader import MAX_WORDS
from voice_coach.errors import ContentError

STANDBY: Final = Path(__file__).with_name("standby.toml")

Verdict = Literal["certain", "doubtful", "nothing"]

Length = Literal["one_word", "two_words", "more_words", "sentence"]

LENGTHS: Final[tuple[Length, ...]] = ("one_word", "two_words", "more_words", "sentence")
"""The keys of what a call needs, by how long it is."""


class Least(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The least of everything; all of it must be reached."""

    first: float
    """Posterior of a call in the first look, 0..1."""
    margin: float
    """Nats by which it is likelier than anything else in the second look."""
    voice: float
    """Probability that it is a voice, 0..1."""

    def reached(self, first: float, margin: float, voice: float) -> bool:
        """Whether a call has at least this."""
        return first >= self.first and margin >= self.margin and voice >= self.voice

    def within(self, other: Least) -> bool:
        """Whether this asks for no more than the other, in anything."""
        return self.reached(other.first, other.margin, other.voice)


class Certainty(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What makes of a call what it is."""

    certain: Least
    doubtful: Least

    def judge(self, first: float, margin: float, voice: float) -> Verdict:
        """What a call with this evidence is."""
        if self.certain.reached(first, margin, voice):
            return "certain"
        return "doubtful" if self.doubtful.reached(first, margin, voice) else "nothing"


class Restless(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A room that is never quiet."""

    share: float
    """Of the time with sound in it, 0..1."""
    voice: float
    """Probability of a voice below which no words are looked for, 0..1."""
    again: float
    """Seconds within which a doubtful call must be repeated to be asked about."""


class Standby(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    ask: str
    wait: float
    """Seconds."""
    most: int
    within: float
    """Seconds."""
    muted_again: float
    """Seconds."""
    slowest: float
    """Seconds a word."""
    decoys: tuple[str, ...]
    restless: Restless
    one_word: Certainty
    two_words: Certainty
    more_words: Certainty
    sentence: Certainty

    def judge(
        self, phrase: str, seconds: float, first: float, margin: float, voice: float
    ) -> Verdict:
        """What a call of so many seconds with this evidence is."""
        found = self.certainty(phrase).judge(first, margin, voice)
        if seconds <= self.slowest * len(phrase.split()):
            return found
        return "doubtful" if found == "certain" else "nothing"

    def certainty(self, phrase: str) -> Certainty:
        """What such a call needs."""
        found: Certainty = getattr(self, length(phrase))
        return found


def length(phrase: str) -> Length:
    """The key of what such a call needs."""
    words = phrase.split()
    if len(words) < 3:
        return "one_word" if len(words) == 1 else "two_words"
    return "more_words" if words[0] == "help" else "sentence"


def load_standby(path: Path = STANDBY) -> Standby:
    """Raises ContentError with the first mistake."""
    found = toml.convert(path, toml.read(path), Standby)
    if not 1 <= len(found.ask.split()) <= MAX_WORDS or set("{}") & set(found.ask):
        raise ContentError(f"{path}: ask: it has 1 to {MAX_WORDS} words and no braces; correct it.")
    if not 1 <= found.wait <= 60 or found.most < 0 or not found.within >= 0 <= found.muted_again:
        raise ContentError(
            f"{path}: wait is 1 to 60 seconds, and most, within and muted_again are not negative; "
            f"correct it."
        )
    if not 0.3 <= found.slowest <= 5:
        raise ContentError(f"{path}: slowest is 0.3 to 5 seconds a word; correct it.")
    if not 1 <= found.restless.again <= 60:
        raise ContentError(f"{path}: restless: again is 1 to 60 seconds; correct it.")
    for name, shares in _shares(found).items():
        if not all(0 <= share <= 1 for share in shares):
            raise ContentError(f"{path}: {name}: every number here is 0 to 1; correct it.")
    for name in LENGTHS:
        one: Certainty = getattr(found, name)
        if not one.doubtful.within(one.certain):
            raise ContentError(
                f"{path}: {name}: certain must not ask for less than doubtful; correct it."
            )
    return found


def _shares(found: Standby) -> dict[str, tuple[float, ...]]:
    restless = (found.restless.share, found.restless.voice)
    shares: dict[str, tuple[float, ...]] = {"restless": restless}
    for name in LENGTHS:
        one: Certainty = getattr(found, name)
        both = (one.certain, one.doubtful)
        shares[name] = tuple(n for least in both for n in (least.first, least.voice))
    return shares
