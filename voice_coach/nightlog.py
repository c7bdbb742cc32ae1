"""What happened in the nights, for whoever looks for a fault: ids, states and times, never words.

One JSON object a line, in files that are bounded and that nobody else can read.
"""

from __future__ import annotations

import json
import logging
import os
from contextlib import suppress
from datetime import datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from voice_coach.eventlog import Record
from voice_coach.places import private_folder, state_folder

SIZE: Final = 256 * 1024
"""Bytes of a file; a session takes about 10 KB."""

FILES: Final = 4

_KEPT: Final[dict[str, tuple[str, ...]]] = {
    "state": ("step", "phase"),
    "say": ("prompt", "interrupted"),
    "heard": ("accepted", "confidence"),
    "timer": ("timer",),
    "advice": ("level", "reason"),
    "fault": ("what",),
    "end": ("outcome",),
}
"""The fields that are written, by type of record: what is not named here is not written."""


def log_file() -> Path:
    """The newest of the files; the older ones end in .1, .2, ..."""
    return state_folder() / "night.jsonl"


def tail(lines: int) -> list[str]:
    """The newest lines of all the files, oldest first."""
    found: list[str] = []
    newest = log_file()
    for path in (newest, *(Path(f"{newest}.{n}") for n in range(1, FILES))):
        with suppress(OSError):
            found = path.read_text(encoding="utf-8", errors="replace").splitlines() + found
        if len(found) >= lines:
            break
    return found[-lines:]


class NightLog:
    """Writes the records that it watches. A context manager; no disk can make it fail."""

    def __init__(self, on: bool = True, path: Path | None = None, size: int = SIZE) -> None:
        self._handler: _Private | None = None
        if on:
            path = log_file() if path is None else path
            with suppress(OSError):  # then there is no log; the coach matters more
                private_folder(path.parent)
                self._handler = _Private(
                    path, maxBytes=size, backupCount=FILES - 1, encoding="utf-8"
                )

    def watch(self, record: Record) -> None:
        """Keep what may be kept of a record."""
        fields = _KEPT.get(record["type"])
        if fields is not None:
            kept = {name: record[name] for name in fields if name in record}
            self._write(record["type"], {"t": record["t"], **kept})

    def note(self, kind: str, /, **fields: Any) -> None:
        """Something that is no part of a conversation: the program starts, stops, crashes."""
        self._write(kind, {"pid": os.getpid(), **fields})

    def close(self) -> None:
        """May be called twice."""
        if self._handler is not None:
            with suppress(OSError):  # the last lines found no room
                self._handler.close()
            self._handler = None

    def _write(self, kind: str, fields: dict[str, Any]) -> None:
        if self._handler is None:
            return
        time = datetime.now().astimezone().isoformat(timespec="milliseconds")
        line = json.dumps({"time": time, "type": kind, **fields})
        self._handler.handle(logging.makeLogRecord({"msg": line}))

    def __enter__(self) -> NightLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _Private(RotatingFileHandler):
    """Rotating files with mode 0600, which are silent about a full disk."""

    def _open(self) -> TextIOWrapper:
        def opener(path: str, flags: int) -> int:
            return os.open(path, flags, 0o600)

        file = open(self.baseFilename, self.mode, encoding=self.encoding, opener=opener)  # noqa: SIM115
        assert isinstance(file, TextIOWrapper)
        return file

    def handleError(self, record: logging.LogRecord) -> None:
        """A line is lost. Nothing may be printed at three in the morning for that."""
