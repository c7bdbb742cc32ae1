"""A damaged diary is set aside, named, and read as far as it can be read."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.diary.nights import NIGHT, night
from voice_coach.diary.episode import Episode
from voice_coach.diary.store import FILE, Diary

PAGE = 4096


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """200 nights, everything in one file."""
    one = night(tmp_path / "one", ask_medicine="yes")
    folder = tmp_path / "diary"
    with Diary(folder) as diary:
        diary.add(
            Episode(
                uid=f"{n:032x}", began=NIGHT + timedelta(days=n), note=f"night {n}",
                answers=one.answers, steps=one.steps,
            )
            for n in range(1, 201)
        )  # fmt: skip
        diary.delete([7])
    return folder


def overwrite(path: Path, page: int, rubbish: bytes) -> None:
    data = bytearray(path.read_bytes())
    start = (page - 1) * PAGE
    data[start : start + PAGE] = (rubbish * PAGE)[:PAGE]
    path.write_bytes(data)


def test_a_whole_file_is_left_alone(folder: Path) -> None:
    with Diary(folder) as diary:
        assert diary.mended is None
        assert diary.set_aside() == []
        assert len(diary) == 199


def test_a_file_that_is_no_diary_at_all(folder: Path) -> None:
    rubbish = b"not a database" * 1000
    (folder / FILE).write_bytes(rubbish)
    with Diary(folder) as diary:
        assert diary.mended is not None
        assert len(diary) == 0
        assert diary.set_aside() == [diary.mended.path]
        assert str(diary.mended.path) in str(diary.mended)
        assert diary.mended.path.read_bytes() == rubbish, "not a byte of it is changed"
        assert diary.add([Episode(uid="f" * 32, began=NIGHT)]) == 1
    with Diary(folder) as diary:
        assert diary.mended is None
        assert len(diary) == 1


def test_one_bad_page_costs_the_episodes_on_it_and_no_other(folder: Path) -> None:
    before = {number: episode for number, episode in Diary(folder).whole()}
    pages = (folder / FILE).stat().st_size // PAGE
    overwrite(folder / FILE, pages // 2, b"\xa5\x00\xff")
    with Diary(folder) as diary:
        after = dict(diary.whole())
        mended = diary.mended
        assert mended is not None
        assert diary.check() == "ok"
    assert len(after) >= 190
    assert len(after) + mended.lost == 199, "every one that is missing is counted"
    for number, episode in after.items():
        assert before[number].note == episode.note, "and keeps its number"


def test_any_page_may_be_bad(folder: Path) -> None:
    """Whatever page it is, the program starts, says so, and no line is invented."""
    whole = (folder / FILE).read_bytes()
    notes = {episode.note for _, episode in Diary(folder).whole()}
    chance = random.Random(3)
    pages = range(1, len(whole) // PAGE + 1)
    for page in (1, 2, 3, 4, *chance.sample(pages, 6)):
        for path in folder.iterdir():
            path.unlink()
        (folder / FILE).write_bytes(whole)
        overwrite(folder / FILE, page, bytes(chance.randrange(256) for _ in range(97)))
        with Diary(folder) as diary:
            assert diary.check() == "ok"
            assert diary.mended is not None
            assert {episode.note for _, episode in diary.whole()} <= notes
            if page > 4:
                assert len(diary) >= 150


def test_a_truncated_file(folder: Path) -> None:
    data = (folder / FILE).read_bytes()
    (folder / FILE).write_bytes(data[: len(data) // 2])
    with Diary(folder) as diary:
        assert diary.mended is not None
        assert len(diary) > 50


def test_text_that_is_damaged_inside_a_sound_page(folder: Path) -> None:
    """SQLite cannot see it; the episode is kept without the part that nobody can read."""
    with closing(sqlite3.connect(folder / FILE)) as connection, connection:
        connection.execute("UPDATE episode SET steps = '[{\"st' WHERE number = 5")
        connection.execute("UPDATE episode SET level = 'zzz' WHERE number = 6")
    with Diary(folder) as diary:
        kept = dict(diary.whole())
        assert diary.mended is not None
        assert diary.mended.lost == 1
        assert len(diary.set_aside()) == 1
    assert kept[5].note == "night 5"
    assert kept[5].steps == ()
    assert 6 not in kept
    assert len(kept) == 198


def test_two_damages_in_one_second_have_two_names(folder: Path) -> None:
    for _ in range(2):
        (folder / FILE).write_bytes(b"rubbish" * 999)
        Diary(folder).close()
    with Diary(folder) as diary:
        assert len(diary.set_aside()) == 2
