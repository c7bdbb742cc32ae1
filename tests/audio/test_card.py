"""The card beyond the contract of every port: formats, faults, and healing."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.audio.sounds import extent, pitch, tone
from tests.virtual_card import VirtualCard
from voice_coach.audio import devices
from voice_coach.audio.card import LONGEST_STALL, QUEUE, STALL, TRIES, CardPort
from voice_coach.audio.mixer import Mixer, Started
from voice_coach.audio.port import BLOCK, RATE, Samples
from voice_coach.errors import AudioDeviceError

pytestmark = pytest.mark.card


def wait_until(true: Callable[[], bool], seconds: float) -> float:
    """Wait for something that has no event of its own; returns how long it took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, "waited in vain"
        threading.Event().wait(0.01)
    return time.monotonic() - began


def read_for(port: CardPort, seconds: float) -> Samples:
    """What the microphone hears in the next seconds."""
    blocks = []
    for _ in range(round(seconds * RATE / BLOCK)):
        block = port.read(timeout=1.0)
        assert block is not None
        blocks.append(block.samples)
    return np.concatenate(blocks)


def test_by_default_the_card_runs_at_our_rate(card: VirtualCard) -> None:
    assert card.pid
    with CardPort() as port:
        port.start(Mixer())
        assert port.rate == RATE
        assert port.devices is not None
        assert [used.name for used in port.devices] == ["default", "default"]
        assert port.healthy()
        read_for(port, 0.5)
        assert 0.01 < port.latency < 0.3
    assert not port.healthy()
    assert port.devices is None


@pytest.mark.usefixtures("card")
def test_devices_are_taken_by_name_and_refused_by_name() -> None:
    with CardPort("pulse", "pulse") as port:
        port.start(Mixer())
        assert port.devices is not None
        assert port.devices[0].name == "pulse"
    with pytest.raises(AudioDeviceError, match="no microphone"):
        CardPort("banjo").start(Mixer())
    with pytest.raises(AudioDeviceError, match="no speaker"):
        CardPort(None, "banjo").start(Mixer())


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_a_card_at_another_rate_sounds_the_same(card: VirtualCard, rate: int) -> None:
    mixer = Mixer()
    with CardPort(rate=rate) as port, card.record() as recording:
        port.start(mixer)
        assert port.rate == rate
        read_for(port, 0.3)
        mixer.play("a", tone(1_000, 0.5))
        speaking = card.speak(tone(440, 0.5), wait=False)
        heard = read_for(port, 1.8)
        assert speaking.wait(timeout=10) == 0
        played = recording.samples()
    for sound, frequency in ((heard, 440), (played, 1_000)):
        start, end = extent(sound)
        # A busy machine's underrun puts a gap into the sound, which blurs its pitch by a percent;
        # a wrong rate would move it by eight.
        assert end - start == pytest.approx(0.5, abs=0.1)
        assert pitch(sound) == pytest.approx(frequency, rel=0.02)


