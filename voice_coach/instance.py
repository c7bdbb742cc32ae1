"""One coach at a time has the microphone: two would hear the same call and talk over each other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import filelock

from voice_coach.errors import BusyError
from voice_coach.places import private_folder, state_folder

_LOCK: Final = "microphone.lock"
_HOLDER: Final = "microphone.pid"


@contextmanager
def microphone_taken() -> Iterator[None]:
    """Hold the microphone for the length of the block; the system lets go when a process dies.

    Raises BusyError, which names the process that has it. Where no lock can be kept, on a disk
    that cannot be written, nobody is refused: a coach too many is better than none.
    """
    try:
        folder = private_folder(state_folder())
        lock = filelock.FileLock(folder / _LOCK, timeout=0, mode=0o600)
        lock.acquire()
    except filelock.Timeout:
        raise _busy(holder()) from None
    except (OSError, NotImplementedError):
        yield
        return
    with suppress(OSError):
        _note(folder / _HOLDER)
    try:
        yield
    finally:
        with suppress(OSError):
            (folder / _HOLDER).unlink(missing_ok=True)
        lock.release()


def holder() -> int | None:
    """The process that has the microphone, as it said itself; None when none says so."""
    try:
        return int((state_folder() / _HOLDER).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _note(path: Path) -> None:
    with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
        file.write(f"{os.getpid()}\n")


def _busy(pid: int | None) -> BusyError:
    who = f"process {pid}" if pid is not None else "another process"
    stop = f"end it (kill {pid})" if pid is not None else "end it"
    return BusyError(
        f"A coach is listening already ({who}) and has the microphone; {stop}, "
        f"or `voice-coach service status` if it is the service."
    )
