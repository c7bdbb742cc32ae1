from __future__ import annotations

import errno
import os
import stat
import threading
from pathlib import Path

import numpy as np
import pytest

from voice_coach.audio.port import Samples
from voice_coach.speaking import cache as cache_module
from voice_coach.speaking.cache import ClipCache, clip_key, default_folder
from voice_coach.speaking.memory import ClipMemory
from voice_coach.speaking.port import VoiceSettings

CLIP: Samples = np.arange(1_000, dtype=np.int16)


def entries(folder: Path) -> list[Path]:
    return sorted((folder / "clips").iterdir())


def test_a_clip_is_there_for_the_next_program(tmp_path: Path) -> None:
    ClipCache(tmp_path).put("k", CLIP)
    again = ClipCache(tmp_path)
    assert again.recall("k") is None
    assert again.has("k")
    found = again.get("k")
    assert np.array_equal(found, CLIP)  # type: ignore[arg-type]
    assert found is again.recall("k")
    assert again.warning == ""
    assert not again.has("other")
    assert again.get("other") is None


def test_memory_is_let_go_of_but_for_some_and_for_what_is_not_on_disk(tmp_path: Path) -> None:
    cache = ClipCache(tmp_path)
    for key in ("kept", "left", "lost"):
        cache.put(key, CLIP)
    (tmp_path / "clips" / "lost.clip").unlink()
    cache.forget(["kept"])
    assert cache.recall("kept") is not None
    assert cache.recall("left") is None
    assert cache.recall("lost") is not None, "there is no other one"
    assert np.array_equal(cache.get("left"), CLIP)  # type: ignore[arg-type]


def test_clips_are_shared_and_so_read_only(tmp_path: Path) -> None:
    source = CLIP.copy()
    kept = ClipCache(tmp_path).put("k", source)
    source[:] = 0
    assert np.array_equal(kept, CLIP)
    loaded = ClipCache(tmp_path).get("k")
    assert loaded is not None
    for clip in (kept, loaded):
        with pytest.raises(ValueError, match="read-only"):
            clip[0] = 1


def test_the_key_holds_everything_that_changes_the_sound() -> None:
    plain = VoiceSettings()
    keys = {
        clip_key("Hello.", plain, "1"),
        clip_key("Hello!", plain, "1"),
        clip_key("Hello.", plain, "2"),
        clip_key("Hello.", VoiceSettings(voice="x"), "1"),
        clip_key("Hello.", VoiceSettings(rate=120), "1"),
        clip_key("Hello.", VoiceSettings(pitch=70), "1"),
    }
    assert len(keys) == 6
    assert clip_key(" Hello.\n", plain, "1") in keys
    assert not any("Hello" in key for key in keys)


def test_a_new_format_finds_nothing_of_the_old(monkeypatch: pytest.MonkeyPatch) -> None:
    before = clip_key("Hello.", VoiceSettings(), "1")
    monkeypatch.setattr(cache_module, "FORMAT_VERSION", 10_000)
    assert clip_key("Hello.", VoiceSettings(), "1") != before


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:0],
        lambda data: data[:7],
        lambda data: data[:-2],
        lambda data: data + b"\0\0",
        lambda data: data[:50] + bytes([data[50] ^ 1]) + data[51:],
        lambda data: b"XXXX" + data[4:],
        lambda data: data[:4] + bytes(8),
    ],
)
def test_a_damaged_entry_is_dropped(tmp_path: Path, damage: object) -> None:
    ClipCache(tmp_path).put("k", CLIP)
    (path,) = entries(tmp_path)
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    cache = ClipCache(tmp_path)
    assert cache.get("k") is None
    assert entries(tmp_path) == []
    cache.put("k", CLIP)
    assert np.array_equal(ClipCache(tmp_path).get("k"), CLIP)  # type: ignore[arg-type]


