"""The coach as a service: installed, looked at, removed."""

from __future__ import annotations

from voice_coach.instance import holder
from voice_coach.nightlog import tail
from voice_coach.service import manager

NOT_RUNNING = 1
"""Exit code of ``status`` when the coach does not run as a service."""


def install() -> int:
    """Write the unit and start it. Raises ServiceError, OutputError."""
    unit = manager.this_unit()
    manager.install(unit)
    print(f"Installed and started: {unit.path}")
    if unit.hint:
        print(unit.hint)
    return 0


def uninstall() -> int:
    """Stop it and remove the unit. None at all is no error."""
    unit = manager.this_unit()
    print(f"Removed {unit.path}." if manager.uninstall(unit) else "The service is not installed.")
    return 0


def status() -> int:
    """Whether it is installed, runs, and who has the microphone; 0 when it runs."""
    unit = manager.this_unit()
    runs = manager.running(unit)
    pid = holder()
    print(f"installed   {unit.path if unit.path.exists() else 'no'}")
    print(f"running     {'yes' if runs else 'no'}")
    print(f"microphone  {f'process {pid}' if pid is not None else 'nobody has it'}")
    for line in tail(1):
        print(f"last entry  {line}")
    return 0 if runs else NOT_RUNNING


def logs(lines: int) -> int:
    """The newest lines of the nights' log, oldest first."""
    for line in tail(lines):
        print(line)
    return 0
