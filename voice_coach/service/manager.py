"""Making the coach a service of this system, and taking it back."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from datetime import time
from pathlib import Path

import platformdirs

from voice_coach.errors import OutputError, ServiceError
from voice_coach.service.reminder import reminder_for
from voice_coach.service.units import Command, Unit, unit_for


def this_unit() -> Unit:
    """The unit for this system and person. Raises ServiceError where none is known."""
    try:
        return unit_for(sys.platform, Path.home(), _config(), _user())
    except ValueError:
        raise ServiceError(
            f"There is no service file for {sys.platform}; start `voice-coach standby` by its own "
            f"means."
        ) from None


def this_reminder(at: time) -> Unit:
    """The timer of this system and person, for every day at that time. Raises ServiceError where
    none is known."""
    try:
        return reminder_for(sys.platform, Path.home(), _config(), _user(), at)
    except ValueError:
        raise ServiceError(
            f"There is no timer for {sys.platform}; run `voice-coach routine --reminded` every day "
            f"by its own means."
        ) from None


def _user() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0


def _config() -> Path:
    return Path(platformdirs.user_config_dir())


def install(unit: Unit) -> None:
    """Write the file and start the service; one that is there already is replaced.

    Raises OutputError, and ServiceError when the service manager refuses.
    """
    for path, data in unit.files:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            path.chmod(0o600)
        except OSError as error:
            raise OutputError(
                f"{path} cannot be written ({error.strerror}); check its folder's permissions."
            ) from None
    for command in unit.install:
        _must(command)


def uninstall(unit: Unit) -> bool:
    """Stop the service and remove its file; whether there was one. Raises OutputError."""
    there = unit.path.exists()
    if there:
        for command in unit.uninstall:
            with suppress(ServiceError):  # it may not run, or not be known any more
                _must(command)
    for path, _ in reversed(unit.files):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"{path} cannot be removed ({error.strerror}).") from None
    return there


def running(unit: Unit) -> bool:
    """Whether the service manager says that it runs."""
    try:
        return _done(unit.running).returncode == 0
    except OSError:
        return False


def _must(command: Command) -> None:
    try:
        done = _done(command)
    except OSError:
        raise ServiceError(
            f"{command[0]} is not here, so there is no service manager to ask; start "
            f"`voice-coach standby` by this system's own means."
        ) from None
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise ServiceError(
            f"`{' '.join(command)}` failed ({said[-1] if said else done.returncode}); log in as "
            f"the person whom the coach is for, and try again."
        )


def _done(command: Command) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=60
    )
