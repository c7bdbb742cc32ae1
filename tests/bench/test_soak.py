"""The soak: whole blocks of sound, and figures that come from what happened."""

from __future__ import annotations

import numpy as np

from scripts.bench.soak import LoopPort, Soak, rooms
from voice_coach.audio.mixer import Mixer
from voice_coach.audio.port import BLOCK


def test_the_rooms_are_as_loud_as_they_should_be() -> None:
    made = rooms()
    level = {
        name: 10 * np.log10(np.mean(np.square(room / 32768))) for name, room in made.items()
    }  # fmt: skip
    assert level["quiet"] < -60 < level["rain and a clock"] < level["snoring"] < -25
    assert all(len(room) % BLOCK == 0 for room in made.values())


def test_the_room_goes_on_for_ever() -> None:
    port = LoopPort(rooms()["snoring"], 1)
    port.start(Mixer())
    for _ in range(2500):  # twice round
        block = port.read(0.0)
        assert block is not None
        assert block.samples.shape == (BLOCK,)
    assert port.now() == 75.0


def test_the_first_look_does_not_count() -> None:
    one = Soak("x", 1.0, 2, cpu=[900.0, 36.0, 36.0], memory=[50.0, 100.0, 101.5])
    assert one.summary() == {
        "room": "x", "hours": 1.0, "wakes": 2, "cpu, % of a core": 1.0, "memory, MB": 101.5,
        "growth, MB": 1.5,
    }  # fmt: skip
