"""Vosk behind the recogniser's door."""

from __future__ import annotations

import json
import math
import threading
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np

from voice_coach.audio.port import RATE, Samples
from voice_coach.errors import ModelError
from voice_coach.listening.bundle import bundle, write_bundle
from voice_coach.listening.engine import vosk
from voice_coach.listening.graph import UNKNOWN, GrammarGraph, build_graph
from voice_coach.listening.model import ExactParts, SpeechModel
from voice_coach.listening.port import Grammar, Recognition
from voice_coach.listening.rejection import (
    DEFAULT_REJECTION,
    Evidence,
    GraphCosts,
    Rejection,
)
from voice_coach.listening.speech import SpeechDetector
from voice_coach.memory import trim

LOADED_GRAPHS: Final = 8
"""How many grammars stay loaded, at about 13 MB each (each has the whole network with it); loading
one takes some 80 ms."""

ALTERNATIVES: Final = 8
"""Readings of an utterance that share its probability."""

AROUND: Final = 0.1
"""Seconds before and after the words in which a voice is looked for as well."""

_EXHAUSTIVE: Final = "--beam=300\n--max-active=100000\n"
"""A closed grammar always has an answer, so none of its phrases may be pruned; it is small."""

_THRIFTY: Final = "--beam=8\n--max-active=300\n"
"""For hours of noise, in which the usual search finds no end of likely ways: 9 instead of 64 ms for
a second of made snoring, 12 instead of 18 for one of speech, and of 360 calls in noise and in a
room none was lost (the model of 27 November 2026)."""

vosk.SetLogLevel(-1)


class _Route(Protocol):
    """How a kind of model is made to listen for a grammar."""

    remedy: str
    """What to do about a word the model does not know."""

    def unknown(self, grammar: Grammar) -> list[str]:
        """The words of the grammar the model does not know."""
        ...

    def prepare(self, grammar: Grammar) -> None:
        """Do now what would make the first word wait."""
        ...

    def expect(self, grammars: tuple[Grammar, ...]) -> None:
        """The same in the background."""
        ...

    def forget(self, kept: tuple[Grammar, ...]) -> None:
        """Free what the others took."""
        ...

    def engine(self, grammar: Grammar) -> Any:
        """A fresh vosk.KaldiRecognizer for it."""
        ...

    def syllables(self, phrase: str) -> int:
        """How many syllables the phrase has, as far as this kind of model can tell."""
        ...


_Key = tuple[object, ...]
"""What makes a graph: grammars that differ in nothing of it share one."""


def _key(grammar: Grammar) -> _Key:
    return grammar.phrases, grammar.decoys, grammar.expected, grammar.reject, grammar.thrifty


class _ExactRoute:
    """Our own model: a graph per grammar, the last few kept loaded."""

    remedy = "use other words, or add them to the model's lexicon.txt"

    def __init__(self, model: SpeechModel, parts: ExactParts, costs: GraphCosts) -> None:
        self._model = model
        self._parts = parts
        self._costs = costs
        self._loaded: OrderedDict[_Key, Any] = OrderedDict()
        self._lock = threading.Lock()
        self._loading = threading.Lock()
        """One at a time; what is loaded already need not wait for it."""
        self._ahead: threading.Thread | None = None

    def unknown(self, grammar: Grammar) -> list[str]:
        return self._parts.lexicon.unknown((*grammar.phrases, *grammar.decoys))

    def prepare(self, grammar: Grammar) -> None:
        self._load(grammar)

    def expect(self, grammars: tuple[Grammar, ...]) -> None:
        missing = [grammar for grammar in grammars if self._found(_key(grammar)) is None]
        if not missing or (self._ahead is not None and self._ahead.is_alive()):
            return

        def load() -> None:
            with suppress(ModelError):  # whoever uses it will hear of it
                for grammar in missing:
                    self._load(grammar)

        self._ahead = threading.Thread(target=load, name="grammars")
        self._ahead.start()

    def forget(self, kept: tuple[Grammar, ...]) -> None:
        keys = {_key(grammar) for grammar in kept}
        with self._lock:
            freed = [self._loaded.pop(key) for key in list(self._loaded) if key not in keys]
        if freed:
            freed.clear()
            trim()

    def engine(self, grammar: Grammar) -> Any:
        return vosk.KaldiRecognizer(self._load(grammar), RATE)

    def syllables(self, phrase: str) -> int:
        return self._parts.lexicon.syllables(phrase)

    def _load(self, grammar: Grammar) -> Any:
        key = _key(grammar)
        loaded = self._found(key)
        if loaded is not None:
            return loaded
        with self._loading:
            loaded = self._found(key)  # perhaps by now
            if loaded is None:
                loaded = self._read(grammar)
            with self._lock:
                self._loaded[key] = loaded
                if len(self._loaded) > LOADED_GRAPHS:
                    self._loaded.popitem(last=False)
        return loaded

    def _found(self, key: _Key) -> Any:
        """What is loaded for it, now the most recently used; None when nothing is."""
        with self._lock:
            if key in self._loaded:
                self._loaded.move_to_end(key)
            return self._loaded.get(key)

    def _read(self, grammar: Grammar) -> Any:
        """Let Vosk load it. Raises ModelError."""
        with bundle() as folder:
            write_bundle(folder, self._model.folder, self._graph(grammar), _search(grammar))
            try:
                return vosk.Model(str(folder))
            except Exception as error:  # vosk raises a bare Exception
                raise ModelError(
                    f"Vosk cannot load the model {self._model.folder} ({error}); restore it."
                ) from error

    def _graph(self, grammar: Grammar) -> GrammarGraph:
        parts = self._parts
        return build_graph(
            grammar.phrases,
            parts.lexicon,
            parts.phones,
            parts.bigram if grammar.reject else None,
            self._costs,
            grammar.decoys,
            grammar.expected,
        )


