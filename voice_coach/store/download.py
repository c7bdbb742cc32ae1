"""Fetching an archive, in as many goes as it takes.

What has arrived stays in a ``.part`` file, and a record beside it says what it is a part of. The
next go asks for the rest alone, and starts over whenever the rest would be of something else.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from voice_coach.errors import StoreError
from voice_coach.store.disk import check_room, writing
from voice_coach.store.index import Offer
from voice_coach.store.web import Answer, ConnectionLost, ask

Progress = Callable[[Offer, int], AbstractContextManager[Callable[[int], object]]]
"""Opened with how many bytes are there already; then called with how many have come since."""

_ROOM: Final = 3
"""Disk space for a model while it is installed: its archive, and about twice that unpacked."""

_RANGE: Final = re.compile(r"bytes (\d+)-\d+/(\d+)")
_BLOCK: Final = 1 << 20


@dataclass(frozen=True)
class Archive:
    """A whole download, its size and checksum as the list says."""

    path: Path
    sha256: str


@dataclass(frozen=True)
class _Identity:
    """What a part file is a part of."""

    url: str
    size: int
    md5: str
    etag: str = ""
    modified: str = ""
    """As the server gave them; empty if it gave none."""

    @property
    def validator(self) -> str:
        """What a server accepts as If-Range; empty if there is none. A weak tag is none."""
        return self.modified if not self.etag or self.etag.startswith("W/") else self.etag

    def agrees(self, headers: Mapping[str, str]) -> bool:
        """Whether an answer can be about the same file, as far as its headers tell."""
        tag, modified = headers.get("ETag", self.etag), headers.get("Last-Modified", self.modified)
        return (not self.etag or tag == self.etag) and (
            not self.modified or modified == self.modified
        )


class _Stale(Exception):
    """What the server has now is not what the part file is a part of."""


class PartFile:
    """The unfinished download of one offer. Its methods raise OSError."""

    def __init__(self, folder: Path, offer: Offer) -> None:
        self.path = folder / f"{offer.name}.zip.part"
        self._record = folder / f"{offer.name}.json"
        self._offer = offer

    def kept(self) -> tuple[int, _Identity]:
        """How many bytes are there, and of what; none of another file than the offered one."""
        offered = _Identity(self._offer.url, self._offer.size, self._offer.md5)
        try:
            known = _Identity(**json.loads(self._record.read_text(encoding="utf-8")))
            size = self.path.stat().st_size
        except (OSError, ValueError, TypeError):
            return 0, offered
        same = (known.url, known.size, known.md5) == (offered.url, offered.size, offered.md5)
        return (size, known) if same and size <= known.size else (0, offered)

    def begin(self, headers: Mapping[str, str]) -> None:
        """Start over, with the file that the server describes so."""
        self.discard()
        offer, tag, modified = self._offer, headers.get("ETag"), headers.get("Last-Modified")
        identity = _Identity(offer.url, offer.size, offer.md5, tag or "", modified or "")
        draft = self._record.with_suffix(".json.new")
        draft.write_text(json.dumps(asdict(identity)), encoding="utf-8")
        os.replace(draft, self._record)

    def discard(self) -> None:
        """Leave nothing behind."""
        self.path.unlink(missing_ok=True)
        self._record.unlink(missing_ok=True)

    def sha256(self) -> str | None:
        """Its SHA-256; None if size or MD5 are not the offered ones."""
        md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
        with self.path.open("rb") as file:
            while block := file.read(_BLOCK):
                md5.update(block)
                sha256.update(block)
            size = file.tell()
        same = (size, md5.hexdigest()) == (self._offer.size, self._offer.md5)
        return sha256.hexdigest() if same else None


def silent(_: Offer, __: int) -> AbstractContextManager[Callable[[int], object]]:
    """No progress shown."""
    return nullcontext(lambda _: None)


def download(offer: Offer, index_url: str, folder: Path, progress: Progress = silent) -> Archive:
    """Fetch what is missing of ``offer``, named by ``index_url``, into ``folder``.

    Raises StoreError, after which another call goes on where this one stopped, and OutputError.
    """
    part = PartFile(folder, offer)
    for _ in range(2):
        with writing(folder):
            kept, identity = part.kept()
        try:
            if kept < offer.size:
                kept = _transfer(part, offer, index_url, (kept, identity), progress)
        except _Stale:
            with writing(folder):
                part.discard()
            continue
        with writing(folder):
            sha256 = part.sha256()
            if sha256 is not None:
                return Archive(part.path, sha256)
            part.discard()
        if kept == 0:
            break  # all of it came just now, so it would be the same again
    raise StoreError(
        f"The archive of {offer.name} has not the checksum that {index_url} gives; nothing was "
        f"installed. Try again later."
    )


def _transfer(
    part: PartFile,
    offer: Offer,
    index_url: str,
    had: tuple[int, _Identity],
    progress: Progress,
) -> int:
    """Fetch the rest; returns how many of the bytes that were there could be kept.

    Raises StoreError, OutputError, and _Stale when it is better to start over.
    """
    kept, identity = had
    check_room(part.path.parent, _ROOM * offer.size - kept)
    headers = {"Range": f"bytes={kept}-"} if kept else {}
    if kept and identity.validator:
        headers["If-Range"] = identity.validator
    with ask(offer.url, index_url, headers) as answer:
        if answer.status == 200:
            # The server sends all of it: it was asked to, or it knows no ranges, or the file
            # has changed.
            _check_length(answer, offer)
            kept = 0
            with writing(part.path.parent):
                part.begin(answer.headers)
        elif not kept:
            raise StoreError(
                f"{offer.url} answers with a piece of a file when asked for all of it; "
                f"try again later."
            )
        elif not _continues(answer, kept, offer) or not identity.agrees(answer.headers):
            raise _Stale
        with progress(offer, kept) as advance:
            _append(part.path, answer, offer, kept, advance)
    return kept


def _check_length(answer: Answer, offer: Offer) -> None:
    if answer.length not in (None, offer.size):
        raise StoreError(
            f"The archive of {offer.name} has {answer.length} bytes and not the {offer.size} of "
            f"the list; the list or the archive is out of date. Try again later."
        )


def _continues(answer: Answer, kept: int, offer: Offer) -> bool:
    """Whether the answer is exactly the rest that was asked for."""
    match = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
    return (
        answer.status == 206
        and match is not None
        and (int(match[1]), int(match[2])) == (kept, offer.size)
    )


def _append(
    path: Path, answer: Answer, offer: Offer, kept: int, advance: Callable[[int], object]
) -> None:
    """Write the body behind what is there. Raises StoreError and OutputError."""
    done, reason = kept, "the connection was closed"
    # The file's own errors become OutputError here, so that only the connection's are left.
    with writing(path.parent), path.open("ab") as file:
        try:
            for chunk in answer.chunks():
                done += len(chunk)
                if done > offer.size:
                    break
                file.write(chunk)
                advance(len(chunk))
        except ConnectionLost as error:
            reason = str(error)
        file.flush()
        os.fsync(file.fileno())
    if done > offer.size:
        with writing(path.parent):
            path.unlink()
        raise StoreError(
            f"{answer.url} sends more than the {offer.size} bytes that the list gives for "
            f"{offer.name}; nothing was installed. Try again later."
        )
    if done < offer.size:
        raise StoreError(
            f"The download of {offer.name} stopped at {done / 1e6:.1f} of {offer.size / 1e6:.1f} "
            f"MB ({reason}); run the same command again and it goes on from there."
        )
