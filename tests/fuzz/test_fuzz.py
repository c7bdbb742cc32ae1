"""Garbage at every door, a bounded part of what ``scripts.bench.fuzz`` tries for hours."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, Final

import pytest

from scripts.bench import fuzz
from voice_coach.content import load_protocol
from voice_coach.errors import ContentError

TRIES: Final = {
    "content_text": 60, "content_shape": 40, "scenario_text": 60, "settings_file": 80,
    "wav_file": 60, "events": 60, "saved_state": 40, "diary_file": 60, "listening": 6,
    "recognising": 3, "command_line": 60, "commands": 12,
}  # fmt: skip


@pytest.mark.parametrize("name", fuzz.TARGETS)
def test_nothing_but_a_result_or_a_clear_sentence(name: str) -> None:
    for seed in range(TRIES[name]):
        try:
            fuzz.attempt(name, seed)
        except Exception as error:
            raise AssertionError(f"{name}, seed {seed}: {error!r}") from error


@pytest.mark.parametrize(
    "text", ["title = " + "[" * 3000, "x = " + "{a=" * 2000, "limit = " + "9" * 5000]
)
def test_toml_that_no_program_can_read_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "content.toml"
    path.write_text(text)
    with pytest.raises(ContentError, match="longer than any that makes sense"):
        load_protocol(path)


def test_a_finding_is_found(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def bad(chance: random.Random, _: Path) -> None:
        if chance.random() < 2:
            raise KeyError("oops")

    monkeypatch.setitem(fuzz.TARGETS, "events", bad)
    monkeypatch.setattr("sys.argv", ["fuzz", "--seconds", "0.05", "--only", "events"])
    assert fuzz.main() == 1
    told = capsys.readouterr().out
    assert "events, seed 0:" in told
    assert "KeyError: 'oops'" in told


def test_a_hang_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(*_: object) -> None:
        while True:
            pass

    monkeypatch.setitem(fuzz.TARGETS, "events", endless)
    monkeypatch.setattr(fuzz, "BUSY", 0.05)
    with pytest.raises(TimeoutError):
        fuzz.attempt("events", 0)


def test_damage_is_done() -> None:
    chance = random.Random(1)
    data = b"some bytes that are quite in order" * 20
    assert sum(fuzz.mangled(data, chance) != data for _ in range(50)) > 45
    tables = {"a": [1, 2, {"b": "c"}], "d": {"e": 1.0}}
    assert sum(fuzz.bent(tables, chance) != tables for _ in range(50)) > 40
    assert tables == {"a": [1, 2, {"b": "c"}], "d": {"e": 1.0}}
