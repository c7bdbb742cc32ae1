"""The diary in files, whoever wrote them."""

from __future__ import annotations

import csv
import io
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.diary.nights import night
from tests.diary.test_store import episode
from voice_coach.diary import exchange
from voice_coach.diary.episode import NOTE, Episode, clean
from voice_coach.errors import ContentError, OutputError


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Episode:
    return night(tmp_path_factory.mktemp("diary"), ask_medicine="yes", ask_often="not sure")


def bundle(*episodes: dict[str, Any]) -> bytes:
    return json.dumps({"format": "voice-coach-diary", "version": 1, "episodes": episodes}).encode()


PLAIN = {"uid": "0" * 32, "began": "2026-03-05T03:12:07+01:00"}


def test_json_keeps_everything(tmp_path: Path, whole: Episode) -> None:
    path = tmp_path / "diary.json"
    exchange.write(path, exchange.to_json([whole, episode(2, note="ü & <b>")]))
    assert exchange.read(path) == (whole, episode(2, note="ü & <b>"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["diary.json"]


def test_csv_keeps_all_but_the_steps(tmp_path: Path, whole: Episode) -> None:
    path = tmp_path / "diary.csv"
    exchange.write(path, exchange.to_csv([whole]))
    (again,) = exchange.read(path)
    assert again.steps == ()
    assert again.answers == whole.answers
    assert again == episode_without_steps(whole)


def episode_without_steps(one: Episode) -> Episode:
    return Episode(**{**{n: getattr(one, n) for n in one.__struct_fields__}, "steps": ()})


FORMULAS = ("=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(A1)", "\t=1", "'=1", '=HYPERLINK("x")')


@pytest.mark.parametrize("note", FORMULAS)
def test_no_cell_is_a_formula(tmp_path: Path, note: str) -> None:
    path = tmp_path / "diary.csv"
    note = clean(note)
    exchange.write(path, exchange.to_csv([episode(note=note)]))
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in rows[1])
    assert exchange.read(path)[0].note == note, "and it comes back as it was"


@settings(deadline=None, max_examples=50)  # the machine may be busy
@given(st.text(max_size=100))
def test_any_note_comes_back(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    one = episode(note=clean(text))
    for data in (exchange.to_csv([one]), exchange.to_json([one])):
        path.write_bytes(data)
        assert exchange.read(path) == (one,)


def test_a_list_of_ones_own(tmp_path: Path) -> None:
    """Somebody has kept a table by hand: the day is enough, and twice read it is not doubled."""
    path = tmp_path / "mine.csv"
    path.write_text("began;side;note\n2025-01-02T03:00:00Z;left;after tennis\n")
    first, second = exchange.read(path), exchange.read(path)
    assert first == second
    assert (first[0].side, first[0].note, first[0].level) == ("left", "after tennis", "self_care")


def test_terminal_codes_and_hidden_text_are_taken_out_of_notes(tmp_path: Path) -> None:
    path = tmp_path / "diary.json"
    path.write_bytes(bundle({**PLAIN, "note": "a\x1b[2J\x07b\u202ec\u200bd\ne"}))
    assert exchange.read(path)[0].note == "a [2J b c d e"


def test_html_is_only_text(tmp_path: Path) -> None:
    path = tmp_path / "diary.json"
    path.write_bytes(bundle({**PLAIN, "note": "<script>alert(1)</script>"}))
    assert exchange.read(path)[0].note == "<script>alert(1)</script>"


def repeated(size: int) -> bytes:
    return b"x" * size


MB = 1_000_000
HOSTILE: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "binary": lambda: bytes(range(256)) * 100,
    "zeros": lambda: bytes(1000),
    "cut off": lambda: bundle(PLAIN)[:-9],
    "another program's": lambda: b'{"tabs": []}',
    "a later version": lambda: bundle(PLAIN).replace(b'"version": 1', b'"version": 2'),
    "nested": lambda: b'{"episodes": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "nested lists": lambda: b"[" * 200_000,
    "a 10 MB line": lambda: repeated(10 * MB),
    "a 10 MB note": lambda: bundle({**PLAIN, "note": "x" * 10 * MB}),
    "a 10 MB cell": lambda: b"began,note\n2026-01-01T00:00:00Z," + repeated(10 * MB),
    "a 10 MB header": lambda: b"began," + repeated(10 * MB) + b"\n",
    "no zone": lambda: bundle({**PLAIN, "began": "2026-03-05T03:12:07"}),
    "no date": lambda: bundle({**PLAIN, "began": "yesterday"}),
    "a year that no clock knows": lambda: bundle({**PLAIN, "began": "0001-01-01T00:00:00+14:00"}),
    "an unknown field": lambda: bundle({**PLAIN, "sound": "aGVsbG8="}),
    "a wrong side": lambda: bundle({**PLAIN, "side": "middle"}),
    "a step that steers the terminal": lambda: bundle(
        {**PLAIN, "steps": [{"step": "\x1b[2J", "at": 0}]}
    ),
    "a path for a uid": lambda: bundle({**PLAIN, "uid": "../../etc/passwd"}),
    "endless time": lambda: bundle({**PLAIN, "seconds": 1e300}),
    "not a number": lambda: bundle(PLAIN).replace(b"}]", b', "seconds": NaN}]'),
    "a million steps": lambda: bundle({**PLAIN, "steps": [{"step": "x", "at": 0}] * 6000}),
    "too few cells": lambda: b"began,side,note\n2026-01-01T00:00:00Z\n",
    "too many cells": lambda: b"began,side\n2026-01-01T00:00:00Z,left,x,y\n",
    "no dates": lambda: b"side,note\nleft,x\n",
    "another table": lambda: b"began,password\n2026-01-01T00:00:00Z,x\n",
    "wrong answers": lambda: b"began,answers\n2026-01-01T00:00:00Z,chest=perhaps\n",
    "not UTF-8": lambda: b"began,note\n2026-01-01T00:00:00Z,\xff\xfe\n",
    "the good one first": lambda: bundle(PLAIN, {**PLAIN, "level": "fine"}),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_no_diary_is_refused_in_one_sentence(tmp_path: Path, what: str) -> None:
    path = tmp_path / "diary"
    path.write_bytes(HOSTILE[what]())
    with pytest.raises(ContentError) as refusal:
        exchange.read(path)
    said = str(refusal.value)
    assert said.startswith(str(path))
    assert len(said) < 700
    assert said.isprintable()


def test_a_huge_file_is_not_even_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "diary.json"
    with path.open("wb") as file:
        file.truncate(exchange.LARGEST + 1)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("it was read"))
    with pytest.raises(ContentError, match="200 MB, more than any diary"):
        exchange.read(path)


@pytest.mark.parametrize("path", ["nowhere.json", "."])
def test_what_is_no_file(tmp_path: Path, path: str) -> None:
    with pytest.raises(ContentError, match="cannot be read"):
        exchange.read(tmp_path / path)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="choose another place"):
        exchange.write(tmp_path / "no" / "diary.json", b"x")
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(OutputError, match="choose another place"):
        exchange.write(tmp_path / "folder.json", b"x")
    assert [one.name for one in tmp_path.iterdir()] == ["folder.json"]


def test_a_note_has_an_end() -> None:
    assert clean("x" * NOTE) == "x" * NOTE
    with pytest.raises(ValueError, match="at most 2000 characters"):
        clean("x" * (NOTE + 1))
