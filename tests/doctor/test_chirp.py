"""The sweep is found again, late, soft, in noise, distorted; and never where it is not."""

from __future__ import annotations

import numpy as np
import pytest

from voice_coach.audio.port import RATE, Samples
from voice_coach.doctor.chirp import chirp, find

SWEEP = chirp()
SECONDS = 2.5


def played() -> Samples:
    sound = np.zeros(round(SECONDS * RATE), np.int16)
    sound[RATE : RATE + len(SWEEP)] = SWEEP
    return sound


def heard(delay: float, gain_db: float, noise_db: float, seed: int = 1) -> Samples:
    """The sweep after ``delay`` seconds, and noise at ``noise_db`` dBFS."""
    noise = np.random.default_rng(seed).standard_normal(round(SECONDS * RATE))
    sound = noise * 32768 * 10 ** (noise_db / 20)
    first = RATE + round(delay * RATE)
    sound[first : first + len(SWEEP)] += SWEEP * 10 ** (gain_db / 20)
    return np.clip(sound, -32768, 32767).astype(np.int16)


@pytest.mark.parametrize(
    ("delay", "gain_db", "noise_db"),
    [(0.0, 0, -60), (0.127, -6, -60), (0.4, -20, -50), (0.2, -30, -38), (0.05, -40, -60)],
)
def test_it_is_found_with_its_delay_and_its_loudness(
    delay: float, gain_db: float, noise_db: float
) -> None:
    echo = find(heard(delay, gain_db, noise_db), played())
    assert echo is not None
    assert echo.delay == pytest.approx(delay, abs=0.001)
    assert echo.gain == pytest.approx(gain_db, abs=1.5)
    assert echo.clipped == 0.0


def test_what_is_upside_down_is_found_too() -> None:
    echo = find(-heard(0.1, -6, -60), played())
    assert echo is not None
    assert echo.delay == pytest.approx(0.1, abs=0.001)


def test_what_is_overdriven_is_noticed() -> None:
    echo = find(heard(0.1, 20, -60), played())
    assert echo is not None
    assert echo.clipped > 0.2


@pytest.mark.parametrize("seed", range(20))
def test_it_is_not_found_in_noise(seed: int) -> None:
    assert find(heard(0.1, -200, -30, seed), played()) is None


def test_it_is_not_found_in_silence_a_hum_or_where_nothing_was_played() -> None:
    hum = (3000 * np.sin(2 * np.pi * 100 * np.arange(len(played())) / RATE)).astype(np.int16)
    assert find(np.zeros_like(hum), played()) is None
    assert find(hum, played()) is None
    assert find(heard(0.1, 0, -60), np.zeros_like(hum)) is None
