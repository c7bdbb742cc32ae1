from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from voice_coach.audio.port import RATE
from voice_coach.speaking.loudness import MARGIN, active_level, level, to_clip, trim
from voice_coach.speaking.waveform import Waveform


def tone(seconds: float, amplitude: float, rate: int = RATE) -> NDArray[np.float32]:
    phase = 2 * np.pi * 300 * np.arange(round(seconds * rate)) / rate
    return (amplitude * np.sin(phase)).astype(np.float32)


def silence(seconds: float) -> NDArray[np.float32]:
    return np.zeros(round(seconds * RATE), np.float32)


def test_silence_is_cut_on_both_sides_but_for_a_margin() -> None:
    speech = tone(0.5, 0.3)
    trimmed = trim(np.concatenate([silence(0.4), speech, silence(0.7)]))
    assert trimmed.size == pytest.approx(speech.size + 2 * MARGIN, abs=2)


def test_a_pause_inside_the_speech_stays() -> None:
    speech = np.concatenate([tone(0.3, 0.3), silence(0.5), tone(0.3, 0.3)])
    assert trim(speech).size == speech.size


def test_a_pause_does_not_make_a_sentence_count_as_quieter() -> None:
    speech = tone(1.0, 0.2)
    paused = np.concatenate([speech, silence(2.0), speech])
    assert active_level(paused) == pytest.approx(active_level(speech), abs=0.1)


@pytest.mark.parametrize("amplitude", [0.01, 0.1, 0.9])
def test_quiet_and_loud_come_out_alike(amplitude: float) -> None:
    clip = level(tone(0.5, amplitude)).astype(np.float32) / np.float32(32_768)
    assert active_level(clip) == pytest.approx(-20.0, abs=0.05)


def test_a_high_peak_limits_the_gain() -> None:
    speech = tone(0.5, 0.01)
    speech[4_000] = 0.5
    assert np.abs(level(speech)).max() == pytest.approx(32_767 * 10 ** (-1 / 20), abs=1)


def test_every_rate_becomes_16_khz() -> None:
    for rate in (8_000, 16_000, 22_050, 44_100, 48_000):
        clip = to_clip(Waveform(tone(1.0, 0.2, rate), rate))
        assert clip.size == pytest.approx(RATE, abs=2 * MARGIN)


@pytest.mark.parametrize("samples", [silence(0), silence(1.0), tone(1.0, 0.0005)])
def test_silence_is_refused(samples: NDArray[np.float32]) -> None:
    with pytest.raises(ValueError, match="silence"):
        to_clip(Waveform(samples, RATE))
