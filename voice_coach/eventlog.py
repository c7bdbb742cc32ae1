"""What happened, one record at a time: for the log file, the transcript, the rehearsal's person.

Records are plain dictionaries with "t" (seconds since the call) and "type". The log file holds the
types named in ``WRITTEN``, one JSON object a line; everything else is for live observers only.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TextIO

from voice_coach.errors import OutputError

Record = dict[str, Any]
Observer = Callable[[Record], None]

WRITTEN: Final = ("state", "say", "heard", "timer", "cue", "advice", "end", "fault", "floor")


class EventLog:
    """Hands each record to its observers, and to a file when there is one."""

    def __init__(self, path: Path | None = None) -> None:
        """Raises OutputError when ``path`` cannot be written."""
        self._observers: list[Observer] = []
        self._file: TextIO | None = None
        self._path = path
        if path is not None:
            try:
                self._file = path.open("w", encoding="utf-8")
            except OSError as error:
                raise _unwritable(path, error) from None

    def watch(self, observer: Observer) -> None:
        """Call ``observer`` with every record from now on."""
        self._observers.append(observer)

    def add(self, t: float, kind: str, **fields: Any) -> None:
        """Record something that happened ``t`` seconds after the call. Raises OutputError."""
        record: Record = {"t": round(t, 3), "type": kind}
        record.update({k: round(v, 3) if isinstance(v, float) else v for k, v in fields.items()})
        if self._file is not None and kind in WRITTEN:
            try:
                self._file.write(json.dumps(record, ensure_ascii=False) + "\n")
                self._file.flush()
            except OSError as error:
                raise _unwritable(self._path, error) from None
        for observer in self._observers:
            observer(record)

    def close(self) -> None:
        """Raises OutputError when the last records do not fit on the disk."""
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError as error:
                raise _unwritable(self._path, error) from None


def _unwritable(path: Path | None, error: OSError) -> OutputError:
    return OutputError(
        f"The event log {path} cannot be written ({error.strerror}); choose another place."
    )
