"""The daily reminder: set, looked up, taken back; and the note that says that it is due.

The hour stands in a small file in the state folder; the system's own timer does the waking. When
the hour comes and another coach has the microphone, as the service does, a note is left for it.
"""

from __future__ import annotations

import os
import sys
import time as clock_time
from contextlib import suppress
from datetime import datetime, time
from pathlib import Path
from typing import Final

import msgspec

from voice_coach.errors import CoachError, OutputError, ServiceError
from voice_coach.places import private_folder, state_folder
from voice_coach.routine.content import clock
from voice_coach.service import manager

_HOUR: Final = "reminder.json"
_DUE: Final = "reminder.due"

FRESH: Final = 600.0
"""Seconds for which a note counts: whoever was in a cramp at that hour is not asked to stretch."""


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    """What the file holds."""

    at: str
    """HH:MM."""


def hour() -> time | None:
    """The time of the reminder; None when there is none."""
    try:
        return clock(msgspec.json.decode(_path(_HOUR).read_bytes(), type=_Entry).at)
    except (OSError, ValueError, msgspec.MsgspecError):
        return None


def choose(at: time) -> None:
    """Remind every day at that time, instead of any other. Raises ServiceError, OutputError."""
    before = hour()
    if before is not None and before != at:
        manager.uninstall(manager.this_reminder(before))
    unit = manager.this_reminder(at)
    try:
        manager.install(unit)
    except (ServiceError, OutputError):
        with suppress(ServiceError, OutputError):
            manager.uninstall(unit)  # no file that promises what nobody does
        _remove(_HOUR)
        raise
    _write(_HOUR, msgspec.json.encode(_Entry(f"{at:%H:%M}")))


def set_or_not(at: time | None) -> bool:
    """As asked by voice: set, or taken back for None; whether it was done. Why not is said on
    stderr."""
    try:
        if at is None:
            take_back()
        else:
            choose(at)
    except CoachError as error:
        print(f"voice-coach: {error}", file=sys.stderr, flush=True)
        return False
    return True


def take_back() -> bool:
    """No reminder any more; whether there was one. Raises ServiceError, OutputError."""
    at = hour()
    there = manager.uninstall(manager.this_reminder(at or time(20)))
    _remove(_HOUR)
    return there or at is not None


# -- the note -------------------------------------------------------------------------------------


def leave_note() -> None:
    """Tell the coach that has the microphone. Raises OutputError."""
    _write(_DUE, datetime.now().astimezone().isoformat().encode())


def note_taken() -> bool:
    """Whether a fresh note was there; it is gone afterwards, fresh or not."""
    path = _path(_DUE)
    try:
        age = clock_time.time() - path.stat().st_mtime
        path.unlink()
    except OSError:
        return False
    return -FRESH <= age <= FRESH


def _path(name: str) -> Path:
    return state_folder() / name


def _write(name: str, data: bytes) -> None:
    path = _path(name)
    part = path.with_suffix(".part")
    try:
        private_folder(path.parent)
        with os.fdopen(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
        os.replace(part, path)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written ({error.strerror or error}); check its folder's permissions."
        ) from None


def _remove(name: str) -> None:
    with suppress(OSError):
        _path(name).unlink(missing_ok=True)
