"""The card at rest: half of it closed, blocks several at a time, and no gap on the way back."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.audio.test_card import Stuck, wait_until
from tests.virtual_card import VirtualCard
from voice_coach.audio import devices
from voice_coach.audio.card import RESTING, STALL, CardPort
from voice_coach.audio.mixer import Mixer, Played
from voice_coach.audio.port import BLOCK, RATE, Block, Resting, Samples
from voice_coach.audio.split import SplitPort

pytestmark = pytest.mark.card


class Counted(Mixer):
    """A mixer that counts how often it is asked for sound."""

    asked = 0

    def next_block(self, at: float) -> Samples:
        self.asked += 1
        return super().next_block(at)


def read_for(port: CardPort, seconds: float) -> list[Block]:
    blocks = []
    for _ in range(round(seconds * RATE / BLOCK)):
        block = port.read(timeout=1.0)
        assert block is not None
        blocks.append(block)
    return blocks


def noise(seconds: float) -> Samples:
    """Sound in which every moment is unlike every other one, and no resampler's business."""
    white = np.random.default_rng(3).standard_normal(round(seconds * RATE))
    return np.asarray(np.convolve(white, np.hanning(9) / 4, "same") * 3_000, np.int16)


def lag(heard: Samples, said: Samples) -> int:
    """Samples by which what was heard, 0.1 s or so, lies behind the beginning of what was said."""
    return int(np.argmax(np.correlate(said.astype(float), heard.astype(float), "valid")))


def plays(card: VirtualCard) -> int:
    """How many streams play on the speaker."""
    sink = {line.split("\t")[1]: line.split("\t")[0] for line in card.control(
        "list", "short", "sinks").splitlines()}["spk"]  # fmt: skip
    inputs = card.control("list", "short", "sink-inputs").splitlines()
    return sum(line.split("\t")[1] == sink for line in inputs)


def test_at_rest_nothing_is_open_but_the_microphone(own_card: VirtualCard) -> None:
    mixer = Counted()
    with CardPort() as port:
        port.start(mixer)
        assert isinstance(port, Resting)
        read_for(port, 0.3)
        assert plays(own_card) == 1
        port.rest()
        read_for(port, 0.5)  # the stream that was left is closed meanwhile
        wait_until(lambda: plays(own_card) == 0, 3.0)
        before = mixer.asked
        blocks = read_for(port, 1.0)
        assert mixer.asked == before
        assert port.healthy()
        assert all(block.played is None for block in blocks)
        port.rouse()
        assert plays(own_card) == 1


def test_at_rest_blocks_come_many_at_a_time(own_card: VirtualCard) -> None:
    assert own_card.pid
    with CardPort() as port:
        port.start(Mixer())
        port.rest()
        read_for(port, 0.6)
        assert port._stream is not None
        taken: list[int] = []
        take = port._stream._take

        def counted(stream: Any, blocks: list[Block]) -> None:
            taken.append(len(blocks))
            take(stream, blocks)

        port._stream._take = counted
        read_for(port, 2.0)
    assert set(taken) == {RESTING}


def test_a_word_that_wakes_it_is_heard_without_a_gap(own_card: VirtualCard) -> None:
    said = noise(5.0)
    with CardPort() as port:
        port.start(Mixer())
        port.rest()
        read_for(port, 1.0)
        speaking = own_card.speak(said, wait=False, latency=500)
        blocks = read_for(port, 2.0)
        port.rouse()
        blocks += read_for(port, 2.0)
        speaking.kill()
        speaking.wait()
        assert blocks[-1].played is not None
    heard = np.concatenate([block.samples for block in blocks])
    begins = int(np.flatnonzero(np.abs(heard.astype(int)) > 300)[0])
    offsets = [
        lag(heard[at : at + 1_600], said) - (at - begins)
        for at in range(begins + 1_600, len(heard) - 1_600, 1_600)
    ]
    assert len(offsets) > 20
    assert np.ptp(offsets) <= 1, offsets
    times = np.array([block.at for block in blocks])
    assert np.all(np.diff(times) >= 0)
    assert times[-1] - times[0] == pytest.approx((len(times) - 1) * BLOCK / RATE, abs=0.1)


