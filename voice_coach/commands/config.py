"""The settings that hold: shown with where each comes from, and checked."""

from __future__ import annotations

import json
import os
from typing import Any

from voice_coach import settings
from voice_coach.errors import UsageError
from voice_coach.places import config_file


def path() -> int:
    """Where the settings file is, or would be."""
    print(config_file())
    return 0


def show(as_json: bool) -> int:
    """Every key with its value, its source and what it is for. Raises ContentError, UsageError."""
    loaded = settings.load()
    rows: list[dict[str, Any]] = [
        {
            "key": key.name,
            "value": getattr(loaded.settings, key.name),
            "source": loaded.sources[key.name],
            "variable": key.variable,
            "about": _about(key),
        }
        for key in settings.keys().values()
    ]
    if as_json:
        print(json.dumps(rows))
        return 0
    print(f"{config_file()}{'' if os.path.exists(config_file()) else ' (not there)'}\n")
    for row in rows:
        value = json.dumps(row["value"])
        print(f"{row['key']:11s} {value:16s} {row['source']:12s} {row['about']}")
    return 0


def check() -> int:
    """Say that all is well. Raises ContentError and UsageError with the first mistake."""
    loaded = settings.load()
    for problem in settings.strangers():
        raise UsageError(problem)
    given = [name for name, source in loaded.sources.items() if source != "default"]
    print(f"{config_file()}: no mistake found; set: {', '.join(given) or 'nothing'}.")
    return 0


def _about(key: settings.Key) -> str:
    within = f" ({key.least} to {key.most})" if key.least is not None else ""
    return f"{key.about}{within}"
