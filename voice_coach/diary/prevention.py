"""Does the daily stretch go with fewer cramps? Counts, and no more than counts can say. Pure.

Each night is counted once, from noon to noon: with the stretch where it was done on the day on
whose evening the night falls, else without. Nights are counted from the first entry of the diary to
the night before its last one: nobody knows whether the coach was in use before or since. The first
night does not count where a cramp opened the diary, nor the last one: an entry is why each of them
is the first or the last, and it would count against the nights of its kind.

Nothing here says why. People stretch more, or less, when cramps are bad; they drink, walk and take
medicines differently; a diary misses the nights on which the coach was not called.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from voice_coach.diary.stretching import Stretching

LEAST: Final = 14
"""Nights of each kind below which nothing is compared: the number is ours, two weeks of each."""

_WEEK: Final = 7


@dataclass(frozen=True)
class Nights:
    """Nights of one kind, and the cramps in them."""

    count: int
    cramps: int

    @property
    def rate(self) -> float:
        """Cramps in a hundred nights."""
        return 100 * self.cramps / self.count if self.count else 0.0


@dataclass(frozen=True)
class Compared:
    """The nights after a stretch, and the others."""

    after: Nights
    without: Nights

    @property
    def enough(self) -> bool:
        return min(self.after.count, self.without.count) >= LEAST


def compared(began: Iterable[datetime], stretchings: Sequence[Stretching], today: date) -> Compared:
    """``began``: when each cramp began, by the clock on the wall. ``today``: its night is not over,
    and does not count either."""
    cramps = [_night(when) for when in began]
    days = {one.day for one in stretchings if one.held}
    first_cramp, first_day = min(cramps, default=today), min(days, default=today)
    start = first_day if first_day <= first_cramp else first_cramp + timedelta(days=1)
    end = min(today, max([*cramps, *days], default=today))
    nights = [start + timedelta(days=n) for n in range(max(0, (end - start).days))]
    after = {night for night in nights if night in days}
    without = set(nights) - after
    return Compared(
        Nights(len(after), sum(night in after for night in cramps)),
        Nights(len(without), sum(night in without for night in cramps)),
    )


def prevention(
    began: Iterable[datetime], stretchings: Sequence[Stretching], today: date
) -> tuple[str, ...]:
    """The same in sentences; none where nobody has ever stretched."""
    days = {one.day for one in stretchings if one.held}
    if not days:
        return ()
    week = {today - timedelta(days=n) for n in range(_WEEK)}
    found = compared(began, stretchings, today)
    all_days = f"{len(days)} day{'' if len(days) == 1 else 's'}"
    said = f"Done on {len(days & week)} of the last {_WEEK} days, on {all_days} in all."
    if not found.enough:
        return (
            said,
            f"Too few nights to compare cramps with and without it ({found.after.count} and "
            f"{found.without.count}; {LEAST} of each are needed).",
        )
    return (
        said,
        f"In {found.after.count} nights after it {_cramps(found.after)}, in "
        f"{found.without.count} nights without it {_cramps(found.without)}.",
        "These are counts, not proof: the nights may differ in other ways, too.",
    )


def _cramps(nights: Nights) -> str:
    plural = "" if nights.cramps == 1 else "s"
    return f"{nights.cramps} cramp{plural} ({nights.rate:.0f} in 100)"


def _night(when: datetime) -> date:
    """The date on whose evening a cramp's night falls, from noon to noon."""
    return (when - timedelta(hours=12)).date()
