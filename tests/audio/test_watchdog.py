"""The watchdog, shown one block after another."""

from __future__ import annotations

import time

import numpy as np
import pytest

from tests.audio.fake import FakePort
from voice_coach.audio import clock
from voice_coach.audio.port import BLOCK, RATE, Block, Samples
from voice_coach.audio.watchdog import CLIPPING, LIVELY, MUTED, MUTED_AT_ONCE, Watchdog

ZEROS = np.zeros(BLOCK, np.int16)
HISS = np.resize(np.array([1, 0, -1, 0], np.int16), BLOCK)
SHOUT = np.round(32_767 * np.sin(np.arange(BLOCK) * 0.1)).astype(np.int16)
SQUARE = np.where(np.arange(BLOCK) % 40 < 20, 32_767, -32_768).astype(np.int16)


class Card(FakePort):
    """A card whose health is given, and which can be opened again when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.well = True
        self.mendable = True
        self.tries = 0

    def healthy(self) -> bool:
        return self.well

    def reopen(self) -> bool:
        self.tries += 1
        self.well = self.mendable
        return self.well


def shown(dog: Watchdog, samples: Samples, seconds: float) -> list[tuple[float, str]]:
    """What is found, and after how many seconds, while the microphone brings only this."""
    found: list[tuple[float, str]] = []
    for i in range(round(seconds * RATE / BLOCK)):
        block = Block(samples, i * BLOCK / RATE)
        found += [((i + 1) * BLOCK / RATE, finding) for finding in dog.look(block)]
    return found


@pytest.mark.parametrize("stuck", [0, 1, -32_768])
def test_one_and_the_same_sample_for_three_seconds_is_a_muted_microphone(stuck: int) -> None:
    dog = Watchdog(Card())
    assert shown(dog, HISS, 5.0) == []
    ((after, finding),) = shown(dog, np.full(BLOCK, stuck, np.int16), 60.0)
    assert finding == "microphone muted"
    assert after == pytest.approx(MUTED, abs=0.03)
    assert [f for _, f in shown(dog, HISS, 5.0)] == ["microphone unmuted"]


def test_a_microphone_that_was_never_quite_still_is_muted_within_a_second() -> None:
    dog = Watchdog(Card())
    assert shown(dog, HISS, LIVELY + 1.0) == []
    ((after, finding),) = shown(dog, ZEROS, 60.0)
    assert finding == "microphone muted"
    assert after == pytest.approx(MUTED_AT_ONCE, abs=0.03)
    assert after < 1.0
    assert [f for _, f in shown(dog, HISS, 5.0)] == ["microphone unmuted"]
    ((again, _),) = shown(dog, ZEROS, 1.5)
    assert again < 1.0, "a mute says nothing against the microphone"
    shown(dog, HISS, LIVELY - 1.0)
    assert shown(dog, ZEROS, MUTED - 0.1) == [], "but a pause of a second and a half does"


def test_a_microphone_that_sends_zeros_for_what_is_soft_is_given_time() -> None:
    dog = Watchdog(Card())
    assert shown(dog, HISS, LIVELY - 1.0) == []
    for _ in range(30):  # two minutes of pauses between words
        assert shown(dog, ZEROS, 1.5) == []
        assert shown(dog, HISS, 2.0) == []
    assert shown(dog, ZEROS, MUTED - 0.1) == []


def test_a_moment_of_zeros_is_nothing() -> None:
    dog = Watchdog(Card())
    for _ in range(20):
        assert shown(dog, ZEROS, MUTED - 0.1) == []
        assert shown(dog, HISS, 0.03) == []


def test_a_microphone_at_its_rail_all_the_time_is_clipping() -> None:
    dog = Watchdog(Card())
    ((after, finding),) = shown(dog, SQUARE, 30.0)
    assert finding == "microphone clipping"
    assert after == pytest.approx(CLIPPING, abs=0.03)
    assert after <= 1.0


def test_a_loud_cry_is_no_fault() -> None:
    dog = Watchdog(Card())
    assert shown(dog, SHOUT, 10.0) == []
    for _ in range(10):  # overdriven, with a breath in between
        assert shown(dog, SQUARE, CLIPPING - 0.1) == []
        assert shown(dog, HISS, 0.1) == []


def test_a_lost_card_is_told_once_and_opened_until_it_is_back() -> None:
    card = Card()
    dog = Watchdog(card)
    assert dog.look(None) == ()
    card.well = card.mendable = False
    assert dog.look(None) == ("card lost",)
    assert [dog.look(None) for _ in range(5)] == [()] * 5
    assert dog.lost
    card.mendable = True
    assert dog.look(None) == ("card back",)
    assert not dog.lost
    assert card.tries == 6
    assert dog.look(Block(HISS, 0.0)) == ()


def test_a_card_that_falls_ill_while_old_blocks_are_still_read_is_noticed() -> None:
    card = Card()
    dog = Watchdog(card)
    card.well = False
    assert dog.look(Block(HISS, 0.0)) == ()
    assert dog.look(Block(HISS, 0.0)) == ("card lost",)


def test_a_card_that_is_late_for_a_moment_is_not_lost() -> None:
    card = Card()
    dog = Watchdog(card)
    for _ in range(5):
        card.well = False
        assert dog.look(Block(HISS, 0.0)) == ()
        card.well = True
        assert dog.look(Block(HISS, 0.0)) == ()
    assert card.tries == 0


def test_a_muted_microphone_is_still_the_same_after_the_card_is_back() -> None:
    card = Card()
    dog = Watchdog(card)
    shown(dog, ZEROS, 4.0)
    card.well = False
    assert dog.look(None) == ("card lost",)
    assert dog.look(None) == ("card back",)
    assert shown(dog, ZEROS, 10.0) == []


def test_a_file_is_as_silent_as_it_likes() -> None:
    dog = Watchdog(FakePort())
    assert shown(dog, ZEROS, 60.0) == []
    assert dog.look(None) == ()


def test_the_clock_counts_seconds() -> None:
    began, plain = clock.seconds(), time.monotonic()
    time.sleep(0.05)
    assert clock.seconds() - began == pytest.approx(time.monotonic() - plain, abs=0.02)


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="this system has another clock")
def test_the_clock_goes_on_while_the_machine_sleeps() -> None:
    assert clock.seconds() == pytest.approx(time.clock_gettime(time.CLOCK_BOOTTIME), abs=0.05)
