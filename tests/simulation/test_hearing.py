"""The ear of a night without sound mishears as often as it says."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise

import pytest

from voice_coach.simulation.hearing import Hearing

VOCABULARY = {"yes": "yes", "yeah": "yes", "no": "no", "stop": "stop"}


def heard(hearing: Hearing, said: str, times: int = 4000) -> Counter[str | None]:
    chance = random.Random(1)
    return Counter(hearing.hear(said, VOCABULARY, chance) for _ in range(times))


def test_shares() -> None:
    found = heard(Hearing(0.1, 0.2, 0.0), "yes")
    assert found["yes"] / 4000 == pytest.approx(0.7, abs=0.03)
    assert (found["no"] + found["stop"]) / 4000 == pytest.approx(0.1, abs=0.02)
    assert found[""] == pytest.approx(found[None], rel=0.2)
    assert found["yeah"] == 0, "it means the same"


def test_perfect_ears() -> None:
    hearing = Hearing(0.0, 0.0, 0.0)
    assert heard(hearing, "yes") == {"yes": 4000}
    assert hearing.next_alarm(random.Random(1)) == float("inf")


def test_other_words_are_hardly_ever_a_phrase() -> None:
    found = heard(Hearing(0.0, 0.0, 0.0), "yellow bananas")
    assert found[""] > 3900


def test_noise_makes_it_worse() -> None:
    rooms = [Hearing.at(snr) for snr in (None, 25.0, 10.0, 0.0, -100.0)]
    for better, worse in pairwise(rooms):
        assert better.wrong < worse.wrong <= 0.5
        assert better.missed < worse.missed <= 0.5
        assert better.alarms < worse.alarms
    assert Hearing.at(99.0) == Hearing.at(None)


def test_alarms_come_as_often_as_they_should() -> None:
    chance, hearing = random.Random(1), Hearing(0.0, 0.0, 60.0)
    pauses = [hearing.next_alarm(chance) for _ in range(4000)]
    assert sum(pauses) / 4000 == pytest.approx(60.0, rel=0.1)
