"""Thresholds applied to what was decoded, and the number that settings are compared by."""

from __future__ import annotations

import pytest

from scripts.bench.tune import NOISE, Outcome, Row, figures, search, worth
from voice_coach.listening.rejection import Belief, Evidence, GraphCosts

FOUND = [
    Outcome("t", "right", Evidence(1, 0.9)),
    Outcome("t", "right", Evidence(1, 0.4)),
    Outcome("t", "wrong", Evidence(1, 0.45)),
    Outcome("t", "rejected"),
    Outcome("t", "false", Evidence(2, 0.3)),
    Outcome("t", "ignored"),
    Outcome(NOISE, "false", Evidence(1, 0.6, 2.0)),
    Outcome(NOISE, "false", Evidence(2, 0.6, 2.0)),
]


def test_thresholds_turn_right_into_rejected_and_false_into_ignored() -> None:
    strict = figures(FOUND, Belief(short=0.5, long=0.4), hours=0.5)
    assert strict == {
        "t: right": 25.0, "t: wrong": 0.0, "t: false": 0.0, "noise an hour": 2.0,
    }  # fmt: skip
    lax = figures(FOUND, Belief(short=0.0, longest=9.0), hours=0.5)
    assert lax == {"t: right": 50.0, "t: wrong": 25.0, "t: false": 50.0, "noise an hour": 4.0}


def test_a_wrong_answer_costs_more_than_a_missing_one() -> None:
    assert worth({"t: right": 90.0, "t: wrong": 2.0}) > worth({"t: right": 92.0, "t: wrong": 4.0})
    assert worth({"noise an hour": 1.0}) == pytest.approx(-1.0)


def test_the_search_varies_one_price_after_another_from_the_best() -> None:
    tried: list[GraphCosts] = []

    def rows_of(price: GraphCosts) -> list[Row]:
        tried.append(price)
        return [{"worth": -abs(price.phrase - 0.5) - abs(price.decoy - 1.4)}]

    grid = {"phrase": [0.5, 1.5], "decoy": [0.7, 1.4]}
    rows = search(GraphCosts(phrase=1.0, decoy=1.0), grid, rows_of)
    assert rows[0]["worth"] == 0.0
    assert len(tried) == len(set(tried)) == len(rows) == 5
