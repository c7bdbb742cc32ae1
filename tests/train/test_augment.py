"""Transforms do what their names say, within the numbers they promise."""

from __future__ import annotations

import numpy as np
import pytest

from scripts.train.arrays import Array
from scripts.train.augment import (
    DECIBEL,
    FULL_LEVEL,
    BodyAndRoom,
    Night,
    clip,
    coloured_noise,
    groan,
    level,
    mix,
    moan,
    narrow_band,
    resample_speed,
    reverberate,
    snore,
    synthetic_room,
    tempo,
    warp_matrix,
    whisper,
)
from scripts.train.features import log_mel, mel_edges

RATE = 16000


def tone(hertz: float, seconds: float = 1.0) -> Array:
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(int(RATE * seconds)) / RATE)).astype("f4")


def peak(samples: Array) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.fft.rfftfreq(len(samples), 1 / RATE)[spectrum.argmax()])


def test_speed_raises_pitch_and_shortens() -> None:
    fast = resample_speed(tone(400), 1.25)
    assert len(fast) == pytest.approx(RATE / 1.25, abs=2)
    assert peak(fast) == pytest.approx(500, rel=0.02)


def test_a_room_keeps_the_direct_sound_in_place() -> None:
    click = np.zeros(RATE, dtype=np.float32)
    click[4000] = 1.0
    room = np.concatenate((np.zeros(300), synthetic_room(np.random.default_rng(1), 0.4, 5.0)))
    wet = reverberate(click, room)
    assert len(wet) == RATE
    assert abs(int(np.argmax(np.abs(wet))) - 4000) <= 1
    assert np.abs(wet[4100:9000]).max() > 0


def test_clipping_cuts_the_share_it_was_told() -> None:
    samples = np.random.default_rng(1).standard_normal(10000)
    cut = clip(samples, 0.05)
    assert np.mean(np.abs(cut) >= np.abs(cut).max() * 0.9999) == pytest.approx(0.05, abs=0.01)


def test_a_whisper_has_no_pitch_but_keeps_its_length() -> None:
    voice = np.sign(tone(150)) * 0.2
    quiet = whisper(voice, np.random.default_rng(1))

    def periodicity(samples: Array) -> float:
        lag = round(RATE / 150)
        a, b = samples[4000:8000], samples[4000 + lag : 8000 + lag]
        return float(np.corrcoef(a, b)[0, 1])

    assert len(quiet) == len(voice)
    assert periodicity(voice) > 0.95
    assert abs(periodicity(quiet)) < 0.5


def test_a_groan_is_slower_and_deeper() -> None:
    groaned = groan(tone(400), np.random.default_rng(1))
    assert len(groaned) > RATE * 1.08
    assert peak(groaned) < 380


def test_a_narrow_band_loses_what_is_outside() -> None:
    both = tone(100) + tone(1000)
    kept = narrow_band(both, 300, 4000)
    assert peak(kept) == pytest.approx(1000, abs=5)
    spectrum = np.abs(np.fft.rfft(kept))
    assert spectrum[100] < 0.05 * spectrum[1000]


@pytest.mark.parametrize("make", [snore, moan])
def test_made_sounds_last_as_asked_and_repeat_with_the_seed(make: object) -> None:
    assert callable(make)
    first, again = (make(np.random.default_rng(3), 4.0) for _ in range(2))
    assert len(first) == 4 * RATE
    assert np.array_equal(first, again)


def test_tempo_changes_length_only() -> None:
    feats = log_mel(coloured_noise(np.random.default_rng(1), 2.0, 1.0))
    slow = tempo(feats, 0.8)
    assert len(slow) == round(len(feats) / 0.8)
    assert np.allclose(slow[0], feats[0])
    assert np.allclose(slow[-1], feats[-1])


def test_warping_moves_a_tone_to_another_bin() -> None:
    feats = log_mel(tone(1000))
    moved = feats @ warp_matrix(1.3)
    wanted = int(np.argmin(np.abs(mel_edges()[1:-1] - 1127 * np.log(1 + 1300 / 700))))
    assert abs(int(moved.mean(0).argmax()) - wanted) <= 1
    assert np.allclose(feats @ warp_matrix(1.0), feats, atol=1e-3)


def test_levels_add_when_noise_is_mixed_in() -> None:
    draw = np.random.default_rng(1)
    speech = log_mel(coloured_noise(draw, 4.0, 1.0))
    noise = log_mel(coloured_noise(draw, 4.0, 1.0))
    together = level(mix(speech, noise, draw))
    assert together == pytest.approx(level(speech) + np.log(2), abs=0.15)


def test_full_level_is_where_full_scale_noise_lies() -> None:
    white = coloured_noise(np.random.default_rng(1), 4.0, 0.0)
    assert level(log_mel(white)) == pytest.approx(FULL_LEVEL - 20 * DECIBEL, abs=0.5)


def test_the_same_seed_gives_the_same_night() -> None:
    feats = log_mel(tone(500))
    pool = [log_mel(coloured_noise(np.random.default_rng(5), 3.0, 1.0))]
    nights = [Night(pool, pool, np.random.default_rng(4)) for _ in range(2)]
    first, second = (night.speech(feats) for night in nights)
    assert np.array_equal(first, second)
    assert np.isfinite(first).all()
    assert nights[0].silence(120).shape == (120, 40)


def test_body_and_room_keep_samples_finite() -> None:
    change = BodyAndRoom()
    samples = tone(300) + 0.01 * np.random.default_rng(1).standard_normal(RATE).astype("f4")
    for seed in range(40):
        changed = change(samples, np.random.default_rng(seed))
        assert np.isfinite(changed).all()
        assert 0.6 * RATE < len(changed) < 1.6 * RATE
