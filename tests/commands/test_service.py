"""`voice-coach service`, with a service manager that only writes down what it is asked."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.commands.conftest import Call
from voice_coach.instance import microphone_taken
from voice_coach.nightlog import NightLog, log_file
from voice_coach.places import STATE_VARIABLE

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the manager here is systemd")

_MANAGER = """\
#!/bin/sh
echo "$@" >>{asked}
case "$*" in *is-active*) exit {active} ;; esac
exit {code}
"""


class Manager:
    """A ``systemctl`` of our own."""

    def __init__(self, folder: Path) -> None:
        self._asked = folder / "asked"
        self._program = folder / "bin" / "systemctl"
        self._program.parent.mkdir()
        self.behave()

    def behave(self, active: int = 0, code: int = 0) -> None:
        self._program.write_text(_MANAGER.format(asked=self._asked, active=active, code=code))
        self._program.chmod(0o755)

    @property
    def asked(self) -> list[str]:
        return self._asked.read_text().splitlines() if self._asked.exists() else []


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Manager:
    made = Manager(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))
    return made


def unit(tmp_path: Path) -> Path:
    return tmp_path / "config" / "systemd" / "user" / "voice-coach.service"


def test_installed_started_and_removed(call: Call, manager: Manager, tmp_path: Path) -> None:
    done = call("service", "install")
    assert done.code == 0, done.err
    assert str(unit(tmp_path)) in done.out
    assert unit(tmp_path).stat().st_mode & 0o777 == 0o600
    assert "standby" in unit(tmp_path).read_text()
    assert manager.asked == ["--user daemon-reload", "--user enable --now voice-coach.service"]
    assert call("service", "uninstall").out == f"Removed {unit(tmp_path)}.\n"
    assert not unit(tmp_path).exists()
    assert manager.asked[-1] == "--user disable --now voice-coach.service"
    assert "not installed" in call("service", "uninstall").out


def test_a_manager_that_refuses(call: Call, manager: Manager) -> None:
    manager.behave(code=1)
    assert "daemon-reload` failed" in call("service", "install").refused(11)


def test_no_manager_at_all(
    call: Call, manager: Manager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del manager
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    assert "systemctl is not here" in call("service", "install").refused(11)
    assert "not installed" not in call("service", "uninstall").out


def test_a_place_that_cannot_be_written(
    call: Call, manager: Manager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del manager
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))
    assert "cannot be written" in call("service", "install").refused(8)


def test_status(call: Call, manager: Manager) -> None:
    call("service", "install")
    with microphone_taken(), NightLog() as log:
        log.note("start")
        done = call("service", "status")
    assert done.code == 0
    assert f"process {os.getpid()}" in done.out
    assert '"type": "start"' in done.out
    manager.behave(active=3)
    done = call("service", "status")
    assert done.code == 1
    assert "running     no" in done.out


def test_logs_go_across_the_files(call: Call, manager: Manager) -> None:
    del manager
    with NightLog(path=log_file(), size=1000) as log:
        for n in range(30):
            log.note("start", n=n)
    lines = call("service", "logs", "--lines", "15").out.splitlines()
    assert len(lines) == 15
    assert '"n": 29' in lines[-1]
    assert '"n": 15' in lines[0]
