"""Prices and thresholds from a model folder."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from voice_coach.errors import ModelError
from voice_coach.listening.model import find_model, open_model
from voice_coach.listening.rejection import NAMES, Belief, Evidence, GraphCosts, Rejection


def test_a_table_may_name_some_values_only() -> None:
    found = Rejection.of({"unknown_phone": -0.5, "short": 0.7})
    assert found == Rejection(GraphCosts(unknown_phone=-0.5), Belief(short=0.7))
    assert Rejection.of(found.values()) == found
    assert set(found.values()) == set(NAMES)


def test_a_short_phrase_must_look_like_a_word_and_a_long_one_be_likely() -> None:
    belief = Belief(
        short=0.5, long=0.3, shortest=0.1, longest=1.0, short_speech=0.6, long_speech=0.2
    )
    word = Evidence(1, 0.6, 0.4, 0.7)
    assert belief.accepts(word)
    assert not belief.accepts(replace(word, posterior=0.4))
    assert not belief.accepts(replace(word, seconds=0.05))
    assert not belief.accepts(replace(word, seconds=1.5))
    assert not belief.accepts(replace(word, speech=0.5))
    words = Evidence(2, 0.4, 1.5, 0.3)
    assert belief.accepts(words)
    assert not belief.accepts(replace(words, posterior=0.2))
    assert not belief.accepts(replace(words, speech=0.1))
    assert not belief.accepts(replace(words, seconds=0.19)), "two syllables take longer"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(find_model(), tmp_path / "model"))


def test_the_models_own_values_are_used(folder: Path) -> None:
    (folder / "rejection.txt").write_text("# found by tuning\nphrase 0.75\nlong 0.25\n")
    exact = open_model(folder).exact
    assert exact is not None
    assert exact.rejection.costs.phrase == 0.75
    assert exact.rejection.belief.long == 0.25


def test_a_model_without_the_table_has_the_usual_values(folder: Path) -> None:
    (folder / "rejection.txt").unlink(missing_ok=True)
    exact = open_model(folder).exact
    assert exact is not None
    assert exact.rejection == Rejection()


@pytest.mark.parametrize("line", ["loudness 3", "phrase", "phrase high"])
def test_a_strange_line_is_named(folder: Path, line: str) -> None:
    (folder / "rejection.txt").write_text(line + "\n")
    with pytest.raises(ModelError, match=r"rejection\.txt"):
        open_model(folder)
