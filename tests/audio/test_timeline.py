"""Block times: smooth when the reports jitter, honest when there is a gap."""

from __future__ import annotations

import numpy as np
import pytest

from voice_coach.audio.port import BLOCK, RATE
from voice_coach.audio.timeline import Timeline

STEP = BLOCK / RATE


def test_jitter_is_smoothed_away() -> None:
    jitter = np.random.default_rng(1).uniform(-0.02, 0.02, 500)
    timeline = Timeline()
    times = np.array([timeline.follow(n * STEP + jitter[n]) for n in range(500)])
    assert np.abs(np.diff(times[10:]) - STEP).max() < 0.003
    assert np.abs(times[100:] - np.arange(100, 500) * STEP).max() < 0.01


def test_a_drifting_clock_is_followed() -> None:
    timeline = Timeline()
    pace = STEP * (1 + 200e-6)
    times = [timeline.follow(n * pace) for n in range(20_000)]
    assert times[-1] == pytest.approx(19_999 * pace, abs=0.001)


def test_a_gap_is_believed_at_once() -> None:
    timeline = Timeline()
    timeline.follow(1.0)
    assert timeline.follow(3.0) == 3.0


def test_the_first_blocks_are_believed_as_they_come() -> None:
    timeline = Timeline()
    assert timeline.follow(0.05) == 0.05
    assert timeline.follow(0.05 + STEP + 0.03) == 0.05 + STEP + 0.03


def test_time_never_goes_back() -> None:
    timeline = Timeline()
    assert timeline.follow(1.0) == 1.0
    assert timeline.follow(0.2) == 1.0
