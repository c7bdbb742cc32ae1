"""The second gate: in a room that is never quiet a voice is looked for before words are.

The energy gate stays open for a snorer, a fan that wavers and a television. Recognising all of that
costs several times what a look at the loudest eighth of each half second does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from voice_coach.audio.port import RATE, Samples
from voice_coach.listening.port import Grammar, Recogniser, Recognition

STRIDE: Final = 0.6
"""Seconds of sound for each look: a call is at least that long, with its lead."""

LOOK: Final = 0.128
"""Seconds that are looked at: the least that the detector takes (four chunks of 32 ms)."""

KEPT: Final = 1.5
"""Seconds of sound from before the voice that are recognised with it, pre-roll and a slow start."""


class VoiceGate:
    """A Recogniser in front of another one, which hears only what follows a voice."""

    def __init__(self, recogniser: Recogniser, least: float) -> None:
        """``least``: probability of a voice that opens it, 0..1."""
        self._inner = recogniser
        self._least = least
        self.strict = False
        """Whether it looks at all; else everything is recognised. Counts for the next utterance."""
        self.looks = 0
        """How often it has looked, and how often ..."""
        self.voices = 0
        """... there was a voice."""
        self._open = False
        self._waiting: list[Samples] = []
        self._fed = self._unseen = self._skipped = 0

    @property
    def open(self) -> bool:
        """Whether what is being said gets to the recogniser."""
        return self._open

    def check(self, grammar: Grammar) -> None:
        """See the protocol."""
        self._inner.check(grammar)

    def use(self, grammar: Grammar) -> None:
        """See the protocol."""
        self._inner.use(grammar)
        self._begin()

    def expect(self, *grammars: Grammar) -> None:
        """See the protocol."""
        self._inner.expect(*grammars)

    def forget(self, *kept: Grammar) -> None:
        """See the protocol."""
        self._inner.forget(*kept)

    def feed(self, samples: Samples) -> None:
        """More sound of the current utterance; recognised once there was a voice in it."""
        if self._fed == 0:
            self._open = not self.strict
        self._fed += len(samples)
        if self._open:
            self._inner.feed(samples)
            return
        self._waiting.append(samples)
        self._unseen += len(samples)
        if self._unseen >= STRIDE * RATE:
            self._look()

    def partial(self) -> str:
        """See the protocol."""
        return self._inner.partial() if self._open else ""

    def finish(self) -> Recognition:
        """What was heard; nothing where there was no voice."""
        if not self._open and self._unseen >= LOOK * RATE:
            self._look()
        heard = self._inner.finish() if self._open else Recognition("", accepted=False)
        skipped = self._skipped / RATE
        self._begin()
        if not heard.text:
            return heard
        return replace(heard, start=heard.start + skipped, end=heard.end + skipped)

    def reset(self) -> None:
        """See the protocol."""
        self._inner.reset()
        self._begin()

    def voice(self, samples: Samples) -> float:
        """See the protocol."""
        return self._inner.voice(samples)

    def _begin(self) -> None:
        self._open = False
        self._waiting = []
        self._fed = self._unseen = self._skipped = 0

    def _look(self) -> None:
        """Look at the loudest moment of what was not seen yet."""
        sound = np.concatenate(self._waiting)
        unseen, self._unseen = sound[-self._unseen :], 0
        self.looks += 1
        if self._inner.voice(_loudest(unseen)) >= self._least:
            self.voices += 1
            self._open = True
            self._inner.feed(sound)
            self._waiting = []
            return
        kept = sound[-round(KEPT * RATE) :]
        self._skipped += len(sound) - len(kept)
        self._waiting = [kept]


def _loudest(sound: Samples) -> Samples:
    """The ``LOOK`` seconds with the most power."""
    size = round(LOOK * RATE)
    power = np.concatenate([[0.0], np.cumsum(np.square(sound.astype(np.float64)))])
    if len(sound) <= size:
        return sound
    at = int(np.argmax(power[size:] - power[:-size]))
    return sound[at : at + size]
