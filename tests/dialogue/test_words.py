"""Numbers and times as they are spoken."""

from __future__ import annotations

import pytest

from voice_coach.dialogue.words import digits, duration, number


@pytest.mark.parametrize(
    ("n", "spoken"),
    [(0, "zero"), (7, "seven"), (19, "nineteen"), (20, "twenty"), (59, "fifty nine"),
     (60, "60"), (-1, "-1")],
)  # fmt: skip
def test_numbers(n: int, spoken: str) -> None:
    assert number(n) == spoken


def test_a_telephone_number_is_spoken_digit_by_digit() -> None:
    assert digits("10-177") == "one zero one seven seven"


@pytest.mark.parametrize(
    ("seconds", "spoken"),
    [(0, "five seconds"), (12, "ten seconds"), (57, "fifty five seconds"), (58, "one minute"),
     (119, "one minute"), (120, "two minutes"), (1800, "thirty minutes"), (3700, "61 minutes")],
)  # fmt: skip
def test_durations(seconds: float, spoken: str) -> None:
    assert duration(seconds) == spoken
