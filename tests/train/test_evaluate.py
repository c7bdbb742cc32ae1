"""Counting outcomes, noise at a ratio, and the table of the report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scripts.train.check import sound
from scripts.train.evaluate import (
    Item,
    States,
    Tally,
    changed,
    evaluate,
    framed,
    noisy,
)
from scripts.train.evaluate import (
    Test as Case,
)
from scripts.train.report import cell, table

PHRASES = frozenset({"yes", "no"})
SILENCE = np.zeros(1600, dtype=np.float32)


def test_outcomes_are_counted_apart() -> None:
    tally = Tally()
    for said, heard in (
        ("yes", "yes"),
        ("yes", "no"),
        ("no", "[unk]"),
        ("zebra", "no"),
        ("zebra", "[unk]"),
        ("zebra", ""),
    ):
        tally.add(Item(said, SILENCE), heard, PHRASES)
    figures = tally.figures()
    assert figures["n"] == 3
    assert figures["right"] == figures["wrong"] == pytest.approx(33.33)
    assert figures["others"] == 3
    assert figures["false"] == pytest.approx(33.33)
    assert figures["taken"] == {"yes > no": 1, "zebra > no": 1}


def test_noise_has_the_ratio_it_was_told() -> None:
    tone = (0.3 * np.sin(np.arange(32000) / 5)).astype(np.float32)
    both = noisy(Item("yes", tone), 5.0, 1).samples
    noise = both - tone
    ratio = 10 * np.log10(np.mean(np.sort(tone**2)[16000:]) / np.mean(noise**2))
    assert ratio == pytest.approx(5.0, abs=0.2)


def test_changes_keep_what_was_said() -> None:
    items = [Item("yes", framed(sound(1), 1))]
    for how in ("whispered", "groaned", "pink 5", "level -30"):
        turned = changed(items, how)
        assert turned[0].said == "yes"
        assert not np.array_equal(turned[0].samples, items[0].samples)
    assert np.abs(changed(items, "level -20")[0].samples).max() == pytest.approx(
        0.1 * np.abs(items[0].samples).max()
    )


def test_a_phrase_that_a_model_lacks_is_left_out(model: Path) -> None:
    items = (Item("yes", sound(1)), Item("zebra", sound(2)))
    found = evaluate(model, [Case("t", ((("yes", "zebra"), False, items),))], [sound(3, 3.0)])
    assert found["t"]["n"] == 1
    assert found["t"]["right"] == 100.0  # a closed grammar of one phrase
    assert "per_hour" in found["noise in a state of 12"]


def test_states_share_everything_but_the_grammar(model: Path) -> None:
    states = States(model)
    assert states.knows("calf cramp")
    assert not states.knows("calf zebra")


def test_the_table_has_a_column_for_each_model() -> None:
    one: dict[str, dict[str, object]] = {"t": {"right": 99.0, "wrong": 1.0, "n": 10}}
    rows = table({"a": one, "b": one})
    assert rows[0] == "| test | a | b |"
    assert rows[2].count("99.0 % right") == 2
    assert cell({"per_hour": 4.0}) == "4.0 false commands an hour"
