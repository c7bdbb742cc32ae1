"""The models a person has installed: one folder each.

    models/NAME/        a whole model; it appears here by one rename, never in parts
    models/.incoming/   unfinished downloads, and folders on their way in or out
    models/.lock        held by whoever installs or removes

Anybody may look at any time; only the holder of the lock changes anything.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final

import platformdirs

from voice_coach.errors import UsageError

MODELS_VARIABLE: Final = "VOICE_COACH_MODELS"
"""Environment variable that names another folder."""

SOURCE_FILE: Final = "source.json"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Source:
    """Where an installed model came from; kept in its folder."""

    url: str = ""
    language: str = ""
    md5: str = ""
    sha256: str = ""
    """Of the downloaded archive, like the MD5."""

    @classmethod
    def load(cls, folder: Path) -> Source:
        """What the folder says; nothing for a folder that somebody put there by hand."""
        try:
            found = json.loads((folder / SOURCE_FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return cls()
        if not isinstance(found, dict):
            return cls()
        return cls(**{field.name: str(found.get(field.name, "")) for field in fields(cls)})

    def save(self, folder: Path) -> None:
        """Raises OSError."""
        (folder / SOURCE_FILE).write_text(json.dumps(asdict(self), indent=2) + "\n", "utf-8")


@dataclass(frozen=True)
class InstalledModel:
    """A model folder among the installed ones."""

    name: str
    folder: Path
    source: Source


def models_folder() -> Path:
    """$VOICE_COACH_MODELS, or where a person's data belong on this platform."""
    named = os.environ.get(MODELS_VARIABLE)
    if named:
        return Path(named)
    return platformdirs.user_data_path("voice-coach", appauthor=False) / "models"


def is_name(text: str) -> bool:
    """Whether ``text`` can be a model's name: no path, nothing hidden, nothing strange."""
    return _NAME.fullmatch(text) is not None


def check_name(text: str) -> str:
    """The name itself. Raises UsageError."""
    if not is_name(text):
        raise UsageError(
            f'"{text}" is not a model\'s name; `voice-coach model list --online` shows the names.'
        )
    return text


def find_installed(name: str) -> InstalledModel | None:
    """The installed model of that name, or None."""
    folder = models_folder() / name
    if not is_name(name) or not os.path.isdir(folder):  # no path is too long for it
        return None
    return InstalledModel(name, folder, Source.load(folder))


def installed_models() -> list[InstalledModel]:
    """All of them, by name; none where the folder is missing or cannot be read."""
    try:
        names = sorted(os.listdir(models_folder()))
    except OSError:
        return []
    return [model for model in map(find_installed, names) if model is not None]
