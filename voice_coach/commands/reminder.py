"""The reminder of the daily stretch on the command line."""

from __future__ import annotations

from voice_coach.errors import UsageError
from voice_coach.routine import reminder
from voice_coach.routine.content import clock
from voice_coach.service import manager


def run(wanted: str | None) -> int:
    """``wanted``: HH:MM, "off", or None to show it.

    Raises UsageError, ServiceError and OutputError.
    """
    if wanted is None:
        return show()
    if wanted == "off":
        print("No reminder any more." if reminder.take_back() else "There was no reminder.")
        return 0
    try:
        at = clock(wanted)
    except ValueError as error:
        raise UsageError(f'{error}, or "off".') from None
    reminder.choose(at)
    print(f"Every day at {at:%H:%M}: {manager.this_reminder(at).path}")
    return 0


def show() -> int:
    """When it is, and whether the system knows of it."""
    at = reminder.hour()
    if at is None:
        print("There is no reminder; set one with `voice-coach reminder 20:00`, or by voice.")
        return 0
    runs = manager.running(manager.this_reminder(at))
    known = "" if runs else ", but the system's timer does not run: set it again"
    print(f"Every day at {at:%H:%M}{known}.")
    return 0
