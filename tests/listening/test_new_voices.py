"""Every phrase of the conversation, in its own state, in voices that training never heard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.bench.trials import Utterance, framed, grammars, home_states
from scripts.bench.tune import pcm
from scripts.train.corpus import read_clips, read_manifest
from scripts.train.synth import HELD_OUT, Take, render
from voice_coach.commands import setup
from voice_coach.commands.setup import Choices
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.listening.model import SpeechModel
from voice_coach.listening.vosk_recogniser import VoskRecogniser

VOICES = [(engine, voice) for engine, voice in HELD_OUT if engine != "festival"]
ENOUGH = 3
"""Of the five voices; each says some phrase or other in a way nobody would."""
WEAK = {"gone", "help", "numb", "ow", "wait", "worse"}
"""Known to be weak; the README says so."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def dialogue() -> Dialogue:
    return setup.dialogue(Choices(region="GB"))


@pytest.fixture(scope="module")
def spoken(dialogue: Dialogue, tmp_path_factory: pytest.TempPathFactory) -> list[Utterance]:
    pytest.importorskip("py_nanotts")
    folder: Path = tmp_path_factory.mktemp("voices")
    phrases = home_states(grammars(dialogue))
    render((Take(p, engine, voice, 1.0, 1.0) for p in phrases for engine, voice in VOICES), folder)
    found = read_clips(read_manifest(folder))
    return [Utterance(c.transcript, framed(s, n), c.speaker) for n, (c, s) in enumerate(found)]


def understood(
    dialogue: Dialogue, model: SpeechModel, spoken: list[Utterance]
) -> Iterator[tuple[str, str]]:
    """(phrase, voice) of what was understood."""
    states = grammars(dialogue)
    homes = home_states(states)
    recogniser = VoskRecogniser(model)
    for one in sorted(spoken, key=lambda u: homes[u.said]):
        grammar = states[homes[one.said]]
        recogniser.use(grammar)
        recogniser.feed(pcm(one.samples))
        heard = recogniser.finish()
        if heard.accepted and grammar.meaning(heard.text) == grammar.meaning(one.said):
            yield one.said, one.group


def test_every_phrase_is_understood_in_three_new_voices(
    dialogue: Dialogue, model: SpeechModel, spoken: list[Utterance]
) -> None:
    found = list(understood(dialogue, model, spoken))
    count = Counter(phrase for phrase, _ in found)
    weak = {p: count[p] for p in home_states(grammars(dialogue)) if count[p] < ENOUGH}
    assert weak.keys() <= WEAK, weak
    assert len(found) >= 0.95 * len(spoken)
    assert {voice for _, voice in found} == {f"{engine}/{voice}" for engine, voice in VOICES}
