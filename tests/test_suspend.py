"""The machine sleeps for twenty minutes, and clocks jump: waiting, asking, and leading somebody."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.audio.fake import FakePort
from tests.dialogue.explore import DIALOGUE
from tests.test_standby import DOUBTED, Doubting
from voice_coach.audio.mixer import Mixer
from voice_coach.audio.port import RATE, Block, Samples
from voice_coach.content.faults import load_remarks
from voice_coach.content.standby import load_standby
from voice_coach.eventlog import EventLog, Record
from voice_coach.listening.fake import spoken
from voice_coach.listening.listener import Listener
from voice_coach.session import ASK, Ending, Session
from voice_coach.speaking.cache import ClipCache
from voice_coach.speaking.fake import FakeRenderer
from voice_coach.speaking.port import VoiceSettings
from voice_coach.speaking.voice import Voice

REMARKS = load_remarks()
STANDBY = load_standby()
NAP = 1200.0
HISS = np.array([1, 0, -1, 0], np.int16)


class Laptop(FakePort):
    """A card in virtual time whose machine sleeps: its clock, which counts sleep, is ahead then.

    ``naps``: by second awake, for how many seconds it sleeps. ``muted``: spans of seconds awake.
    """

    def __init__(
        self,
        said: dict[float, Samples],
        naps: dict[float, float],
        muted: tuple[tuple[float, float], ...] = (),
        seconds: float = 60.0,
    ) -> None:
        sound = np.resize(HISS, round(seconds * RATE))
        for at, samples in said.items():
            sound[round(at * RATE) : round(at * RATE) + len(samples)] = samples
        super().__init__(sound)
        self._naps = sorted(naps.items())
        self._muted = muted
        self._slept = 0.0
        self._well = True
        self.records: list[Record] = []

    def now(self) -> float:
        return super().now() + self._slept

    def read(self, timeout: float) -> Block | None:
        awake = super().now()
        if self._naps and self._naps[0][0] <= awake:
            self._slept += self._naps.pop(0)[1]
            self._well = False  # the stream is dead after such a gap
        if not self._well:
            return None
        block = super().read(timeout)
        assert block is not None
        muted = any(first <= awake < last for first, last in self._muted)
        return Block(block.samples * (not muted), self.now(), block.played)

    def healthy(self) -> bool:
        return self._well

    def reopen(self) -> bool:
        self._well = True
        return True

    def kinds(self, kind: str) -> list[Record]:
        return [record for record in self.records if record["type"] == kind]

    def prompts(self) -> list[str]:
        return [record["prompt"] for record in self.kinds("say")]

    def faults(self) -> list[str]:
        return [record["what"] for record in self.kinds("fault")]


@pytest.fixture
def voice(tmp_path: Path) -> Iterator[Voice]:
    with Voice(FakeRenderer(), ClipCache(tmp_path), VoiceSettings()) as made:
        yield made


Ready = Callable[[Laptop], Session]


@pytest.fixture
def ready(voice: Voice) -> Ready:
    def session(laptop: Laptop) -> Session:
        log, mixer = EventLog(), Mixer()
        log.watch(laptop.records.append)
        laptop.start(mixer)
        made = Session(
            laptop, mixer, voice, Listener(Doubting()), DIALOGUE, log,
            virtual=True, standby=DOUBTED,
        )  # fmt: skip
        for future in made._faults._ready.values():
            future.exception(timeout=10)
        return made

    return session


def test_a_sleeper_is_not_woken_and_a_call_afterwards_is_heard(ready: Ready) -> None:
    laptop = Laptop({20.0: spoken("help calf cramp")}, {10.0: NAP})
    call = ready(laptop).wait_for_call()
    assert call is not None
    assert call.at == pytest.approx(NAP + 20.6, abs=0.2)
    assert laptop.faults() == ["card lost", "card back"]
    assert laptop.prompts() == []


def test_a_question_that_was_slept_over_is_forgotten(ready: Ready) -> None:
    laptop = Laptop({2.0: spoken("cramp"), 12.0: spoken("yes")}, {6.5: NAP}, seconds=30.0)
    assert ready(laptop).wait_for_call(NAP + 25.0) is None
    assert laptop.prompts() == [ASK]
    laptop = Laptop({2.0: spoken("cramp"), 12.0: spoken("help calf cramp")}, {6.5: NAP})
    assert ready(laptop).wait_for_call(NAP + 25.0) is not None


def test_the_ten_minutes_have_passed_when_it_wakes_and_the_advice_is_given(ready: Ready) -> None:
    laptop = Laptop({}, {20.0: NAP}, seconds=200.0)
    ending = ready(laptop).coach()
    assert laptop.faults() == ["card lost", "card back"]
    assert REMARKS.back in [record["text"] for record in laptop.kinds("say")]
    assert ending.elapsed > NAP
    assert (ending.outcome, ending.level) == ("not_resolved", "urgent")
    first = next(r for r in laptop.kinds("advice") if r["t"] > NAP)
    assert first["t"] < NAP + 40, "as soon as it wakes, not ten minutes later"


def test_a_muted_microphone_is_told_once_a_night(ready: Ready) -> None:
    night = STANDBY.muted_again
    laptop = Laptop(
        {}, {20.0: NAP, 40.0: 3 * 3600.0, 60.0: night},
        muted=((5.0, 15.0), (25.0, 35.0), (45.0, 55.0), (65.0, 75.0)),
        seconds=100.0,
    )  # fmt: skip
    assert ready(laptop).wait_for_call(NAP + 3 * 3600 + night + 95.0) is None
    assert laptop.faults().count("microphone muted") == 4
    told = laptop.kinds("say")
    assert [record["text"] for record in told] == [REMARKS.muted] * 2
    assert told[1]["start"] - told[0]["start"] >= night


def test_an_overdriven_microphone_is_no_reason_to_wake_anybody(ready: Ready) -> None:
    loud = np.where(np.arange(5 * RATE) % 2, 32_767, -32_768).astype(np.int16)
    laptop = Laptop({5.0: loud}, {}, seconds=30.0)
    assert ready(laptop).wait_for_call(25.0) is None
    assert laptop.faults() == ["microphone clipping"]
    assert laptop.prompts() == []


@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_on_the_wall_that_jumps_changes_nothing(
    ready: Ready, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    def led() -> tuple[Ending, list[Record]]:
        laptop = Laptop({30.0: spoken("sitting")}, {}, seconds=100.0)
        return ready(laptop).coach(), laptop.records

    ending, records = led()
    true, jumps = time.time, iter(range(10**9))
    monkeypatch.setattr(time, "time", lambda: true() + 3600 * hours * next(jumps))
    assert led() == (ending, records)
    assert ending.elapsed > 600
