"""The loop with a recogniser that needs no model: order, retries, faults."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from voice_coach.audio.mixer import Mixer
from voice_coach.audio.port import BLOCK, RATE, Block, Samples, Source
from voice_coach.content import load_protocol
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.errors import VoiceError
from voice_coach.eventlog import EventLog, Record
from voice_coach.listening.fake import FakeRecogniser, spoken
from voice_coach.listening.listener import Listener
from voice_coach.practice import course
from voice_coach.practice.lesson import Lesson, Practised
from voice_coach.practice.script import load
from voice_coach.rehearsal.room import RoomPort
from voice_coach.speaking.cache import ClipCache
from voice_coach.speaking.fake import FakeRenderer
from voice_coach.speaking.port import VoiceSettings
from voice_coach.speaking.voice import Voice


class Hoarse(FakeRenderer):
    """Cannot say one kind of sentence."""

    def __init__(self, cannot: str = "") -> None:
        super().__init__()
        self._cannot = cannot

    def render(self, text: str, settings: VoiceSettings, *, background: bool = False) -> Samples:
        if self._cannot and text.startswith(self._cannot):
            raise VoiceError("The voice crashed: try again.")
        return super().render(text, settings, background=background)


class Room:
    """A silent room in which marked words are said a second after the ear opens."""

    def __init__(self, *answers: str) -> None:
        self._answers = iter(answers)
        self._pending: tuple[float, str] | None = None
        self._said: list[Samples] = []
        self.records: list[Record] = []
        self._source: Source | None = None
        self._now = 0

    def watch(self, record: Record) -> None:
        self.records.append(record)
        if record["type"] == "ask":
            answer = next(self._answers, "")
            self._pending = (record["t"] + 1.0, answer) if answer else None

    def start(self, source: Source) -> None:
        self._source = source

    def now(self) -> float:
        return self._now / RATE

    def read(self, timeout: float) -> Block | None:  # noqa: ARG002 - virtual time never waits
        assert self._source is not None
        self._source.next_block(self.now())
        if self._pending is not None and self.now() >= self._pending[0]:
            sound = spoken(self._pending[1])
            self._said = [sound[i : i + BLOCK] for i in range(0, len(sound) - BLOCK + 1, BLOCK)]
            self._pending = None
        self._now += BLOCK
        samples = self._said.pop(0) if self._said else spoken("", 0.03) * 0
        return Block(samples, self.now())

    def close(self) -> None:
        self._source = None

    def kinds(self, kind: str) -> list[Record]:
        return [record for record in self.records if record["type"] == kind]


class Ill(Room):
    """A card that falls ill when something is asked, and comes back when opened again."""

    def __init__(self, *answers: str) -> None:
        super().__init__(*answers)
        self._well = True
        self._tries = 0

    def watch(self, record: Record) -> None:
        super().watch(record)
        if record["type"] == "ask" and self._tries == 0:
            self._well = False

    def healthy(self) -> bool:
        return self._well

    def reopen(self) -> bool:
        self._tries += 1
        self._well = self._tries == 3
        return self._well

    def read(self, timeout: float) -> Block | None:
        if not self._well:
            self._now += BLOCK
            return None
        block = super().read(timeout)
        if block is not None and not block.samples.any():
            block.samples[::2] = 1  # no room is so quiet that a card brings nothing but zeros
        return block


@pytest.fixture
def voice(tmp_path: Path) -> Iterator[Voice]:
    with Voice(FakeRenderer(), ClipCache(tmp_path)) as made:
        yield made


def practise(room: Room, voice: Voice, count: int = 4) -> tuple[Practised, list[str]]:
    """What came of it, and the phrases whose recordings were handed over to be kept."""
    dialogue = Dialogue(load_protocol())
    script = load()
    drills = course.plan(dialogue.protocol, script.course, count)
    exercises = [course.exercise(drill, dialogue, script.end) for drill in drills]
    log = EventLog()
    log.watch(room.watch)
    mixer = Mixer()
    room.start(mixer)
    kept: list[str] = []
    lesson = Lesson(
        room, mixer, voice, Listener(FakeRecogniser()), script, log, virtual=True,
        keep=lambda phrase, _: kept.append(phrase),
    )  # fmt: skip
    return lesson.run(exercises), kept


def outcomes(done: Practised) -> list[list[str]]:
    return [[attempt.outcome for attempt in result.attempts] for result in done.results]


def test_what_is_not_understood_is_asked_once_more(voice: Voice) -> None:
    room = Room("help calf cramp", "no such words", "calf cramp", "no", "nope", "yeah")
    done, kept = practise(room, voice)
    assert outcomes(done) == [
        ["understood"],
        ["missed", "understood"],
        ["mistaken", "mistaken"],
        ["understood"],
    ]
    assert done.reason == "done"
    assert kept == [r["phrase"] for r in room.kinds("ask")]
    assert [a.heard for a in done.results[2].attempts] == ["no", "nope"]
    assert [r["score"] for r in room.kinds("score")] == [100, 0, 100, 0, 0, 100]


def test_a_synonym_counts_as_meant(voice: Voice) -> None:
    done, _ = practise(Room("cramp", "help me", "yep", "yes"), voice)
    assert outcomes(done) == [["understood"]] * 4


def test_silence_waits_as_long_as_the_script_says(voice: Voice) -> None:
    room = Room()
    done, _ = practise(room, voice)
    assert done.reason == "unheard"
    assert outcomes(done) == [["silent", "silent"]] * 3
    asks, scores = room.kinds("ask"), room.kinds("score")
    for ask, score in zip(asks, scores, strict=True):
        assert score["t"] - ask["t"] == pytest.approx(load().wait, abs=0.05)


def test_stop_is_not_kept_and_is_no_answer(voice: Voice) -> None:
    done, kept = practise(Room("help calf cramp", "stop now"), voice)
    assert (done.reason, outcomes(done), kept) == (
        "stopped",
        [["understood"]],
        ["help calf cramp"],
    )


def test_the_ear_is_shut_whenever_the_coach_is_audible(voice: Voice) -> None:
    room = Room("help calf cramp", "calf cramp", "yes", "yeah")
    practise(room, voice)
    asks, scores = room.kinds("ask"), room.kinds("score")
    for says in room.kinds("say"):
        for ask, score in zip(asks, scores, strict=True):
            assert says["end"] < ask["t"] or says["start"] >= score["t"]


def test_a_sentence_that_cannot_be_spoken_is_shown_and_stood_in_for(tmp_path: Path) -> None:
    room = Room("help calf cramp", "calf cramp")
    with Voice(Hoarse("Please say"), ClipCache(tmp_path)) as voice:
        done, _ = practise(room, voice, count=2)
    assert outcomes(done) == [["understood"], ["understood"]]
    assert [r["what"] for r in room.kinds("fault")] == ["voice", "voice"]
    assert "Please say: calf cramp." in [r["text"] for r in room.kinds("saying")]


def test_a_card_that_falls_ill_is_opened_again(voice: Voice) -> None:
    room = Ill("help calf cramp", "calf cramp")
    done, _ = practise(room, voice, count=2)
    assert outcomes(done) == [["understood"], ["understood"]]
    assert [r["what"] for r in room.kinds("fault")] == ["card lost", "card back"]


def test_the_room_of_the_rehearsals_will_do(voice: Voice) -> None:
    """The lesson asks no more of a port than any port has."""
    log, mixer = EventLog(), Mixer()
    port = RoomPort(lambda _: None, seed=1)
    port.start(mixer)
    lesson = Lesson(port, mixer, voice, Listener(FakeRecogniser()), load(), log, virtual=True)
    assert lesson.run([]) == Practised("done", (), port.now())
