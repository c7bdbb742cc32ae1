"""The reminder on a system whose manager only writes down what it is asked."""

from __future__ import annotations

import os
import sys
import time as clock
from datetime import time
from pathlib import Path

import pytest

from tests.commands.test_service import Manager
from voice_coach.errors import OutputError, ServiceError
from voice_coach.places import STATE_VARIABLE
from voice_coach.routine import reminder

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the manager here is systemd")


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Manager:
    made = Manager(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))
    return made


def files(tmp_path: Path) -> dict[str, str]:
    folder = tmp_path / "config" / "systemd" / "user"
    return {p.name: p.read_text() for p in folder.iterdir()} if folder.exists() else {}


def test_set_changed_and_taken_back(manager: Manager, tmp_path: Path) -> None:
    assert reminder.hour() is None
    reminder.choose(time(20))
    assert reminder.hour() == time(20)
    assert set(files(tmp_path)) == {"voice-coach-reminder.timer", "voice-coach-reminder.service"}
    assert "OnCalendar=*-*-* 20:00:00" in files(tmp_path)["voice-coach-reminder.timer"]
    assert manager.asked[-1] == "--user restart voice-coach-reminder.timer"
    reminder.choose(time(7, 30))
    assert reminder.hour() == time(7, 30)
    assert "OnCalendar=*-*-* 07:30:00" in files(tmp_path)["voice-coach-reminder.timer"]
    assert reminder.take_back()
    assert reminder.hour() is None
    assert files(tmp_path) == {}
    assert manager.asked[-1] == "--user disable --now voice-coach-reminder.timer"
    assert not reminder.take_back()


def test_a_manager_that_refuses_leaves_nothing_behind(manager: Manager, tmp_path: Path) -> None:
    manager.behave(code=1)
    with pytest.raises(ServiceError):
        reminder.choose(time(20))
    assert reminder.hour() is None
    assert files(tmp_path) == {}


def test_by_voice_the_reason_goes_to_stderr(
    manager: Manager, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reminder.set_or_not(time(21))
    assert reminder.hour() == time(21)
    assert reminder.set_or_not(None)
    assert reminder.hour() is None
    manager.behave(code=1)
    assert not reminder.set_or_not(time(21))
    assert "daemon-reload` failed" in capsys.readouterr().err


def test_a_file_that_says_nothing_is_no_reminder(manager: Manager, tmp_path: Path) -> None:
    del manager
    (tmp_path / "state").mkdir()
    for text in ("", "{}", '{"at": "25:00"}', '{"at": "20:00", "x": 1}', "\xff"):
        (tmp_path / "state" / "reminder.json").write_text(text)
        assert reminder.hour() is None


def test_a_note_is_taken_once_and_not_when_it_is_old(manager: Manager, tmp_path: Path) -> None:
    del manager
    assert not reminder.note_taken()
    reminder.leave_note()
    assert reminder.note_taken()
    assert not reminder.note_taken()
    reminder.leave_note()
    old = clock.time() - reminder.FRESH - 60
    os.utime(tmp_path / "state" / "reminder.due", (old, old))
    assert not reminder.note_taken()
    assert not (tmp_path / "state" / "reminder.due").exists()


def test_a_note_that_cannot_be_left(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    del manager
    monkeypatch.setenv(STATE_VARIABLE, "/proc/nowhere")
    with pytest.raises(OutputError, match="cannot be written"):
        reminder.leave_note()
