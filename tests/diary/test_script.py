"""The file that says what the coach makes of the diary."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dialogue.explore import PROTOCOL
from voice_coach.diary import script
from voice_coach.errors import ContentError
from voice_coach.listening.model import open_model


def test_it_fits_the_conversation() -> None:
    told = script.load()
    assert PROTOCOL.steps[told.often.step].flag == told.often.flag
    assert told.often.next in PROTOCOL.steps
    assert told.learning.step in PROTOCOL.steps
    assert set(told.learning.enter) | set(told.learning.enter.values()) <= set(PROTOCOL.steps)
    for stretch in told.learning.enter:
        assert PROTOCOL.steps[stretch].stretch
        assert not PROTOCOL.steps[stretch].touch
    assert not set(told.phrases) & set(PROTOCOL.intents)
    known = {phrase for phrases in PROTOCOL.intents.values() for phrase in phrases}
    assert not {p for phrases in told.phrases.values() for p in phrases} & known


def test_the_model_can_hear_every_word_of_it() -> None:
    exact = open_model().exact
    assert exact is not None
    for phrases in script.load().phrases.values():
        for phrase in phrases:
            assert exact.lexicon.unknown(phrase.split()) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("cramps = 3 ", "cramps = 0 ", "counts and days are 1 to 59"),
        ("evening = 22", "evening = 25", "the hours 0 to 24"),
        ("{technique} helped", "{person} helped", "no {name} but technique"),
        ('today = "earlier today"', 'today = ""', "must have 1 to 20 words"),
        ("least = 2", "leest = 2", 'unknown key "leest"'),
        ("I will keep nothing of this one.", "no " * 21, "must have 1 to 20 words"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = tmp_path / "diary.toml"
    text = script.PATH.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ContentError) as refusal:
        script.load(path)
    assert says in str(refusal.value)
