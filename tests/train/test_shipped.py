"""The model folder that ships: whole, small, told where it comes from, and good in plain Vosk."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import vosk

from tests.listening.speech import join, silence, speech
from voice_coach.content import load_protocol
from voice_coach.listening.lexicon import Lexicon
from voice_coach.listening.model import find_model, open_model
from voice_coach.listening.rejection import NAMES

FOLDER = find_model()
ours = pytest.mark.skipif(
    not (FOLDER / "training.json").exists(), reason="the shipped model is not one of our training"
)


@pytest.fixture(scope="module")
def training() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "training.json").read_text(encoding="utf-8"))
    return found


def test_it_is_at_most_twelve_megabytes() -> None:
    assert open_model().size <= 12e6


@ours
def test_its_training_is_on_record(training: dict[str, Any]) -> None:
    binary = (FOLDER / "am" / "final.mdl").read_bytes()
    assert training["sha256"] == hashlib.sha256(binary).hexdigest()
    assert isinstance(training["seed"], int)
    assert training["gap_per_frame"] <= 0.001
    hours = sum(row["hours"] for row in training["data"] if row["kind"] == "speech")
    assert hours > 10
    assert all(row["licence"] for row in training["data"])


@ours
def test_the_card_has_data_figures_and_what_it_is_bad_at() -> None:
    card = (FOLDER / "MODEL_CARD.md").read_text(encoding="utf-8")
    for part in ("## Data", "## What it is bad at", "## Figures", "speechocean762", "child"):
        assert part in card


def test_it_knows_every_word_of_the_conversation_and_thousands_more() -> None:
    lexicon = Lexicon.load(FOLDER / "lexicon.txt")
    protocol = load_protocol()
    phrases = {*protocol.decoys, *(p for said in protocol.intents.values() for p in said)}
    assert lexicon.unknown(phrases) == []
    assert len(lexicon) >= 5000


def test_its_rejection_was_tuned() -> None:
    names = {line.split()[0] for line in (FOLDER / "rejection.txt").read_text().splitlines()}
    assert set(NAMES) <= names


@pytest.mark.parametrize("phrase", ["help calf cramp", "still hurts", "stop"])
def test_any_vosk_program_can_use_it(phrase: str) -> None:
    vosk.SetLogLevel(-1)
    grammar = json.dumps(["help calf cramp", "still hurts", "stop", "yes", "no", "[unk]"])
    recogniser = vosk.KaldiRecognizer(vosk.Model(str(Path(FOLDER))), 16000, grammar)
    recogniser.AcceptWaveform(join(silence(0.3), speech(phrase), silence(0.5)).tobytes())
    assert json.loads(recogniser.FinalResult())["text"] == phrase
