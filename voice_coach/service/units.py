"""What the systems' service managers are told about the coach, as text.

One ``Unit`` a system: systemd for the user on Linux, launchd on macOS, the Task Scheduler on
Windows. All of them start the coach when the person logs in, start it again when it has died, run
it on battery too, and let nobody else read what it writes.
"""

from __future__ import annotations

import plistlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

from voice_coach.places import APP

Command = tuple[str, ...]

WATCHDOG: Final = 120
"""Seconds without a sign of life after which systemd starts the coach again. The longest silence
of a session is a pause, of 30 seconds."""

_LABEL: Final = "org.voice-coach.standby"

_SYSTEMD: Final = """\
[Unit]
Description=Voice coach: waits for "help, calf cramp"
After=pipewire-pulse.service wireplumber.service pulseaudio.service
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart={command}
Restart=always
RestartSec=5
WatchdogSec={watchdog}
TimeoutStartSec=600
UMask=0077
NoNewPrivileges=yes
RestrictAddressFamilies=AF_UNIX

[Install]
WantedBy=default.target
"""

_TASK: Final = """\
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>Voice coach: waits for "help, calf cramp"</Description>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger><Enabled>true</Enabled></LogonTrigger>
  </Triggers>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Priority>4</Priority>
    <RestartOnFailure><Interval>PT1M</Interval><Count>999</Count></RestartOnFailure>
  </Settings>
  <Actions>
    <Exec><Command>{program}</Command><Arguments>{arguments}</Arguments></Exec>
  </Actions>
</Task>
"""


@dataclass(frozen=True)
class Unit:
    """A service on one system: the file, and the commands that make it known."""

    path: Path
    data: bytes
    install: tuple[Command, ...]
    uninstall: tuple[Command, ...]
    """Run before the file is removed."""
    running: Command
    """Succeeds while the service runs."""
    hint: str = ""
    """What else the person may want to do."""
    beside: tuple[tuple[Path, bytes], ...] = ()
    """Other files that belong to it."""

    @property
    def files(self) -> tuple[tuple[Path, bytes], ...]:
        """All of them, the main one last: what is there is whole."""
        return (*self.beside, (self.path, self.data))


def standby_command() -> tuple[str, ...]:
    """What the service runs: this very Python and this very package."""
    return (sys.executable, "-m", "voice_coach", "standby")


def unit_for(
    platform: str, home: Path, config: Path, user: int, command: Sequence[str] = ()
) -> Unit:
    """The unit for a platform as ``sys.platform`` names it. ``config`` is where settings of all
    programs lie (XDG), ``user`` the number of the person. Raises ValueError for no such platform.
    """
    command = command or standby_command()
    if platform == "linux":
        return _systemd(config, command)
    if platform == "darwin":
        return _launchd(home, user, command)
    if platform == "win32":
        return _task(config, command)
    raise ValueError(platform)


def _systemd(config: Path, command: Sequence[str]) -> Unit:
    path = config / "systemd" / "user" / f"{APP}.service"
    text = _SYSTEMD.format(command=" ".join(map(quoted, command)), watchdog=WATCHDOG)
    control = ("systemctl", "--user")
    return Unit(
        path,
        text.encode(),
        install=((*control, "daemon-reload"), (*control, "enable", "--now", path.name)),
        uninstall=((*control, "disable", "--now", path.name),),
        running=(*control, "--quiet", "is-active", path.name),
        hint="It starts when you log in; to start with the machine: loginctl enable-linger",
    )


def quoted(word: str) -> str:
    """As systemd reads a word of a command line: no variable, no specifier, no escape."""
    plain = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{plain}"'


def _launchd(home: Path, user: int, command: Sequence[str]) -> Unit:
    path = home / "Library" / "LaunchAgents" / f"{_LABEL}.plist"
    data = {
        "Label": _LABEL, "ProgramArguments": list(command), "RunAtLoad": True, "KeepAlive": True,
        "ThrottleInterval": 10, "ProcessType": "Interactive", "Umask": 0o077,
    }  # fmt: skip
    domain = f"gui/{user}"
    return Unit(
        path,
        plistlib.dumps(data),
        install=(("launchctl", "bootstrap", domain, str(path)),),
        uninstall=(("launchctl", "bootout", f"{domain}/{_LABEL}"),),
        running=("launchctl", "print", f"{domain}/{_LABEL}"),
        hint="macOS asks once whether Python may use the microphone: allow it.",
    )


def _task(config: Path, command: Sequence[str]) -> Unit:
    path = config / f"{APP}.xml"
    program, *arguments = command
    if program.lower().endswith("python.exe"):
        program = f"{program[:-4]}w.exe"  # no window
    text = _TASK.format(
        program=escape(program, False), arguments=escape(" ".join(arguments), False)
    )
    return Unit(
        path,
        text.replace("\n", "\r\n").encode("utf-16"),
        install=(
            ("schtasks", "/Create", "/TN", APP, "/XML", str(path), "/F"),
            ("schtasks", "/Run", "/TN", APP),
        ),
        uninstall=(
            ("schtasks", "/End", "/TN", APP),
            ("schtasks", "/Delete", "/TN", APP, "/F"),
        ),
        running=("schtasks", "/Query", "/TN", APP),
    )
