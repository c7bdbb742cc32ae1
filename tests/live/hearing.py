"""What a listener in the room hears the coach say: a recording, recognised sentence by sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from voice_coach.audio.port import RATE, Samples
from voice_coach.listening.lexicon import Lexicon, Phones
from voice_coach.listening.model import open_model
from voice_coach.listening.port import Grammar
from voice_coach.listening.vosk_recogniser import VoskRecogniser

# Words that the coach says and nobody has to say to it, so that the model does not list them.
_MORE_WORDS: Final[dict[str, tuple[Phones, ...]]] = {
    word: (tuple(phones.split()),)
    for word, phones in {
        "bearable": "B EH R AH B AH L",
        "diagnosis": "D AY AH G N OW S AH S",
        "fingertips": "F IH NG G ER T IH P S",
        "frequent": "F R IY K W AH N T",
        "kneaded": "N IY D AH D",
        "knot": "N AA T",
        "knuckles": "N AH K AH L Z",
        "lean": "L IY N",
        "leaning": "L IY N IH NG",
        "lengthens": "L EH NG TH AH N Z",
        "nerve": "N ER V",
        "overworked": "OW V ER W ER K T",
        "palm": "P AA M",
        "sheet": "SH IY T",
        "soften": "S AA F AH N",
        "softened": "S AA F AH N D",
        "softens": "S AA F AH N Z",
        "unlock": "AH N L AA K",
    }.items()
}

_FRAME: Final = RATE // 100
_MARGIN: Final = 0.12
"""Seconds of quiet left on either side of a sentence; the gap between two is longer."""


def words(sentence: str) -> str:
    """A sentence as it sounds: lower case, no punctuation."""
    return " ".join(re.findall(r"[a-z']+", sentence.lower()))


class Listener:
    """Recognises whole sentences, out of a list of all that may be said."""

    def __init__(self, sentences: Iterable[str]) -> None:
        model = open_model()
        assert model.exact is not None
        lexicon = Lexicon({**_MORE_WORDS, **model.exact.lexicon.entries})
        self.known = frozenset(
            phrase for phrase in map(words, sentences) if phrase and not lexicon.unknown([phrase])
        )
        """The sentences that can be recognised; a word that is new to the model excludes one."""
        exact = replace(model.exact, lexicon=lexicon)
        self._recogniser = VoskRecogniser(replace(model, exact=exact))
        self._recogniser.use(Grammar("all sentences", tuple(sorted(self.known))))

    def hear(self, sound: Samples) -> str:
        """The sentence in this sound."""
        quiet = np.zeros(round(0.2 * RATE), np.int16)
        self._recogniser.feed(np.concatenate([quiet, sound, quiet]))
        return self._recogniser.finish().text


@dataclass(frozen=True)
class Spoken:
    """A sentence that the event log claims, and what was heard at its time."""

    prompt: str
    text: str
    heard: str


def transcribe(
    recording: Samples, said: list[dict[str, Any]], listener: Listener, offset: float
) -> list[Spoken]:
    """What is heard in a recording where the log says that there are sentences.

    ``offset``: seconds to add to the log's times to find them in the recording.
    """
    found = []
    for record in said:
        first = round((record["start"] + offset - _MARGIN) * RATE)
        last = round((record["end"] + offset + _MARGIN) * RATE)
        heard = listener.hear(recording[max(0, first) : max(0, last)])
        found.append(Spoken(record["prompt"], words(record["text"]), heard))
    return found


def activity(sound: Samples, threshold: int = 60) -> NDArray[np.bool_]:
    """Whether there is any sound, a value for each 10 ms."""
    whole = sound[: len(sound) // _FRAME * _FRAME].astype(np.int32).reshape(-1, _FRAME)
    active: NDArray[np.bool_] = np.abs(whole).max(axis=1) > threshold
    return active


def offset_of(recording: Samples, said: list[dict[str, Any]]) -> float:
    """Seconds from the log's zero to the recording's: where sound and log agree best."""
    heard = activity(recording).astype(np.float64)
    claimed = np.zeros(len(heard))
    for record in said:
        claimed[round(record["start"] * 100) : round(record["end"] * 100)] = 1.0
    size = 2 * len(heard)
    spectrum = np.fft.rfft(heard - heard.mean(), size) * np.conj(
        np.fft.rfft(claimed - claimed.mean(), size)
    )
    lag = int(np.argmax(np.fft.irfft(spectrum, size)))
    return (lag if lag < len(heard) else lag - size) / 100