@pytest.mark.parametrize("rate", [None, 48_000])
def test_the_times_of_both_directions_agree(card: VirtualCard, rate: int | None) -> None:
    # A wire from the speaker to the microphone: what starts at one time is heard a moment later.
    wire = card.control(
        *("load-module", "module-loopback", "source=spk.monitor", "sink=micfeed"),
        *("latency_msec=20",),
    )
    try:
        mixer = Mixer()
        with CardPort(rate=rate) as port:
            port.start(mixer)
            read_for(port, 1.0)
            mixer.play("beep", tone(1_000, 0.2))
            began, heard = 0.0, []
            for _ in range(50):
                block = port.read(timeout=1.0)
                assert block is not None
                heard.append(block)
            (started, *_) = mixer.poll()
            assert isinstance(started, Started)
            began = started.at
        sound = np.concatenate([block.samples for block in heard])
        onset = int(np.flatnonzero(np.abs(sound.astype(np.int32)) > 1_000)[0])
        block = heard[onset // BLOCK]
        arrived = block.at - (BLOCK - onset % BLOCK) / RATE
        assert -0.03 < arrived - began < 0.15
    finally:
        card.control("unload-module", wire)


@pytest.mark.usefixtures("card")
def test_a_late_reader_finds_the_newest_blocks_and_a_count_of_the_others() -> None:
    with CardPort() as port:
        port.start(Mixer())
        block = port.read(timeout=1.0)
        assert block is not None
        for _ in range(QUEUE + 5):
            port._keep(block)
        assert port.dropped >= 5
        read_for(port, 1.0)


@pytest.mark.usefixtures("card")
def test_what_the_source_raises_in_the_callback_is_raised_by_read() -> None:
    class Broken:
        calls = 0

        def next_block(self, at: float) -> Samples:
            assert at >= 0
            self.calls += 1
            if self.calls > 3:
                raise ZeroDivisionError("the source is broken")
            return np.zeros(BLOCK, np.int16)

    def read_on(port: CardPort) -> None:
        for _ in range(50):
            port.read(timeout=1.0)

    with CardPort() as port:
        port.start(Broken())
        with pytest.raises(ZeroDivisionError, match="source is broken"):
            read_on(port)
        wait_until(lambda: not port.healthy(), 1.0)


@pytest.mark.usefixtures("card")
def test_a_healthy_port_can_be_closed_and_started_again_many_times() -> None:
    threads = threading.active_count()
    files = len(list(Path("/proc/self/fd").iterdir()))
    port = CardPort()
    for _ in range(10):
        port.start(Mixer())
        assert port.now() < 3
        assert port.read(timeout=1.0) is not None
        port.close()
    wait_until(lambda: threading.active_count() <= threads, 5.0)
    assert len(list(Path("/proc/self/fd").iterdir())) <= files + 2


def _kill(card: VirtualCard) -> None:
    card.stop()


def _hang(card: VirtualCard) -> None:
    os.kill(card.pid, signal.SIGSTOP)


def _suspend(card: VirtualCard) -> None:
    card.control("suspend-source", "mic", "1")


def _wake(card: VirtualCard) -> None:
    os.kill(card.pid, signal.SIGCONT)


def _resume(card: VirtualCard) -> None:
    card.control("suspend-source", "mic", "0")


@pytest.mark.parametrize(
    ("break_it", "mend_it"),
    [
        pytest.param(_kill, VirtualCard.start, id="killed"),
        pytest.param(_hang, _wake, id="hung"),
        pytest.param(_suspend, _resume, id="suspended"),
    ],
)
def test_a_broken_sound_server_is_noticed_within_a_second_and_healed(
    own_card: VirtualCard,
    break_it: Callable[[VirtualCard], None],
    mend_it: Callable[[VirtualCard], None],
) -> None:
    mixer = Mixer()
    with CardPort() as port:
        port.start(mixer)
        read_for(port, 0.3)
        before = port.now()

        break_it(own_card)
        assert wait_until(lambda: not port.healthy(), 2.0) < 1.0
        began = time.monotonic()
        assert not port.reopen()
        assert time.monotonic() - began < 5.0
        # Right after a failure another attempt is not made, and takes no time.
        began = time.monotonic()
        assert not port.reopen()
        assert time.monotonic() - began < 0.05

        mend_it(own_card)
        wait_until(port.reopen, 10.0)
        assert port.healthy()
        assert port.now() > before
        wait_until(lambda: port.read(timeout=1.0) is None or port._blocks.empty(), 5.0)
        mixer.play("back", tone(1_000, 0.3))
        speaking = own_card.speak(tone(440, 0.5), wait=False)
        heard = read_for(port, 1.8)
        assert speaking.wait(timeout=10) == 0
        assert pitch(heard) == pytest.approx(440, abs=3)
        assert [event.clip_id for event in mixer.poll()] == ["back", "back"]


HANGING_EXIT = """
import os, signal, sys, time
from voice_coach.audio.card import CardPort
from voice_coach.audio.mixer import Mixer

port = CardPort()
port.start(Mixer())
os.kill(int(sys.argv[1]), signal.SIGSTOP)
port.close()
"""


def test_a_process_ends_even_when_the_sound_server_hangs(own_card: VirtualCard) -> None:
    subprocess.run(
        [sys.executable, "-c", HANGING_EXIT, str(own_card.pid)],
        cwd=Path(__file__).parents[2],
        env={**os.environ, **own_card.environment},
        check=True,
        timeout=20,
    )
    _wake(own_card)


def test_a_command_does_not_wait_for_ever_for_a_sound_server_that_hangs(
    own_card: VirtualCard,
) -> None:
    os.kill(own_card.pid, signal.SIGSTOP)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "voice_coach", "devices"],
            cwd=Path(__file__).parents[2],
            env={**os.environ, **own_card.environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    finally:
        _wake(own_card)
    # PortAudio hangs, or it finds nothing: either is told in a sentence.
    assert done.returncode == 3
    assert re.fullmatch("voice-coach: (The sound server does not|PortAudio finds).*\n", done.stderr)


class Stuck:
    """A stand-in for sounddevice whose streams refuse rates, or never call back."""

    class PortAudioError(Exception):
        pass

    CallbackAbort = StopIteration

    def __init__(self, works_at: int | None = None, code: int = -9997) -> None:
        self.works_at = works_at
        self.code = code
        self.asked: list[tuple[int, Any]] = []
        self.closed = 0

    def _terminate(self) -> None:
        """Asked before every reopening."""

    _initialize = _terminate

    def RawStream(self, **options: Any) -> Any:
        self.asked.append((options["samplerate"], options["channels"]))
        if self.works_at is not None and options["samplerate"] != self.works_at:
            raise self.PortAudioError("Error opening stream", self.code)
        frames = options["blocksize"]
        out = bytearray(2 * frames * options["channels"][1])
        raw = bytes(2 * frames * options["channels"][0])
        times = SimpleNamespace(outputBufferDacTime=0.0, inputBufferAdcTime=0.0, currentTime=0.0)

        def start() -> None:
            if self.works_at is not None:
                options["callback"](raw, out, frames, times, None)

        def close(ignore_errors: bool) -> None:
            assert ignore_errors
            self.closed += 1

        return SimpleNamespace(
            start=start,
            time=100.0,
            latency=(0.02, 0.08),
            stop=lambda ignore_errors: ignore_errors,
            abort=lambda ignore_errors: ignore_errors,
            close=close,
        )


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Stuck]:
    def install(**options: Any) -> Stuck:
        library = Stuck(**options)
        only = devices.Device(0, "hw:0,0", "ALSA", 2, 2, 48_000.0, True, True)
        monkeypatch.setattr(devices, "portaudio", lambda: library)
        monkeypatch.setattr(devices, "devices", lambda: (only,))
        return library

    return install


