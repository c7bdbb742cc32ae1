"""Two streams of one microphone, sewn together where their sound is the same."""

from __future__ import annotations

import numpy as np
import pytest
import soxr

from tests.listening.speech import hiss, silence, speech
from voice_coach.audio.port import RATE, Samples
from voice_coach.audio.seam import LOOK, REACH, seam

ROOM = hiss(2.0, -50.0)
WORDS = np.concatenate([ROOM[: RATE // 2], speech("help calf cramp"), ROOM])


@pytest.mark.parametrize("sound", [WORDS, ROOM], ids=["speech", "hiss"])
@pytest.mark.parametrize("wrong", [-REACH + 1, -480, 0, 333, REACH - 1])
def test_it_is_found_to_the_sample_although_the_clock_is_wrong(sound: Samples, wrong: int) -> None:
    ends, begins = RATE, RATE // 2
    assert seam(sound[:ends], sound[begins:], ends - begins + wrong) == ends - begins


def test_it_is_found_in_sound_that_was_resampled_apart() -> None:
    """As by a sound server, which converts for each of its listeners."""
    wide = soxr.resample(WORDS, RATE, 48_000)
    shifted = np.asarray(soxr.resample(wide[1:], 48_000, RATE), np.int16)
    noise = np.random.default_rng(1).normal(0, 3, len(shifted))
    ends, begins = RATE, RATE // 2
    found = seam(WORDS[:ends], np.asarray(shifted + noise, np.int16)[begins:], ends - begins)
    assert found == pytest.approx(ends - begins, abs=1)


def test_nothing_is_found_where_there_is_nothing_in_common() -> None:
    other = hiss(1.0, -50.0, seed=7)
    assert seam(WORDS[:RATE], other, LOOK) is None
    assert seam(silence(1.0), silence(1.0), LOOK) is None


def test_nothing_is_found_in_too_little_sound() -> None:
    assert seam(WORDS[: LOOK - 1], WORDS, LOOK) is None
    assert seam(WORDS[:RATE], WORDS[RATE - LOOK + 1 : RATE], LOOK) is None
    assert seam(WORDS[:RATE], WORDS[:0], 0) is None
    assert seam(WORDS[:RATE], WORDS[RATE : RATE + LOOK], -RATE) is None
