"""What many nights say together: counts and medians for the page and for the terminal. Pure.

Nothing is claimed beyond what was counted: no cause, no trend, no comparison of groups.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import quantiles
from typing import Final

from voice_coach.dialogue.protocol import Protocol
from voice_coach.diary.episode import Episode, Finding

FINDINGS: Final[tuple[Finding, ...]] = ("yes", "unsure", "unanswered", "no")
"""The order in which answers are shown: what matters most comes first."""

_SHORT: Final = 120
"""Days up to which episodes are counted by weeks; above, by months."""
_LONG: Final = 365 * 4
"""Days from which they are counted by years."""


@dataclass(frozen=True)
class Period:
    """A week, a month or a year, and how many cramps began in it."""

    name: str
    count: int


@dataclass(frozen=True)
class Technique:
    """How long it took until the spasm let go, where this stretch was the last one."""

    step: str
    name: str
    count: int
    low: float
    """Seconds; a quarter was faster."""
    median: float
    high: float
    """A quarter was slower."""


@dataclass(frozen=True)
class Question:
    """A red flag, and how often it was answered in which way."""

    flag: str
    says: str
    level: str
    found: Mapping[Finding, int]

    @property
    def asked(self) -> int:
        return sum(self.found.values())


@dataclass(frozen=True)
class Figures:
    """Everything that the page shows."""

    episodes: tuple[Episode, ...]
    """The newest first."""
    unit: str
    """What ``periods`` are: "week", "month" or "year"."""
    periods: tuple[Period, ...]
    hours: tuple[int, ...]
    """Cramps that began in each hour of the day, 0 to 23."""
    techniques: tuple[Technique, ...]
    """The most used first."""
    questions: tuple[Question, ...]
    sides: Mapping[str, int]
    levels: Mapping[str, int]
    nights: int
    """Nights whose sleep was broken."""

    @property
    def count(self) -> int:
        return len(self.episodes)

    @property
    def first(self) -> date:
        return self.episodes[-1].began.date()

    @property
    def last(self) -> date:
        return self.episodes[0].began.date()

    @property
    def at_night(self) -> int:
        return sum(episode.at_night for episode in self.episodes)

    @property
    def eased(self) -> tuple[float, ...]:
        return tuple(sorted(e.eased for e in self.episodes if e.eased is not None))

    def within(self, days: int, today: date) -> int:
        """Cramps of the last so many days, today included."""
        start = today - timedelta(days=days)
        return sum(start < episode.began.date() <= today for episode in self.episodes)


def figures(episodes: Sequence[Episode], protocol: Protocol) -> Figures:
    """``episodes``: at least one, in any order. ``protocol`` gives steps and flags their names."""
    newest = tuple(sorted(episodes, key=lambda episode: episode.began, reverse=True))
    first, last = newest[-1].began.date(), newest[0].began.date()
    unit = _unit((last - first).days)
    hours = Counter(episode.began.hour for episode in newest)
    return Figures(
        episodes=newest,
        unit=unit,
        periods=_periods([episode.began.date() for episode in newest], unit),
        hours=tuple(hours[hour] for hour in range(24)),
        techniques=_techniques(newest, protocol),
        questions=_questions(newest, protocol),
        sides=_counted((episode.side or "not said" for episode in newest), "left", "right"),
        levels=_counted(
            (episode.level for episode in newest),
            "self_care", "routine", "soon", "urgent", "emergency",
        ),
        nights=len({episode.night for episode in newest if episode.at_night}),
    )  # fmt: skip


def _counted(values: Iterable[str], *order: str) -> dict[str, int]:
    counts = Counter(values)
    known = [value for value in order if counts[value]]
    return {value: counts[value] for value in [*known, *sorted(set(counts) - set(order))]}


def _unit(days: int) -> str:
    return "week" if days <= _SHORT else "month" if days <= _LONG else "year"


def _periods(days: Sequence[date], unit: str) -> tuple[Period, ...]:
    """Every period from the first to the last, also those without a cramp."""
    counts = Counter(_start(day, unit) for day in days)
    start, end = min(counts), max(counts)
    periods = []
    while start <= end:
        periods.append(Period(_named(start, unit), counts[start]))
        start = _next(start, unit)
    return tuple(periods)


def _start(day: date, unit: str) -> date:
    if unit == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if unit == "month" else day.replace(month=1, day=1)


def _next(start: date, unit: str) -> date:
    if unit == "week":
        return start + timedelta(days=7)
    return _start(start + timedelta(days=32 if unit == "month" else 366), unit)


def _named(start: date, unit: str) -> str:
    if unit == "week":
        return f"{start.day} {start:%b %Y}"
    return f"{start:%b %Y}" if unit == "month" else f"{start:%Y}"


def _techniques(episodes: Sequence[Episode], protocol: Protocol) -> tuple[Technique, ...]:
    times: dict[str, list[float]] = {}
    for episode in episodes:
        if episode.eased is not None:
            times.setdefault(episode.helped, []).append(episode.eased)
    found = [
        Technique(step, named(step, protocol), len(seconds), *_quartiles(seconds))
        for step, seconds in times.items()
    ]
    return tuple(sorted(found, key=lambda technique: (-technique.count, technique.name)))


def _quartiles(seconds: list[float]) -> tuple[float, float, float]:
    if len(seconds) == 1:
        return seconds[0], seconds[0], seconds[0]
    low, median, high = quantiles(seconds, n=4, method="inclusive")
    return low, median, high


def named(step: str, protocol: Protocol) -> str:
    """What a step is called in the content; its plain name where that has no such step."""
    known = protocol.steps.get(step)
    if known is not None and known.label:
        return known.label
    return step.replace("_", " ") or "without a stretch"


def _questions(episodes: Sequence[Episode], protocol: Protocol) -> tuple[Question, ...]:
    """The last answer of each night. Flags in the order of the content, then foreign ones."""
    found: dict[str, Counter[Finding]] = {}
    for episode in episodes:
        for flag, finding in {answer.flag: answer.found for answer in episode.answers}.items():
            found.setdefault(flag, Counter())[finding] += 1
    order = [flag for flag in protocol.flags if flag in found]
    order += sorted(set(found) - set(order))
    return tuple(_question(flag, found[flag], protocol) for flag in order)


def _question(flag: str, counts: Counter[Finding], protocol: Protocol) -> Question:
    known = protocol.flags.get(flag)
    return Question(
        flag,
        known.says if known else flag.replace("_", " "),
        known.level if known else "",
        {finding: counts[finding] for finding in FINDINGS},
    )
