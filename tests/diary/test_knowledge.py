"""What the nights before say about this one."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from tests.dialogue.explore import PROTOCOL
from tests.diary.test_store import episode
from voice_coach.diary.episode import Episode, Taken
from voice_coach.diary.knowledge import Known, knowledge, learned
from voice_coach.diary.script import load

SCRIPT = load()
NOW = datetime(2026, 3, 20, 3, 0, tzinfo=timezone(timedelta(hours=1)))


def ago(days: float, n: int = 0, **fields: object) -> Episode:
    return episode(n or round(days * 1000) + 1, began=NOW - timedelta(days=days), **fields)


def known(*before: Episode) -> Known:
    return knowledge(before, NOW, SCRIPT, PROTOCOL)


def relief(position: str, helped: str, took: float, n: int = 0) -> Episode:
    """A night in which that stretch, begun at 60 s, helped after ``took`` seconds."""
    steps = (Taken("unload", 0.0), Taken(helped, 5.0), Taken(helped, 60.0))
    return ago(1 + n, position=position, helped=helped, eased=60.0 + took, steps=steps)


def test_the_first_cramp_of_all() -> None:
    found = known()
    assert (found.often, found.first) == ((), {})
    assert found.answers["how_often"] == ("This is the first cramp that I know of.",)
    assert found.answers["last_one"] == found.answers["what_helped"] == found.answers["how_often"]


@pytest.mark.parametrize(
    ("days", "often"),
    [
        ((), False),
        ((1,), False),
        ((1, 6.9), True),
        ((1, 7.0), False),  # a week ago to the second is no longer within the week
        ((1, 2, 3), True),
    ],
)
def test_the_third_within_a_week_is_often(days: tuple[float, ...], often: bool) -> None:
    found = known(*(ago(day + 0.4 if day == 1 else day) for day in days))
    assert bool(found.often) == often
    if often:
        count = {3: "three", 4: "four"}[len(days) + 1]
        assert found.often[0] == f"This is cramp number {count} in seven days."


def test_broken_nights_count_though_the_cramps_are_few() -> None:
    found = known(ago(8), ago(12))
    assert found.often[0] == "Cramps broke your sleep in three of the last fourteen nights."
    by_day = [ago(8.5), ago(12.5)]
    assert all(SCRIPT.often.morning <= e.began.hour < SCRIPT.often.evening for e in by_day)
    assert known(*by_day).often == ()
    same_night = [ago(8), ago(8.02)]
    assert known(*same_night).often == ()


@pytest.mark.parametrize(
    ("days", "when"),
    [(0.05, "earlier today"), (0.2, "yesterday"), (1.0, "yesterday"), (3.0, "three days ago")],
)
def test_when_the_last_one_was(days: float, when: str) -> None:
    assert known(ago(days), ago(9)).answers["last_one"] == (f"The last one was {when}.",)


def test_how_often_and_what_helped() -> None:
    found = known(ago(2), ago(3, helped="wall", eased=60.0), ago(29), ago(31))
    assert found.answers["how_often"] == ("With this one, four in the last thirty days.",)
    assert found.answers["what_helped"] == ("Last time, stretching at the wall helped.",)
    assert known(ago(2)).answers["what_helped"] == ("I do not know what helped last time.",)


# -- which stretch comes first --------------------------------------------------------------------


def test_once_is_luck_and_twice_is_learned() -> None:
    one, two = relief("sitting", "ankle", 10), relief("sitting", "ankle", 12, 1)
    assert learned([one], SCRIPT) == {}
    assert learned([one, two], SCRIPT) == {"sitting": "ankle"}


def test_the_fastest_counted_from_its_own_beginning() -> None:
    """A stretch that is tried later must not look slower for that."""
    nights = [
        *(relief("sitting", "stretch_hand", took, n) for n, took in enumerate((20, 22, 24))),
        *(relief("sitting", "wall", took, n) for n, took in enumerate((9, 10), 3)),
        *(relief("lying", "ankle", took, n) for n, took in enumerate((50, 51), 5)),
    ]
    assert learned(nights, SCRIPT) == {"sitting": "wall", "lying": "ankle"}


def test_old_nights_are_forgotten() -> None:
    new = [relief("sitting", "stretch_hand", 20, n) for n in range(SCRIPT.learning.cramps)]
    old = [relief("sitting", "ankle", 5, n) for n in range(90, 95)]
    assert learned([*new, *old], SCRIPT) == {"sitting": "stretch_hand"}


def test_what_is_no_stretch_is_never_learned() -> None:
    nights = [relief("sitting", "thumbs", 5, n) for n in range(5)]
    assert learned(nights, SCRIPT) == {}
    without_steps = [ago(n, position="sitting", helped="ankle", eased=9.0) for n in (1, 2, 3)]
    assert learned(without_steps, SCRIPT) == {}, "a table from elsewhere says nothing of times"
