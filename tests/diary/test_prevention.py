"""With the stretch and without it: counted by hand, and no more said than was counted."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

from tests.diary.test_stretching import stretching
from voice_coach.diary.prevention import LEAST, Nights, compared, prevention
from voice_coach.diary.stretching import Stretching

DAY = date(2026, 3, 1)


def when(day: int, hour: int) -> datetime:
    return datetime(2026, 3, 1, hour, tzinfo=timezone.utc) + timedelta(days=day)


def cramps(*moments: tuple[int, int]) -> list[datetime]:
    return [when(*moment) for moment in moments]


def stretches(*days: int, hour: int = 20) -> list[Stretching]:
    return [stretching(n, began=when(day, hour)) for n, day in enumerate(days)]


def test_a_cramp_belongs_to_the_night_after_the_day_of_the_stretch() -> None:
    """Stretched on days 0 and 2; cramps at three in the nights after days 0, 1 and 1."""
    found = compared(cramps((1, 3), (2, 3), (2, 5)), stretches(0, 2), DAY + timedelta(days=4))
    assert found.after == Nights(1, 1)
    assert found.without == Nights(1, 2)


def test_the_cramp_that_opened_the_diary_does_not_count_against_days_without() -> None:
    found = compared(cramps((1, 3)), stretches(5), DAY + timedelta(days=8))
    assert found.without == Nights(4, 0)
    assert found.after == Nights(0, 0)


def test_days_after_the_last_entry_are_no_days_without_a_cramp() -> None:
    """Nobody knows whether the coach still listened."""
    for later in (0, 10, 300):
        found = compared(cramps((1, 3), (9, 3)), stretches(4), DAY + timedelta(days=9 + later))
        assert (found.after, found.without) == (Nights(1, 0), Nights(6, 0))


def test_tonight_does_not_count() -> None:
    found = compared([], stretches(0, 1), DAY + timedelta(days=1))
    assert (found.after, found.without) == (Nights(1, 0), Nights(0, 0))


def test_a_routine_without_a_stretch_is_none() -> None:
    given_up = [stretching(1, began=when(1, 20), held=())]
    assert prevention([], given_up, DAY) == ()
    assert prevention(cramps((1, 3)), [], DAY) == ()


def test_with_few_nights_nothing_is_compared() -> None:
    said = prevention(cramps((1, 3)), stretches(0, 1, 2), DAY + timedelta(days=20))
    text = " ".join(said)
    assert said[0] == "Done on 0 of the last 7 days, on 3 days in all."
    assert f"(2 and 0; {LEAST} of each are needed)" in text
    assert "100" not in text


def test_with_enough_nights_the_counts_are_said_and_that_they_are_no_proof() -> None:
    """Days 0 to 19 with it and two cramps; 20 to 38 without it and four; a last one."""
    bad = [(3, 3), (9, 2), *((20 + n, 4) for n in (1, 2, 5, 9, 20))]
    said = prevention(cramps(*bad), stretches(*range(20)), DAY + timedelta(days=40))
    assert said == (
        "Done on 0 of the last 7 days, on 20 days in all.",
        "In 20 nights after it 2 cramps (10 in 100), in 19 nights without it 4 cramps (21 in 100).",
        "These are counts, not proof: the nights may differ in other ways, too.",
    )


def test_it_says_so_as_plainly_where_the_stretch_looks_worse() -> None:
    bad = [*((n + 1, 3) for n in range(0, 20, 2)), (41, 3)]
    text = " ".join(prevention(cramps(*bad), stretches(*range(20)), DAY + timedelta(days=60)))
    assert "In 20 nights after it 10 cramps (50 in 100), in 20 nights without it 0" in text
    assert "not proof" in text
