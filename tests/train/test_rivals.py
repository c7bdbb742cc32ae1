"""Rivals are other phrases, near ones among them, and never sound the same."""

from __future__ import annotations

import numpy as np

from scripts.train.lexicon import Lexicon
from scripts.train.rivals import Rivals


def test_rivals_differ_in_sound_and_near_ones_come_often(lexicon: Lexicon) -> None:
    others = ["yes", "a", "calf", "cramp", "calf cramp", "not a"]
    rivals = Rivals(["no", "know", "not", *others], lexicon)
    draw = np.random.default_rng(1)
    drawn = [word for _ in range(50) for word in rivals.of("no", 4, draw)]
    assert "no" not in drawn
    assert "know" not in drawn
    assert "" in drawn
    assert "not" in drawn
    assert len(drawn) == 200


def test_noise_is_contrasted_with_any_phrase(lexicon: Lexicon) -> None:
    rivals = Rivals(["yes", "no"], lexicon)
    drawn = rivals.of("", 6, np.random.default_rng(1))
    assert set(drawn) <= {"yes", "no"}
    assert len(drawn) == 6


def test_what_many_say_is_a_rival_more_often_than_the_rest(lexicon: Lexicon) -> None:
    rare = ["a", "not", "calf", "cramp", "calf cramp", "not a", "cramp a", "calf a"]
    rivals = Rivals(["yes", "no", *rare], lexicon, often=["yes", "no"])
    drawn = [
        word for _ in range(50) for word in rivals.of("calf calf", 8, np.random.default_rng(1))
    ]
    assert drawn.count("yes") + drawn.count("no") > len(drawn) / 2


def test_one_word_alone_is_nobodys_rival(lexicon: Lexicon) -> None:
    rivals = Rivals(["yes", "no"], lexicon, often=["no"])
    assert set(rivals.of("no", 8, np.random.default_rng(1))) <= {"", "yes"}
