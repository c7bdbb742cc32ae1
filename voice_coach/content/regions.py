"""The emergency number of the country the person is in."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from voice_coach.content import toml
from voice_coach.errors import ContentError, UsageError

_FILE = Path(__file__).with_name("regions.toml")


def emergency_number(region: str | None = None, environ: Mapping[str, str] = os.environ) -> str:
    """The number to dial, such as "112".

    ``region`` is an ISO 3166 country code; without it the locale (LC_ALL, LC_MESSAGES, LANG)
    decides, and where that names no country the default holds. Raises UsageError for a region
    that is no two-letter code.
    """
    data = toml.read(_FILE)
    numbers, default = data.get("numbers"), data.get("default")
    if not isinstance(numbers, dict) or not isinstance(default, str):
        raise ContentError(f"{_FILE}: needs `default` and a table [numbers].")
    if region is not None:
        if not re.fullmatch(r"[A-Za-z]{2}", region):
            raise UsageError(f'"{region}" is no country code; give two letters, such as GB or US.')
        return str(numbers.get(region.upper(), default))
    return str(numbers.get(_country(environ), default))


def _country(environ: Mapping[str, str]) -> str:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        match = re.match(r"[a-z]{2,3}_([A-Z]{2})", environ.get(name, ""))
        if match:
            return match.group(1)
    return ""
