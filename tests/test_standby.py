"""Waiting for the call: a certain one starts the coach, a doubtful one is asked about, once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.audio.fake import FakePort
from tests.dialogue.explore import DIALOGUE
from tests.nights import cast
from voice_coach.audio.mixer import Mixer
from voice_coach.audio.port import RATE, Samples
from voice_coach.content.standby import Certainty, Least, Standby, load_standby
from voice_coach.eventlog import EventLog, Record
from voice_coach.listening.fake import FakeRecogniser, spoken
from voice_coach.listening.hear import hear_samples
from voice_coach.listening.listener import Listener
from voice_coach.listening.port import Recognition
from voice_coach.loudness import SOFT
from voice_coach.rehearsal.noises import noise
from voice_coach.rehearsal.room import RoomPort
from voice_coach.session import ASK, QUESTION, Call, Session, grammar_for
from voice_coach.speaking.cache import ClipCache
from voice_coach.speaking.fake import FakeRenderer
from voice_coach.speaking.port import VoiceSettings
from voice_coach.speaking.voice import Voice

STANDBY = load_standby()
DOUBT = 0.5


class Doubting(FakeRecogniser):
    """Hears well, and is not sure of short calls."""

    def finish(self) -> Recognition:
        heard = super().finish()
        if len(heard.text.split()) != 1 or heard.text == "yes":
            return heard
        return replace(heard, confidence=DOUBT)


DOUBTED = msgspec.structs.replace(
    STANDBY,
    one_word=Certainty(
        certain=Least(first=1.0, margin=0.0, voice=0.0),
        doubtful=Least(first=0.1, margin=0.0, voice=0.0),
    ),
)
"""A single word is never certain for ``Doubting``."""


@dataclass
class Watch:
    """What came of a wait."""

    call: Call | None
    spoken: list[tuple[str, float, float]]
    """Prompt, start and end of what was said."""
    loudest: int


@pytest.fixture
def voice(tmp_path: Path) -> Iterator[Voice]:
    with Voice(FakeRenderer(), ClipCache(tmp_path), VoiceSettings()) as made:
        yield made


def watch(
    voice: Voice, *said: tuple[float, str], seconds: float = 40.0, until: float | None = None
) -> Watch:
    """Wait in a quiet room in which this is said, each at its second; ``until`` then, or longer."""
    sound = np.zeros(round(seconds * RATE), np.int16)
    for at, text in said:
        word = spoken(text)
        sound[round(at * RATE) : round(at * RATE) + len(word)] = word
    records: list[Record] = []
    port, mixer, log = FakePort(sound), Mixer(), EventLog()
    log.watch(records.append)
    port.start(mixer)
    session = Session(
        port, mixer, voice, Listener(Doubting()), DIALOGUE, log, virtual=True, standby=DOUBTED
    )  # fmt: skip
    call = session.wait_for_call(until or seconds)
    spoken_ = [(r["prompt"], r["start"], r["end"]) for r in records if r["type"] == "say"]
    return Watch(call, spoken_, int(np.abs(port.played).max()))


ASKED_AT = 2.0
ANSWER_AT = 7.0
"""Well after the question, which takes some three seconds."""


def test_a_certain_long_call_starts_at_once(voice: Voice) -> None:
    found = watch(voice, (ASKED_AT, "help calf cramp"))
    assert found.call is not None
    assert not found.call.confirmed
    assert found.call.at == pytest.approx(2.6, abs=0.1)
    assert found.spoken == []


@pytest.mark.parametrize("answer", ["yes", "yes i do", "cramp", "help calf cramp", "chest pain"])
def test_yes_starts_with_the_clock_of_the_call(voice: Voice, answer: str) -> None:
    found = watch(voice, (ASKED_AT, "cramp"), (ANSWER_AT, answer))
    assert [prompt for prompt, _, _ in found.spoken] == [ASK]
    assert found.call is not None
    assert found.call.at == pytest.approx(2.6, abs=0.1)
    assert found.call.hearing.recognition.text == "cramp"
    assert found.call.confirmed


@pytest.mark.parametrize("answer", ["no", "stop", "not at all"])
def test_no_sends_it_back_to_sleep_without_another_word(voice: Voice, answer: str) -> None:
    found = watch(voice, (ASKED_AT, "cramp"), (ANSWER_AT, answer), (ANSWER_AT + 2, "yes"))
    assert found.call is None, "the yes comes too late"
    assert [prompt for prompt, _, _ in found.spoken] == [ASK]


def test_silence_and_talk_do_so_too(voice: Voice) -> None:
    for said in ([], [(ANSWER_AT, "who was that"), (ANSWER_AT + 2, "go to sleep")]):
        found = watch(voice, (ASKED_AT, "cramp"), *said)
        assert found.call is None
        assert [prompt for prompt, _, _ in found.spoken] == [ASK]


def test_it_hears_a_call_after_a_question_that_nobody_answered(voice: Voice) -> None:
    found = watch(voice, (ASKED_AT, "cramp"), (25.0, "help calf cramp"))
    assert found.call is not None
    assert found.call.at == pytest.approx(25.6, abs=0.1)


def test_it_does_not_ask_for_ever(voice: Voice) -> None:
    calls = [(2.0 + 14.0 * n, "cramp") for n in range(6)]
    found = watch(voice, *calls, seconds=100.0)
    assert len(found.spoken) == STANDBY.most
    assert found.call is None


def test_the_question_is_soft_by_day_and_the_coach_is_not(voice: Voice) -> None:
    asked = watch(voice, (ASKED_AT, "cramp")).loudest
    full = int(np.abs(voice.clip(STANDBY.ask)).max())
    assert asked == pytest.approx(full * 10 ** (SOFT / 20), rel=0.1)


def test_a_wait_that_is_over_waits_for_the_answer(voice: Voice) -> None:
    """The service looks up every ten seconds; a question must outlast that."""
    found = watch(voice, (ASKED_AT, "cramp"), (ANSWER_AT, "yes"), until=3.5)
    assert found.call is not None
    assert found.call.hearing.recognition.text == "cramp"
    assert watch(voice, (ASKED_AT, "cramp"), (ANSWER_AT, "yes"), until=1.5).spoken == []


def test_a_question_that_cannot_be_made_is_a_tone_and_can_be_answered(tmp_path: Path) -> None:
    renderer = FakeRenderer()
    with Voice(renderer, ClipCache(tmp_path), VoiceSettings()) as voice:
        voice.clip("Hello.")
        renderer.close()
        found = watch(voice, (ASKED_AT, "cramp"), (ANSWER_AT, "yes"))
    assert found.loudest > 100
    assert found.call is not None


# -- on audio, with the real ear and voice -------------------------------------------------------


def never_certain() -> Standby:
    """As shipped, but every call is doubtful."""
    sure = Least(first=1.01, margin=99.0, voice=1.01)
    doubtful = Certainty(certain=sure, doubtful=Least(first=0.3, margin=0.0, voice=0.2))
    return msgspec.structs.replace(
        STANDBY, one_word=doubtful, two_words=doubtful, more_words=doubtful
    )


def room(said: list[tuple[float, Samples]], standby: Standby, seed: int = 1) -> Watch:
    """Wait for half a minute in the rehearsal's room, where the coach's own voice echoes."""
    waiting = sorted(said, key=lambda one: one[0])

    def speech(now: float) -> Samples | None:
        return waiting.pop(0)[1] if waiting and waiting[0][0] <= now else None

    records: list[Record] = []
    port, mixer, log = RoomPort(speech, seed=seed), Mixer(), EventLog()
    log.watch(records.append)
    port.start(mixer)
    session = Session(
        port, mixer, cast().voice, Listener(cast().recogniser), DIALOGUE, log,
        virtual=True, standby=standby,
    )  # fmt: skip
    call = session.wait_for_call(25.0)
    found = [(r["prompt"], r["start"], r["end"]) for r in records if r["type"] == "say"]
    return Watch(call, found, 0)


def person(text: str) -> Samples:
    with Voice(cast().renderer(), cast().cache, VoiceSettings("en-gb+m3", 150)) as voice:
        return voice.clip(text)


def test_on_audio_a_doubtful_call_is_asked_about_and_yes_starts() -> None:
    found = room([(1.0, person("calf cramp")), (6.5, person("yes"))], never_certain())
    assert [prompt for prompt, _, _ in found.spoken] == [ASK]
    assert found.call is not None
    assert found.call.at < 3.0


def test_on_audio_the_echo_of_the_question_answers_nothing() -> None:
    found = room([(1.0, person("calf cramp"))], never_certain())
    assert [prompt for prompt, _, _ in found.spoken] == [ASK]
    assert found.call is None


def test_on_audio_the_shipped_thresholds_start_at_once_for_the_long_call() -> None:
    found = room([(1.0, person("help calf cramp"))], STANDBY)
    assert found.spoken == []
    assert found.call is not None


def test_on_audio_coughs_groans_and_doors_are_no_call() -> None:
    chance = random.Random(5)
    sounds = ("[cough]", "[groan]", "[door]", "[cough]", "[groan]", "[door]")
    said = [(1.0 + 3 * n, noise(name, chance)) for n, name in enumerate(sounds)]
    found = room(said, STANDBY)
    assert found.call is None
    assert found.spoken == []


def test_the_ear_that_waits_for_the_answer_would_not_obey_the_question() -> None:
    """Even if it were open while the question is asked."""
    grammar, intents = grammar_for(DIALOGUE, QUESTION)
    cast().recogniser.use(grammar)
    heard = hear_samples(cast().voice.clip(STANDBY.ask), grammar, cast().recogniser)
    assert not (heard.accepted and heard.text in intents)
