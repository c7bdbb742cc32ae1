"""One night's cramp, as the diary keeps it: an immutable value and the schema of its file.

Never sound, and no free text but the note, which somebody has dictated or typed on purpose. Words
of the person are kept as intents ("still", "sharp"), which the conversation's own table names.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

import msgspec

from voice_coach.dialogue.protocol import Position, Side

NOTE: Final = 2000
"""Characters of a note, at most."""

_DAY: Final = 86_400.0

Seconds = Annotated[float, msgspec.Meta(ge=0, le=_DAY)]
"""Seconds since the call."""
Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,60}$")]
"""A step, a flag or an intent of the conversation."""
Advice = Literal["self_care", "routine", "soon", "urgent", "emergency"]
Outcome = Literal["relieved", "not_resolved", "stopped", "urgent", "emergency"]
"""Those of a cramp's conversation."""
Pressure = Literal["none", "tolerated", "too_hard"]
"""none: the muscle was never pressed; too_hard: the person said that it turned sharp."""
Finding = Literal["yes", "no", "unsure", "unanswered"]
"""yes: the red flag is there, whichever word the question took for it."""


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all that is kept: immutable, and an unknown key is an error."""


class Taken(_Kept, frozen=True):
    """One step of the conversation, and what was understood in it."""

    step: Name
    at: Seconds
    heard: Annotated[tuple[Name, ...], msgspec.Meta(max_length=200)] = ()
    """Intents, in order."""


class Answer(_Kept, frozen=True):
    """What is known of one red flag."""

    flag: Name
    found: Finding
    at: Seconds


class Episode(_Kept, frozen=True, kw_only=True):
    """A cramp, from the call to the advice."""

    uid: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}$")]
    """Tells it from every other, on every machine: an import never doubles an episode."""
    began: Annotated[datetime, msgspec.Meta(tz=True)]
    """The call, to the second, by the clock on the wall (with its offset from UTC)."""
    seconds: Seconds = 0.0
    """How long the coaching took, so far."""
    side: Side | None = None
    position: Position | None = None
    severe: bool = False
    eased: Seconds | None = None
    """When the spasm let go for good, as the person said."""
    helped: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{0,60}$")] = ""
    """The stretch that was being done then, or had been done last."""
    gone: Seconds | None = None
    """When the cramp was gone for good."""
    pressure: Pressure = "none"
    level: Advice = "self_care"
    outcome: Outcome | Literal[""] = ""
    """Empty: the coaching did not come to its end."""
    note: Annotated[str, msgspec.Meta(max_length=NOTE)] = ""
    answers: Annotated[tuple[Answer, ...], msgspec.Meta(max_length=200)] = ()
    steps: Annotated[tuple[Taken, ...], msgspec.Meta(max_length=5000)] = ()

    @property
    def at_night(self) -> bool:
        """Whether it came when people sleep."""
        return self.began.hour >= EVENING or self.began.hour < MORNING

    @property
    def night(self) -> str:
        """The night or day it belongs to: the date on which that evening fell."""
        return (self.began - timedelta(hours=12)).date().isoformat()

    def finding(self, flag: str) -> Finding | None:
        """What was found out last about a red flag; None when nobody asked."""
        return next((a.found for a in reversed(self.answers) if a.flag == flag), None)

    @property
    def flags(self) -> tuple[str, ...]:
        """Red flags that stand: answered by yes, not sure, or not at all."""
        raised = dict.fromkeys(a.flag for a in self.answers if a.found != "no")
        return tuple(raised)


EVENING: Final = 22
"""Hour from which a cramp breaks the sleep."""
MORNING: Final = 7
"""Hour until which it does."""


FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 2199


def checked(episode: Episode) -> Episode:
    """The episode, if every value fits the schema. Raises ValueError, which says what does not."""
    msgspec.convert(msgspec.to_builtins(episode), Episode)
    if not FIRST_YEAR <= episode.began.year <= LAST_YEAR:
        raise ValueError(f"it began in the year {episode.began.year}")
    return episode


def clean(note: str) -> str:
    """A note as it may be kept: on one line, with nothing that steers a terminal or hides text.

    Raises ValueError when it is too long.
    """
    visible = "".join(
        char if unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp") else " "
        for char in note
    )
    text = " ".join(visible.split())
    if len(text) > NOTE:
        raise ValueError(f"a note has at most {NOTE} characters, this one {len(text)}")
    return text
