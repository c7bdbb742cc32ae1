"""What the routine says agrees with the rest of the house."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from tests.dialogue.explore import PROTOCOL
from voice_coach.content.loader import load_protocol, sentences
from voice_coach.errors import ContentError
from voice_coach.lint.wording import words_of
from voice_coach.listening.model import open_model
from voice_coach.routine.content import REMINDER, ROUTINE, clock, load, settled, unset

ROUTINE_PROTOCOL = load_protocol(ROUTINE)
SCRIPT = load()


def test_one_word_means_one_thing_in_both_conversations() -> None:
    """The same phrases for the same intents, but for "help": in a stretch it means a cramp."""
    here, there = ROUTINE_PROTOCOL.intents, PROTOCOL.intents
    for intent in set(here) & set(there) - {"wake", "cramp", "what_now"}:
        assert here[intent] == there[intent], intent
    assert set(here["cramp"]) == set(there["cramp"]) | set(there["wake"])
    assert set(here["what_now"]) == set(there["what_now"]) - {"help", "help me"}


def test_the_ear_knows_every_word_that_is_said() -> None:
    """Or `protocol check --listen` could not listen to it."""
    exact = open_model(None).exact
    assert exact is not None
    words = {word for _, text in sentences(ROUTINE_PROTOCOL) for word in words_of(text)}
    assert [word for word in sorted(words) if not exact.lexicon.pronunciations(word)] == []


def test_no_call_for_the_stretch_is_a_call_for_help() -> None:
    assert not set(ROUTINE_PROTOCOL.intents["wake"]) & set(PROTOCOL.intents["wake"])


def test_red_flags_are_those_of_the_cramp_and_no_milder() -> None:
    for name, flag in ROUTINE_PROTOCOL.flags.items():
        there = PROTOCOL.flags[name]
        assert flag.level == there.level
        assert set(flag.forbids) >= set(there.forbids)


def test_every_hour_that_can_be_said_is_a_time_and_is_said_back() -> None:
    step = ROUTINE_PROTOCOL.steps[SCRIPT.step]
    hours = {intent for intent in step.on if SCRIPT.at(intent) is not None}
    assert hours == set(SCRIPT.hours)
    assert len({SCRIPT.at(intent) for intent in hours}) == len(hours)
    for intent in hours:
        reaction = ROUTINE_PROTOCOL.reaction(SCRIPT.step, intent)
        assert reaction is not None
        assert reaction.to == "sure"
        for phrase in ROUTINE_PROTOCOL.intents[intent]:
            word = phrase.replace("noon", "twelve").split()
            if "in" not in word:
                assert any(w in reaction.say[0].lower() for w in word[-1:]), phrase
    assert SCRIPT.at("evening_8") == time(20)
    assert SCRIPT.at("yes") is None


def test_the_steps_it_names_are_there() -> None:
    assert {SCRIPT.step, SCRIPT.set} <= set(ROUTINE_PROTOCOL.steps)
    assert SCRIPT.off in ROUTINE_PROTOCOL.intents


def test_only_what_is_said_differs_once_a_reminder_is_set() -> None:
    known, failed = settled(ROUTINE_PROTOCOL, SCRIPT), unset(ROUTINE_PROTOCOL, SCRIPT)
    assert known.steps[SCRIPT.step].say == SCRIPT.known
    assert failed.steps[SCRIPT.set].say == SCRIPT.failed
    for made, name in ((known, SCRIPT.step), (failed, SCRIPT.set)):
        assert {n for n in made.steps if made.steps[n] != ROUTINE_PROTOCOL.steps[n]} == {name}
        assert made.steps[name].on == ROUTINE_PROTOCOL.steps[name].on


@pytest.mark.parametrize("text", ["8:00", "24:00", "20:60", "2000", "", "20:00\n"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="is no time"):
        clock(text)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('noon = "12:00"', 'noon = "noon"', 'hours.noon: "noon" is no time'),
        ("known = [", "kown = [", 'unknown key "kown" in the top level; did you mean "known"?'),
        ("again tomorrow", "{again}", "no braces"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = tmp_path / "reminder.toml"
    path.write_text(REMINDER.read_text().replace(old, new))
    with pytest.raises(ContentError) as error:
        load(path)
    assert str(path) in str(error.value)
    assert says in str(error.value)
