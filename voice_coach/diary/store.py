"""The diary on disk: one SQLite file in the user's data folder, for the user alone.

Every change is one transaction of a write-ahead log, so that a killed program loses nothing that
was written, and a reader never waits for a writer. A file that is damaged is set aside under a name
of its own, and what can be read of it goes into a new one; ``Diary.mended`` says so.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TypeVar

import platformdirs
from filelock import FileLock

from voice_coach.diary.episode import Episode
from voice_coach.diary.mend import Mended, mend
from voice_coach.diary.row import (
    COLUMNS,
    STRETCH,
    SUMMARY,
    episode_of,
    moment,
    row_of,
    row_of_stretch,
    stretch_of,
)
from voice_coach.diary.schema import migrate
from voice_coach.diary.stretching import Stretching
from voice_coach.errors import OutputError

DIARY_VARIABLE: Final = "VOICE_COACH_DIARY"
"""Environment variable that names another folder."""

FILE: Final = "diary.sqlite"

BUSY: Final = 2.0
"""Seconds to wait for another program that is writing."""

T = TypeVar("T")

Numbered = tuple[int, Episode]
"""An episode with the number by which a person calls it."""


def default_folder() -> Path:
    """Where the diary is kept on this platform."""
    chosen = os.environ.get(DIARY_VARIABLE)
    if chosen:
        return Path(chosen)
    return platformdirs.user_data_path("voice-coach", appauthor=False) / "diary"


class Diary:
    """An open diary. Use it as a context, in the thread that opened it.

    Every method raises OutputError when the disk or another program is in the way.
    """

    def __init__(
        self, folder: Path | None = None, *, busy: float = BUSY, check: bool = True
    ) -> None:
        """Opens the diary, making it where there is none. ``busy``: seconds to wait for another
        program that is writing. ``check``: look through the whole file first; who only reads finds
        damage where it matters. Raises OutputError, and ContentError for a newer file."""
        self.folder = folder or default_folder()
        self.path = self.folder / FILE
        self.mended: Mended | None = None
        """What was wrong with the file, and what was saved; None when it was whole."""
        self._busy = busy
        self._check = check
        with self._explained():
            self._connection = self._opened()

    def __enter__(self) -> Diary:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    # -- writing ------------------------------------------------------------------------------

    def add(self, episodes: Iterable[Episode]) -> int:
        """Write new episodes, all or none; how many were not there yet. One that is stays."""
        marks = ", ".join("?" * len(COLUMNS))
        insert = f"INSERT OR IGNORE INTO episode ({', '.join(COLUMNS)}) VALUES ({marks})"
        with self._explained(), self._change() as connection:
            before = connection.total_changes
            connection.executemany(insert, map(row_of, episodes))
            return connection.total_changes - before

    def update(self, episode: Episode, *, note: bool = False) -> bool:
        """Write an episode over itself, its note only if asked. False: it is not there any more."""
        kept = {"uid"} if note else {"uid", "note"}
        values = dict(zip(COLUMNS, row_of(episode), strict=True))
        changes = {name: value for name, value in values.items() if name not in kept}
        sets = ", ".join(f"{name} = ?" for name in changes)
        with self._explained(), self._change() as connection:
            done = connection.execute(
                f"UPDATE episode SET {sets} WHERE uid = ?", (*changes.values(), episode.uid)
            )
            return done.rowcount > 0

    def stretched(self, ones: Iterable[Stretching]) -> int:
        """Write daily stretches, each over itself if it is there; how many are new."""
        marks = ", ".join("?" * len(STRETCH))
        replace = f"INSERT OR REPLACE INTO stretch ({', '.join(STRETCH)}) VALUES ({marks})"
        count = "SELECT count(*) FROM stretch"
        with self._explained(), self._change() as connection:
            before = connection.execute(count).fetchone()[0]
            connection.executemany(replace, map(row_of_stretch, ones))
            return int(connection.execute(count).fetchone()[0] - before)

    def delete(self, numbers: Sequence[int]) -> int:
        """Remove episodes; how many there were. Nothing of them is left in the file."""
        with self._explained():
            with self._change() as connection:
                before = connection.total_changes
                connection.executemany(
                    "DELETE FROM episode WHERE number = ?", [(number,) for number in numbers]
                )
                count = connection.total_changes - before
            self._settle()
            return count

    def forget(self, uid: str) -> None:
        """Remove the episode with this uid, if it is there."""
        with self._explained():
            with self._change() as connection:
                connection.execute("DELETE FROM episode WHERE uid = ?", (uid,))
            self._settle()

    def erase(self) -> int:
        """Remove every episode and daily stretch, and every file that was set aside; how many
        episodes there were."""
        with self._explained():
            with self._change() as connection:
                count = connection.execute("DELETE FROM episode").rowcount
                connection.execute("DELETE FROM stretch")
            self._connection.execute("VACUUM")
            self._settle()
            for path in self.folder.glob(f"{FILE}.damaged-*"):
                path.unlink()
            return count

    def settle(self) -> None:
        """Make all that was written survive a power cut, too."""
        with self._explained():
            self._settle()

    # -- reading ------------------------------------------------------------------------------

    def __len__(self) -> int:
        with self._explained():
            return int(self._connection.execute("SELECT count(*) FROM episode").fetchone()[0])

    def latest(self, count: int | None = None) -> list[Numbered]:
        """The newest episodes, the newest first, without their steps and answers; all where no
        ``count`` is given."""
        return self._read(SUMMARY, limit=count)

    def whole(self, *, since: datetime | None = None, steps: bool = True) -> list[Numbered]:
        """Every episode with everything, the newest first, or with all but its steps. ``since``:
        with a time zone."""
        return self._read(COLUMNS if steps else COLUMNS[:-1], since=since)

    def recent(self, since: datetime, count: int) -> list[Episode]:
        """The newest episodes since then, with everything."""
        return [episode for _, episode in self._read(COLUMNS, since=since, limit=count)]

    def moments(self) -> list[datetime]:
        """When each cramp began, by the clock on the wall, and nothing else of them."""
        select = "SELECT began, utc_offset FROM episode ORDER BY began"
        return self._sound(
            lambda: [moment(began, offset) for began, offset in self._connection.execute(select)]
        )

    def stretchings(self, since: datetime | None = None) -> list[Stretching]:
        """The daily stretches, the newest first. ``since``: with a time zone."""
        select = (
            f"SELECT {', '.join(STRETCH)} FROM stretch WHERE began >= ? ORDER BY began DESC, uid"
        )
        start = int(since.timestamp()) if since is not None else -(2**62)
        return self._sound(
            lambda: [stretch_of(row) for row in self._connection.execute(select, (start,))]
        )

    def find(self, number: int) -> Episode | None:
        found = self._read(COLUMNS, number=number)
        return found[0][1] if found else None

    def check(self) -> str:
        """What SQLite itself says about the file: "ok", or what is wrong."""
        with self._explained():
            return str(self._connection.execute("PRAGMA integrity_check").fetchone()[0])

    def set_aside(self) -> list[Path]:
        """Damaged files that were set aside."""
        aside = self.folder.glob(f"{FILE}.damaged-*")
        return sorted(path for path in aside if not path.name.endswith(("-wal", "-shm")))

    def _read(
        self,
        columns: tuple[str, ...],
        *,
        number: int | None = None,
        since: datetime | None = None,
        limit: int | None = None,
    ) -> list[Numbered]:
        select = (
            f"SELECT number, {', '.join(columns)} FROM episode "
            "WHERE (?1 IS NULL OR number = ?1) AND began >= ?2 ORDER BY began DESC, number DESC "
            "LIMIT ?3"
        )
        start = int(since.timestamp()) if since is not None else -(2**62)
        values = (number, start, -1 if limit is None else limit)
        return self._sound(lambda: self._fetch(select, values))

    def _sound(self, read: Callable[[], list[T]]) -> list[T]:
        """What was read; where that shows damage, what can be saved of it."""
        with self._explained():
            try:
                return read()
            except (sqlite3.DatabaseError, ValueError, TypeError) as error:
                if isinstance(error, sqlite3.DatabaseError) and not _is_damage(error):
                    raise
                self._connection.close()
                self._connection = self._mend()
                return read()

    def _fetch(self, select: str, values: tuple[Any, ...]) -> list[Numbered]:
        return [(row[0], episode_of(row[1:])) for row in self._connection.execute(select, values)]

    # -- how ----------------------------------------------------------------------------------

    def _opened(self) -> sqlite3.Connection:
        _make_private(self.path)
        try:
            return _open(self.path, self._busy, self._check)
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
        with FileLock(self.folder / ".mending.lock", mode=0o600):
            try:
                return _open(self.path, self._busy)  # another program was here first
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
            return self._mend()

    def _mend(self) -> sqlite3.Connection:
        self.mended = mend(self.path)
        _make_private(self.path)
        connection = _open(self.path, self._busy)
        marks = ", ".join("?" * (len(COLUMNS) + 1))
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            f"INSERT OR IGNORE INTO episode (number, {', '.join(COLUMNS)}) VALUES ({marks})",
            [(number, *row_of(episode)) for number, episode in self.mended.episodes],
        )
        marks = ", ".join("?" * len(STRETCH))
        connection.executemany(
            f"INSERT OR IGNORE INTO stretch ({', '.join(STRETCH)}) VALUES ({marks})",
            map(row_of_stretch, self.mended.stretchings),
        )
        connection.execute("COMMIT")
        return connection

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # a full disk ends it by itself
                connection.execute("ROLLBACK")
            raise

    def _settle(self) -> None:
        """Out of the log into the file itself, and onto the disk."""
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            if _is_damage(error):
                raise OutputError(
                    f"The diary {self.path} is damaged ({error}); start the command again: the "
                    f"file is then set aside, and what can be read of it is saved."
                ) from None
            busy = "locked" in str(error)
            remedy = (
                "another voice-coach is writing, try again"
                if busy
                else "check its permissions and the room on its disk"
            )
            raise OutputError(
                f"The diary {self.path} cannot be used ({error}); {remedy}."
            ) from None
        except OSError as error:
            raise OutputError(
                f"The diary cannot be kept in {self.folder} ({error.strerror or error}); check its "
                f"permissions, or name another folder with --diary."
            ) from None


def _make_private(path: Path) -> None:
    """The folder and the file, for their owner alone. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.chmod(path.parent, 0o700)  # it may be older than this rule
    # SQLite gives its log the mode of the file.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    os.chmod(path, 0o600)


def _open(path: Path, busy: float, check: bool = True) -> sqlite3.Connection:
    """Raises sqlite3.Error, and ContentError for a newer file."""
    # The coach's loop may live in another thread than the one that opened the diary.
    connection = sqlite3.connect(path, timeout=busy, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
        # A commit waits for no disk: a killed program loses nothing, and the coach never stalls.
        # ``settle`` makes an ended episode survive a power cut.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        if check:
            problem = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if problem != "ok":
                raise sqlite3.DatabaseError(problem)
        migrate(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether the file's contents are wrong, rather than the disk or the permissions."""
    reason = str(error)
    wrong = ("malformed", "Could not decode", "no such table", "no such column")
    return not isinstance(error, sqlite3.OperationalError) or any(w in reason for w in wrong)
