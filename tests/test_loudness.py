"""How loud the coach is, at which hour, and for whom."""

from __future__ import annotations

from datetime import time

import pytest

from voice_coach.audio.mixer import LOUDEST
from voice_coach.loudness import RISE, SOFT, Loudness, is_night, wall_clock


@pytest.mark.parametrize(
    ("now", "night"),
    [("21:59", False), ("22:00", True), ("03:00", True), ("06:59", True), ("07:00", False)],
)
def test_the_night_is_from_ten_to_seven(now: str, night: bool) -> None:
    assert is_night(time.fromisoformat(now)) == night


def test_the_first_words_in_the_night_are_soft() -> None:
    assert Loudness(1.0, time(3)).gain == pytest.approx(10 ** (SOFT / 20))
    assert Loudness(1.0, time(15)).gain == Loudness(1.0).gain == 1.0


def test_it_gets_louder_only_for_silence_and_never_louder_than_by_day() -> None:
    night = Loudness(0.5, time(3))
    gains = [night.gain]
    for _ in range(4):
        night.silence()
        gains.append(night.gain)
    assert gains == sorted(gains)
    assert gains[1] / gains[0] == pytest.approx(10 ** (RISE / 20))
    assert gains[-1] == gains[-2] == 0.5


def test_by_day_silence_changes_nothing() -> None:
    day = Loudness(1.0, time(15))
    day.silence()
    assert day.gain == 1.0


def test_who_asks_for_louder_gets_it_up_to_what_the_mixer_takes() -> None:
    loud = Loudness(1.0)
    loud.ask(2)
    assert loud.gain == pytest.approx(10 ** (8 / 20))
    loud.ask(-1)
    assert loud.gain < 1.0
    most = Loudness(LOUDEST)
    most.ask(3)
    assert most.gain == LOUDEST


def test_the_wall_clock_tells_a_time_of_day() -> None:
    assert time.min <= wall_clock() <= time.max
