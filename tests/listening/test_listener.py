"""The listener in virtual time: its clock is that of the blocks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from tests.listening.speech import hiss, join, silence, speech
from voice_coach.audio.port import BLOCK, RATE, Block, Samples
from voice_coach.errors import ModelError
from voice_coach.listening.fake import FakeRecogniser, spoken
from voice_coach.listening.listener import EndpointTimes, Listener
from voice_coach.listening.model import SpeechModel
from voice_coach.listening.port import Grammar, Hearing, Recogniser, Recognition
from voice_coach.listening.vosk_recogniser import VoskRecogniser

STATE = Grammar("hold", ("still hurts", "still", "not yet", "okay", "stop", "it's gone"))
BLOCK_SECONDS = BLOCK / RATE


@dataclass
class Room:
    """Plays sounds to a listener and keeps what it tells."""

    recogniser: Recogniser
    now: float = 0.0
    told: list[Hearing] = field(default_factory=list)
    speaking: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.listener = Listener(self.recogniser)

    def play(self, *sounds: Samples) -> None:
        sound = join(*sounds)
        for at in range(0, len(sound) - BLOCK + 1, BLOCK):
            self.now += BLOCK_SECONDS
            hearing = self.listener.process(Block(sound[at : at + BLOCK], self.now))
            self.speaking.append(self.listener.speaking)
            if hearing is not None:
                self.told.append(hearing)

    @property
    def texts(self) -> list[str]:
        return [hearing.recognition.text for hearing in self.told]


@pytest.fixture
def fake_room() -> Room:
    room = Room(FakeRecogniser())
    room.listener.listen(STATE)
    return room


@pytest.fixture
def room(model: SpeechModel) -> Room:
    room = Room(VoskRecogniser(model))
    room.listener.listen(STATE)
    return room


def test_a_phrase_that_cannot_go_on_is_decided_120_ms_after_it(fake_room: Room) -> None:
    fake_room.play(silence(0.9), spoken("okay", 0.6), silence(1.0))
    (hearing,) = fake_room.told
    assert hearing.recognition.accepted
    assert hearing.started == pytest.approx(0.9, abs=0.001)
    assert hearing.word_end == pytest.approx(1.5, abs=0.001)
    assert hearing.decided == pytest.approx(1.5 + 0.12, abs=0.001)


def test_who_goes_on_in_the_last_moment_is_heard_from_the_beginning(fake_room: Room) -> None:
    """It is decided 30 ms early what was said, unless something more is."""
    fake_room.listener = Listener(fake_room.recogniser, EndpointTimes(final=0.3, silence=0.3))
    fake_room.listener.listen(STATE)
    fake_room.play(silence(0.9), spoken("okay", 0.3), silence(0.27))
    assert fake_room.told == []
    fake_room.play(spoken("stop", 0.3), silence(1.0))
    assert fake_room.texts == ["[unk]"]  # "okay stop", and none of the two alone


def test_times_that_waver_by_a_hair_cost_no_block(fake_room: Room) -> None:
    sound = join(silence(0.9), spoken("okay", 0.6), silence(1.0))
    for number in range(len(sound) // BLOCK):
        samples = sound[number * BLOCK : (number + 1) * BLOCK]
        hearing = fake_room.listener.process(Block(samples, (number + 1) * 0.9998 * BLOCK_SECONDS))
        if hearing is not None:
            fake_room.told.append(hearing)
    (hearing,) = fake_room.told
    assert hearing.decided - hearing.word_end == pytest.approx(0.12, abs=0.001)


def test_a_phrase_that_goes_on_to_mean_the_same_may_wait_a_little(fake_room: Room) -> None:
    fake_room.listener = Listener(fake_room.recogniser, EndpointTimes(silence=0.18))
    meanings = dict.fromkeys(("stop", "stop it", "okay"), "stop")
    fake_room.listener.listen(Grammar("s", ("stop", "stop it", "okay"), meanings=meanings))
    fake_room.play(silence(0.9), spoken("stop", 0.6), silence(1.0))
    assert fake_room.told[0].decided - fake_room.told[0].word_end == pytest.approx(0.18, abs=0.001)


def test_an_urgent_phrase_does_not_wait_for_silence(fake_room: Room) -> None:
    fake_room.listener.listen(Grammar("s", ("stop", "okay"), urgent=frozenset({"stop"})))
    fake_room.play(silence(0.9), spoken("stop", 0.6), silence(1.0))
    fake_room.play(spoken("okay", 0.6), silence(1.0))
    stop, okay = fake_room.told[0], fake_room.told[-1]
    assert stop.decided < 0.9 + 0.3
    assert okay.decided > okay.word_end


def test_an_interruption_is_heard_from_before_its_onset(fake_room: Room) -> None:
    sound = join(silence(0.3), spoken("okay", 0.6), silence(0.5))
    blocks = [
        Block(sound[at : at + BLOCK], (at + BLOCK) / RATE)
        for at in range(0, len(sound) - BLOCK + 1, BLOCK)
    ]
    fake_room.listener.interrupted(0.3, blocks[:15])
    told = [fake_room.listener.process(block) for block in blocks[15:]]
    (hearing,) = [one for one in told if one is not None]
    assert hearing.recognition.text == "okay"
    assert hearing.started == 0.3
    assert hearing.word_end == pytest.approx(0.9, abs=0.001)


@dataclass
class Doubted(FakeRecogniser):
    """Hears the words that ``spoken`` wrote, and is so sure that they came from a mouth."""

    speech: float

    def __post_init__(self) -> None:
        super().__init__()

    def finish(self) -> Recognition:
        return replace(super().finish(), speech=self.speech)


class Saying(FakeRecogniser):
    """Hears one thing in whatever it is fed, at its end."""

    def __init__(self, said: Recognition) -> None:
        super().__init__()
        self._said = said

    def partial(self) -> str:
        return ""

    def finish(self) -> Recognition:
        self.reset()
        return self._said


@pytest.mark.parametrize(
    ("text", "seconds", "surely", "over", "accepted"),
    [
        ("okay", 0.15, 0.99, True, False),  # a click
        ("okay", 0.21, 0.8, True, False),  # a cough
        ("okay", 0.21, 0.95, True, True),
        ("okay", 0.3, 0.6, True, False),  # a snore
        ("okay", 0.3, 0.8, True, True),
        ("okay", 0.15, 0.6, False, True),  # in the coach's silence all that is as before
        ("stop", 0.21, 0.6, True, True),  # rather once too often
    ],
)
def test_over_the_coach_a_cough_is_no_word(
    text: str, seconds: float, surely: float, over: bool, accepted: bool
) -> None:
    room = Room(Doubted(surely))
    urgent = frozenset({"stop"})
    room.listener.listen(Grammar("s", ("stop", "okay"), urgent=urgent))
    sound = join(silence(0.9), spoken(text, seconds), silence(0.5))
    blocks = [
        Block(sound[at : at + BLOCK], (at + BLOCK) / RATE)
        for at in range(0, len(sound) - BLOCK + 1, BLOCK)
    ]
    first = 32
    if over:
        room.listener.interrupted(0.9, blocks[:first])
    told = [room.listener.process(block) for block in blocks[first if over else 0 :]]
    (hearing,) = [one for one in told if one is not None]
    assert hearing.recognition.accepted == accepted


@pytest.mark.parametrize(("seconds", "accepted"), [(0.15, False), (0.3, True)])
def test_a_short_word_in_a_long_noise_is_no_word(seconds: float, accepted: bool) -> None:
    room = Room(Saying(Recognition("okay", True, 1.0, 0.6, 0.6 + seconds, speech=0.95)))
    room.listener.listen(STATE)
    room.play(silence(0.9), spoken("a long noise", 1.2), silence(0.6))
    (hearing,) = room.told
    assert hearing.recognition.accepted == accepted


def test_what_was_obeyed_is_not_heard_again_when_they_go_on_speaking(fake_room: Room) -> None:
    fake_room.listener.listen(Grammar("s", ("stop", "okay"), urgent=frozenset({"stop"})))
    sound = join(silence(0.9), spoken("stop", 0.6), silence(0.5))
    blocks = [
        Block(sound[at : at + BLOCK], (at + BLOCK) / RATE)
        for at in range(0, len(sound) - BLOCK + 1, BLOCK)
    ]
    told = []
    for number, block in enumerate(blocks):
        hearing = fake_room.listener.process(block)
        if hearing is not None:
            told.append(hearing)
        if hearing is not None and len(told) == 1:  # the coach answers; they are still speaking
            fake_room.listener.interrupted(block.at - 0.2, blocks[number - 15 : number + 1])
    assert told[0].decided < 1.5
    assert [one.recognition.text for one in told if one.recognition.accepted] == ["stop"]


def test_what_is_dropped_was_never_said(fake_room: Room) -> None:
    fake_room.play(silence(0.9), spoken("okay", 0.3))
    fake_room.listener.drop()
    fake_room.play(silence(0.5))
    assert fake_room.told == []
    assert fake_room.listener.open


def test_the_beginning_of_a_longer_phrase_waits_half_a_second(fake_room: Room) -> None:
    fake_room.play(silence(0.9), spoken("still", 0.6), silence(1.0))
    (hearing,) = fake_room.told
    assert hearing.recognition.text == "still"
    assert hearing.decided - hearing.word_end == pytest.approx(0.5, abs=0.03)


def test_a_pause_within_a_phrase_does_not_cut_it(room: Room) -> None:
    room.play(silence(1), speech("still"), silence(0.33), speech("hurts"), silence(1))
    assert room.texts == ["still hurts"]


def test_the_pre_roll_belongs_to_the_utterance(fake_room: Room) -> None:
    fake_room.play(silence(1.8), spoken("okay", 0.6), silence(1.0))
    audio = fake_room.told[0].audio
    assert audio is not None
    loud = np.flatnonzero(audio)
    assert loud[0] == pytest.approx(0.3 * RATE, abs=2)
    assert len(audio) - loud[-1] <= 0.13 * RATE


def test_it_hears_a_word_in_the_very_first_block(fake_room: Room) -> None:
    fake_room.play(spoken("stop", 0.6), silence(0.5))
    assert fake_room.texts == ["stop"]
    assert fake_room.told[0].started == pytest.approx(0.0, abs=0.001)


def test_it_is_speaking_from_onset_to_decision(fake_room: Room) -> None:
    fake_room.play(silence(0.9), spoken("okay", 0.6), silence(0.9))
    first, last = fake_room.speaking.index(True), len(fake_room.speaking)
    last -= fake_room.speaking[::-1].index(True)
    assert first * BLOCK_SECONDS == pytest.approx(0.9, abs=0.03)
    assert last * BLOCK_SECONDS == pytest.approx(1.62, abs=0.04)


def test_a_click_is_nothing(fake_room: Room) -> None:
    click = np.full(BLOCK, 9000, np.int16)
    click[::2] = -9000
    fake_room.play(silence(0.9), click, silence(1))
    assert fake_room.told == []


def test_a_cough_is_no_answer(fake_room: Room) -> None:
    fake_room.play(silence(0.9), spoken("hrm", 0.2), silence(1.0))
    assert fake_room.told == []


def test_strange_speech_is_told_but_not_accepted(fake_room: Room) -> None:
    fake_room.play(silence(0.9), spoken("what a lovely day", 1.0), silence(1.0))
    assert fake_room.texts == ["[unk]"]
    assert not fake_room.told[0].recognition.accepted


@pytest.mark.parametrize(
    ("start", "end", "accepted", "told"),
    [
        (0.0, 0.21, False, False),  # the end of the coach's own sentence
        (0.0, 0.4, False, True),
        (0.3, 0.51, False, True),  # a quick word that is not believed is asked about
        (0.0, 0.21, True, True),
    ],
)
def test_only_the_end_of_an_echo_is_dropped(  # noqa: PLR0913
    monkeypatch: pytest.MonkeyPatch,
    fake_room: Room,
    start: float,
    end: float,
    accepted: bool,
    told: bool,
) -> None:
    found = Recognition("okay", accepted, 1.0, start, end, 0.4)
    monkeypatch.setattr(FakeRecogniser, "finish", lambda _: found)
    fake_room.play(silence(0.9), spoken("hm", 0.4), silence(1.0))
    assert bool(fake_room.told) is told


def test_shut_it_hears_nothing_and_forgets_what_it_was_hearing(fake_room: Room) -> None:
    fake_room.play(silence(0.9), spoken("stop", 0.6))
    fake_room.listener.shut()
    assert not fake_room.listener.open
    assert not fake_room.listener.speaking
    fake_room.play(silence(0.3), spoken("stop", 0.6), silence(0.6))
    fake_room.listener.listen(STATE)
    fake_room.play(silence(1.0))
    assert fake_room.told == []
    fake_room.play(spoken("okay"), silence(0.5))
    assert fake_room.texts == ["okay"]


def test_the_coachs_own_echo_is_not_heard(fake_room: Room) -> None:
    fake_room.listener.listen(STATE, after=fake_room.now + 0.9)
    fake_room.play(spoken("stop", 0.6), silence(0.6), spoken("okay", 0.6), silence(0.6))
    assert fake_room.texts == ["okay"]


def test_a_new_grammar_in_mid_word_drops_the_word(room: Room) -> None:
    room.play(silence(1), speech("still"))
    room.listener.listen(Grammar("gate", ("yes", "no", "not sure")))
    room.play(silence(0.5))
    assert room.told == []
    room.play(speech("not sure"), silence(1))
    assert room.texts == ["not sure"]


def test_a_grammar_the_model_cannot_know_leaves_the_ear_shut(room: Room) -> None:
    room.listener.shut()
    with pytest.raises(ModelError):
        room.listener.listen(Grammar("state", ("qqxx",)))
    assert not room.listener.open


def test_a_tone_that_never_stops_is_decided_after_eight_seconds(fake_room: Room) -> None:
    tone = spoken("blah", 12.0)
    swell = np.linspace(0.2, 1.0, 25)  # ever louder, over and over: no steady floor
    envelope = np.resize(np.repeat(swell, BLOCK), len(tone))
    envelope[: BLOCK * 2] = 1
    envelope[::2400] = 0
    fake_room.play(silence(1), np.asarray(tone * envelope, np.int16))
    assert fake_room.told
    assert fake_room.told[0].decided - fake_room.told[0].started <= 8.1


def test_a_phrase_in_noise_that_never_falls_silent_is_heard(fake_room: Room) -> None:
    # The gate stays open: each block is louder than the one before the floor can follow.
    rest = spoken("", 3.0) // 3
    steps = np.repeat(np.resize([0.3, 1.0, 0.6], 100), BLOCK)
    fake_room.play(silence(1), spoken("okay", 0.6), np.asarray(rest * steps, np.int16))
    hearing = fake_room.told[0]
    assert hearing.recognition.text == "okay"
    assert hearing.decided - hearing.started < 1.2


@pytest.mark.parametrize("noise_dbfs", [None, -50.0, -38.0])
def test_every_phrase_is_heard_once_in_silence_and_in_noise(
    room: Room, noise_dbfs: float | None
) -> None:
    said = ("still hurts", "not yet", "okay", "it's gone")
    sound = join(silence(2.5), *(join(speech(text), silence(1.5)) for text in said))
    if noise_dbfs is not None:
        noise = hiss(len(sound) / RATE + 0.1, noise_dbfs)[: len(sound)]
        sound = np.asarray(np.clip(sound.astype(np.int32) + noise, -32768, 32767), np.int16)
    room.play(sound)
    assert tuple(room.texts) == said
    for hearing in room.told:
        assert hearing.recognition.accepted
        assert -0.05 < hearing.decided - hearing.word_end < 0.4  # noise hides a soft tail


def test_the_end_of_the_sound_decides(fake_room: Room) -> None:
    fake_room.play(silence(0.9), spoken("okay", 0.6))
    assert fake_room.told == []
    last = fake_room.listener.flush(fake_room.now)
    assert last is not None
    assert last.recognition.text == "okay"
    assert fake_room.listener.flush(fake_room.now) is None
