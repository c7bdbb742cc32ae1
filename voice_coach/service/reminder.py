"""What the systems' service managers are told about the daily reminder, as text.

A systemd timer on Linux, a launchd agent on macOS, the Task Scheduler on Windows. At the time that
the person chose it starts the routine. A day on which the machine was off or asleep then is left
out: nobody is to be woken by yesterday's stretch.
"""

from __future__ import annotations

import plistlib
import sys
from collections.abc import Sequence
from datetime import time
from html import escape
from pathlib import Path
from typing import Final

from voice_coach.places import APP
from voice_coach.service.units import Command, Unit, quoted

NAME: Final = f"{APP}-reminder"
_LABEL: Final = "org.voice-coach.reminder"

_TIMER: Final = """\
[Unit]
Description=Voice coach: the hour of the daily stretch

[Timer]
OnCalendar=*-*-* {at:%H:%M}:00
AccuracySec=1min
Persistent=no

[Install]
WantedBy=timers.target
"""

_SERVICE: Final = """\
[Unit]
Description=Voice coach: the daily stretch
After=pipewire-pulse.service wireplumber.service pulseaudio.service

[Service]
Type=oneshot
ExecStart={command}
TimeoutStartSec=3600
UMask=0077
NoNewPrivileges=yes
RestrictAddressFamilies=AF_UNIX
"""

_TASK: Final = """\
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>Voice coach: the daily stretch</Description>
  </RegistrationInfo>
  <Triggers>
    <CalendarTrigger>
      <StartBoundary>2026-01-01T{at:%H:%M}:00</StartBoundary>
      <Enabled>true</Enabled>
      <ScheduleByDay><DaysInterval>1</DaysInterval></ScheduleByDay>
    </CalendarTrigger>
  </Triggers>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>false</StartWhenAvailable>
    <ExecutionTimeLimit>PT1H</ExecutionTimeLimit>
  </Settings>
  <Actions>
    <Exec><Command>{program}</Command><Arguments>{arguments}</Arguments></Exec>
  </Actions>
</Task>
"""


def routine_command() -> tuple[str, ...]:
    """What the timer runs: this very Python and this very package."""
    return (sys.executable, "-m", "voice_coach", "routine", "--reminded")


def reminder_for(  # noqa: PLR0913 - where a system keeps such things, and when
    platform: str, home: Path, config: Path, user: int, at: time, command: Sequence[str] = ()
) -> Unit:
    """The timer for a platform as ``sys.platform`` names it, for every day ``at`` that time by the
    clock on the wall. ``config``, ``user``: as for ``unit_for``. Raises ValueError for no such
    platform."""
    command = command or routine_command()
    if platform == "linux":
        return _systemd(config, at, command)
    if platform == "darwin":
        return _launchd(home, user, at, command)
    if platform == "win32":
        return _task(config, at, command)
    raise ValueError(platform)


def _systemd(config: Path, at: time, command: Sequence[str]) -> Unit:
    folder = config / "systemd" / "user"
    timer = folder / f"{NAME}.timer"
    control = ("systemctl", "--user")
    service = _SERVICE.format(command=" ".join(map(quoted, command)))
    return Unit(
        timer,
        _TIMER.format(at=at).encode(),
        beside=((folder / f"{NAME}.service", service.encode()),),
        # A timer that is running keeps its old hour until it is started again.
        install=(
            (*control, "daemon-reload"),
            (*control, "enable", timer.name),
            (*control, "restart", timer.name),
        ),
        uninstall=((*control, "disable", "--now", timer.name),),
        running=(*control, "--quiet", "is-active", timer.name),
    )


def _launchd(home: Path, user: int, at: time, command: Sequence[str]) -> Unit:
    path = home / "Library" / "LaunchAgents" / f"{_LABEL}.plist"
    data = {
        "Label": _LABEL, "ProgramArguments": list(command), "RunAtLoad": False,
        "StartCalendarInterval": {"Hour": at.hour, "Minute": at.minute},
        "ProcessType": "Interactive", "Umask": 0o077,
    }  # fmt: skip
    domain = f"gui/{user}"
    remove: Command = ("launchctl", "bootout", f"{domain}/{_LABEL}")
    return Unit(
        path,
        plistlib.dumps(data),
        install=(("launchctl", "bootstrap", domain, str(path)),),
        uninstall=(remove,),
        running=("launchctl", "print", f"{domain}/{_LABEL}"),
    )


def _task(config: Path, at: time, command: Sequence[str]) -> Unit:
    path = config / f"{NAME}.xml"
    program, *arguments = command
    if program.lower().endswith("python.exe"):
        program = f"{program[:-4]}w.exe"  # no window
    text = _TASK.format(
        at=at, program=escape(program, False), arguments=escape(" ".join(arguments), False)
    )
    return Unit(
        path,
        text.replace("\n", "\r\n").encode("utf-16"),
        install=(("schtasks", "/Create", "/TN", NAME, "/XML", str(path), "/F"),),
        uninstall=(("schtasks", "/Delete", "/TN", NAME, "/F"),),
        running=("schtasks", "/Query", "/TN", NAME),
    )
