"""The loudspeaker, the clock and the room, measured on what comes out of them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from voice_coach.audio.mixer import Mixer
from voice_coach.audio.port import BLOCK, RATE, Samples
from voice_coach.rehearsal.echo_path import DIRECT, EchoPath, Loudspeaker, room_response
from voice_coach.rehearsal.room import RoomPort


def click(at: float, seconds: float) -> Samples:
    sound = np.zeros(round(seconds * RATE), np.int16)
    sound[round(at * RATE)] = 20_000
    return sound


def tone(hertz: float, seconds: float, peak: float) -> Samples:
    return np.asarray(
        peak * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE), np.int16
    )


def echo_of(
    sound: Samples, level_db: float = 0.0, loudspeaker: Loudspeaker | None = None
) -> NDArray[np.float32]:
    path = EchoPath(level_db, loudspeaker or Loudspeaker(), np.random.default_rng(1))
    whole = sound[: len(sound) // BLOCK * BLOCK].reshape(-1, BLOCK)
    return np.concatenate([path.process(block) for block in whole])


@pytest.mark.parametrize("delay", [0.0, 0.03, 0.127])
def test_the_direct_sound_comes_after_the_delay(delay: float) -> None:
    echo = echo_of(click(0.3, 1.0), -6.0, Loudspeaker(delay))
    first = int(np.argmax(np.abs(echo)))
    assert first / RATE - 0.3 - DIRECT == pytest.approx(delay, abs=0.002)
    assert echo[first] == pytest.approx(20_000 / 2, rel=0.01)


def test_the_room_rings_and_falls_silent() -> None:
    echo = echo_of(click(0.3, 1.5))
    tail = np.abs(echo[round(0.32 * RATE) :])
    assert tail[: round(0.1 * RATE)].max() > 50
    assert tail[round(0.5 * RATE) :].max() == 0


def test_a_drifting_clock_moves_the_echo() -> None:
    sound = click(0.3, 11.0) + click(10.3, 11.0)
    echo = np.abs(echo_of(sound, 0.0, Loudspeaker(0.05, drift_ppm=100.0)))
    half = 5 * RATE
    between = half + int(np.argmax(echo[half:])) - int(np.argmax(echo[:half]))
    # The faster speaker is ten seconds times a ten-thousandth ahead: a millisecond.
    assert between == pytest.approx(10 * RATE - 16, abs=1)


def test_a_drifting_clock_keeps_the_sound_as_it_was() -> None:
    sound = tone(1_000.0, 2.0, 8_000)
    steady, drifting = (
        np.std(echo_of(sound, 0.0, Loudspeaker(0.05, ppm))[RATE:]) for ppm in (0.0, 100.0)
    )
    assert drifting == pytest.approx(steady, rel=0.02)


def test_drift_never_runs_out_of_sound() -> None:
    for ppm in (-20_000.0, 20_000.0):  # the same in a minute as a bad pair of clocks in an hour
        echo = echo_of(tone(500.0, 7.0, 8_000), 0.0, Loudspeaker(0.0, ppm))
        loudness = np.abs(echo[RATE : 6 * RATE]).reshape(-1, RATE // 10).max(axis=1)
        assert loudness.min() > 3_000


@pytest.mark.parametrize(("drive", "least", "most"), [(0.0, 0.0, 0.001), (4.0, 0.03, 0.4)])
def test_a_driven_speaker_adds_harmonics(drive: float, least: float, most: float) -> None:
    echo = echo_of(tone(500.0, 1.0, 12_000), 0.0, Loudspeaker(0.0, 0.0, drive))
    part = echo[RATE // 2 : RATE // 2 + 4_800]
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part))))
    fundamental = spectrum[100:201].max()
    harmonics = float(np.sqrt(spectrum[250:].max() ** 2) / fundamental)
    assert least <= harmonics <= most


def test_a_room_is_mostly_its_direct_sound() -> None:
    for seed in range(20):
        response = room_response(np.random.default_rng(seed))
        direct = round(DIRECT * RATE)
        rest = np.delete(response, direct)
        assert response[direct] == 1.0
        assert 0.05 < float(np.sum(rest**2)) < 1.0


def test_a_room_tells_what_was_played_and_when_it_is_audible() -> None:
    asked: list[float] = []

    class Watched(Mixer):
        def next_block(self, at: float) -> Samples:
            asked.append(at)
            return super().next_block(at)

    room = RoomPort(lambda _: None, seed=1, loudspeaker=Loudspeaker(0.1))
    mixer = Watched()
    room.start(mixer)
    clip = tone(500.0, 0.3, 8_000)
    mixer.play("clip", clip)
    blocks = [room.read(0) for _ in range(20)]
    assert asked[:2] == pytest.approx([0.1, 0.1 + BLOCK / RATE])
    played = np.concatenate([block.played for block in blocks if block.played is not None])
    assert np.array_equal(played[: len(clip)], clip)
    heard = np.concatenate([block.samples for block in blocks]).astype(np.int32)
    first = int(np.argmax(np.abs(heard) > 300)) / RATE
    assert first == pytest.approx(0.1 + DIRECT, abs=0.004)
