"""The scenarios are the acceptance tests: each must go as it says, on audio."""

from __future__ import annotations

import pytest

from tests.nights import night
from voice_coach.rehearsal import scenario

OUTCOMES = {"relieved", "not_resolved", "stopped", "urgent", "emergency", "finished", "missed"}
NIGHTS = [(name, 1, None) for name in scenario.names()] + [
    (name, 2, 15.0) for name in scenario.names()
]


@pytest.mark.parametrize(("name", "seed", "snr_db"), NIGHTS)
def test_goes_as_it_says(name: str, seed: int, snr_db: float | None) -> None:
    report = night(name, seed, snr_db)
    assert report.faults == []


def test_every_outcome_and_level_is_reached() -> None:
    reports = [night(name) for name in scenario.names()]
    assert {r.outcome for r in reports} == OUTCOMES
    assert {r.level for r in reports} == {"self_care", "routine", "soon", "urgent", "emergency"}


def test_the_same_seed_gives_the_same_night() -> None:
    first, second = night("stopped"), night.__wrapped__("stopped")
    assert first.records == second.records
    assert (first.recording == second.recording).all()


def test_another_seed_gives_another_night() -> None:
    assert night("stopped").records != night("stopped", 2, 15.0).records
