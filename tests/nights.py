"""Rehearsals that tests look at. Each is run once, on audio, and shared."""

from __future__ import annotations

import atexit
from contextlib import ExitStack
from functools import cache

from voice_coach.commands.rehearse import make_cast
from voice_coach.commands.setup import Choices
from voice_coach.rehearsal import scenario
from voice_coach.rehearsal.rehearsal import Cast, Report, Room, rehearse


@cache
def cast() -> Cast:
    """The real ear, the real voice, the shipped dialogue."""
    stack = ExitStack()
    atexit.register(stack.close)
    return make_cast(Choices(region="GB"), stack)


@cache
def night(name: str, seed: int = 1, snr_db: float | None = None) -> Report:
    """A scenario's night."""
    story = scenario.load(name, cast().dialogue.protocol)
    return rehearse(name, story, cast(), seed=seed, room=Room(snr_db=snr_db))


def said(report: Report) -> list[str]:
    """Every sentence that was spoken to its end, in order."""
    return [r["text"] for r in report.records if r["type"] == "say" and not r["interrupted"]]


def prompts(report: Report) -> list[str]:
    return [r["prompt"] for r in report.records if r["type"] == "say"]


def began(report: Report, prompt: str) -> float:
    """Seconds since the call when a prompt first began; infinite when it never did."""
    times = [r["start"] for r in report.records if r["type"] == "say" and r["prompt"] == prompt]
    return min(times, default=float("inf"))


def heard(report: Report) -> list[str]:
    """The intents that were heard, in order."""
    return [r["intent"] for r in report.records if r["type"] == "heard"]


def in_order(wanted: list[str], found: list[str]) -> bool:
    """Whether ``wanted`` occurs in ``found`` in this order, with anything between."""
    rest = iter(found)
    return all(any(item == one for item in rest) for one in wanted)
