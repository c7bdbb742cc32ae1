"""The page for the doctor, before it has a form: its words and tables. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import Final

from voice_coach.dialogue.protocol import Protocol
from voice_coach.diary.episode import Episode, Finding
from voice_coach.diary.figures import FINDINGS, Figures, Question, named

TITLE: Final = "Calf cramps: a page for the doctor"
CAUTION: Final = (
    "Counted by voice_coach from what the person said during each cramp. It is coaching, not a "
    "diagnosis; nobody has examined the leg."
)
NEWEST: Final = 25
"""Episodes in the table; the whole diary can be exported."""

FOUND: Final[dict[Finding, str]] = {
    "yes": "yes",
    "unsure": "not sure",
    "unanswered": "no answer",
    "no": "no",
}
ADVICE: Final = {
    "self_care": "rest",
    "routine": "doctor at the next visit",
    "soon": "doctor within two days",
    "urgent": "medical help that day",
    "emergency": "emergency call",
}
OUTCOMES: Final = {
    "relieved": "relieved",
    "not_resolved": "not resolved",
    "stopped": "ended by the person",
    "urgent": "sent for help",
    "emergency": "emergency call",
    "": "cut off",
}
COLUMNS: Final = ("began", "leg", "let go after", "technique", "red flags", "advice", "note")


@dataclass(frozen=True)
class Report:
    """What stands on the page beside its charts."""

    made: date
    facts: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, ...], ...]
    """Of the newest episodes, in the order of ``COLUMNS``."""
    count: int
    """Of all episodes."""


def report(
    figures: Figures, protocol: Protocol, today: date, prevention: tuple[str, ...] = ()
) -> Report:
    """``today``: what "the last 30 days" counts from. ``prevention``: sentences on the daily
    stretch; none where it is not done."""
    rows = tuple(_row(episode, protocol) for episode in figures.episodes[:NEWEST])
    facts = _facts(figures, today)
    if prevention:
        facts.append(("Daily stretch", " ".join(prevention)))
    return Report(today, tuple(facts), rows, figures.count)


def _facts(figures: Figures, today: date) -> list[tuple[str, str]]:
    count = figures.count
    outcomes = _counts(figures.episodes, lambda episode: OUTCOMES[episode.outcome])
    facts = [
        ("Cramps", f"{count}, {_span(figures)}"),
        (
            "Of late",
            f"{figures.within(7, today)} in the last 7 days, {figures.within(30, today)} in the "
            f"last 30 days, up to {day(today)}",
        ),
        (
            "At night",
            f"{figures.at_night} of {count}; sleep broken in {figures.nights} "
            f"night{'' if figures.nights == 1 else 's'}",
        ),
        ("Leg", _listed(figures.sides)),
        ("Outcome", _listed(outcomes)),
    ]
    eased = figures.eased
    if eased:
        facts.append(
            ("Time to relief", f"half within {median(eased):.0f} seconds ({len(eased)} cramps)")
        )
    hard = sum(episode.pressure == "too_hard" for episode in figures.episodes)
    pressed = sum(episode.pressure != "none" for episode in figures.episodes)
    if pressed:
        facts.append(("Pressing", f"in {pressed} cramps; too hard for the person in {hard}"))
    facts += [("Red flag", _asked(question)) for question in figures.questions if _raised(question)]
    facts += [
        ("Medicines asked about", _asked(question))
        for question in figures.questions
        if question.flag == "medicine" and not _raised(question)
    ]
    levels = {ADVICE[level]: n for level, n in figures.levels.items()}
    return [*facts, ("Advice given", _listed(levels))]


def _span(figures: Figures) -> str:
    first, last = day(figures.first), day(figures.last)
    return f"on {first}" if first == last else f"from {first} to {last}"


def _raised(question: Question) -> bool:
    return question.asked > question.found["no"]


def _asked(question: Question) -> str:
    found = {FOUND[finding]: question.found[finding] for finding in FINDINGS}
    return f"{question.says}: {_listed({name: n for name, n in found.items() if n})}"


def _counts(episodes: tuple[Episode, ...], name: object) -> dict[str, int]:
    assert callable(name)
    counts: dict[str, int] = {}
    for episode in episodes:
        counts[name(episode)] = counts.get(name(episode), 0) + 1
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


def _listed(counts: Mapping[str, int]) -> str:
    return "; ".join(f"{name} {count}" for name, count in counts.items())


def _row(episode: Episode, protocol: Protocol) -> tuple[str, ...]:
    flags = (
        protocol.flags[flag].says if flag in protocol.flags else flag for flag in episode.flags
    )
    eased = episode.eased
    return (
        f"{day(episode.began)}, {episode.began:%H:%M}",
        episode.side or "",
        "" if eased is None else f"{eased:.0f} s",
        "" if eased is None else named(episode.helped, protocol),
        "; ".join(flags),
        ADVICE[episode.level],
        episode.note,
    )


def day(when: date) -> str:
    """A date that is read the same everywhere: 5 Mar 2026."""
    return f"{when.day} {when:%b %Y}"
