"""Where the coach keeps what is its own: settings, state and logs, for this person's eyes alone."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Final

import platformdirs

APP: Final = "voice-coach"

CONFIG_VARIABLE: Final = "VOICE_COACH_CONFIG"
"""Environment variable that names another settings file."""

STATE_VARIABLE: Final = "VOICE_COACH_STATE"
"""Environment variable that names another folder for the journal, the lock and the log."""


def config_file() -> Path:
    """$VOICE_COACH_CONFIG, or where settings belong on this platform."""
    named = os.environ.get(CONFIG_VARIABLE)
    if named:
        return Path(named)
    return platformdirs.user_config_path(APP, appauthor=False) / "settings.toml"


def state_folder() -> Path:
    """$VOICE_COACH_STATE, or where state that outlives the program belongs on this platform."""
    named = os.environ.get(STATE_VARIABLE)
    if named:
        return Path(named)
    return platformdirs.user_state_path(APP, appauthor=False)


def private_folder(folder: Path) -> Path:
    """Make ``folder`` with mode 0700, and return it. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.chmod(folder, 0o700)  # it may be older than this rule
    return folder


def ensure_home() -> None:
    """Give a user whom no table knows, and who has no $HOME, a home in the temporary folder.

    So does a service that is started with an empty environment in a container.
    """
    if _has_home():
        return
    user = os.getuid() if hasattr(os, "getuid") else "user"
    os.environ["HOME"] = str(Path(tempfile.gettempdir()) / f"{APP}-{user}")


def _has_home() -> bool:
    try:
        return Path.home().is_absolute()
    except RuntimeError:
        return False
