"""What waiting costs: nothing open that is not needed, few wake-ups, little in memory."""

from __future__ import annotations

import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from scripts.bench.soak import rooms
from tests.audio.fake import FakePort
from tests.dialogue.explore import DIALOGUE
from tests.test_standby import ANSWER_AT, ASKED_AT, DOUBTED, Doubting
from voice_coach.audio.mixer import Mixer
from voice_coach.audio.port import BLOCK, RATE, Block, Resting, Samples
from voice_coach.eventlog import EventLog
from voice_coach.listening.fake import spoken
from voice_coach.listening.listener import Listener
from voice_coach.listening.sentry import QUIET
from voice_coach.session import AWAKE, Session
from voice_coach.speaking.cache import ClipCache
from voice_coach.speaking.fake import FakeRenderer
from voice_coach.speaking.port import VoiceSettings
from voice_coach.speaking.voice import Voice

AT_REST: Final = 8
"""Blocks that this card brings at a time while it rests."""


class Bed(FakePort):
    """A card in virtual time that can rest; ``wakes`` are the times at which somebody who waited
    for it was woken, with a block or without one."""

    def __init__(self, microphone: Samples) -> None:
        super().__init__(microphone)
        self._ready: deque[Block] = deque()
        self._waited = 0.0
        self.resting = False
        self.wakes: list[float] = []
        self.roused: list[float] = []

    def read(self, timeout: float) -> Block | None:
        if not self._ready:
            step = (AT_REST if self.resting else 1) * BLOCK / RATE
            if self._waited + timeout < step - 1e-9:
                self._waited += timeout
                self.wakes.append(self.now())
                return None
            self._waited = 0.0
            self.wakes.append(self.now())
            for _ in range(AT_REST if self.resting else 1):
                block = super().read(timeout)
                assert block is not None
                assert block.played is not None
                assert not (self.resting and block.played.any()), "there is no speaker"
                self._ready.append(block)
        return self._ready.popleft()

    def rest(self) -> None:
        self.resting = True

    def rouse(self) -> None:
        if self.resting:
            self.roused.append(self.now())
        self.resting = False


class Counting(Doubting):
    """Keeps what it was asked to get ready, and to let go of."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def expect(self, *grammars: object) -> None:
        assert len(grammars) == 2
        self.told.append("expect")

    def forget(self, *kept: object) -> None:
        assert len(kept) == 1
        self.told.append("forget")


@pytest.fixture
def voice(tmp_path: Path) -> Iterator[Voice]:
    with Voice(FakeRenderer(), ClipCache(tmp_path), VoiceSettings()) as made:
        yield made


def wait(
    voice: Voice, sound: Samples, *said: tuple[float, str], ear: Doubting | None = None
) -> tuple[Bed, float]:
    """Wait for a call in such a room; the card, and when the call was heard (or the end)."""
    sound = sound.copy()
    for at, text in said:
        word = spoken(text)
        sound[round(at * RATE) : round(at * RATE) + len(word)] = word
    port, mixer = Bed(sound), Mixer()
    assert isinstance(port, Resting)
    port.start(mixer)
    session = Session(
        port, mixer, voice, Listener(ear or Doubting()), DIALOGUE, EventLog(),
        virtual=True, standby=DOUBTED,
    )  # fmt: skip
    session.wait_for_call(len(sound) / RATE)
    return port, port.now()


def quiet(seconds: float) -> Samples:
    return np.resize(rooms()["quiet"], round(seconds * RATE))


def test_in_a_quiet_room_it_is_woken_five_times_a_second_at_most(voice: Voice) -> None:
    port, end = wait(voice, quiet(60.0))
    assert port.resting
    assert port.roused == []
    assert len(port.wakes) / end <= 5.0


def test_it_is_roused_by_what_may_be_a_call_and_rests_again(voice: Voice) -> None:
    port, _ = wait(voice, quiet(30.0), (10.0, "who was that"))
    (roused,) = port.roused
    assert 10.0 < roused < 10.6, "while it is being said"
    awake = [at for at in port.wakes if at > 10.6 + AWAKE + 1.0]
    assert len(awake) / (30.0 - 10.6 - AWAKE - 1.0) <= 5.0
    assert port.resting


def test_a_call_finds_it_roused(voice: Voice) -> None:
    port, heard = wait(voice, quiet(30.0), (10.0, "help calf cramp"))
    assert not port.resting
    assert len(port.roused) == 1
    assert heard < 11.2


def test_the_question_is_asked_and_answered_roused(voice: Voice) -> None:
    """That it is never played at rest is seen by the card."""
    port, heard = wait(voice, quiet(30.0), (ASKED_AT, "cramp"), (ANSWER_AT, "yes"))
    assert heard < ANSWER_AT + 2.0
    assert port.played.any()
    assert not port.resting


def test_it_is_roused_to_say_that_the_microphone_is_muted(voice: Voice) -> None:
    class Healed(Bed):
        def healthy(self) -> bool:
            return True

        def reopen(self) -> bool:
            return True

    port, mixer = Healed(np.zeros(20 * RATE, np.int16)), Mixer()
    port.start(mixer)
    session = Session(
        port, mixer, voice, Listener(Doubting()), DIALOGUE, EventLog(), virtual=True
    )  # fmt: skip
    for future in session._faults._ready.values():
        future.exception(timeout=10)
    session.wait_for_call(20.0)
    assert port.played.any()
    assert port.resting, "and afterwards it rests again"


def test_the_second_look_is_loaded_while_somebody_speaks_and_freed_in_the_silence(
    voice: Voice,
) -> None:
    ear = Counting()
    wait(voice, quiet(QUIET + 40.0), (10.0, "who was that"), (14.0, "and that"), ear=ear)
    assert ear.told[0] == "expect"
    assert ear.told[-1] == "forget"
    assert ear.told.count("forget") == 1


def test_what_the_program_never_uses_is_not_loaded() -> None:
    """Libraries to download models with, an XML reader, the rehearsal."""
    code = (
        "import sys; import voice_coach.commands.coach\n"
        "unused = {'requests', 'ssl', 'urllib.request', 'tqdm', 'srt', 'matplotlib', 'rich',"
        " 'voice_coach.commands.rehearse'}\n"
        "print(sorted(unused & set(sys.modules)))\n"
        "import requests, tqdm, urllib.request\n"
        "print(callable(requests.get), callable(tqdm.tqdm), callable(urllib.request.urlopen))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.stdout == "[]\nTrue True True\n", done.stderr
