"""Archives that are broken, and archives that mean harm."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import random
import shutil
import stat
import struct
import warnings
import zipfile
from pathlib import Path

import pytest

from tests.store.conftest import zipped
from voice_coach.errors import CoachError, OutputError, StoreError
from voice_coach.store.unpack import Limits, unpack

FILES = {
    "vosk/am/final.mdl": b"model" * 1000,
    "vosk/conf/mfcc.conf": b"--x=1\n",
    "vosk/README": b"",
}


def unpacked(folder: Path, data: bytes, limits: Limits | None = None) -> Path:
    """Unpack ``data`` in ``folder``, and make sure that nothing ends up anywhere else."""
    place = folder / "place"
    place.mkdir()
    (place / "model.zip").write_bytes(data)
    before = {path for path in folder.rglob("*")}
    try:
        return unpack(place / "model.zip", place / "out", *([limits] if limits else []))
    finally:
        new = {path for path in folder.rglob("*")} - before
        assert all((place / "out") in (path, *path.parents) for path in new)


def entry(name: str, mode: int = 0, **changes: int) -> bytes:
    """An archive with one good file and this entry."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("vosk/good", b"good")
        info = zipfile.ZipInfo("x" * len(name))
        info.external_attr = mode << 16
        for field, value in changes.items():
            setattr(info, field, value)
        archive.writestr(info, b"harm")
    # Under the name that zipfile would tidy up if it could.
    return buffer.getvalue().replace(b"x" * len(name), name.encode("latin-1"))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_good_archive(tmp_path: Path, method: int) -> None:
    folder = unpacked(tmp_path, zipped(FILES, method))
    assert folder == tmp_path / "place" / "out" / "vosk"
    found = {f"vosk/{p.relative_to(folder)}": p.read_bytes() for p in folder.rglob("*.*")}
    assert found == {name: data for name, data in FILES.items() if "." in name}


def test_one_without_a_top_folder(tmp_path: Path) -> None:
    folder = unpacked(tmp_path, zipped({"am/final.mdl": b"x", "README": b"y"}))
    assert (folder / "am" / "final.mdl").read_bytes() == b"x"


def test_one_with_entries_for_its_folders(tmp_path: Path) -> None:
    folder = unpacked(tmp_path, zipped({"vosk/": b"", "vosk/am/": b"", "vosk/am/x": b"x"}))
    assert (folder / "am" / "x").read_bytes() == b"x"


@pytest.mark.parametrize(
    "name",
    ["../out-of-it", "vosk/../../out-of-it", "/tmp/absolute", "..", "C:/windows", "C:windows",
     "vosk\\..\\..\\out", "vosk/a\0b", "vosk//x", "vosk/./x", "vosk/x\n", "vosk/x.", "vosk/x ",
     "vosk/file:stream"],
)  # fmt: skip
def test_a_name_that_leads_elsewhere(tmp_path: Path, name: str) -> None:
    with pytest.raises(StoreError, match="could be written anywhere"):
        unpacked(tmp_path, entry(name))


@pytest.mark.parametrize(
    ("mode", "says"),
    [(stat.S_IFLNK | 0o777, "has a link"), (stat.S_IFIFO | 0o666, "that is no file"),
     (stat.S_IFCHR | 0o666, "that is no file")],
)  # fmt: skip
def test_what_is_no_file(tmp_path: Path, mode: int, says: str) -> None:
    with pytest.raises(StoreError, match=says):
        unpacked(tmp_path, entry("vosk/link", mode))


@pytest.mark.parametrize(
    "names", [("v/a", "v/a"), ("v/a", "v/A"), ("v/\u00e9", "v/e\u0301"), ("v/a", "v/a/b")]
)
def test_two_entries_for_one_place(tmp_path: Path, names: tuple[str, str]) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile's own, that the name is there already
        for name in names:
            archive.writestr(name, b"x")
    with pytest.raises(StoreError, match=r"twice|as a file and as a folder"):
        unpacked(tmp_path, buffer.getvalue())


def test_an_encrypted_archive(tmp_path: Path) -> None:
    data = bytearray(zipped({"vosk/x": b"x"}))
    at = data.find(b"PK\x01\x02")
    data[at + 8] |= 1
    with pytest.raises(StoreError, match="encrypted"):
        unpacked(tmp_path, bytes(data))


def test_a_compression_that_needs_unbounded_memory(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="compressed in a way"):
        unpacked(tmp_path, zipped(FILES, zipfile.ZIP_LZMA))


def test_a_bomb_that_says_so(tmp_path: Path) -> None:
    bomb = zipped({"vosk/x": bytes(10_000_000)}, zipfile.ZIP_DEFLATED)
    assert len(bomb) < 20_000
    with pytest.raises(StoreError, match="would take 10 MB unpacked"):
        unpacked(tmp_path, bomb, Limits(size=9_999_999))
    assert not (tmp_path / "place" / "out").exists()


@pytest.mark.parametrize("said", [10, 9_000_000, 11_000_000])
def test_a_bomb_that_lies(tmp_path: Path, said: int) -> None:
    bomb = bytearray(zipped({"vosk/x": bytes(10_000_000)}, zipfile.ZIP_DEFLATED))
    for mark, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        struct.pack_into("<I", bomb, bomb.find(mark) + offset, said)
    with pytest.raises(StoreError, match=r"is damaged|has others"):
        unpacked(tmp_path, bytes(bomb))
    written = tmp_path / "place" / "out" / "vosk" / "x"
    assert written.stat().st_size <= min(said, 10_000_000)


def test_too_many_files(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="holds 11 files"):
        unpacked(tmp_path, zipped({f"v/{n}": b"" for n in range(11)}), Limits(files=10))


@pytest.mark.parametrize("data", [b"", b"<html>Not found</html>", zipped(FILES)[:-30], zipped({})])
def test_what_is_no_archive(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(StoreError, match=r"is damaged|is empty"):
        unpacked(tmp_path, data)


def test_a_file_whose_checksum_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"is damaged.*CRC"):
        unpacked(tmp_path, zipped(FILES).replace(b"modelmodel", b"modelMODEL", 1))


def test_no_damage_gets_further_than_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is wrong in whichever byte: it is the same archive, or it is refused."""
    monkeypatch.setattr("os.fsync", lambda _: None)  # the slowest part by far
    good = zipped({"v/a": b"text " * 20, "v/b": b"other"}, zipfile.ZIP_DEFLATED)
    chance = random.Random(1)
    for number in range(1000):
        data = bytearray(good)
        for _ in range(chance.choice((1, 1, 1, 4))):
            data[chance.randrange(len(data))] = chance.randrange(256)
        place = tmp_path / str(number)
        place.mkdir()
        with contextlib.suppress(CoachError):
            unpacked(place, bytes(data))
        shutil.rmtree(place)


def test_a_disk_with_no_room_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    with pytest.raises(OutputError, match="free some space"):
        unpacked(tmp_path, zipped(FILES))


def test_a_disk_that_fills_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OutputError, match="is full; free some space"):
        unpacked(tmp_path, zipped(FILES))


def test_everything_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = set()
    real = os.fsync

    def noting(descriptor: int) -> None:
        synced.add(os.fstat(descriptor).st_ino)
        real(descriptor)

    monkeypatch.setattr("os.fsync", noting)
    folder = unpacked(tmp_path, zipped(FILES))
    places = [folder.parent, folder, *folder.rglob("*")]
    assert {place.stat().st_ino for place in places} <= synced
