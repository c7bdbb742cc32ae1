"""What a recording measures, and each threshold from both sides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.listening.speech import hiss, join, silence, speech
from voice_coach.audio.port import RATE, Samples
from voice_coach.practice import level
from voice_coach.practice.level import Level, Problem, judge, measure

GOOD = Level(peak=-8.0, speech=-23.0, noise=-70.0, clipped=0.0)


def tone(seconds: float, dbfs: float) -> Samples:
    """A sine of this power."""
    wave = np.sin(2 * np.pi * 400 * np.arange(round(seconds * RATE)) / RATE)
    return np.asarray(np.rint(wave * 32768 * np.sqrt(2) * 10 ** (dbfs / 20)), np.int16)


def mixed(one: Samples, other: Samples) -> Samples:
    return np.asarray(one.astype(np.int32) + other, np.int16)


# -- measuring ------------------------------------------------------------------------------------


@pytest.mark.parametrize("loud", [-10.0, -23.0, -50.0])
@pytest.mark.parametrize("noise", [-60.0, -75.0])
def test_speech_and_noise_are_told_apart(loud: float, noise: float) -> None:
    sound = mixed(join(silence(1), tone(1, loud), silence(1)), hiss(3, noise))
    found = measure(sound, (1.0, 2.0))
    assert found.speech == pytest.approx(loud, abs=0.7)
    assert found.noise == pytest.approx(noise, abs=0.7)
    assert found.snr == pytest.approx(loud - noise, abs=1.4)
    assert found.peak == pytest.approx(20 * np.log10(np.abs(sound.astype(int)).max() / 32768))
    assert found.clipped == 0


def test_the_noise_below_the_voice_is_not_counted_as_voice() -> None:
    sound = mixed(join(silence(1), tone(1, -30), silence(1)), hiss(3, -30))
    assert measure(sound, (1.0, 2.0)).speech == pytest.approx(-30, abs=0.7)


def test_pauses_within_speech_do_not_lower_it() -> None:
    words = join(tone(0.4, -20), silence(0.3), tone(0.4, -20))
    sound = mixed(join(silence(1), words, silence(1)), hiss(3.1, -70))
    assert measure(sound, (1.0, 2.1)).speech == pytest.approx(-20, abs=0.7)


def test_a_constant_is_no_sound() -> None:
    sound = mixed(hiss(2, -60), np.full(2 * RATE, 3000, np.int16))
    assert measure(sound).noise == pytest.approx(-60, abs=0.7)


def test_a_door_is_not_the_noise_of_the_room() -> None:
    sound = join(hiss(1, -65), hiss(0.3, -20, seed=2), hiss(1, -65, seed=3))
    assert measure(sound).noise == pytest.approx(-65, abs=1)


def test_nobody_spoke() -> None:
    found = measure(hiss(2, -60))
    assert (found.speech, found.snr) == (None, None)


def test_whoever_answers_at_once_leaves_no_noise_to_measure() -> None:
    found = measure(tone(1, -20), (0.0, 1.0))
    assert found.noise is None
    assert found.snr is None
    assert found.speech == pytest.approx(-20, abs=0.7)


def test_digital_silence_and_nothing_at_all_are_finite() -> None:
    for sound in (silence(1), silence(0)):
        found = measure(sound)
        assert found.peak == level.LOWEST
        assert found.speech is None
    assert measure(silence(1), (0.2, 0.6)).speech == level.LOWEST


def test_clipping_is_counted_in_the_speech_alone() -> None:
    loud = np.clip(speech("still hurts").astype(np.int32) * 8, -32768, 32767).astype(np.int16)
    seconds = len(loud) / RATE
    found = measure(join(silence(1), loud, silence(1)), (1.0, 1.0 + seconds))
    assert found.clipped == pytest.approx(float(np.mean(np.abs(loud.astype(np.int32)) > 32_440)))
    assert found.clipped > level.TOO_CLIPPED
    # A knock before the word is not the word.
    knock = np.full(RATE // 10, 32767, np.int16)
    sound = join(knock, silence(0.9), tone(1, -20), silence(1))
    assert measure(sound, (1.0, 2.0)).clipped == 0


# -- judging --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "problems"),
    [
        ({}, ()),
        ({"speech": level.TOO_QUIET}, ()),
        ({"speech": level.TOO_QUIET - 0.1}, ("quiet",)),
        ({"clipped": level.TOO_CLIPPED}, ()),
        ({"clipped": level.TOO_CLIPPED + 0.001}, ("clipped",)),
        ({"noise": -23.0 - level.TOO_NOISY}, ()),
        ({"noise": -23.0 - level.TOO_NOISY + 0.1}, ("noisy",)),
        ({"speech": -50.0, "noise": -60.0}, ("quiet", "noisy")),
    ],
)
def test_each_threshold(changed: dict[str, float], problems: tuple[Problem, ...]) -> None:
    assert judge([replace(GOOD, **changed)] * 3).problems == problems


def test_a_few_clipped_words_are_forgiven() -> None:
    loud = replace(GOOD, clipped=0.1)
    assert judge([loud] + [GOOD] * 4).problems == ()
    assert judge([loud] + [GOOD] * 3).problems == ("clipped",)
    assert judge([loud] + [GOOD] * 4).clipped == 0.1


def test_one_mumbled_word_is_no_verdict() -> None:
    assert judge([replace(GOOD, speech=-60.0), GOOD, GOOD]).problems == ()


def test_the_room_is_known_from_where_nobody_spoke() -> None:
    verdict = judge([replace(GOOD, noise=None), Level(-40.0, noise=-30.0)])
    assert verdict.snr == pytest.approx(7.0)
    assert verdict.problems == ("noisy",)


@pytest.mark.parametrize(
    ("peak", "problem"), [(level.DEAD, "silent"), (level.DEAD - 0.1, "dead"), (-20.0, "silent")]
)
def test_silence_of_a_person_or_of_a_microphone(peak: float, problem: Problem) -> None:
    assert judge([Level(peak, noise=-70.0)] * 2).problems == (problem,)


def test_without_a_recording_there_is_nothing_to_say() -> None:
    assert judge([]) == level.Verdict(())