class _RuntimeRoute:
    """A foreign model: Vosk's own run-time grammar, in which words may come in any order."""

    remedy = "use other words, or another model (`voice-coach model list`)"

    def __init__(self, model: SpeechModel) -> None:
        try:
            self._model = vosk.Model(str(model.folder))
        except Exception as error:  # vosk raises a bare Exception
            raise ModelError(
                f"Vosk cannot load the model {model.folder} ({error}); restore it."
            ) from error

    def unknown(self, grammar: Grammar) -> list[str]:
        phrases = (*grammar.phrases, *grammar.decoys)
        words = dict.fromkeys(word for phrase in phrases for word in phrase.split())
        return [word for word in words if self._model.vosk_model_find_word(word) < 0]

    def prepare(self, grammar: Grammar) -> None:
        """Its grammar is compiled with each recogniser, in under a millisecond."""

    def expect(self, grammars: tuple[Grammar, ...]) -> None:
        """So there is nothing to begin with."""

    def forget(self, kept: tuple[Grammar, ...]) -> None:
        """Nor is anything kept."""

    def engine(self, grammar: Grammar) -> Any:
        unknown = [UNKNOWN] if grammar.reject else []
        phrases = [*grammar.phrases, *grammar.decoys, *unknown]
        return vosk.KaldiRecognizer(self._model, RATE, json.dumps(phrases))

    def syllables(self, phrase: str) -> int:
        return 1 if " " not in phrase and len(phrase) <= 4 else 2


@dataclass(frozen=True)
class _Reading:
    """One way to read an utterance."""

    text: str
    log_likelihood: float
    start: float
    end: float
    """Seconds from the first sample fed: the first word's start and the last word's end."""