def test_only_the_owner_can_look(tmp_path: Path) -> None:
    os.chmod(tmp_path, 0o755)
    (tmp_path / "clips").mkdir(mode=0o777)
    ClipCache(tmp_path).put("k", CLIP)
    assert stat.S_IMODE((tmp_path / "clips").stat().st_mode) == 0o700
    assert stat.S_IMODE(entries(tmp_path)[0].stat().st_mode) == 0o600
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_the_disk_is_bounded_and_the_least_recently_used_go(tmp_path: Path) -> None:
    small = ClipMemory(limit=0)
    cache = ClipCache(tmp_path, limit=20_500, memory=small)
    for index in range(10):
        cache.put(f"k{index}", CLIP)
        os.utime(tmp_path / "clips" / f"k{index}.clip", (index, index))
    assert cache.get("k0") is not None  # used: now the newest
    cache.put("k10", CLIP)
    left = {path.stem for path in entries(tmp_path)}
    assert "k0" in left
    assert "k10" in left
    assert "k1" not in left
    assert sum(path.stat().st_size for path in entries(tmp_path)) <= 20_500


def test_what_an_earlier_program_left_counts_too(tmp_path: Path) -> None:
    for index in range(10):
        ClipCache(tmp_path).put(f"k{index}", CLIP)
    ClipCache(tmp_path, limit=5_000).put("new", CLIP)
    assert sum(path.stat().st_size for path in entries(tmp_path)) <= 5_000
    assert (tmp_path / "clips" / "new.clip").exists()


def test_half_written_files_of_a_killed_program_are_cleared(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    old, young = tmp_path / "clips" / "a.part", tmp_path / "clips" / "b.part"
    old.write_bytes(b"x")
    young.write_bytes(b"x")
    os.utime(old, (1, 1))
    ClipCache(tmp_path).put("k", CLIP)
    assert not old.exists()
    assert young.exists()


def test_a_folder_that_cannot_be_made_leaves_memory_and_one_warning(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("not a folder")
    cache = ClipCache(blocker)
    for key in "ab":
        assert np.array_equal(cache.put(key, CLIP), CLIP)
        assert np.array_equal(cache.get(key), CLIP)  # type: ignore[arg-type]
        assert cache.has(key)
    assert "Not a directory" in cache.warning
    assert "VOICE_COACH_CACHE" in cache.warning
    assert cache.warning.count(".") <= 3 + str(blocker).count(".")


def test_a_read_only_folder_leaves_memory_and_one_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root may write everywhere, so the refusal is made by hand.
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    cache = ClipCache(tmp_path)
    cache.put("k", CLIP)
    assert np.array_equal(cache.get("k"), CLIP)  # type: ignore[arg-type]
    assert "Permission denied" in cache.warning


def test_a_full_disk_leaves_memory_one_warning_and_no_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fdopen

    def full(descriptor: int, mode: str) -> object:
        file = real(descriptor, mode, buffering=0)
        file.write(b"half")
        file.close()
        raise OSError(errno.ENOSPC, "No space left on device")

    cache = ClipCache(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr("os.fdopen", full)
        cache.put("k", CLIP)
    assert np.array_equal(cache.get("k"), CLIP)  # type: ignore[arg-type]
    assert "No space left on device" in cache.warning
    assert entries(tmp_path) == []
    # Room again: the next clip is kept.
    cache.put("l", CLIP)
    assert [path.stem for path in entries(tmp_path)] == ["l"]


def test_many_writers_of_one_clip_leave_one_whole_entry(tmp_path: Path) -> None:
    caches = [ClipCache(tmp_path) for _ in range(4)]
    threads = [
        threading.Thread(target=lambda cache=cache: [cache.put("k", CLIP) for _ in range(20)])
        for cache in caches
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(entries(tmp_path)) == 1
    assert np.array_equal(ClipCache(tmp_path).get("k"), CLIP)  # type: ignore[arg-type]
    assert [cache.warning for cache in caches] == [""] * 4


def test_the_environment_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICE_COACH_CACHE", str(tmp_path))
    assert default_folder() == tmp_path
    monkeypatch.delenv("VOICE_COACH_CACHE")
    assert "voice-coach" in str(default_folder())
