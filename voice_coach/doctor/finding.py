"""One line of the report, and how a check comes to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from voice_coach.commands.coach import Sound
from voice_coach.commands.setup import Choices
from voice_coach.errors import CoachError

Status = Literal["ok", "warning", "failed"]

PROBE: Final = "help calf cramp"
"""What is spoken and must be understood."""


@dataclass(frozen=True)
class Finding:
    """What one check has found."""

    what: str
    status: Status
    detail: str
    """What was found; for anything but ok, what to do."""


@dataclass(frozen=True)
class Patient:
    """What is examined: the coach as it would be started now."""

    choices: Choices
    sound: Sound


class Doubt(CoachError):
    """It will do, but something should be done about it; or it could not be tested."""


Check = Callable[[Patient], str]
"""Returns what it has found. Raises Doubt for a warning, any other CoachError for a failure."""


def tried(what: str, check: Check, patient: Patient) -> Finding:
    """The finding of one check."""
    try:
        return Finding(what, "ok", check(patient))
    except Doubt as doubt:
        return Finding(what, "warning", str(doubt))
    except CoachError as error:
        return Finding(what, "failed", str(error))