def test_a_card_that_refuses_our_rate_is_opened_at_its_own(stuck: Callable[..., Stuck]) -> None:
    library = stuck(works_at=48_000)
    with CardPort() as port:
        port.start(Mixer())
        assert port.rate == 48_000
        # With no usable times from the driver, the stream's stated latency counts.
        assert port.latency == pytest.approx(0.08)
    assert library.asked[0] == (RATE, (1, 1))
    assert library.asked[-1] == (48_000, (1, 1))
    assert library.closed == 1


def test_a_card_that_refuses_every_rate_says_so_with_portaudios_words(
    stuck: Callable[..., Stuck],
) -> None:
    library = stuck(works_at=1)
    with pytest.raises(AudioDeviceError, match=r'"hw:0,0" cannot be opened \(.*opening stream'):
        CardPort().start(Mixer())
    assert {rate for rate, _ in library.asked} == {16_000, 44_100, 48_000}


def test_a_card_in_use_is_not_tried_at_other_rates(stuck: Callable[..., Stuck]) -> None:
    library = stuck(works_at=1, code=-9985)
    with pytest.raises(AudioDeviceError, match="close what else uses it"):
        CardPort().start(Mixer())
    assert len(library.asked) == 1


def test_a_stream_that_never_calls_back_is_closed_and_opened_again_a_few_times(
    stuck: Callable[..., Stuck],
) -> None:
    library = stuck()
    began = time.monotonic()
    with pytest.raises(AudioDeviceError, match="gives no sound"):
        CardPort().start(Mixer())
    assert len(library.asked) == library.closed == TRIES
    assert time.monotonic() - began == pytest.approx(TRIES * STALL, abs=1.0)


def test_a_stream_that_takes_too_long_to_start_is_opened_again(
    stuck: Callable[..., Stuck],
) -> None:
    library = stuck(works_at=1, code=-9987)
    with pytest.raises(AudioDeviceError, match="gives no sound"):
        CardPort().start(Mixer())
    assert len(library.asked) == TRIES


def test_a_server_that_is_slow_to_get_going_is_given_more_and_more_time(
    stuck: Callable[..., Stuck],
) -> None:
    stuck(works_at=RATE)  # calls back once, and never again
    patience: list[float] = []
    with CardPort() as port:
        port.start(Mixer())
        for _ in range(4):
            began = time.monotonic()
            wait_until(lambda: not port.healthy(), 10.0)
            patience.append(time.monotonic() - began)
            assert port.reopen()
    assert patience == pytest.approx([STALL, 2 * STALL, 4 * STALL, LONGEST_STALL], abs=0.4)
