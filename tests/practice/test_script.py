"""The script as shipped, and what its loader refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from voice_coach.content import load_protocol
from voice_coach.errors import ContentError
from voice_coach.practice.script import SCRIPT, load


def test_the_shipped_script_names_only_phrases_of_the_shipped_content() -> None:
    protocol = load_protocol()
    for intent, phrases in load().course.items():
        assert set(phrases) <= set(protocol.intents[intent])
        assert len(phrases) == 2, "two synonyms to choose from"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("wait = 6.0", "wait = 0.5", "wait from 1 to 60 seconds"),
        ("phrases = 14", "phrases = 0", "phrases must be at least 1"),
        ("{phrase}.", "{phrsae}.", "say.please: it must hold {phrase}"),
        ("{phrase}.", "it.", "say.please: it must hold {phrase}"),
        ('"Say stop to end."', '"Say {phrase} to end."', "say.welcome: it must hold nothing"),
        ("{phrase}.", "{phrase.", "say.please: a brace without its partner"),
        ("I heard nothing. We go on.", " ", "say.silent: a sentence has 1 to 20 words"),
        ("I heard nothing. We go on.", "word " * 21, "say.silent: a sentence has 1 to 20 words"),
        ("stopped = ", "stoped = ", 'unknown key "stoped" in say; did you mean "stopped"?'),
        ("dead = ", "daed = ", "daed"),
        ("plugged in and", "{plugged in and", "say.microphone.dead: a brace without"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, says: str) -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "practice.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContentError) as error:
        load(path)
    assert says in str(error.value)
    assert str(path) in str(error.value)
