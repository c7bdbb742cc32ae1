"""Writing that survives a power cut, and the sentence for a disk that is full."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from voice_coach.errors import OutputError


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turns an OSError into an OutputError that names ``folder``."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OutputError(
                f"The disk that holds {folder} is full; free some space and run it again."
            ) from error
        raise OutputError(
            f"{folder} cannot be written ({error.strerror or error}); "
            f"check its permissions and run it again."
        ) from error


def check_room(folder: Path, needed: int) -> None:
    """Raises OutputError unless ``needed`` bytes fit on the disk that holds ``folder``."""
    with writing(folder):
        free = shutil.disk_usage(folder).free
    if free < needed:
        raise OutputError(
            f"The model needs {needed / 1e6:.0f} MB of the disk that holds {folder}, and only "
            f"{free / 1e6:.0f} MB are free; free some space and run it again."
        )


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` as durable as the files. Raises OSError."""
    if sys.platform == "win32":
        return  # a folder cannot be opened there
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def delete(path: Path) -> None:
    """A file, a link or a whole folder; nothing if it is not there. Raises OSError."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
