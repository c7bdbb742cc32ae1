"""Turn-taking: who gets the floor, for how long, and who goes on. In virtual time, no model."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from tests.listening.speech import speech
from voice_coach.audio.echo import NoCanceller
from voice_coach.audio.mixer import Mixer, Played
from voice_coach.audio.port import BLOCK, RATE, Block, Samples
from voice_coach.listening.port import Hearing, Recognition
from voice_coach.turn_taking import (
    COUGH_WAIT,
    LONGEST,
    PATIENCE,
    WORD_WAIT,
    Cancelling,
    Floor,
    HalfDuplex,
    Headset,
    Heard,
    Mode,
    TurnTaking,
    choose,
)

SECONDS = BLOCK / RATE


def tone(seconds: float) -> Samples:
    wave = 8000 * np.sin(2 * np.pi * 200 * np.arange(round(seconds * RATE)) / RATE)
    return np.asarray(wave, np.int16)


class Leaves(NoCanceller):
    """A canceller that leaves what it hears."""

    reason = ""


@dataclass
class FakeEar:
    """Somebody speaks between given times, and at some moments something was heard."""

    sounds: list[tuple[float, float]] = field(default_factory=list)
    hearings: dict[float, str] = field(default_factory=dict)
    step: str = ""
    now: float = 0.0
    dropped: int = 0

    @property
    def speaking(self) -> bool:
        return bool(self.step) and any(start <= self.now < end for start, end in self.sounds)

    def open(self, step: str) -> None:
        self.step = step

    def shut(self) -> None:
        self.step = ""

    def drop(self) -> None:
        self.dropped += 1

    def interrupted(self, onset: float, blocks: tuple[Block, ...]) -> None:
        pass

    def hear(self, block: Block) -> Hearing | None:
        self.now = block.at
        for at, text in self.hearings.items():
            if at <= block.at < at + SECONDS - 1e-9:
                begun = max(start for start, _ in self.sounds if start <= at)
                return Hearing(Recognition(text, text != "[unk]"), begun, at, at)
        return None


@dataclass
class Stage:
    """A coach who says a long sentence from the start, and somebody."""

    ear: FakeEar
    turns: TurnTaking
    mixer: Mixer
    at: float = 0.0
    floor: list[Floor] = field(default_factory=list)
    heard: list[Hearing] = field(default_factory=list)
    played: list[Samples] = field(default_factory=list)

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / SECONDS)):
            self.played.append(self.mixer.next_block(self.at))
            self.at += SECONDS
            hearing = self.turns.hear(Block(np.zeros(BLOCK, np.int16), self.at), "step")
            if hearing is not None:
                self.heard.append(hearing)
            change = self.turns.settle(self.at)
            if change is not None:
                self.floor.append(change)

    def sounding(self, start: float, end: float) -> bool:
        first, last = round(start / SECONDS), round(end / SECONDS)
        return any(block.any() for block in self.played[first:last])


def stage(ear: FakeEar, seconds: float = 6.0) -> Stage:
    mixer = Mixer()
    turns = TurnTaking(ear, mixer, Headset(ear))
    mixer.play("sentence", tone(seconds))
    turns.new_sentence()
    return Stage(ear, turns, mixer)


def test_whoever_speaks_gets_the_floor_and_the_sentence_waits() -> None:
    on = stage(FakeEar([(1.0, 2.0)]))
    on.run(2.0)
    (given,) = on.floor
    assert given.who == "person"
    assert given.onset == pytest.approx(1.0, abs=0.04)
    assert given.silent - given.onset < 0.16
    assert not on.sounding(1.2, 2.0)
    assert on.mixer.paused


def test_a_cough_and_the_sentence_goes_on_from_its_clause_within_two_seconds() -> None:
    on = stage(FakeEar([(1.0, 1.3)]))
    on.run(3.0)
    assert [f.who for f in on.floor] == ["person", "coach"]
    assert on.floor[1].at == pytest.approx(1.3 + COUGH_WAIT, abs=0.1)
    on.run(7.0)
    (ended,) = [e for e in on.mixer.poll() if isinstance(e, Played)]
    assert not ended.interrupted
    # A tone has no breath in it: it was said from the beginning.
    assert ended.ended == pytest.approx(on.floor[1].at + 6.0, abs=0.1)


def test_words_that_were_not_understood_are_waited_for_once_more() -> None:
    on = stage(FakeEar([(1.0, 1.5)], {1.8: "[unk]"}))
    on.run(5.0)
    assert len(on.heard) == 1
    assert on.turns.over_coach(on.heard[0])
    assert on.floor[1].at == pytest.approx(1.8 + WORD_WAIT, abs=0.1)


def test_a_word_that_was_answered_leaves_nothing_waiting() -> None:
    on = stage(FakeEar([(1.0, 1.5)], {1.7: "stop"}))
    on.run(2.0)
    assert [h.recognition.text for h in on.heard] == ["stop"]
    on.mixer.hush()  # the answer is another sentence
    assert on.turns.release(on.at) is None
    on.mixer.play("answer", tone(0.5))
    on.run(1.0)
    ended = [e for e in on.mixer.poll() if isinstance(e, Played)]
    assert [(e.clip_id, e.interrupted) for e in ended] == [("sentence", True), ("answer", False)]
    assert ended[0].ended < 1.2  # it fell silent for the person, not for the answer


def test_a_word_that_changes_nothing_lets_the_sentence_go_on_at_once() -> None:
    on = stage(FakeEar([(1.0, 1.5)], {1.7: "hello"}))
    on.run(1.8)
    change = on.turns.release(on.at)
    assert change is not None
    assert change.who == "coach"
    assert not on.mixer.paused


def test_sound_without_end_holds_nobody_up_for_ever() -> None:
    on = stage(FakeEar([(1.0, 100.0)]))
    on.run(1.0 + LONGEST + 0.5)
    assert [f.who for f in on.floor] == ["person", "coach"]


def test_a_sentence_that_was_held_up_too_often_is_said_to_its_end() -> None:
    coughs = [(0.5 + 3.0 * n, 0.8 + 3.0 * n) for n in range(6)]
    on = stage(FakeEar(coughs), seconds=4.0)
    on.run(20.0)
    assert [f.who for f in on.floor] == ["person", "coach"] * PATIENCE
    assert not on.mixer.busy


def test_the_last_words_are_not_cut() -> None:
    on = stage(FakeEar([(1.85, 2.4)]), seconds=2.0)
    on.run(3.0)
    assert on.floor == []


def test_what_is_said_in_silence_is_an_answer() -> None:
    on = stage(FakeEar([(3.0, 3.5)], {3.7: "[unk]"}), seconds=2.0)
    on.run(4.0)
    assert not on.turns.over_coach(on.heard[0])


# -- the other ways to listen -----------------------------------------------------------------


def test_half_duplex_hears_nothing_until_the_room_is_silent() -> None:
    ear = FakeEar()
    mixer = Mixer()
    on = Stage(ear, TurnTaking(ear, mixer, HalfDuplex(ear, "why")), mixer)
    mixer.play("sentence", tone(1.0))
    open_at = []
    for _ in range(60):
        on.run(SECONDS)
        open_at += [on.at] if ear.step else []
    assert open_at[0] == pytest.approx(1.0 + 0.15, abs=0.07)


@pytest.mark.parametrize(
    ("headset", "canceller", "name"),
    [
        (True, NoCanceller("None here."), "headset"),
        (False, NoCanceller("None here."), "half duplex"),
        (False, None, "half duplex"),
    ],
)
def test_the_best_way_there_is(headset: bool, canceller: NoCanceller | None, name: str) -> None:
    mode = choose(FakeEar(), canceller, headset).mode
    assert mode.name == name
    assert mode.reason.endswith(".")
    if canceller is not None and not headset:
        assert mode == Mode("half duplex", "None here.")


def test_with_a_canceller_the_coach_alone_does_not_open_the_ear() -> None:
    ear, mixer = FakeEar(), Mixer()
    duplex = choose(ear, Leaves(), headset=False)
    assert isinstance(duplex, Cancelling)
    mixer.play("sentence", tone(1.0))
    silence, at = np.zeros(BLOCK, np.int16), 0.0
    opened = []
    for _ in range(80):
        played = mixer.next_block(at)
        at += SECONDS
        assert duplex.hear(Block(silence, at, played), "step", mixer.busy) == Heard()
        opened.append(bool(ear.step))
    assert not any(opened[:33])
    assert opened[-1]


# -- its own voice ----------------------------------------------------------------------------


def test_its_own_voice_is_known_however_late_it_comes() -> None:
    ear, mixer = FakeEar(), Mixer()
    turns = TurnTaking(ear, mixer, Cancelling(ear, Leaves()))
    prompt, person = speech("Hold it there, and breathe."), speech("still hurts", "en-us+f3")
    silence, at = np.zeros(BLOCK, np.int16), 0.0
    for played in (*prompt[: len(prompt) // BLOCK * BLOCK].reshape(-1, BLOCK), *[silence] * 30):
        at += SECONDS
        turns.hear(Block(silence, at, played), "step")
    echo = (prompt[4000:16000] // 3).astype(np.int16)
    heard = Recognition("stop", True)
    assert turns.own_voice(Hearing(heard, audio=echo))
    assert not turns.own_voice(Hearing(heard, audio=person))
    assert not turns.own_voice(Hearing(heard))


def test_with_a_headset_nobody_looks() -> None:
    on = stage(FakeEar())
    on.run(1.0)
    assert not on.turns.own_voice(Hearing(Recognition("stop", True), audio=tone(0.5)))
