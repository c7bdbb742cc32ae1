"""The echo canceller on a simulated loudspeaker, and what happens where it is missing."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from voice_coach.audio import echo
from voice_coach.audio.echo import ECHO_DIES, EchoCanceller, NoCanceller, open_canceller
from voice_coach.audio.port import BLOCK, RATE, Samples
from voice_coach.rehearsal.echo_path import EchoPath, Loudspeaker

SILENCE = np.zeros(BLOCK, np.int16)


def babble(seconds: float, seed: int = 3) -> Samples:
    """Noise shaped like speech: syllables, and less of it the higher."""
    draw = np.random.default_rng(seed)
    count = round(seconds * RATE)
    spectrum = np.fft.rfft(draw.standard_normal(count))
    spectrum /= 1 + np.fft.rfftfreq(count, 1 / RATE) / 500
    sound = np.fft.irfft(spectrum, count)
    sound *= 0.2 + np.maximum(0, np.sin(2 * np.pi * 4 * np.arange(count) / RATE))
    return np.asarray(4_000 * sound / np.std(sound), dtype=np.int16)


def blocks(samples: Samples) -> list[Samples]:
    return list(samples[: len(samples) // BLOCK * BLOCK].reshape(-1, BLOCK))


def level(pieces: list[Samples]) -> float:
    """dBFS."""
    sound = np.concatenate(pieces).astype(np.float64) / 32768
    return float(10 * np.log10(np.mean(sound**2) + 1e-12))


@pytest.fixture(params=["none", "webrtc"])
def canceller(request: pytest.FixtureRequest) -> EchoCanceller:
    if request.param == "none":
        return NoCanceller()
    pytest.importorskip("livekit")
    return open_canceller()


@pytest.fixture
def webrtc() -> EchoCanceller:
    pytest.importorskip("livekit")
    return open_canceller()


# -- the contract of all --------------------------------------------------------------------------


def test_a_block_in_a_block_out(canceller: EchoCanceller) -> None:
    for block in blocks(babble(0.3)):
        cleaned = canceller.process(block, block)
        assert cleaned.shape == (BLOCK,)
        assert cleaned.dtype == np.int16


def test_the_microphone_is_left_alone(canceller: EchoCanceller) -> None:
    block = blocks(babble(0.1))[0]
    before = block.copy()
    canceller.process(block, block)
    assert np.array_equal(block, before)


def test_without_any_sound_from_the_speaker_the_microphone_passes(
    canceller: EchoCanceller,
) -> None:
    for block in blocks(babble(0.3)):
        assert np.array_equal(canceller.process(block, SILENCE), block)


@pytest.mark.parametrize("wrong", [np.zeros(160, np.int16), np.zeros((BLOCK, 1), np.int16)])
def test_other_sizes_are_refused(canceller: EchoCanceller, wrong: Samples) -> None:
    with pytest.raises(ValueError, match="480"):
        canceller.process(wrong, SILENCE)
    with pytest.raises(ValueError, match="480"):
        canceller.process(SILENCE, wrong)


def test_hints_and_resets_are_taken_at_any_time(canceller: EchoCanceller) -> None:
    canceller.expect(0.127)
    canceller.reset()
    canceller.expect(-1.0)
    canceller.expect(10.0)
    assert canceller.process(SILENCE, SILENCE).shape == (BLOCK,)


# -- cancelling -----------------------------------------------------------------------------------


@pytest.mark.parametrize("drift", [0.0, 100.0])
def test_the_coach_disappears_and_the_person_stays(webrtc: EchoCanceller, drift: float) -> None:
    path = EchoPath(-6.0, Loudspeaker(0.12, drift), np.random.default_rng(1))
    played = blocks(babble(6.0))
    hiss = np.random.default_rng(2)
    heard, cleaned = [], []
    for block in played:
        noisy = path.process(block) + hiss.standard_normal(BLOCK) * 5
        heard.append(np.asarray(noisy, dtype=np.int16))
        cleaned.append(webrtc.process(heard[-1], block))
    assert level(heard[120:]) - level(cleaned[120:]) > 20
    person = blocks(babble(1.0, seed=9))
    for block in person:
        cleaned.append(webrtc.process(block, SILENCE))
    assert abs(level(person[20:]) - level(cleaned[-len(person) + 20 :])) < 3


def test_long_after_the_coach_the_microphone_costs_nothing_again(webrtc: EchoCanceller) -> None:
    sound = blocks(babble(0.3))
    for block in sound:
        webrtc.process(block, block)
    for _ in range(ECHO_DIES):
        webrtc.process(SILENCE, SILENCE)
    assert webrtc.process(sound[0], SILENCE) is sound[0]


def test_a_reset_forgets_the_room(webrtc: EchoCanceller) -> None:
    sound = blocks(babble(3.0))
    first = [webrtc.process(block, block) for block in sound]
    webrtc.reset()
    again = [webrtc.process(block, block) for block in sound]
    assert np.array_equal(np.concatenate(first), np.concatenate(again))


# -- what it leaves behind, and where it is missing -----------------------------------------------


def resources() -> tuple[int, int, int]:
    """Python's threads, all threads, and open files of this process."""
    own = Path("/proc/self")
    return (
        threading.active_count(),
        len(list((own / "task").iterdir())),
        len(list((own / "fd").iterdir())),
    )


def connections() -> set[str]:
    """Internet sockets of this process, by their inodes."""
    open_files = [
        str(file.readlink()) for file in Path("/proc/self/fd").iterdir() if file.is_symlink()
    ]
    own = {name[8:-1] for name in open_files if name.startswith("socket:[")}
    found = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        path = Path("/proc/self/net") / table
        lines = path.read_text().splitlines()[1:] if path.exists() else []
        found |= {line.split()[9] for line in lines} & own
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_cancellers_leave_no_thread_and_no_connection_behind(webrtc: EchoCanceller) -> None:
    assert webrtc.reason == ""
    before, connected = resources(), connections()
    for _ in range(50):
        open_canceller().process(SILENCE, SILENCE + 1)
    assert resources() == before
    assert connections() == connected


def test_nothing_is_loaded_before_it_is_wanted() -> None:
    program = "import sys, voice_coach.audio.echo; print('livekit' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "False"


def test_a_missing_package_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "livekit", None)
    canceller = open_canceller()
    assert isinstance(canceller, NoCanceller)
    assert "not installed" in canceller.reason
    assert 'pip install "voice-coach[echo]"' in canceller.reason


def test_a_library_that_does_not_load_is_one_clear_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken() -> EchoCanceller:
        raise OSError("no such symbol")

    monkeypatch.setattr(echo, "WebrtcCanceller", broken)
    assert "cannot be used here (no such symbol)" in open_canceller().reason


def test_a_working_canceller_has_no_excuse(webrtc: EchoCanceller) -> None:
    assert webrtc.reason == ""
