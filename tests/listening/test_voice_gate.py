"""The second gate: closed for what is no voice, and nothing is lost when there is one."""

from __future__ import annotations

import numpy as np
import pytest

from tests.listening.speech import hiss, join, silence
from voice_coach.audio.port import BLOCK, RATE, Samples
from voice_coach.listening.fake import FakeRecogniser, spoken
from voice_coach.listening.port import Grammar, Recognition
from voice_coach.listening.voice_gate import KEPT, VoiceGate

CALL = Grammar("wake", ("help", "calf cramp"))


class Counting(FakeRecogniser):
    """Counts what it is fed."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0

    def feed(self, samples: Samples) -> None:
        self.seconds += len(samples) / RATE
        super().feed(samples)


@pytest.fixture
def inner() -> Counting:
    return Counting()


@pytest.fixture
def gate(inner: Counting) -> VoiceGate:
    gate = VoiceGate(inner, 0.5)
    gate.use(CALL)
    gate.strict = True
    return gate


def feed(gate: VoiceGate, *sounds: Samples) -> Recognition:
    sound = join(*sounds)
    for at in range(0, len(sound), BLOCK):
        gate.feed(sound[at : at + BLOCK])
    return gate.finish()


def test_noise_is_not_recognised(gate: VoiceGate, inner: Counting) -> None:
    assert feed(gate, hiss(8.0, -40.0)) == Recognition("", accepted=False)
    assert inner.seconds == 0
    assert gate.looks >= 12
    assert gate.voices == 0


def test_a_quiet_room_is_not_looked_at(gate: VoiceGate, inner: Counting) -> None:
    gate.strict = False
    assert feed(gate, silence(0.3), spoken("help"), silence(0.3)).text == "help"
    assert gate.looks == 0
    assert inner.seconds == pytest.approx(1.2)


@pytest.mark.parametrize("before", [0.3, 1.0, 2.9, 6.0])
def test_a_voice_in_noise_is_heard_with_its_times(
    gate: VoiceGate, inner: Counting, before: float
) -> None:
    heard = feed(gate, hiss(before, -40.0), spoken("calf cramp", 0.9), hiss(0.4, -40.0))
    assert (heard.text, heard.accepted) == ("calf cramp", True)
    assert heard.start == pytest.approx(before, abs=0.01)
    assert heard.end == pytest.approx(before + 0.9, abs=0.01)
    assert inner.seconds < KEPT + 2.0


def test_a_short_call_is_looked_at_before_it_is_given_up(gate: VoiceGate) -> None:
    assert feed(gate, spoken("help", 0.3)).text == "help"
    assert gate.looks == 1


def test_the_next_utterance_begins_closed(gate: VoiceGate, inner: Counting) -> None:
    assert feed(gate, spoken("help")).text == "help"
    fed = inner.seconds
    assert feed(gate, hiss(3.0, -40.0)).text == ""
    assert inner.seconds == fed
    gate.feed(spoken("help"))
    gate.reset()
    assert gate.partial() == ""
    assert gate.finish().text == ""


def test_the_partial_is_the_recognisers(gate: VoiceGate) -> None:
    assert gate.partial() == ""
    gate.feed(join(np.zeros(4800, np.int16), spoken("help")))
    assert gate.partial() == "help"
