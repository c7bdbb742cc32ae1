"""What the routine says: its protocol, and ``content/reminder.toml`` as typed data."""

from __future__ import annotations

import re
from datetime import time
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from voice_coach.content import toml
from voice_coach.content.loader import MAX_WORDS
from voice_coach.dialogue.protocol import Protocol
from voice_coach.errors import ContentError

_CONTENT: Final = Path(__file__).parents[1] / "content"
ROUTINE: Final = _CONTENT / "stretch_routine.toml"
REMINDER: Final = _CONTENT / "reminder.toml"

OVER: Final = "cramp"
"""Outcome of a routine in which a cramp came: the calf cramp's conversation follows at once."""

_KNOWN_WAIT: Final = 3.0
"""Seconds of silence after the word on a reminder that is set already."""

_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file on the reminder."""

    step: str
    set: str
    off: str
    known: tuple[str, ...]
    failed: tuple[str, ...]
    hours: dict[str, str]
    """By intent: the time, HH:MM."""

    def at(self, intent: str) -> time | None:
        """The time that is meant; None for what is no hour."""
        return clock(self.hours[intent]) if intent in self.hours else None


def clock(text: str) -> time:
    """HH:MM as a time. Raises ValueError."""
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise ValueError(f'"{text}" is no time; write it like 20:00')
    return time(int(found[1]), int(found[2]))


@cache
def load(path: Path = REMINDER) -> Script:
    """Raises ContentError with the first mistake."""
    script = toml.convert(path, toml.read(path), Script)
    for text in (*script.known, *script.failed):
        if not 1 <= len(text.split()) <= MAX_WORDS or "{" in text:
            raise ContentError(f'{path}: "{text}" must have 1 to {MAX_WORDS} words and no braces.')
    for intent, text in script.hours.items():
        try:
            clock(text)
        except ValueError as error:
            raise ContentError(f"{path}: hours.{intent}: {error}.") from None
    return script


def settled(protocol: Protocol, script: Script) -> Protocol:
    """The routine of somebody who has a reminder: it is mentioned, and can still be changed."""
    return _said(protocol, script.step, script.known, _KNOWN_WAIT)


def unset(protocol: Protocol, script: Script) -> Protocol:
    """The routine where no reminder can be set: it says so instead of promising one."""
    return _said(protocol, script.set, script.failed)


def _said(
    protocol: Protocol, name: str, say: tuple[str, ...], wait: float | None = None
) -> Protocol:
    step = protocol.steps.get(name)
    if step is None:
        return protocol
    changed = msgspec.structs.replace(
        step, say=say, again=(), wait=step.wait if wait is None else wait
    )
    return msgspec.structs.replace(protocol, steps={**protocol.steps, name: changed})
