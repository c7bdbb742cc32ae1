"""A person's own voice on disk: only when they ask for it, for them alone, erased in one go."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import NoReturn

import platformdirs

from voice_coach.audio import wav
from voice_coach.audio.port import Samples
from voice_coach.errors import OutputError


def default_folder() -> Path:
    """Where recordings are kept on this platform."""
    return platformdirs.user_data_path("voice-coach", appauthor=False) / "practice"


class Recordings:
    """The recordings of one practice, in a folder of their own (mode 0700, files 0600)."""

    def __init__(self, when: datetime, folder: Path | None = None) -> None:
        """Makes the folder at once: a disk that cannot be written is known before anybody speaks.

        Raises OutputError.
        """
        root = folder or default_folder()
        self.count = 0
        try:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.chmod(root, 0o700)  # it may be older than this rule
            self.folder = _new(root, f"{when:%Y-%m-%d-%H%M%S}")
        except OSError as error:
            raise OutputError(
                f"Recordings cannot be kept in {root} ({error.strerror or error}); free some space "
                f"there, or practise without --keep."
            ) from None

    def add(self, phrase: str, samples: Samples) -> None:
        """Keep one attempt, mono int16. Raises OutputError."""
        self.count += 1
        name = re.sub(r"[^a-z]+", "-", phrase.lower().replace("'", "")).strip("-")
        path = self.folder / f"{self.count:03d}-{name}.wav"
        wav.save(path, samples)
        try:
            path.chmod(0o600)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise OutputError(
                f"{path} cannot be made private ({error.strerror}); practise without --keep."
            ) from None


def erase(folder: Path | None = None) -> int:
    """Remove every recording of every practice; how many there were. None at all is no error.

    What somebody else has put into the folder stays. Raises OutputError.
    """
    root = folder or default_folder()
    count = 0
    try:
        for practice in _folders(root):
            count += _clear(practice)
        _remove_if_empty(root)
    except OSError as error:
        _cannot_erase(root, error)
    return count


def expire(days: int, now: datetime, folder: Path | None = None) -> int:
    """Remove the recordings of practices more than ``days`` ago; how many there were.

    Never raises: what cannot be removed today is tried again the next time.
    """
    root = folder or default_folder()
    count = 0
    with suppress(OSError):
        for practice in _folders(root):
            when = _when(practice.name)
            if when is not None and now - when > timedelta(days=days):
                count += _clear(practice)
    return count


def _when(name: str) -> datetime | None:
    """When the practice was that a folder is named after; None for another folder."""
    try:
        return datetime.strptime(name[:17], "%Y-%m-%d-%H%M%S")
    except ValueError:
        return None


def _clear(practice: Path) -> int:
    """Remove the recordings in a folder, and the folder if nothing else is in it; how many."""
    count = 0
    for path in sorted(practice.iterdir()):
        # A recording cut off in the middle of its writing has a name of its own.
        if path.suffix == ".wav" or re.match(r"\..*\.wav\.", path.name):
            path.unlink()
            count += path.suffix == ".wav"
    _remove_if_empty(practice)
    return count


def _new(root: Path, name: str) -> Path:
    """A folder that was not there before, so that nothing is written over."""
    for n in itertools.count(1):
        folder = root / (name if n == 1 else f"{name}-{n}")
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            return folder
    raise AssertionError("numbers do not end")


def _folders(root: Path) -> Iterator[Path]:
    if root.is_dir():
        for path in sorted(root.iterdir()):
            if path.is_dir() and not path.is_symlink():
                yield path


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _cannot_erase(root: Path, error: OSError) -> NoReturn:
    raise OutputError(
        f"Not all recordings in {root} could be erased ({error.strerror or error}); remove that "
        f"folder yourself."
    ) from None
