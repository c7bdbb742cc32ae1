"""A voice on disk: private, never written over, and gone when it is erased."""

from __future__ import annotations

import os
import stat
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from voice_coach.audio import wav
from voice_coach.errors import OutputError
from voice_coach.practice.recordings import Recordings, default_folder, erase, expire

WHEN = datetime(2030, 1, 2, 3, 4, 5)
SOUND = np.arange(1600, dtype=np.int16)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "data" / "practice"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_folder_is_where_data_belongs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "voice-coach" / "practice"


def test_only_the_person_can_read_them(root: Path) -> None:
    root.mkdir(parents=True, mode=0o755)
    before = os.umask(0)
    try:
        kept = Recordings(WHEN, root)
        kept.add("i'm sitting down", SOUND)
        kept.add("still hurts", SOUND)
    finally:
        os.umask(before)
    assert kept.folder == root / "2030-01-02-030405"
    assert mode(root) == mode(kept.folder) == 0o700
    files = sorted(kept.folder.iterdir())
    assert [path.name for path in files] == ["001-im-sitting-down.wav", "002-still-hurts.wav"]
    assert {mode(path) for path in files} == {0o600}
    assert np.array_equal(wav.load(files[0]), SOUND)


def test_nothing_is_written_over(root: Path) -> None:
    first, second = Recordings(WHEN, root), Recordings(WHEN, root)
    first.add("yes", SOUND)
    second.add("yes", SOUND)
    assert first.folder != second.folder
    assert erase(root) == 2


def test_a_place_that_cannot_be_written_is_known_at_once(tmp_path: Path) -> None:
    (tmp_path / "practice").write_text("a file")
    with pytest.raises(OutputError, match="practise without --keep"):
        Recordings(WHEN, tmp_path / "practice")


def test_erasing_takes_every_recording_and_leaves_nothing(root: Path) -> None:
    for minute in range(3):
        kept = Recordings(WHEN.replace(minute=minute), root)
        kept.add("yes", SOUND)
        kept.add("no", SOUND)
    (kept.folder / ".003-stop.wav.x1y2").write_bytes(b"cut off")
    Recordings(WHEN, root)  # ended before anything was said
    assert erase(root) == 6
    assert not root.exists()
    assert root.parent.exists()
    assert erase(root) == 0


def test_erasing_takes_nothing_else(root: Path, tmp_path: Path) -> None:
    kept = Recordings(WHEN, root)
    kept.add("yes", SOUND)
    (kept.folder / "diary.txt").write_text("mine")
    elsewhere = tmp_path / "music"
    elsewhere.mkdir()
    wav.save(elsewhere / "song.wav", SOUND)
    (root / "link").symlink_to(elsewhere)
    wav.save(root / "loose.wav", SOUND)
    assert erase(root) == 1
    assert (kept.folder / "diary.txt").exists()
    assert (elsewhere / "song.wav").exists()
    assert (root / "loose.wav").exists()


def test_what_cannot_be_erased_is_said(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Recordings(WHEN, root).add("yes", SOUND)

    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(OutputError, match="Permission denied"):
        erase(root)


def test_recordings_expire_and_what_is_younger_or_not_ours_stays(root: Path) -> None:
    for days in (0, 20, 40):
        Recordings(WHEN - timedelta(days=days), root).add("yes", SOUND)
    (root / "somebody's").mkdir()
    (root / "somebody's" / "song.wav").touch()
    assert expire(30, WHEN, root) == 1
    assert len(list(root.glob("*/*.wav"))) == 3
    assert expire(0, WHEN + timedelta(seconds=1), root) == 2
    assert [path.name for path in root.iterdir()] == ["somebody's"]
    assert expire(0, WHEN, root.parent / "none") == 0
