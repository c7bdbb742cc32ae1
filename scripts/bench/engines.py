"""The two ears that are compared: Vosk as the coach runs it, and PocketSphinx."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from scripts.train.arrays import Array
from scripts.train.corpus import RATE
from voice_coach.audio.port import BLOCK, Block
from voice_coach.errors import ModelError
from voice_coach.listening.listener import Listener
from voice_coach.listening.model import open_model
from voice_coach.listening.port import Grammar
from voice_coach.listening.speech import open_detector
from voice_coach.listening.vosk_recogniser import VoskRecogniser


def _pcm(samples: Array) -> Any:
    return (np.clip(samples, -1.0, 1.0) * 32767).astype(np.int16)


class VoskEngine:
    """The coach's own ear: exact graphs, rejection, thresholds; for streams also the gate."""

    def __init__(self, model: Path | None = None) -> None:
        self._recogniser = VoskRecogniser(open_model(model), detector=open_detector())

    def use(self, grammar: Grammar) -> frozenset[str]:
        """Listen for the grammar, less the phrases with words the model lacks; what is left."""
        known = [phrase for phrase in grammar.phrases if self._knows(phrase)]
        self._grammar = Grammar(
            grammar.name, tuple(known), grammar.decoys, grammar.reject, grammar.meanings
        )
        self._recogniser.use(self._grammar)
        return frozenset(known)

    def _knows(self, phrase: str) -> bool:
        try:
            self._recogniser.check(Grammar("phrase", (phrase,)))
        except ModelError:
            return False
        return True

    def hear(self, samples: Array) -> str:
        """What is accepted of one utterance; "" when nothing is."""
        self._recogniser.feed(_pcm(samples))
        heard = self._recogniser.finish()
        return heard.text if heard.accepted else ""

    def overhear(self, samples: Array) -> list[str]:
        """The phrases accepted in sound that goes on and on."""
        listener = Listener(self._recogniser)
        listener.listen(self._grammar)
        sound = _pcm(samples)
        found = []
        for at in range(0, len(sound) - BLOCK + 1, BLOCK):
            hearing = listener.process(Block(sound[at : at + BLOCK], (at + BLOCK) / RATE))
            if hearing is not None and hearing.recognition.accepted:
                found.append(hearing.recognition.text)
        last = listener.flush(len(sound) / RATE)
        if last is not None and last.recognition.accepted:
            found.append(last.recognition.text)
        return found


class SphinxEngine:
    """PocketSphinx with its own bundled model and a JSGF grammar, which knows no rejection."""

    def __init__(self, _: Path | None = None) -> None:
        from pocketsphinx import Decoder, Endpointer  # noqa: PLC0415 -- its process alone needs it

        self._decoder: Any = Decoder(lm=None, samprate=RATE, loglevel="FATAL")
        self._endpointer: Any = Endpointer
        self._number = 0

    def use(self, grammar: Grammar) -> frozenset[str]:
        """Listen for the grammar, less the phrases with words its dictionary lacks; the rest."""
        known = [
            phrase
            for phrase in grammar.phrases
            if all(self._decoder.lookup_word(word) for word in phrase.split())
        ]
        self._number += 1
        search = f"g{self._number}"
        rule = f"public <phrase> = {' | '.join(known)};"
        self._decoder.add_jsgf_string(search, f"#JSGF V1.0; grammar {search}; {rule}")
        self._decoder.activate_search(search)
        self._known = frozenset(known)
        return self._known

    def hear(self, samples: Array) -> str:
        """Its best phrase; "" when it has none."""
        return self._decode(_pcm(samples).tobytes())

    def _decode(self, data: bytes) -> str:
        self._decoder.start_utt()
        self._decoder.process_raw(data, full_utt=True)
        self._decoder.end_utt()
        found = self._decoder.hyp()
        text = str(found.hypstr) if found else ""
        return text if text in self._known else ""

    def overhear(self, samples: Array) -> list[str]:
        """The phrases in what its own endpointer takes for speech."""
        endpointer = self._endpointer(sample_rate=RATE)
        data, size = _pcm(samples).tobytes(), endpointer.frame_bytes
        found, speech = [], b""
        for at in range(0, len(data) - size + 1, size):
            frame = endpointer.process(data[at : at + size])
            if frame is not None:
                speech += frame
            if speech and not endpointer.in_speech:
                found.append(self._decode(speech))
                speech = b""
        if speech:
            found.append(self._decode(speech))
        return [text for text in found if text]


Engine = VoskEngine | SphinxEngine
ENGINES: Final[dict[str, type[VoskEngine] | type[SphinxEngine]]] = {
    "vosk": VoskEngine,
    "pocketsphinx": SphinxEngine,
}
