"""The ear of the night, with the real recogniser and detector where it matters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scripts.bench.soak import rooms
from tests.dialogue.explore import DIALOGUE
from tests.listening.speech import hiss, join, silence, speech
from voice_coach.audio.port import BLOCK, RATE, Block, Samples
from voice_coach.content.standby import load_standby
from voice_coach.listening.fake import FakeRecogniser, spoken
from voice_coach.listening.model import SpeechModel
from voice_coach.listening.port import Recogniser, Recognition
from voice_coach.listening.sentry import LATELY, Alarm, Sentry
from voice_coach.listening.speech import open_detector
from voice_coach.listening.vosk_recogniser import VoskRecogniser
from voice_coach.session import WAKE, grammar_for

GRAMMAR, _ = grammar_for(DIALOGUE, WAKE)
STANDBY = load_standby()


class Night:
    """Plays sounds to a sentry, one after the other, and keeps its alarms."""

    def __init__(self, recogniser: Recogniser) -> None:
        self.sentry = Sentry(recogniser, STANDBY)
        self.sentry.open(GRAMMAR)
        self.now = 0.0

    def play(self, *sounds: Samples) -> list[Alarm]:
        sound = join(*sounds)
        alarms = []
        for at in range(0, len(sound) - BLOCK + 1, BLOCK):
            self.now += BLOCK / RATE
            alarm = self.sentry.process(Block(sound[at : at + BLOCK], self.now))
            if alarm is not None:
                alarms.append(alarm)
        return alarms


@pytest.fixture
def night(model: SpeechModel) -> Night:
    return Night(VoskRecogniser(model, detector=open_detector()))


def room(seconds: float) -> Samples:
    return hiss(seconds, -66.0)


@pytest.mark.parametrize("call", ["help calf cramp", "i have a cramp", "help i have a cramp"])
def test_a_long_call_is_certain(night: Night, call: str) -> None:
    (alarm,) = night.play(room(2.5), speech(call), room(1.0))
    assert alarm.verdict == "certain"
    assert alarm.evidence.phrase in GRAMMAR.phrases
    assert alarm.hearing.word_end == pytest.approx(2.5 + len(speech(call)) / RATE, abs=0.15)
    assert alarm.hearing.decided - alarm.hearing.word_end < 0.3


@pytest.mark.parametrize(
    "talk", ["good night", "could you help me tomorrow", "the camp was cold", "what a lovely lamp"]
)
def test_talk_is_no_call(night: Night, talk: str) -> None:
    alarms = night.play(room(2.5), speech(talk), room(1.0))
    assert [alarm for alarm in alarms if alarm.verdict != "nothing"] == []


def test_a_call_is_heard_again_and_again(night: Night) -> None:
    for _ in range(3):
        (alarm,) = night.play(room(2.0), speech("help calf cramp"), room(1.0))
        assert alarm.verdict == "certain"


def test_snoring_hardly_ever_gets_to_the_recogniser_and_a_call_in_it_does(night: Night) -> None:
    snore = np.resize(rooms()["snoring"], 60 * RATE).astype(np.int16)
    assert night.play(snore) == []
    assert night.sentry.restless
    looks, voices = night.sentry.gate.looks, night.sentry.gate.voices
    assert looks >= 20
    assert voices <= looks // 10
    (alarm,) = night.play(room(0.6), speech("help calf cramp"), room(0.6))
    assert alarm.verdict == "certain"
    assert night.sentry.gate.voices == voices + 1


def test_a_room_is_restless_while_there_is_sound_and_quiet_again_afterwards() -> None:
    night = Night(FakeRecogniser())
    night.play(silence(5.0))
    assert not night.sentry.restless
    for _ in range(20):
        night.play(spoken("mumble", 1.0), silence(0.5))
    assert night.sentry.restless
    night.play(silence(2 * LATELY))
    assert not night.sentry.restless


class Wavering(FakeRecogniser):
    """Sure at the first look, and not at the second, which knows more words."""

    def finish(self) -> Recognition:
        heard = super().finish()
        return heard if not self.grammar.decoys else replace(heard, text="camp", accepted=False)


def test_what_the_second_look_takes_for_something_else_starts_nothing() -> None:
    (alarm,) = Night(Wavering()).play(silence(1.0), spoken("cramp"), silence(1.0))
    assert (alarm.evidence.first, alarm.evidence.margin) == (1.0, 0.0)
    assert alarm.verdict == "nothing"


def test_a_word_the_model_does_not_know_is_no_decoy() -> None:
    words = {word for phrase in (*GRAMMAR.phrases, *GRAMMAR.decoys) for word in phrase.split()}
    (alarm,) = Night(FakeRecogniser(words=words)).play(silence(1.0), spoken("cramp"), silence(1.0))
    assert alarm.verdict == "certain"


def test_a_shut_ear_hears_nothing() -> None:
    night = Night(FakeRecogniser())
    night.play(spoken("cramp", 0.5))
    night.sentry.shut()
    assert night.play(silence(1.0), spoken("cramp"), silence(1.0)) == []
    night.sentry.open(GRAMMAR)
    (alarm,) = night.play(silence(1.0), spoken("help calf cramp"), silence(1.0))
    assert alarm.evidence.phrase == "help calf cramp"
