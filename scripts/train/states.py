"""A trained model folder in plain Vosk: its own graph, an exact Gr.fst for each state."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import vosk

from scripts.train.arrays import Array
from scripts.train.corpus import RATE
from scripts.train.graph import phrase_lines, read_words_table, write_grammar


class States:
    """Recognisers of a model folder for exact grammars."""

    def __init__(self, folder: Path) -> None:
        vosk.SetLogLevel(-1)
        self._folder = folder.resolve()
        self.words = read_words_table(self._folder)
        self._temporary = tempfile.TemporaryDirectory()
        self._count = 0

    def knows(self, phrase: str) -> bool:
        return all(word in self.words for word in phrase.split())

    def open(self, phrases: Iterable[str], reject: bool) -> vosk.KaldiRecognizer:
        """A recogniser of exactly these phrases; everything but Gr.fst is shared by links."""
        self._count += 1
        here = Path(self._temporary.name) / str(self._count)
        (here / "graph").mkdir(parents=True)
        for name in ("am", "conf"):
            (here / name).symlink_to(self._folder / name)
        for path in (self._folder / "graph").iterdir():
            if path.name != "Gr.fst":
                (here / "graph" / path.name).symlink_to(path)
        write_grammar(here / "graph" / "Gr.fst", phrase_lines(phrases, self.words, reject))
        return vosk.KaldiRecognizer(vosk.Model(str(here)), RATE)


def pcm(samples: Array) -> bytes:
    """Samples as Vosk takes them."""
    return (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()


def hear(recogniser: vosk.KaldiRecognizer, samples: Array) -> str:
    """The text of one utterance: all of the samples, whatever pauses are in them."""
    recogniser.AcceptWaveform(pcm(samples))  # an endpoint in it is ignored until Result() is asked
    return str(json.loads(recogniser.FinalResult())["text"])
