"""Unpacking an archive that may be broken, or made to do harm.

Everything an archive says about itself is looked at before the first byte is written, and what
then comes out must be what it said.
"""

from __future__ import annotations

import os
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from voice_coach.errors import StoreError
from voice_coach.store.disk import check_room, sync_folder, writing


@dataclass(frozen=True)
class Limits:
    """How much an archive may hold."""

    files: int = 2_000
    size: int = 1_500_000_000
    """Bytes of all files, unpacked."""


LIMITS: Final = Limits()

_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DAMAGE: Final = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, OverflowError,
    ValueError, OSError,
)  # fmt: skip
_ENCRYPTED: Final = 0x1
_BLOCK: Final = 1 << 20


class _Refused(Exception):
    """Says what is wrong with the archive, as the end of a sentence that begins with it."""


@dataclass(frozen=True)
class _Member:
    """A file of the archive, and where it goes."""

    info: zipfile.ZipInfo
    path: PurePosixPath


def unpack(archive: Path, folder: Path, limits: Limits = LIMITS) -> Path:
    """Unpack into ``folder``, which must not exist; returns the folder that holds the model.

    That is the archive's only top folder, or ``folder`` itself. Every file and name is on the
    disk when this returns. Raises StoreError and OutputError; ``folder`` may then be incomplete.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = _plan(opened, limits)
            check_room(archive.parent, sum(member.info.file_size for member in members))
            _extract(opened, members, folder)
    except _Refused as refused:
        raise StoreError(f"The archive {archive.name} {refused}; nothing was installed.") from None
    # An archive that is damaged can fail in any of these ways.
    except _DAMAGE as error:
        raise StoreError(
            f"The archive {archive.name} is damaged ({error}); nothing was installed."
        ) from error
    tops = {member.path.parts[0] for member in members}
    inner = len(tops) == 1 and all(len(member.path.parts) > 1 for member in members)
    return folder / tops.pop() if inner else folder


def _plan(archive: zipfile.ZipFile, limits: Limits) -> list[_Member]:
    """The files to write, after a look at every entry."""
    infos = archive.infolist()
    if len(infos) > limits.files:
        raise _Refused(f"holds {len(infos)} files, more than any model")
    total = sum(info.file_size for info in infos)
    if total > limits.size:
        raise _Refused(f"would take {total / 1e6:.0f} MB unpacked, more than any model")
    members: list[_Member] = []
    folders: set[str] = set()
    taken: set[str] = set()
    for info in infos:
        path = _safe_path(info)
        _check_kind(info)
        folders.update(_key(parent) for parent in path.parents)
        if info.is_dir():
            folders.add(_key(path))
            continue
        if _key(path) in taken:
            raise _Refused(f"holds {info.orig_filename!r} twice")
        taken.add(_key(path))
        members.append(_Member(info, path))
    if taken & folders:
        raise _Refused(f"holds {min(taken & folders)!r} as a file and as a folder")
    if not members:
        raise _Refused("is empty")
    return members


def _safe_path(info: zipfile.ZipInfo) -> PurePosixPath:
    """Where an entry belongs, below the folder whatever the system makes of its name."""
    # The name as it stands in the archive: zipfile's own has been tidied up already. A part that
    # ends in a dot or a space is another name on Windows, and ".." is everywhere.
    name = info.orig_filename
    parts = name.rstrip("/").split("/")
    strange = any(c in '\\:*?"<>|' or not c.isprintable() for c in name)
    if strange or any(part == "" or part[-1] in " ." for part in parts):
        raise _Refused(f"has an entry named {name!r}, which could be written anywhere")
    return PurePosixPath(*parts)


def _check_kind(info: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        raise _Refused(f"has a link in it ({info.orig_filename!r})")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _Refused(f"has something in it that is no file ({info.orig_filename!r})")
    if info.flag_bits & _ENCRYPTED:
        raise _Refused("is encrypted")
    if info.compress_type not in _METHODS:
        raise _Refused("is compressed in a way that no model is")


def _key(path: PurePosixPath) -> str:
    """The same for names that some file system takes for the same."""
    return unicodedata.normalize("NFC", str(path)).casefold()


def _extract(archive: zipfile.ZipFile, members: list[_Member], folder: Path) -> None:
    folders = {folder}
    with writing(folder):
        folder.mkdir()
    for member in members:
        target = folder / member.path
        with writing(folder):
            target.parent.mkdir(parents=True, exist_ok=True)
        folders.update(folder / parent for parent in member.path.parents)
        _write(archive, member, target)
    with writing(folder):
        for made in folders:
            sync_folder(made)


def _write(archive: zipfile.ZipFile, member: _Member, target: Path) -> None:
    written = 0
    with writing(target.parent), target.open("xb") as file:
        for block in _content(archive, member.info):
            written += len(block)
            if written > member.info.file_size:
                break
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    if written != member.info.file_size:
        raise _Refused(f"says {member.info.file_size} bytes of {member.path.name!r} and has others")


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    try:
        with archive.open(info) as source:
            while block := source.read(_BLOCK):
                yield block
    except OSError as error:
        # Such as for a place before the file's beginning; not to be taken for a failing write.
        raise zipfile.BadZipFile(error.strerror or str(error)) from error
