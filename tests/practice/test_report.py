"""From attempts to scores and suggestions."""

from __future__ import annotations

import json

import pytest

from voice_coach.practice.course import Drill
from voice_coach.practice.lesson import SPOKEN_SUGGESTIONS, closing
from voice_coach.practice.level import Level
from voice_coach.practice.report import (
    BETTER,
    GOOD,
    POOR,
    Attempt,
    Outcome,
    Result,
    Suggestion,
    report,
    suggest,
)
from voice_coach.practice.script import load

INTENTS = {"still": ("still hurts", "not yet", "the same", "it's still tight"), "yes": ("yes",)}
SPOKEN = Level(-8.0, -23.0, -70.0)


def attempt(score: int) -> Attempt:
    """An attempt with this score; 0 is one that was missed."""
    outcome: Outcome = "understood" if score else "missed"
    return Attempt(outcome, "still hurts" if score else "", score / 100, SPOKEN)


def result(phrase: str, *scores: int, intent: str = "still") -> Result:
    return Result(Drill(phrase, intent, "eased"), tuple(attempt(score) for score in scores))


def silent(phrase: str, *scores: int) -> Result:
    said = result(phrase, *scores)
    return Result(said.drill, (Attempt("silent", level=Level(-60.0, noise=-70.0)), *said.attempts))


@pytest.mark.parametrize(
    ("made", "score", "understood"),
    [
        (result("not yet", 90), 90, True),
        (result("not yet", 0, 90), 45, True),
        (result("not yet", 0, 0), 0, False),
        (silent("not yet", 90), 90, True),
        (silent("not yet"), None, False),
    ],
)
def test_the_score_is_the_mean_of_what_was_said(
    made: Result, score: int | None, understood: bool
) -> None:
    assert (made.score, made.understood) == (score, understood)


def test_what_was_taken_for_something_else_scores_nothing() -> None:
    assert Attempt("mistaken", "no", 0.99, SPOKEN).score == 0


@pytest.mark.parametrize(
    ("best", "other", "suggested"),
    [
        (GOOD + BETTER, GOOD, True),
        (GOOD + BETTER, GOOD + 1, False),
        (GOOD, GOOD - BETTER, True),
        (100, 100, False),
    ],
)
def test_a_synonym_is_recommended_when_it_is_clearly_better(
    best: int, other: int, suggested: bool
) -> None:
    found = suggest([result("not yet", other), result("still hurts", best)], INTENTS)
    wanted = (Suggestion("still", "still hurts", ("not yet",)),)
    assert found == (wanted if suggested else ())


def test_all_worse_ones_are_named() -> None:
    found = suggest([result("a", 90), result("b", 0), result("c", 95), result("d", 10)], INTENTS)
    assert found == (Suggestion("still", "c", ("b", "d")),)


@pytest.mark.parametrize(("score", "suggested"), [(POOR - 1, True), (POOR, False)])
def test_where_none_suits_a_longer_one_is_to_be_tried(score: int, suggested: bool) -> None:
    found = suggest([result("not yet", score), result("still hurts", score)], INTENTS)
    wanted = (Suggestion("still", "it's still tight", ("not yet", "still hurts"), tried=False),)
    assert found == (wanted if suggested else ())


def test_where_there_is_no_other_word_nothing_is_suggested() -> None:
    assert suggest([result("yes", 0, intent="yes")], INTENTS) == ()


def test_silence_says_nothing_of_the_words() -> None:
    assert suggest([silent("not yet"), result("still hurts", 100)], INTENTS) == ()


def test_intents_are_never_compared_with_each_other() -> None:
    assert suggest([result("yes", 100, intent="yes"), result("not yet", 50)], INTENTS) == ()


def test_the_object_for_programs() -> None:
    found = report("done", [result("not yet", 0, 0), result("still hurts", 98)], INTENTS, 12.34)
    made = json.loads(json.dumps(found.as_json()))
    assert (made["reason"], made["seconds"]) == ("done", 12.3)
    assert (made["asked"], made["understood"]) == (2, 1)
    assert [entry["score"] for entry in made["phrases"]] == [0, 98]
    assert made["microphone"]["problems"] == []
    assert made["microphone"]["snr_db"] == 47.0
    assert made["suggestions"] == [
        {"intent": "still", "prefer": "still hurts", "over": ["not yet"], "tried": True}
    ]


# -- what is said at the end -------------------------------------------------------------------


def test_the_end_when_all_went_well() -> None:
    say = load().say
    made = report("done", [result("not yet", 98), result("still hurts", 98)], INTENTS)
    assert closing(made, load()) == (
        "I understood two of two.",
        say.none_better,
        say.microphone.good,
        say.good_night,
    )


def test_the_end_names_the_words_and_what_is_wrong() -> None:
    made = report("stopped", [result("not yet", 0, 0), silent("still hurts", 98)], INTENTS)
    said = closing(made, load())
    assert "Say still hurts rather than not yet." in said
    assert load().say.none_better not in said
    made = report("done", [result("not yet", 0, 0), result("the same", 0, 0)], INTENTS)
    assert (
        "I do not hear not yet or the same well from you. Next time, try it's still tight."
        in closing(made, load())
    )


def test_the_end_does_not_go_on_and_on() -> None:
    results = [
        result(phrase, score, intent=str(i))
        for i in range(9)
        for phrase, score in (("good", 99), ("bad", 0))
    ]
    made = report("done", results, {})
    assert len(made.suggestions) == 9
    said = closing(made, load())
    assert sum(text.startswith("Say ") for text in said) == SPOKEN_SUGGESTIONS


def test_the_end_of_a_practice_that_never_began() -> None:
    say = load().say
    assert closing(report("stopped", [], INTENTS), load()) == (say.none_asked, say.good_night)