class VoskRecogniser:
    """A Recogniser over libvosk. One instance, one microphone; not for several threads."""

    def __init__(
        self,
        model: SpeechModel,
        rejection: Rejection | None = None,
        detector: SpeechDetector | None = None,
    ) -> None:
        """``rejection`` replaces the model's own. Without a ``detector`` any sound is a voice."""
        self._route: _Route
        if model.exact is None:
            self._route, own = _RuntimeRoute(model), DEFAULT_REJECTION
        else:
            own = rejection or model.exact.rejection
            self._route = _ExactRoute(model, model.exact, own.costs)
        self._belief = (rejection or own).belief
        self._detector = detector
        self._grammar = Grammar("nothing", ())
        self._engine: Any = None
        self._earlier: list[list[_Reading]] = []
        self._fed: list[Samples] = []

    def check(self, grammar: Grammar) -> None:
        """Raises ModelError naming every word of the grammar that the model does not know."""
        unknown = self._route.unknown(grammar)
        if unknown:
            raise ModelError(
                f"The speech model does not know {', '.join(map(repr, unknown))} "
                f"(in {grammar.name}); {self._route.remedy}."
            )

    def use(self, grammar: Grammar) -> None:
        """Listen for this grammar from now on. Raises ModelError."""
        self.check(grammar)
        self._grammar = grammar
        # Vosk aborts the process when a grammar is changed in mid-utterance, and goes on with the
        # old utterance's features and times after one: a fresh recogniser costs less than 1 ms.
        self.reset()
        if self._listens:
            self._route.prepare(grammar)

    def expect(self, *grammars: Grammar) -> None:
        """Load these in a thread of its own."""
        self._route.expect(grammars)

    def forget(self, *kept: Grammar) -> None:
        """Free what the others took."""
        self._route.forget(kept)

    def feed(self, samples: Samples) -> None:
        """More sound of the current utterance."""
        if not self._listens:
            return
        if self._engine is None:
            self._engine = self._route.engine(self._grammar)
            self._engine.SetWords(True)
            self._engine.SetMaxAlternatives(ALTERNATIVES)
        self._fed.append(samples)
        if self._engine.AcceptWaveform(samples.tobytes()):
            # Vosk found an endpoint of its own; the utterance ends when we say so.
            self._earlier.append(_readings(self._engine.Result()))

    def partial(self) -> str:
        """The best text so far; may change."""
        if self._engine is None:
            return ""
        rest = json.loads(self._engine.PartialResult()).get("partial", "")
        return _text([*(readings[0].text for readings in self._earlier if readings), *rest.split()])

    def finish(self) -> Recognition:
        """End the utterance, return what was heard, and be ready for the next one."""
        if self._engine is None:
            return Recognition("", accepted=False)
        pieces = [*self._earlier, _readings(self._engine.FinalResult())]
        pieces = [readings for readings in pieces if readings]
        parts = [readings[0] for readings in pieces]
        fed = self._fed
        self.reset()
        if not parts:
            return Recognition("", accepted=False)
        text = _text([word for part in parts for word in part.text.split()])
        confidence = self._posterior(text, pieces[0]) if len(parts) == 1 else 0.0
        start, end = parts[0].start, parts[-1].end
        speech = self._speech(fed, start, end) if self._must_look(text) else 1.0
        evidence = Evidence(self.syllables(text), confidence, end - start, speech)
        believed = text in self._grammar.phrases and (
            not self._grammar.reject or self._belief.accepts(evidence)
        )
        if not believed and speech < self._belief.any_speech:
            return Recognition("", accepted=False)  # the room's echo, a creak: nobody spoke
        likelihood = sum(part.log_likelihood for part in parts)
        return Recognition(text, believed, confidence, start, end, speech, likelihood)

    def voice(self, samples: Samples) -> float:
        """How surely there is a voice in some sound; 1 without a detector."""
        return 1.0 if self._detector is None else self._detector.probability(samples)

    def syllables(self, phrase: str) -> int:
        """How many syllables a phrase has, as far as the model can tell."""
        return self._route.syllables(phrase)

    def reset(self) -> None:
        """Drop the current utterance."""
        self._engine = None
        self._earlier = []
        self._fed = []

    def _must_look(self, text: str) -> bool:
        """Whether it matters here that this was a voice."""
        grammar = self._grammar
        if not (grammar.reject and grammar.voiced):
            return False
        return text in grammar.phrases or not grammar.thrifty

    def _speech(self, fed: list[Samples], start: float, end: float) -> float:
        """How surely there is a voice between these times, in seconds from the first sample."""
        first, last = max(0.0, start - AROUND), end + AROUND
        return self.voice(np.concatenate(fed)[int(first * RATE) : int(last * RATE)])

    def _posterior(self, text: str, readings: list[_Reading]) -> float:
        """The share of all readings, by likelihood, that mean what ``text`` means."""
        best = readings[0].log_likelihood
        meant = self._grammar.meaning(text)
        shares = [math.exp(reading.log_likelihood - best) for reading in readings]
        agreeing = sum(
            share
            for share, reading in zip(shares, readings, strict=True)
            if self._grammar.meaning(_text(reading.text.split())) == meant
        )
        return agreeing / sum(shares)

    @property
    def _listens(self) -> bool:
        """Whether there is anything to listen for."""
        return bool(self._grammar.phrases or self._grammar.decoys)


def _search(grammar: Grammar) -> str:
    """How hard the decoder shall search, in its own settings; empty for what the model says."""
    if not grammar.reject:
        return _EXHAUSTIVE
    return _THRIFTY if grammar.thrifty else ""


def _readings(result: str) -> list[_Reading]:
    """The readings of one of Vosk's JSON results, the likeliest first; none for silence."""
    readings = []
    for entry in json.loads(result).get("alternatives", ()):
        words = entry.get("result") or []
        if words:
            readings.append(
                _Reading(entry["text"], entry["confidence"], words[0]["start"], words[-1]["end"])
            )
    return readings


def _text(words: list[str]) -> str:
    """The words as one phrase; strange speech, however long, is one [unk]."""
    kept = [w for i, w in enumerate(words) if w != UNKNOWN or i == 0 or words[i - 1] != UNKNOWN]
    return " ".join(kept)
