"""The diary on disk."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path

import msgspec
import pytest

from tests.diary.nights import NIGHT, night
from voice_coach.diary import schema, store
from voice_coach.diary.episode import Episode
from voice_coach.diary.store import DIARY_VARIABLE, FILE, Diary, default_folder
from voice_coach.errors import ContentError, OutputError


def episode(n: int = 0, **fields: object) -> Episode:
    made = Episode(uid=f"{n:032x}", began=NIGHT + timedelta(days=n))
    return msgspec.structs.replace(made, **fields)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_lies_where_data_belongs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(DIARY_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "voice-coach" / "diary"
    monkeypatch.setenv(DIARY_VARIABLE, str(tmp_path / "else"))
    assert default_folder() == tmp_path / "else"


def test_only_the_person_can_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "diary"
    before = os.umask(0)
    try:
        with Diary(folder) as diary:
            diary.add([episode()])
            assert mode(folder) == 0o700
            assert {path.name for path in folder.iterdir()} == {FILE, f"{FILE}-wal", f"{FILE}-shm"}
            assert {mode(path) for path in folder.iterdir()} == {0o600}
    finally:
        os.umask(before)


def test_an_older_folder_is_made_private(tmp_path: Path) -> None:
    Diary(tmp_path).close()
    os.chmod(tmp_path, 0o755)
    os.chmod(tmp_path / FILE, 0o644)
    Diary(tmp_path).close()
    assert (mode(tmp_path), mode(tmp_path / FILE)) == (0o700, 0o600)


def test_a_whole_night_comes_back_as_it_was(tmp_path: Path) -> None:
    kept = night(tmp_path, ask_medicine="yes")
    again = msgspec.convert(msgspec.to_builtins(kept), Episode)  # and it keeps to its own schema
    assert again == kept
    with Diary(tmp_path) as diary:
        assert diary.find(1) == kept
        assert diary.find(2) is None
        assert diary.check() == "ok"


def test_the_clock_on_the_wall_is_kept(tmp_path: Path) -> None:
    """An hour of the night means the person's own night, wherever the reader is."""
    there = datetime(2026, 7, 1, 2, 30, tzinfo=timezone(timedelta(hours=-9, minutes=-30)))
    with Diary(tmp_path) as diary:
        diary.add([episode(began=there)])
        kept = diary.whole()[0][1].began
    assert (kept, kept.hour, kept.utcoffset()) == (there, 2, there.utcoffset())


def test_the_newest_come_first(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        assert diary.add([episode(2), episode(5), episode(1)]) == 3
        assert [one.uid for _, one in diary.latest(2)] == [episode(5).uid, episode(2).uid]
        assert len(diary.latest()) == len(diary) == 3
        since = NIGHT + timedelta(days=2)
        assert [number for number, _ in diary.whole(since=since)] == [2, 1]


def test_an_episode_is_never_doubled(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        diary.add([episode(1, note="first")])
        assert diary.add([episode(1, note="second"), episode(2)]) == 1
        assert [one.note for _, one in diary.latest()] == ["", "first"]


def test_a_turn_of_the_conversation_leaves_the_note_alone(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary, Diary(tmp_path) as elsewhere:
        diary.add([episode()])
        assert elsewhere.update(episode(note="after a long walk"), note=True)
        assert diary.update(episode(seconds=12.0, level="soon"))
        kept = diary.find(1)
        assert kept is not None
        assert (kept.note, kept.seconds, kept.level) == ("after a long walk", 12.0, "soon")


def test_what_is_deleted_is_gone_from_the_disk_too(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        diary.add([episode(1, note="SECRETWORD"), episode(2)])
        diary.settle()
        assert b"SECRETWORD" in (tmp_path / FILE).read_bytes()
        assert diary.delete([1, 77]) == 1
        assert [number for number, _ in diary.latest()] == [2]
        assert not any(b"SECRETWORD" in path.read_bytes() for path in tmp_path.iterdir())
        diary.add([episode(3)])
        assert [number for number, _ in diary.latest()] == [3, 2]
        assert diary.delete([3]) == 1
        diary.add([episode(4)])
        assert diary.latest()[0][0] == 4, "a number is never given twice"


def test_erasing_takes_everything(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        diary.add(episode(n, note="SECRETWORD") for n in range(30))
    (tmp_path / f"{FILE}.damaged-20260101-000000").write_bytes(b"SECRETWORD")
    with Diary(tmp_path) as diary:
        assert diary.erase() == 30
        assert len(diary) == 0
    assert not any(b"SECRETWORD" in path.read_bytes() for path in tmp_path.iterdir())


def test_all_or_none(tmp_path: Path) -> None:
    def half() -> object:
        yield episode(1)
        raise RuntimeError

    with Diary(tmp_path) as diary:
        with pytest.raises(RuntimeError):
            diary.add(half())  # type: ignore[arg-type]
        assert len(diary) == 0
        assert diary.add([episode(1)]) == 1


# -- versions of the file --------------------------------------------------------------------------


def test_an_older_file_is_brought_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Diary(tmp_path) as diary:
        diary.add([episode(note="kept")])
    later = (*schema.MIGRATIONS, "CREATE TABLE routine (began INTEGER NOT NULL)")
    monkeypatch.setattr(schema, "MIGRATIONS", later)
    with Diary(tmp_path) as diary:
        assert diary.latest()[0][1].note == "kept"
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        assert connection.execute("SELECT count(*) FROM routine").fetchone() == (0,)
        assert connection.execute("PRAGMA user_version").fetchone() == (len(later),)


def test_a_change_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Diary(tmp_path).close()
    broken = (*schema.MIGRATIONS, "CREATE TABLE routine (began INTEGER); CREATE TABLE routine (x)")
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", broken)
        with pytest.raises(OutputError):
            Diary(tmp_path)
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE name = 'routine'")
        assert tables.fetchall() == []
    Diary(tmp_path).close()


def test_a_newer_file_is_left_alone(tmp_path: Path) -> None:
    Diary(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(ContentError, match=r"newer voice-coach .version 99.*update voice-coach"):
        Diary(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


# -- what can be in the way ------------------------------------------------------------------------


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "diary").write_text("a file")
    with pytest.raises(OutputError, match=r"cannot be kept in .*; check its permissions"):
        Diary(tmp_path / "diary")


def test_another_program_that_is_writing(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary, Diary(tmp_path, busy=0.01) as other:
        diary.add([episode()])
        with diary._change():
            with pytest.raises(OutputError, match="another voice-coach is writing"):
                other.add([episode(2)])
            assert len(other) == 1, "readers do not wait"
        assert other.add([episode(2)]) == 1


def test_a_full_disk(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        diary.add([episode()])
        pages = diary._connection.execute("PRAGMA page_count").fetchone()[0]
        diary._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(OutputError, match=r"full.*room on its disk"):
            diary.add(episode(n, note="x" * 500) for n in range(2, 50))
        assert len(diary) == 1
        assert diary.check() == "ok"


def test_the_coach_waits_for_no_disk(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        assert diary._connection.execute("PRAGMA synchronous").fetchone() == (1,)
        assert diary._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert store.BUSY > 0
