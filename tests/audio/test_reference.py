"""Pairing what is played with what is heard."""

from __future__ import annotations

import numpy as np

from voice_coach.audio.port import BLOCK, Samples
from voice_coach.audio.reference import Reference


def block(value: int) -> Samples:
    return np.full(BLOCK, value, np.int16)


def test_the_nth_played_belongs_to_the_nth_heard() -> None:
    reference = Reference()
    reference.played(block(1))
    reference.played(block(2))
    assert reference.next()[0] == 1
    reference.played(block(3))
    assert [reference.next()[0] for _ in range(2)] == [2, 3]


def test_before_anything_was_played_there_was_silence() -> None:
    assert not Reference().next().any()


def test_a_microphone_that_lost_sound_does_not_fall_behind_for_ever() -> None:
    reference = Reference()
    for value in range(1, 21):
        reference.played(block(value))
    assert reference.next()[0] >= 17
