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
