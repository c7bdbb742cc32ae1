"""The diary's tables, version by version.

One row is one whole episode, or one daily stretch: it is written in one statement, and a damaged
file gives back every row that can still be read. What is listed and counted has columns of its own;
the rest is JSON.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from voice_coach.errors import ContentError

MIGRATIONS: Final = (
    """
    CREATE TABLE episode (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        uid TEXT NOT NULL UNIQUE,
        began INTEGER NOT NULL,
        utc_offset INTEGER NOT NULL,
        seconds REAL NOT NULL,
        side TEXT,
        position TEXT,
        severe INTEGER NOT NULL,
        eased REAL,
        helped TEXT NOT NULL,
        gone REAL,
        pressure TEXT NOT NULL,
        level TEXT NOT NULL,
        outcome TEXT NOT NULL,
        note TEXT NOT NULL,
        answers TEXT NOT NULL,
        steps TEXT NOT NULL
    );
    CREATE INDEX episode_began ON episode (began);
    """,
    """
    CREATE TABLE stretch (
        uid TEXT NOT NULL PRIMARY KEY,
        began INTEGER NOT NULL,
        utc_offset INTEGER NOT NULL,
        seconds REAL NOT NULL,
        held TEXT NOT NULL,
        exercised TEXT NOT NULL,
        outcome TEXT NOT NULL
    )
    """,
)
"""Each brings the tables from the version before to its own. AUTOINCREMENT: the number of an
episode that was deleted is never given to another."""


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the file to the newest version, each step whole or not at all.

    Raises ContentError for a file of a later version, and sqlite3.Error.
    """
    if _version(connection) == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")  # two programs may be here at once
    try:
        version = _version(connection)
        if version > len(MIGRATIONS):
            raise ContentError(
                f"{path} was written by a newer voice-coach (version {version}, this one knows "
                f"{len(MIGRATIONS)}); update voice-coach."
            )
        for script in MIGRATIONS[version:]:
            for statement in script.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection) -> int:
    with closing(connection.execute("PRAGMA user_version")) as rows:
        return int(rows.fetchone()[0])
