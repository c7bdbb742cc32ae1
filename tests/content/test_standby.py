"""How the coach waits: a file that may be edited, and is checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from voice_coach.content.standby import STANDBY, Certainty, Least, load_standby
from voice_coach.errors import ContentError


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('ask = "', 'ask = "" #', "ask: it has 1 to 20 words"),
        ('ask = "', f'ask = "{"word " * 21}', "ask: it has 1 to 20 words"),
        ("wait = 6.0", "wait = 0.0", "wait is 1 to 60 seconds"),
        ("most = 3", "most = -1", "most, within and muted_again are not negative"),
        ("share = 0.3", "share = 3.0", "restless: every number here is 0 to 1"),
        ("again = 15.0", "again = 0.0", "restless: again is 1 to 60 seconds"),
        ("slowest = 0.65", "slowest = 0.1", "slowest is 0.3 to 5 seconds a word"),
        ("[restless]", "[restles]", 'unknown key "restles".*did you mean "restless"'),
    ],
)
def test_a_mistake_is_one_clear_sentence(tmp_path: Path, old: str, new: str, told: str) -> None:
    path = tmp_path / "standby.toml"
    text = STANDBY.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ContentError, match=told) as caught:
        load_standby(path)
    assert str(path) in str(caught.value)


def test_a_question_for_what_would_start_the_coach_anyway_is_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "standby.toml"
    text = STANDBY.read_text(encoding="utf-8")
    at = text.index("doubtful = ")
    path.write_text(text[:at] + text[at:].replace("voice = 0.", "voice = 0.99", 1))
    with pytest.raises(ContentError, match="certain must not ask for less than doubtful"):
        load_standby(path)


def test_a_shorter_call_needs_more() -> None:
    standby = load_standby()
    assert standby.certainty("cramp") is standby.one_word
    assert standby.certainty("calf cramp") is standby.two_words
    assert standby.certainty("help calf cramp") is standby.more_words
    assert standby.certainty("help i have a cramp") is standby.more_words
    assert standby.certainty("i have a cramp") is standby.sentence
    assert standby.more_words.certain.margin <= standby.sentence.certain.margin


def test_all_three_must_be_reached() -> None:
    certainty = Certainty(
        certain=Least(first=0.8, margin=6.0, voice=0.4),
        doubtful=Least(first=0.5, margin=3.0, voice=0.2),
    )
    assert certainty.judge(0.8, 6.0, 0.4) == "certain"
    assert certainty.judge(0.79, 6.0, 0.4) == "doubtful"
    assert certainty.judge(1.0, 10.0, 0.39) == "doubtful"
    assert certainty.judge(1.0, 2.9, 1.0) == "nothing"


def test_a_call_said_too_slowly_for_one_is_a_step_less_sure() -> None:
    standby = load_standby()
    sure, unsure = standby.two_words.certain, standby.two_words.doubtful
    for least, quick, slow in ((sure, "certain", "doubtful"), (unsure, "doubtful", "nothing")):
        evidence = (least.first, least.margin, least.voice)
        assert standby.judge("calf cramp", 2 * standby.slowest, *evidence) == quick
        assert standby.judge("calf cramp", 2.1 * standby.slowest, *evidence) == slow
