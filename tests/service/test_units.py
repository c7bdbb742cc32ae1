"""What the service managers are told, checked by those who read it."""

from __future__ import annotations

import configparser
import plistlib
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from voice_coach.service.units import WATCHDOG, Unit, standby_command, unit_for

COMMAND = ("/opt/some folder/50% $x/python", "-m", "voice_coach", "standby")
PLATFORMS = ("linux", "darwin", "win32")


def unit(platform: str, folder: Path = Path("/home/x"), command: tuple[str, ...] = COMMAND) -> Unit:
    return unit_for(platform, folder, folder / ".config", 1000, command)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_commands_name_what_was_written(platform: str) -> None:
    made = unit(platform)
    named = [word for command in (*made.install, made.running) for word in command]
    assert any(word in (str(made.path), made.path.name, "voice-coach") for word in named)
    assert made.uninstall


def test_another_platform_is_refused() -> None:
    with pytest.raises(ValueError, match="plan9"):
        unit("plan9")


def test_it_runs_this_python_and_this_package() -> None:
    done = subprocess.run(
        [*standby_command()[:-1], "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("voice-coach ")


def test_the_systemd_unit() -> None:
    made = unit("linux")
    assert made.path == Path("/home/x/.config/systemd/user/voice-coach.service")
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(made.data.decode())
    service = parser["Service"]
    assert service["ExecStart"].startswith('"/opt/some folder/50%% $$x/python" "-m" "voice_coach"')
    assert (service["Type"], service["Restart"]) == ("notify", "always")
    assert int(service["WatchdogSec"]) == WATCHDOG
    assert service["RestrictAddressFamilies"] == "AF_UNIX"
    assert "pipewire-pulse.service" in parser["Unit"]["After"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_itself_finds_no_mistake(tmp_path: Path) -> None:
    made = unit("linux", tmp_path, standby_command())
    made.path.parent.mkdir(parents=True)
    made.path.write_bytes(made.data)
    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", "--recursive-errors=no", str(made.path)],
        capture_output=True, text=True, check=False, timeout=60,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)},
    )  # fmt: skip
    ours = [line for line in done.stderr.splitlines() if "voice-coach" in line]
    assert ours == []
    wrong = made.path.with_name("wrong.service")
    wrong.write_bytes(made.data.replace(b"WatchdogSec", b"WatchdogSeconds"))
    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", str(wrong)],
        capture_output=True, text=True, check=False, timeout=60,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)},
    )  # fmt: skip
    assert re.search("WatchdogSeconds", done.stderr), "it would not have noticed anything"


def test_the_launchd_agent() -> None:
    made = unit("darwin")
    data = plistlib.loads(made.data)
    assert data["ProgramArguments"] == list(COMMAND)
    assert data["KeepAlive"] is True
    assert data["RunAtLoad"] is True
    assert data["Umask"] == 0o077
    assert made.path.name == f"{data['Label']}.plist"


def test_the_windows_task() -> None:
    made = unit("win32", command=("C:\\A & B\\python.exe", "-m", "voice_coach", "standby"))
    root = ET.fromstring(made.data.decode("utf-16"))
    ns = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}
    assert root.findtext(".//t:Command", namespaces=ns) == "C:\\A & B\\pythonw.exe"
    assert root.findtext(".//t:Arguments", namespaces=ns) == "-m voice_coach standby"
    assert root.findtext(".//t:StopIfGoingOnBatteries", namespaces=ns) == "false"
    assert root.findtext(".//t:ExecutionTimeLimit", namespaces=ns) == "PT0S"
    assert root.find(".//t:RestartOnFailure", namespaces=ns) is not None
