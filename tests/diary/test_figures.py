"""What is counted."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pytest

from tests.dialogue.explore import PROTOCOL
from tests.diary.test_store import episode
from voice_coach.diary.episode import Answer, Episode
from voice_coach.diary.figures import Figures, Period, figures


def at(text: str, **fields: object) -> Episode:
    began = datetime.fromisoformat(text).replace(tzinfo=timezone(timedelta(hours=1)))
    at.n += 1  # type: ignore[attr-defined]
    return episode(at.n, began=began, **fields)  # type: ignore[attr-defined]


at.n = 0  # type: ignore[attr-defined]


def of(*episodes: Episode) -> Figures:
    return figures(episodes, PROTOCOL)


def test_hours_and_broken_nights() -> None:
    """Two cramps of one night break one night's sleep, on both sides of midnight."""
    found = of(at("2026-03-05 23:50"), at("2026-03-06 03:00"), at("2026-03-06 15:00"),
               at("2026-03-07 06:59"), at("2026-03-07 07:00"))  # fmt: skip
    assert (found.at_night, found.nights) == (3, 2)
    assert [hour for hour in range(24) if found.hours[hour]] == [3, 6, 7, 15, 23]
    assert sum(found.hours) == found.count == 5


@pytest.mark.parametrize(
    ("days", "unit"), [(0, "week"), (100, "week"), (200, "month"), (3000, "year")]
)
def test_periods_have_no_gap(days: int, unit: str) -> None:
    first = datetime(2026, 1, 20, 3, tzinfo=timezone.utc)
    found = of(*(episode(n, began=first + timedelta(days=n)) for n in {0, days}))
    assert found.unit == unit
    assert sum(period.count for period in found.periods) == len({0, days})
    assert found.periods[0].count > 0
    assert found.periods[-1].count > 0
    lengths = {"week": 7, "month": 30.5, "year": 365.25}
    assert len(found.periods) == pytest.approx(days / lengths[unit] + 1, abs=1)


def test_the_names_of_periods() -> None:
    assert of(at("2026-03-05 03:00")).periods == (Period("2 Mar 2026", 1),)


def test_of_late() -> None:
    found = of(at("2026-03-01 03:00"), at("2026-03-05 03:00"), at("2026-03-08 03:00"))
    assert found.within(7, date(2026, 3, 8)) == 2
    assert found.within(7, date(2026, 3, 7)) == 2
    assert found.within(30, date(2026, 3, 8)) == 3
    assert (found.first, found.last) == (date(2026, 3, 1), date(2026, 3, 8))


def test_time_to_relief() -> None:
    found = of(
        *(at("2026-03-05 03:00", helped="wall", eased=float(s)) for s in (10, 20, 30, 40, 50)),
        at("2026-03-05 03:00", helped="ankle", eased=7.0),
        at("2026-03-05 03:00"),
    )
    wall, ankle = found.techniques
    assert (wall.name, wall.count) == ("stretching at the wall", 5)
    assert (wall.low, wall.median, wall.high) == (20, 30, 40)
    assert (ankle.count, ankle.low, ankle.median, ankle.high) == (1, 7, 7, 7)
    assert found.eased == (7.0, 10.0, 20.0, 30.0, 40.0, 50.0)


def test_the_last_answer_of_a_night_counts() -> None:
    later = (Answer("medicine", "unsure", 1.0), Answer("old", "yes", 2.0))
    again = (Answer("chest", "no", 1.0), Answer("chest", "yes", 2.0), Answer("medicine", "no", 3.0))
    found = of(
        at("2026-03-05 03:00", answers=again),
        at("2026-03-06 03:00", answers=later),
    )
    chest, medicine, foreign = found.questions
    assert (chest.flag, chest.found["yes"], chest.asked) == ("chest", 1, 1)
    assert (medicine.found["unsure"], medicine.found["no"], medicine.level) == (1, 1, "soon")
    assert (foreign.says, foreign.level) == ("old", "")


def test_a_step_of_another_content_keeps_its_name() -> None:
    found = of(at("2026-03-05 03:00", helped="cold_floor", eased=7.0))
    assert found.techniques[0].name == "cold floor"
