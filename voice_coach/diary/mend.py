"""A damaged diary: set aside under a name of its own, and read as far as it can be read."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from voice_coach.diary.episode import Episode, checked
from voice_coach.diary.row import COLUMNS, STRETCH, SUMMARY, episode_of, stretch_of
from voice_coach.diary.stretching import Stretching
from voice_coach.diary.stretching import checked as checked_stretch

_PARTS: Final = ("", "-wal", "-shm")
"""A SQLite file and its log, which belong together."""

_MOST: Final = 1_000_000
"""Numbers that are tried one by one, at most: a damaged page can claim any."""

_LONGEST: Final = 2**32
"""Bytes of a diary that was cut short, at most: a damaged header can claim any."""


@dataclass(frozen=True)
class Mended:
    """What was done about a damaged file."""

    path: Path
    """Where the damaged file lies now, untouched."""
    episodes: tuple[tuple[int, Episode], ...]
    """What could be read, with the numbers; in the order of the numbers."""
    lost: int
    """Episodes that certainly were there and cannot be read. There may have been others."""
    stretchings: tuple[Stretching, ...] = ()
    """Daily stretches that could be read."""

    def __str__(self) -> str:
        saved = len(self.episodes)
        lost = f", {self.lost} cannot be read" if self.lost else ""
        return (
            f"The diary was damaged: {saved} episode{'' if saved == 1 else 's'} saved{lost}. "
            f"The damaged file is {self.path}."
        )


def mend(path: Path) -> Mended:
    """Set the file aside and read what can be read. Raises OSError."""
    aside = _free(path.with_name(f"{path.name}.damaged-{datetime.now():%Y%m%d-%H%M%S}"))
    for part in _PARTS:
        with suppress(FileNotFoundError):
            Path(f"{path}{part}").rename(f"{aside}{part}")
    # Read from a copy: SQLite would write the log into the file that is to stay as it was.
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".mending-") as folder:
        copy = Path(folder, path.name)
        for part in _PARTS:
            with suppress(FileNotFoundError):
                shutil.copyfile(f"{aside}{part}", f"{copy}{part}")
        _lengthen(copy)
        episodes, lost = _salvaged(copy)
        stretchings = _stretchings(copy)
    return Mended(aside, episodes, lost, stretchings)


def _free(path: Path) -> Path:
    n, free = 1, path
    while free.exists():
        n += 1
        free = path.with_name(f"{path.name}-{n}")
    return free


def _lengthen(path: Path) -> None:
    """Give a file that was cut short its old length: SQLite reads nothing at all of a shorter one.

    https://www.sqlite.org/fileformat2.html: the page's size in bytes 16 and 17 (1 means 65,536),
    the number of pages in bytes 28 to 31.
    """
    with path.open("r+b") as file:
        header = file.read(32)
        size = int.from_bytes(header[16:18], "big")
        length = (65_536 if size == 1 else size) * int.from_bytes(header[28:32], "big")
        if path.stat().st_size < length <= _LONGEST:
            file.truncate(length)


def _salvaged(path: Path) -> tuple[tuple[tuple[int, Episode], ...], int]:
    saved: dict[int, Episode] = {}
    lost = 0
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = lambda data: data.decode(errors="replace")
        sure, possible = _numbers(connection)
        for number in sorted(sure | possible):
            episode = _read(connection, number)
            if episode is not None:
                saved[number] = episode
            elif number in sure:
                lost += 1
    return tuple(saved.items()), lost


def _stretchings(path: Path) -> tuple[Stretching, ...]:
    """Those that can be read, from both ends of their table."""
    saved: dict[str, Stretching] = {}
    columns = ", ".join(STRETCH)
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = lambda data: data.decode(errors="replace")
        for order in ("rowid", "rowid DESC"):
            for row in _rows(connection, f"SELECT {columns} FROM stretch ORDER BY {order}"):
                with suppress(ValueError, TypeError, OverflowError, OSError):
                    one = checked_stretch(stretch_of(row))
                    saved[one.uid] = one
    return tuple(saved.values())


def _numbers(connection: sqlite3.Connection) -> tuple[set[int], set[int]]:
    """Numbers of episodes that certainly were there, and those that may have been.

    The table is read from both its ends, and the index lies on pages of its own.
    """
    sure: set[int] = set()
    for select in (
        "SELECT number FROM episode NOT INDEXED ORDER BY number",
        "SELECT number FROM episode NOT INDEXED ORDER BY number DESC",
        "SELECT number FROM episode INDEXED BY episode_began ORDER BY began",
        "SELECT number FROM episode INDEXED BY episode_began ORDER BY began DESC",
    ):
        for (number,) in _rows(connection, select):
            if isinstance(number, int) and 0 < number <= _MOST:
                sure.add(number)
    highest = max(sure, default=0)
    for (last,) in _rows(connection, "SELECT seq FROM sqlite_sequence WHERE name = 'episode'"):
        if isinstance(last, int):
            highest = max(highest, min(last, _MOST))
    return sure, set(range(1, highest + 1)) - sure


def _rows(connection: sqlite3.Connection, select: str, *values: Any) -> Iterator[tuple[Any, ...]]:
    """Rows up to the first that cannot be read."""
    with suppress(sqlite3.DatabaseError):
        yield from connection.execute(select, values)


def _read(connection: sqlite3.Connection, number: int) -> Episode | None:
    """The episode; without its steps and answers where those alone are damaged."""
    for columns in (COLUMNS, SUMMARY):
        names = ", ".join(columns)
        for row in _rows(connection, f"SELECT {names} FROM episode WHERE number = ?", number):
            with suppress(ValueError, TypeError, OverflowError, OSError):
                return checked(episode_of(row))  # a damaged page may hold anything
    return None
