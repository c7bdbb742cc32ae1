"""Wording: each lint passes the shipped content and finds what is put wrong on purpose."""

from __future__ import annotations

from typing import Any

import pytest

from tests.proof.small import small
from voice_coach.content import load_protocol
from voice_coach.lint.finding import Lint
from voice_coach.lint.wording import (
    grade,
    in_their_state,
    lint_wording,
    urgent,
    vowel_groups,
    words_of,
)
from voice_coach.listening.lexicon import Lexicon
from voice_coach.listening.model import find_model


def lint(ident: str, changes: dict[str, Any]) -> Lint:
    found = lint_wording(small(changes), vowel_groups)
    return next(lint for lint in found if lint.id == ident)


def test_the_shipped_content_is_well_said() -> None:
    lexicon = Lexicon.load(find_model() / "lexicon.txt")
    found = lint_wording(load_protocol(), lexicon.syllables)
    assert [lint.id for lint in found] == ["W1", "W2", "W3", "W4"]
    assert [(lint.id, lint.wrong) for lint in found if not lint.holds] == []


def test_a_long_sentence_is_found_and_long_ones_everywhere_too() -> None:
    long = "Lay your palm on the calf and then knead it slowly up to the knee for me."
    assert lint("W1", {"steps.palm.say": [long]}).wrong == ("steps.palm.say[0]: 17 words",)
    many = {"steps.palm.why": ["Lay your palm on it and rub it up to the knee."] * 90}
    assert "on average" in lint("W1", many).wrong[0]


def test_a_learned_sentence_is_found() -> None:
    hard = "Continuous proprioceptive elongation facilitates immediate musculoskeletal relaxation."
    found = lint("W2", {"steps.palm.say": [hard]})
    assert found.wrong[0].startswith(f'steps.palm.say[0]: "{hard}" is of grade ')
    everywhere = lint("W2", {"steps.palm.why": [hard] * 90})
    assert everywhere.wrong[0].startswith("all sentences together: grade ")


def test_another_noun_for_the_same_thing_is_found() -> None:
    found = lint("W3", {"steps.palm.say": ["Lay your palm on the Lower leg."]})
    assert found.wrong == ('steps.palm.say[0]: "lower leg"; say "calf"',)
    assert lint("W3", {"steps.palm.say": ["The palms are below the knots."]}).holds, "whole words"


def test_a_command_between_two_pauses_is_noted() -> None:
    found = lint("W4", {"steps.palm.say": ["Lay your palm there, okay, and go on."]})
    assert found.holds
    assert 'steps.palm.say[0]: "okay" means done there' in found.notes


def test_the_words_that_the_coach_must_never_say_to_its_own_ear() -> None:
    always = {"stop", "wake", "chest", "injury", "signs", "numb"}
    assert urgent(load_protocol(), "palm") == always
    assert urgent(load_protocol(), "check_signs") == always | {"no"}
    assert urgent(load_protocol(), "check_push") == always | {"yes"}


def test_what_names_the_answers_is_looked_at_in_every_safety_question() -> None:
    protocol = load_protocol()
    found = {key: words for key, text, words in in_their_state(protocol)
             if text == protocol.common.plain}  # fmt: skip
    assert set(found) == {f"steps.{n}.plain" for n in protocol.steps if protocol.asks_of_danger(n)}
    assert all(words["no"] == "no" for words in found.values())


def test_the_grade_is_flesch_and_kincaids() -> None:
    """0.39 words a sentence + 11.8 syllables a word - 15.59."""
    assert grade(["The cat sat on the mat."], vowel_groups) == pytest.approx(-1.45)
    assert grade(["Go.", "Go on now."], lambda _: 2) == pytest.approx(0.39 * 2 + 23.6 - 15.59)


def test_words_are_as_they_are_spoken() -> None:
    assert words_of("Call {number} now, I'll wait.") == [
        "call", "one", "one", "two", "now", "i'll", "wait",
    ]  # fmt: skip


@pytest.mark.parametrize(("word", "n"), [("calf", 1), ("muscle", 2), ("gentle", 2), ("toe", 1),
                                         ("a", 1), ("slowly", 2), ("hmm", 1)])  # fmt: skip
def test_syllables_by_the_spelling(word: str, n: int) -> None:
    assert vowel_groups(word) in (n, n - 1 or 1)
