"""Earcons: quiet, soft at the edges, told apart by ear, always the same."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest

from tests.audio.sounds import pitch, steepest
from voice_coach.audio.earcon import CUES, PEAK, CueName, earcon, names
from voice_coach.audio.port import RATE


def test_every_name_has_a_sound_and_every_sound_a_name() -> None:
    assert set(names()) == set(CUES) == {"listening", "tick", "done", "attention"}


@pytest.mark.parametrize("name", names())
def test_it_is_short_quiet_and_begins_and_ends_in_silence(name: CueName) -> None:
    sound = earcon(name)
    assert sound.dtype == np.int16
    assert sound.ndim == 1
    assert 0.05 * RATE < len(sound) < 0.8 * RATE
    assert PEAK * 0.5 < np.abs(sound).max() <= PEAK
    assert abs(sound[0]) <= 1
    assert np.abs(sound[-RATE // 200 :]).max() <= PEAK // 100


@pytest.mark.parametrize("name", names())
def test_it_has_no_click(name: CueName) -> None:
    # A pure tone at the highest pitch used here and the full level climbs no faster.
    assert steepest(earcon(name)) < PEAK * 2 * np.pi * 2 * 600 / RATE


@pytest.mark.parametrize("name", names())
def test_it_is_the_same_every_time_and_cannot_be_spoilt(name: CueName) -> None:
    kept = earcon(name).copy()
    with pytest.raises(ValueError, match="read-only"):
        earcon(name)[0] = 1
    earcon.cache_clear()
    assert np.array_equal(earcon(name), kept)


def test_listening_rises_and_done_falls() -> None:
    rising, falling = 8 * earcon("listening"), 8 * earcon("done")
    first, last = slice(0, RATE // 12), slice(RATE // 5, RATE)
    assert pitch(rising[first]) < pitch(rising[last]) - 50
    assert pitch(falling[first]) > pitch(falling[last]) + 50


def test_a_tick_is_the_softest() -> None:
    level = {name: float(np.sum(earcon(name).astype(np.float64) ** 2)) for name in names()}
    assert min(level, key=lambda name: level[name]) == "tick"


def test_an_unknown_earcon_is_an_error() -> None:
    with pytest.raises(KeyError):
        earcon(cast(CueName, "gong"))
