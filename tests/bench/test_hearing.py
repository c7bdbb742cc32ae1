"""What the benchmark counts, and what it does to a voice."""

from __future__ import annotations

import numpy as np
import pytest

from scripts.bench.hearing import Score, cell, table
from scripts.bench.trials import CHANGES, Trial, Utterance, changed, framed, home_states
from scripts.train.arrays import Array
from scripts.train.corpus import RATE
from voice_coach.listening.port import Grammar

SILENCE: Array = np.zeros(1600, dtype=np.float32)
GRAMMAR = Grammar("t", ("yes", "yeah", "no"), meanings={"yes": "yes", "yeah": "yes", "no": "no"})


def tone(seconds: float = 2.0) -> Array:
    time = np.arange(int(seconds * RATE)) / RATE
    wave: Array = (0.3 * np.sin(2 * np.pi * 300 * time)).astype(np.float32)
    return wave


def test_outcomes_are_counted_apart() -> None:
    trial = Trial("t", GRAMMAR, ())
    score = Score(hours=1.0)
    for said, heard in (
        ("yes", "yes"),
        ("yes", "yeah"),
        ("yes", "no"),
        ("no", ""),
        ("zebra", "no"),
        ("zebra", ""),
    ):
        score.add(trial, said, "adult", heard)
    figures = score.figures()
    assert figures["said"] == 4
    assert (figures["right"], figures["wrong"], figures["rejected"]) == (50.0, 25.0, 25.0)
    assert figures["others"] == 2
    assert figures["false"] == 50.0
    assert ["yes", "no", 1] in figures["confusions"]
    assert figures["groups"]["adult"] == {
        "right": 2, "wrong": 1, "rejected": 1, "false": 1, "ignored": 1,
    }  # fmt: skip


@pytest.mark.parametrize("decibels", [5, 20])
def test_noise_has_the_ratio_it_was_told(decibels: int) -> None:
    wave = tone()
    both = changed([Utterance("yes", wave)], f"pink {decibels} dB")[0].samples
    power = np.mean(np.sort(wave**2)[RATE:])
    assert 10 * np.log10(power / np.mean((both - wave) ** 2)) == pytest.approx(decibels, abs=0.2)


@pytest.mark.parametrize("how", list(CHANGES))
def test_every_change_changes_sound_and_only_sound_the_same_way_each_time(how: str) -> None:
    said = Utterance("yes", framed(tone(0.5), 1), "adult")
    first, again = changed([said], how)[0], changed([said], how)[0]
    assert (first.said, first.group) == ("yes", "adult")
    assert not np.array_equal(first.samples, said.samples)
    assert np.array_equal(first.samples, again.samples)
    assert np.all(np.isfinite(first.samples))


def test_a_phrase_is_tested_where_it_has_most_rivals() -> None:
    states = {
        "small": Grammar("small", ("yes", "no")),
        "large": Grammar("large", ("yes", "no", "stop")),
        "other": Grammar("other", ("left",)),
    }
    assert home_states(states) == {
        "left": "other", "no": "large", "stop": "large", "yes": "large",
    }  # fmt: skip


def test_the_table_has_a_column_for_each_engine() -> None:
    one = {"tests": {"t": {"said": 10, "right": 99.0, "wrong": 1.0}}}
    rows = table({"a": one, "b": one})
    assert rows[0] == "| test | a | b |"
    assert rows[2].count("99.0 / 1.0 (n = 10)") == 2
    assert cell({"per_hour": 4.0, "hours": 0.5}) == "4.0 an hour (of 0.50 h)"
