"""Where a sentence goes on that was cut."""

from __future__ import annotations

import numpy as np

from tests.listening.speech import join, silence
from voice_coach.audio.clause import clause_start, last_sound
from voice_coach.audio.port import RATE, Samples


def tone(seconds: float) -> Samples:
    wave = 8000 * np.sin(2 * np.pi * 200 * np.arange(round(seconds * RATE)) / RATE)
    return np.asarray(wave, np.int16)


SENTENCE = join(silence(0.02), tone(0.5), silence(0.1), tone(0.6), silence(0.03), tone(0.4))


def test_a_clause_begins_after_the_breath_before_it() -> None:
    for position in (0.7, 1.0, 1.4):
        start = clause_start(SENTENCE, round(position * RATE)) / RATE
        assert 0.60 <= start <= 0.63


def test_the_first_clause_begins_with_the_sentence() -> None:
    assert clause_start(SENTENCE, round(0.4 * RATE)) == 0
    assert clause_start(SENTENCE, 0) == 0


def test_a_sound_between_two_sounds_is_no_breath() -> None:
    assert clause_start(SENTENCE, len(SENTENCE)) / RATE < 0.7


def test_in_silence_there_is_nothing_to_go_back_to() -> None:
    nothing = silence(0.5)
    assert last_sound(nothing) == 0
    assert clause_start(np.zeros(0, np.int16), 0) == 0


def test_the_silence_at_the_end_is_no_sound() -> None:
    assert abs(last_sound(join(tone(0.5), silence(0.3))) / RATE - 0.5) < 0.011
