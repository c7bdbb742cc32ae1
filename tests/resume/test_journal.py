"""One small file, whole at every moment; and what is read back from it."""

from __future__ import annotations

import errno
import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.dialogue.explore import DIALOGUE, PROTOCOL
from voice_coach.dialogue.events import Heard
from voice_coach.dialogue.state import State
from voice_coach.resume.clocks import Stamp
from voice_coach.resume.journal import MOST, Journal

BEGUN = DIALOGUE.begin()[0]
LATER = DIALOGUE.advance(BEGUN, Heard(12.0, "chest"))[0]
WITHIN = 900.0


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.stamp = Stamp("boot", 100.0, 1_700_000_000.0)

    def __call__(self) -> Stamp:
        return self.stamp

    def pass_(self, seconds: float) -> None:
        self.stamp = replace(
            self.stamp, uptime=self.stamp.uptime + seconds, wall=self.stamp.wall + seconds
        )


@pytest.fixture
def clock() -> Clock:
    return Clock()


def journal(folder: Path, clock: Clock, fingerprint: str = "x") -> Journal:
    return Journal(PROTOCOL, fingerprint, folder, clock)


def left_behind(folder: Path, clock: Clock, *states: State) -> None:
    """A process kept these states, one after the other, and died."""
    with journal(folder, clock) as one:
        for state in states:
            one.keep(state)
            one.flush()


def test_the_last_state_is_found_with_the_time_since(tmp_path: Path, clock: Clock) -> None:
    left_behind(tmp_path, clock, BEGUN, LATER)
    clock.pass_(42.0)
    found = journal(tmp_path, clock).interrupted(WITHIN)
    assert found is not None
    assert (found.state, found.gap) == (LATER, 42.0)


def test_after_too_long_there_is_nothing_to_go_on_with(tmp_path: Path, clock: Clock) -> None:
    left_behind(tmp_path, clock, BEGUN)
    clock.pass_(WITHIN + 1)
    assert journal(tmp_path, clock).interrupted(WITHIN) is None


def test_what_has_ended_leaves_nothing(tmp_path: Path, clock: Clock) -> None:
    left_behind(tmp_path, clock, BEGUN, replace(LATER, mode="over"))
    assert list(tmp_path.iterdir()) == []


def test_what_the_person_has_ended_leaves_nothing(tmp_path: Path, clock: Clock) -> None:
    with journal(tmp_path, clock) as one:
        one.keep(BEGUN)
        one.erase()
    assert list(tmp_path.iterdir()) == []


def test_other_content_is_not_gone_on_with(tmp_path: Path, clock: Clock) -> None:
    left_behind(tmp_path, clock, BEGUN)
    assert journal(tmp_path, clock, "y").interrupted(WITHIN) is None


@pytest.mark.parametrize("damage", ["cut", "empty", "junk", "gone", "folder"])
def test_what_cannot_be_read_begins_anew(tmp_path: Path, clock: Clock, damage: str) -> None:
    left_behind(tmp_path, clock, BEGUN)
    path = next(tmp_path.iterdir())
    data = path.read_bytes()
    path.unlink()
    if damage == "folder":
        path.mkdir()
    elif damage != "gone":
        path.write_bytes({"cut": data[:-9], "empty": b"", "junk": b"\xff\x00{"}[damage])
    assert journal(tmp_path, clock).interrupted(WITHIN) is None


def test_what_dies_again_and_again_is_given_up(tmp_path: Path, clock: Clock) -> None:
    left_behind(tmp_path, clock, BEGUN)
    for _ in range(MOST):
        with journal(tmp_path, clock) as one:
            assert one.interrupted(WITHIN) is not None
            one.keep(BEGUN)
    assert journal(tmp_path, clock).interrupted(WITHIN) is None


def test_it_is_private(tmp_path: Path, clock: Clock) -> None:
    left_behind(tmp_path / "state", clock, BEGUN)
    path = next((tmp_path / "state").iterdir())
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_nobody_waits_for_a_slow_disk_and_the_newest_state_wins(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, synced = threading.Event(), os.fsync

    def fsync(descriptor: int) -> None:
        assert slow.wait(30)
        synced(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with journal(tmp_path, clock) as one:
        for second in range(100):  # returns at once, or this would never end
            one.keep(replace(BEGUN, now=float(second)))
        slow.set()
        one.flush()
        found = journal(tmp_path, clock).interrupted(WITHIN)
    assert found is not None
    assert found.state.now == 99.0


def test_a_full_disk_is_said_and_the_old_state_stays_whole(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with journal(tmp_path, clock) as one:
        one.keep(BEGUN)
        one.flush()
        real = os.fsync

        def full(_: int) -> Any:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "fsync", full)
        one.keep(LATER)
        one.flush()
        assert "No space left" in one.warning
        found = journal(tmp_path, clock).interrupted(WITHIN)
        assert found is not None
        assert found.state == BEGUN
        monkeypatch.setattr(os, "fsync", real)
        one.keep(LATER)
        one.flush()
        assert one.warning == ""


def test_a_folder_that_cannot_be_written_stops_nobody(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "file").touch()
    with journal(tmp_path / "file" / "state", clock) as one:
        one.keep(BEGUN)
        one.flush()
        assert str(tmp_path / "file") in one.warning
        assert one.interrupted(WITHIN) is None
