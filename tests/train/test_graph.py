"""The decoding graph and the grammars over it, as Vosk uses them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import vosk

from scripts.train.bigram import Bigram
from scripts.train.check import sound
from scripts.train.export import write_acoustics
from scripts.train.graph import Rejection, phrase_lines, placed, read_words_table, write_graph
from scripts.train.lexicon import UNKNOWN, Lexicon
from scripts.train.states import States, hear
from scripts.train.weights import Weights


def test_places_of_phones_in_a_word() -> None:
    assert placed(["AH"]) == ["AH_S"]
    assert placed(["N", "OW"]) == ["N_B", "OW_E"]
    assert placed(["K", "AE", "F"]) == ["K_B", "AE_I", "F_E"]


def test_every_word_is_known_to_vosk(model: Path, lexicon: Lexicon) -> None:
    vosk.SetLogLevel(-1)
    loaded = vosk.Model(str(model))
    for word in [*lexicon, UNKNOWN]:
        assert loaded.vosk_model_find_word(word) == read_words_table(model)[word]
    assert loaded.vosk_model_find_word("zebra") == -1


def test_only_phrases_of_a_closed_grammar_come_out(model: Path) -> None:
    phrases = ["calf cramp", "not a", "yes"]
    states = States(model)
    for seed in range(6):
        assert hear(states.open(phrases, False), sound(seed)) in phrases


def test_rejection_gives_unknown_when_it_is_cheap(
    tmp_path: Path, lexicon: Lexicon, bigram: Bigram, weights: Weights
) -> None:
    outcomes = {}
    for cost in (-50.0, 50.0):
        folder = tmp_path / str(cost)
        write_acoustics(folder, weights)
        write_graph(folder, lexicon, bigram, Rejection(phone=cost))
        outcomes[cost] = hear(States(folder).open(["yes", "no"], True), sound(2))
    assert UNKNOWN in outcomes[-50.0]
    assert UNKNOWN not in outcomes[50.0]


def test_homophones_are_both_in_the_graph(model: Path) -> None:
    states = States(model)
    for word in ("no", "know"):
        assert hear(states.open([word], False), sound(1)) == word


def test_runtime_grammars_work_too(model: Path) -> None:
    recogniser = vosk.KaldiRecognizer(vosk.Model(str(model)), 16000, json.dumps(["yes", "no"]))
    heard = hear(recogniser, sound(4))
    assert set(heard.split()) <= {"yes", "no"}


def test_a_phrase_with_an_unknown_word_is_refused(model: Path) -> None:
    with pytest.raises(KeyError, match="zebra"):
        phrase_lines(["yes zebra"], read_words_table(model), True)
