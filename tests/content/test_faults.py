"""What is said about the sound: a file that may be edited, and is checked."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from voice_coach.content import load_protocol
from voice_coach.content.faults import _FILE, load_remarks
from voice_coach.errors import ContentError


def test_no_remark_holds_words_that_could_be_obeyed() -> None:
    protocol = load_protocol()
    control = {"wake", "stop", "yes", "no", "done", "back", "skip", "repeat"}
    phrases = {p for intent in control for p in protocol.intents[intent]}
    for key, text in msgspec.structs.asdict(load_remarks()).items():
        words = text.lower().replace(".", "").split()
        runs = {" ".join(words[i:j]) for i in range(len(words)) for j in range(i, len(words) + 1)}
        # Help is the word for help, in an emergency above all: the wake grammar is shut by then.
        assert runs & phrases <= ({"help"} if key == "emergency" else set())


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('muted = "', 'muted = "" #', "muted: a sentence has 1 to 20 words"),
        ('back = "', f'back = "{"word " * 21}', "back: a sentence has 1 to 20 words"),
        (" Call {number}.", "", r"emergency: it must hold \{number\} once"),
        ("You", "{name}", "muted: it must hold no braces"),
        ("clipping", "clippings", 'unknown key "clippings".*did you mean "clipping"'),
    ],
)
def test_a_mistake_is_one_clear_sentence(tmp_path: Path, old: str, new: str, told: str) -> None:
    path = tmp_path / "faults.toml"
    text = _FILE.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(ContentError, match=told) as caught:
        load_remarks(path)
    assert str(path) in str(caught.value)
