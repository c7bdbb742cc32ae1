"""A recogniser without a model: it hears what ``spoken`` wrote into the samples, or a script."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

import numpy as np

from voice_coach.audio.port import RATE, Samples
from voice_coach.errors import ModelError
from voice_coach.listening.graph import UNKNOWN
from voice_coach.listening.port import Grammar, Recognition

_MAGIC: Final = np.array([12_345, -12_345, 12_321, -12_321], np.int16)
_LEVEL: Final = 8_000


def spoken(text: str, seconds: float = 0.6) -> Samples:
    """Sound, loud enough for any gate, in which a FakeRecogniser hears ``text``."""
    sound = np.full(round(seconds * RATE), _LEVEL, np.int16)
    sound[::2] = -_LEVEL
    data = text.encode("utf-8")
    mark = np.concatenate([_MAGIC, np.array([len(data), *data], np.int16)])
    if len(mark) > len(sound):
        raise ValueError(f"{seconds} s of sound cannot hold {len(data)} bytes of text")
    sound[: len(mark)] = mark
    return sound


class FakeRecogniser:
    """Recognises marked samples or, sound by sound, the texts of a script.

    ``words`` are the words it claims to know; None for all of them.
    """

    def __init__(self, script: Iterable[str] = (), words: Iterable[str] | None = None) -> None:
        self.grammar = Grammar("nothing", ())
        self._script = deque(script)
        self._known = None if words is None else frozenset(words)
        self._fed: list[Samples] = []

    def check(self, grammar: Grammar) -> None:
        """Raises ModelError naming every word of the grammar that it does not know."""
        words = {w for phrase in (*grammar.phrases, *grammar.decoys) for w in phrase.split()}
        unknown = sorted(words - self._known) if self._known is not None else []
        if unknown:
            raise ModelError(f"The fake does not know {', '.join(map(repr, unknown))}; teach it.")

    def use(self, grammar: Grammar) -> None:
        """Listen for this grammar from now on."""
        self.check(grammar)
        self.grammar = grammar
        self.reset()

    def expect(self, *grammars: Grammar) -> None:
        """It is always ready."""

    def forget(self, *kept: Grammar) -> None:
        """It keeps nothing."""

    def feed(self, samples: Samples) -> None:
        """More sound of the current utterance."""
        self._fed.append(samples)

    def partial(self) -> str:
        """What ``finish`` would say now."""
        return self._heard()[0]

    def finish(self) -> Recognition:
        """What was said, with the times of the marked sound."""
        text, start, end = self._heard()
        if text and self._script:
            self._script.popleft()
        self.reset()
        accepted = text in self.grammar.phrases
        likelihood = 100.0 * (accepted or text in self.grammar.decoys)
        return Recognition(text, accepted, float(bool(text)), start, end, likelihood=likelihood)

    def reset(self) -> None:
        """Drop the current utterance."""
        self._fed = []

    def voice(self, samples: Samples) -> float:
        """All that is loud is a voice."""
        return float(bool((np.abs(samples.astype(np.int32)) >= _LEVEL // 4).any()))

    def _heard(self) -> tuple[str, float, float]:
        sound = np.concatenate(self._fed) if self._fed else np.zeros(0, np.int16)
        loud = np.flatnonzero(np.abs(sound.astype(np.int32)) >= _LEVEL // 4)
        if not len(loud):
            return "", 0.0, 0.0
        said = self._script[0] if self._script else " ".join(_marks(sound))
        listed = said in self.grammar.phrases or said in self.grammar.decoys
        text = said if listed else self._strange()
        return text, int(loud[0]) / RATE, (int(loud[-1]) + 1) / RATE

    def _strange(self) -> str:
        return UNKNOWN if self.grammar.reject else next(iter(self.grammar.phrases), "")


def _marks(sound: Samples) -> Iterable[str]:
    """The texts written into this sound."""
    for at in np.flatnonzero(sound[: len(sound) - len(_MAGIC)] == _MAGIC[0]):
        body = int(at) + len(_MAGIC)
        if np.array_equal(sound[at:body], _MAGIC):
            length = int(sound[body])
            yield bytes(sound[body + 1 : body + 1 + length].astype(np.uint8)).decode("utf-8")
