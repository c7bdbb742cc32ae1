"""The door to the ear: sound and a grammar in, a recognised phrase out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from voice_coach.audio.port import Samples


@dataclass(frozen=True)
class Grammar:
    """What may be heard in one state: exactly these phrases, never a bag of their words."""

    name: str
    phrases: tuple[str, ...]
    """Lower-case phrases, words separated by one space."""

    decoys: tuple[str, ...] = ()
    """Phrases that are recognised so that they are *not* taken for one of ``phrases``."""

    reject: bool = True
    """Whether other speech may come out as [unk]. False: closed grammar, always one of them."""

    meanings: Mapping[str, str] = field(default_factory=dict, hash=False)
    """What phrases mean, where several mean the same: "yes" and "yeah" are no rivals then."""

    expected: tuple[str, ...] = ()
    """Those of ``phrases`` that were asked for, and are likelier than the rest."""

    urgent: frozenset[str] = frozenset()
    """Phrases that are acted on as soon as they stand, without waiting for silence."""

    thrifty: bool = False
    """Whether it is listened for all night: the search is kept small, and a voice is looked for
    only in a phrase, not in strange speech."""

    voiced: bool = True
    """Whether a voice is looked for at all; False where that has been done."""

    def goes_on(self, text: str) -> bool:
        """Whether some longer phrase begins with this one."""
        return any(p.startswith(text + " ") for p in (*self.phrases, *self.decoys))

    def meaning(self, phrase: str) -> str:
        """The phrase's meaning; itself when nothing else is known."""
        return self.meanings.get(phrase, phrase)


@dataclass(frozen=True)
class Recognition:
    """What the recogniser makes of one utterance."""

    text: str
    """The phrase, a decoy, "[unk]", or "" for nothing at all."""

    accepted: bool
    """True only when ``text`` is exactly one of the grammar's phrases and is believed."""

    confidence: float = 0.0
    """Posterior of what it means among all that may be said, 0..1: "yes" and "yeah" share one.
    It informs, it never decides alone."""

    start: float = 0.0
    """Seconds from the first sample fed to the start of the first word."""

    end: float = 0.0
    """Seconds from the first sample fed to the end of the last word."""

    speech: float = 1.0
    """How surely the sound is a voice, 0..1; 1 where nobody looked."""

    likelihood: float = 0.0
    """Log of the likelihood of this reading, in nats: to be compared with that of another reading
    of the same sound, and of nothing else."""


class Recogniser(Protocol):
    """Recognises one utterance at a time."""

    def check(self, grammar: Grammar) -> None:
        """Raises ModelError naming every word of the grammar that the model does not know."""
        ...

    def use(self, grammar: Grammar) -> None:
        """Listen for this grammar from now on; what was fed before is forgotten."""
        ...

    def expect(self, *grammars: Grammar) -> None:
        """These may be wanted in a moment: begin to get ready for them, and do not wait for it."""
        ...

    def forget(self, *kept: Grammar) -> None:
        """Free the memory that all other grammars take; ``use`` works as before, but later."""
        ...

    def feed(self, samples: Samples) -> None:
        """More sound of the current utterance, any number of samples."""
        ...

    def partial(self) -> str:
        """The best text so far; may change."""
        ...

    def finish(self) -> Recognition:
        """End the utterance, return what was heard, and be ready for the next one."""
        ...

    def reset(self) -> None:
        """Drop the current utterance."""
        ...

    def voice(self, samples: Samples) -> float:
        """How surely there is a voice in some sound, 0..1; 1 where nobody can tell.

        It has nothing to do with the utterance, and costs more than recognising the same sound.
        """
        ...


@dataclass(frozen=True)
class Hearing:
    """One utterance as the listener passes it on to the session."""

    recognition: Recognition
    started: float = 0.0
    """Port clock, seconds: speech onset."""
    word_end: float = 0.0
    """Port clock, seconds: end of the last word (or of the sound, when nothing was recognised)."""
    decided: float = 0.0
    """Port clock, seconds: when the endpoint was declared."""
    audio: Samples | None = field(default=None, repr=False, compare=False)
    """The utterance's own samples, pre-roll included."""
