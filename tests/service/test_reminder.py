"""What the service managers are told about the reminder, checked by those who read it."""

from __future__ import annotations

import configparser
import plistlib
import shutil
import subprocess
import xml.etree.ElementTree as ET
from datetime import time
from pathlib import Path

import pytest

from voice_coach.service.reminder import reminder_for, routine_command
from voice_coach.service.units import Unit

COMMAND = ("/opt/some folder/50% $x/python", "-m", "voice_coach", "routine", "--reminded")
EIGHT = time(20, 5)


def timer(
    platform: str, folder: Path = Path("/home/x"), command: tuple[str, ...] = COMMAND
) -> Unit:
    return reminder_for(platform, folder, folder / ".config", 1000, EIGHT, command)


def test_it_runs_this_python_and_this_package() -> None:
    done = subprocess.run(
        [*routine_command(), "--help"], capture_output=True, text=True, check=True
    )
    assert "--reminded" in done.stdout


def test_another_platform_is_refused() -> None:
    with pytest.raises(ValueError, match="plan9"):
        timer("plan9")


def test_the_systemd_timer_starts_the_service_beside_it() -> None:
    made = timer("linux")
    ((path, data),) = made.beside
    assert path.stem == made.path.stem
    assert (path.suffix, made.path.suffix) == (".service", ".timer")
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(made.data.decode())
    assert parser["Timer"]["OnCalendar"] == "*-*-* 20:05:00"
    assert parser["Timer"]["Persistent"] == "no", "nobody is woken by yesterday's stretch"
    assert '"/opt/some folder/50%% $$x/python" "-m" "voice_coach" "routine"' in data.decode()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_itself_finds_no_mistake(tmp_path: Path) -> None:
    made = timer("linux", tmp_path, routine_command())
    made.path.parent.mkdir(parents=True)
    for path, data in made.files:
        path.write_bytes(data)
    assert [line for line in verified(made.path, tmp_path) if "voice-coach" in line] == []
    made.path.write_bytes(made.data.replace(b"20:05", b"25:05"))
    assert any("OnCalendar" in line or "25:05" in line for line in verified(made.path, tmp_path))
    after = subprocess.run(
        ["systemd-analyze", "calendar", "*-*-* 20:05:00"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "20:05:00" in after.stdout


def verified(path: Path, home: Path) -> list[str]:
    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", "--recursive-errors=no", str(path)],
        capture_output=True, text=True, check=False, timeout=60,
        env={"PATH": "/usr/bin:/bin", "HOME": str(home), "XDG_RUNTIME_DIR": str(home)},
    )  # fmt: skip
    return done.stderr.splitlines()


def test_the_launchd_agent() -> None:
    data = plistlib.loads(timer("darwin").data)
    assert data["ProgramArguments"] == list(COMMAND)
    assert data["StartCalendarInterval"] == {"Hour": 20, "Minute": 5}
    assert data["RunAtLoad"] is False
    assert "KeepAlive" not in data


def test_the_windows_task() -> None:
    made = timer("win32", command=("C:\\A & B\\python.exe", "-m", "voice_coach", "routine"))
    root = ET.fromstring(made.data.decode("utf-16"))
    ns = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}
    assert root.findtext(".//t:Command", namespaces=ns) == "C:\\A & B\\pythonw.exe"
    start = root.findtext(".//t:StartBoundary", namespaces=ns)
    assert start is not None
    assert start.endswith("T20:05:00")
    assert root.findtext(".//t:DaysInterval", namespaces=ns) == "1"
    assert root.findtext(".//t:StartWhenAvailable", namespaces=ns) == "false"
