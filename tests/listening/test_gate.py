from __future__ import annotations

import numpy as np
import pytest

from tests.listening.speech import hiss, join, silence, speech
from voice_coach.audio.port import BLOCK, RATE, Samples
from voice_coach.listening.gate import Gate


def run(gate: Gate, samples: Samples) -> list[bool]:
    """The gate's word on each block."""
    ends = range(BLOCK, len(samples) + 1, BLOCK)
    return [gate.process(samples[end - BLOCK : end]) for end in ends]


def scaled(samples: Samples, dbfs: float) -> Samples:
    """The samples with their loud part at this level."""
    level = 20 * np.log10(np.sqrt(np.mean(samples.astype(np.float64) ** 2)) / 32768)
    return np.asarray(samples * 10 ** ((dbfs - level) / 20), np.int16)


def test_silence_and_a_steady_room_never_open_it() -> None:
    assert not any(run(Gate(), silence(5)))
    assert not any(run(Gate(), hiss(20, -62)))


def test_speech_opens_it_even_as_the_very_first_block() -> None:
    words = run(Gate(), scaled(speech("help"), -25))
    assert words[0] or words[1]
    assert sum(words) > len(words) // 2


def test_a_whisper_after_silence_opens_it() -> None:
    heard = run(Gate(), join(hiss(3, -70), scaled(speech("calf cramp"), -50), silence(0.5)))
    assert sum(heard) >= 5


def test_a_fan_that_starts_is_the_new_floor_within_three_seconds() -> None:
    gate = Gate()
    run(gate, hiss(3, -65))
    fan = run(gate, hiss(8, -35))
    assert fan[1]
    assert not any(fan[100:])
    assert -40 < gate.floor < -33


def test_speech_over_the_fan_opens_it_again() -> None:
    gate = Gate()
    run(gate, hiss(5, -45))
    word = scaled(speech("still hurts"), -25)
    noise = hiss(len(word) / RATE, -45)[: len(word)]
    assert sum(run(gate, word + noise)) >= 10


def test_it_falls_quiet_at_once_after_speech() -> None:
    gate = Gate()
    run(gate, join(silence(1), scaled(speech("yes"), -25)))
    assert not any(run(gate, silence(1)))


def test_a_constant_offset_of_the_card_is_no_sound() -> None:
    assert not any(run(Gate(), np.full(RATE, 3000, np.int16)))


def test_the_floor_stays_down_during_a_long_sentence() -> None:
    gate = Gate()
    run(gate, hiss(2, -60))
    sentence = scaled(speech("the pain in my calf started in the middle of the night"), -25)
    heard = run(gate, sentence + hiss(len(sentence) / RATE, -60)[: len(sentence)])
    assert gate.floor < -45
    assert sum(heard) > len(heard) * 0.7


@pytest.mark.parametrize("offset", [-32768, -32767, -20001, 12345, 32766, 32767])
def test_a_constant_however_large_is_silence(offset: int) -> None:
    gate = Gate()
    blocks = [np.full(n, offset, np.int16) for n in (1, 2, 3, 100, BLOCK - 1, BLOCK)]
    assert not any(gate.process(block) for block in blocks)
    assert gate.level < -100


def test_what_a_card_adds_to_all_samples_does_not_change_the_level() -> None:
    quiet = hiss(1, -60)
    plain, shifted = Gate(), Gate()
    for at in range(0, len(quiet), BLOCK):
        plain.process(quiet[at : at + BLOCK])
        shifted.process(quiet[at : at + BLOCK] + np.int16(32000))
        assert shifted.level == pytest.approx(plain.level, abs=0.01)