def test_roused_it_plays_at_once(own_card: VirtualCard) -> None:
    assert own_card.pid
    mixer = Mixer()
    with CardPort() as port:
        port.start(mixer)
        for _ in range(3):
            port.rest()
            read_for(port, 0.3)
            mixer.play("word", np.full(RATE // 10, 500, np.int16))
            port.rouse()
            read_for(port, 1.0)
            assert any(isinstance(event, Played) for event in mixer.poll())
            assert port.healthy()


def _hang(card: VirtualCard) -> None:
    os.kill(card.pid, signal.SIGSTOP)


def _wake(card: VirtualCard) -> None:
    os.kill(card.pid, signal.SIGCONT)


@pytest.mark.parametrize(
    ("break_it", "mend_it"),
    [
        pytest.param(VirtualCard.stop, VirtualCard.start, id="killed"),
        pytest.param(_hang, _wake, id="hung"),
    ],
)
def test_at_rest_too_a_dead_server_is_noticed_within_a_second_and_healed(
    own_card: VirtualCard,
    break_it: Callable[[VirtualCard], None],
    mend_it: Callable[[VirtualCard], None],
) -> None:
    with CardPort() as port:
        port.start(Mixer())
        port.rest()
        read_for(port, 0.5)
        break_it(own_card)
        assert wait_until(lambda: not port.healthy(), 2.0) < 1.0
        mend_it(own_card)
        wait_until(port.reopen, 15.0)
        while not port._blocks.empty():
            port.read(timeout=0.1)
        read_for(port, 0.5)
        assert plays(own_card) == 0, "it goes on resting"
        port.rouse()
        read_for(port, 1.0)
        assert plays(own_card) == 1


@pytest.mark.usefixtures("card")
def test_rest_and_rouse_leave_nothing_behind() -> None:
    with CardPort() as port:
        port.start(Mixer())
        read_for(port, 0.3)
        threads = threading.active_count()
        for _ in range(5):
            port.rest()
            read_for(port, 0.3)
            port.rouse()
            read_for(port, 0.8)
        wait_until(lambda: threading.active_count() <= threads, 5.0)


def test_a_stream_that_cannot_be_opened_is_none(own_card: VirtualCard) -> None:
    """Else it would count as one that is slow to get going, and be given more and more time."""
    with CardPort() as port:
        port.start(Mixer())
        own_card.stop()
        wait_until(lambda: not port.healthy(), 2.0)
        assert not port.reopen()
        assert port.devices is None
        assert port._stall == pytest.approx(STALL)
        own_card.start()
        wait_until(port.reopen, 15.0)


class OneStream(Stuck):
    """A device that takes one stream, as a bare card does."""

    inputs = 0

    def RawInputStream(self, **_: Any) -> Any:
        self.inputs += 1
        raise self.PortAudioError("Device unavailable", -9985)


def test_a_card_that_takes_one_stream_only_does_not_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    library = OneStream(works_at=RATE)
    only = devices.Device(0, "hw:0,0", "ALSA", 2, 2, 48_000.0, True, True)
    monkeypatch.setattr(devices, "portaudio", lambda: library)
    monkeypatch.setattr(devices, "devices", lambda: (only,))
    with CardPort() as port:
        port.start(Mixer())
        for _ in range(3):
            port.rest()
        assert library.inputs == 1
        assert port.healthy()
        assert port.read(timeout=0.1) is not None
        port.rouse()
        assert len(library.asked) == 1


def test_a_microphone_beside_a_file_rests_and_any_other_is_left_alone(tmp_path: Any) -> None:
    told: list[str] = []
    microphone = SimpleNamespace(
        rest=lambda: told.append("rest"), rouse=lambda: told.append("rouse")
    )
    split: Any = SplitPort(microphone, tmp_path / "out.wav")
    split.rest()
    split.rouse()
    assert told == ["rest", "rouse"]
    plain = SplitPort(SimpleNamespace(), tmp_path / "out.wav")
    plain.rest()
    plain.rouse()


def test_nothing_happens_to_a_port_that_is_not_open() -> None:
    port = CardPort()
    began = time.monotonic()
    port.rest()
    port.rouse()
    assert time.monotonic() - began < 0.1
    assert not port.healthy()
