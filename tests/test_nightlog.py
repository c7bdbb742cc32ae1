"""Ids, states and times, never words; bounded; private."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.nights import night
from voice_coach.nightlog import FILES, NightLog


def written(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_no_word_that_was_said_is_written(tmp_path: Path) -> None:
    report = night("sitting-ordinary")
    path = tmp_path / "night.jsonl"
    with NightLog(path=path) as log:
        log.note("start")
        for record in report.records:
            log.watch(record)
    lines = written(path)
    assert {"start", "state", "say", "heard", "timer", "advice", "end"} == {
        line["type"] for line in lines
    }
    assert [line["step"] for line in lines if line["type"] == "state"] == [
        r["step"] for r in report.records if r["type"] == "state"
    ]
    texts = {r["text"] for r in report.records if r["type"] in ("say", "heard") and r["text"]}
    values = {str(value) for line in lines for value in line.values()}
    assert texts
    assert not texts & values
    assert not any(text in value for text in texts for value in values if " " in text)


def test_it_is_private_and_bounded(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    with NightLog(path=folder / "night.jsonl", size=2000) as log:
        for _ in range(1000):
            log.note("start")
    files = list(folder.iterdir())
    assert len(files) == FILES
    assert all(path.stat().st_size <= 2000 for path in files)
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(line["type"] == "start" for path in files for line in written(path))


def test_switched_off_it_writes_nothing(tmp_path: Path) -> None:
    with NightLog(False, tmp_path / "night.jsonl") as log:
        log.note("start")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_cannot_be_written_stops_nobody(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    with NightLog(path=tmp_path / "file" / "night.jsonl") as log:
        log.note("start")
    if Path("/dev/full").exists():
        (tmp_path / "full").symlink_to("/dev/full")
        with NightLog(path=tmp_path / "full") as log:
            log.note("start")
    assert capfd.readouterr() == ("", "")
