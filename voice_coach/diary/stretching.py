"""One daily stretch, as the diary keeps it, and what each turn of the routine adds. Pure."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from typing import Annotated, Final, Literal

import msgspec

from voice_coach.dialogue.events import Heard
from voice_coach.diary.account import Turn
from voice_coach.diary.episode import FIRST_YEAR, LAST_YEAR, Name, Seconds

HELD: Final = 0.5
"""Share of a hold's time from which the stretch counts as done."""

TURN_OF_DAY: Final = 4
"""Hour until which a stretch belongs to the day before: who stretches at one in the morning has not
been to bed yet."""

_EXERCISED: Final = "exercised"
"""The question whose answer is kept."""


class Stretching(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A routine in which at least one stretch was held."""

    uid: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}$")]
    began: Annotated[datetime, msgspec.Meta(tz=True)]
    """To the second, by the clock on the wall (with its offset from UTC)."""
    seconds: Seconds = 0.0
    held: Annotated[tuple[Name, ...], msgspec.Meta(max_length=200)] = ()
    """Stretches that were held, in order."""
    exercised: Literal["yes", "no", "unsure", ""] = ""
    """Empty: not asked, or no answer."""
    outcome: Literal["finished", "stopped", "cramp", "urgent", "emergency", ""] = ""
    """Empty: it did not come to its end."""

    @property
    def day(self) -> date:
        """The day it belongs to."""
        return (self.began - timedelta(hours=TURN_OF_DAY)).date()


def checked(one: Stretching) -> Stretching:
    """The same, if every value fits. Raises ValueError, which says what does not."""
    msgspec.convert(msgspec.to_builtins(one), Stretching)
    if not FIRST_YEAR <= one.began.year <= LAST_YEAR:
        raise ValueError(f"it began in the year {one.began.year}")
    return one


def opened(now: datetime) -> Stretching:
    """A new one. ``now``: with a time zone."""
    return Stretching(uid=uuid.uuid4().hex, began=now.replace(microsecond=0))


def told(one: Stretching, turn: Turn) -> Stretching:
    """The same with one turn more."""
    held = one.held + ((turn.before.step,) if _was_held(turn) and turn.before else ())
    return msgspec.structs.replace(
        one,
        seconds=round(turn.after.now, 1),
        held=held[:200],
        exercised=_exercised(turn) or one.exercised,
        outcome=turn.after.outcome,
    )


def _was_held(turn: Turn) -> bool:
    """Whether this turn ended a stretch that was held long enough."""
    before, after = turn.before, turn.after
    if before is None or before.mode != "hold" or before.held_since is None:
        return False
    step = turn.protocol.steps[before.step]
    left = after.step != before.step or after.mode in ("leave", "over")
    seconds = before.held + after.now - before.held_since
    return step.stretch and left and seconds >= HELD * step.seconds


def _exercised(turn: Turn) -> Literal["yes", "no", "unsure", ""]:
    before, event = turn.before, turn.event
    if before is None or before.step != _EXERCISED or turn.after.step == _EXERCISED:
        return ""
    if not isinstance(event, Heard):
        return ""
    answers: dict[str, Literal["yes", "no", "unsure"]] = {
        "yes": "yes", "no": "no", "unsure": "unsure",
    }  # fmt: skip
    return answers.get(event.intent, "")
