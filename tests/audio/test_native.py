"""A card's own format: every rate and number of channels, nothing lost, and true delays."""

from __future__ import annotations

import numpy as np
import pytest

from tests.audio.sounds import extent, pitch, tone
from voice_coach.audio.native import Microphone, Speaker
from voice_coach.audio.port import BLOCK, RATE, Samples

RATES = [16_000, 22_050, 32_000, 44_100, 48_000, 96_000]


def at_rate(frequency: float, seconds: float, rate: int) -> Samples:
    wave = 8_000 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)
    samples: Samples = np.rint(wave).astype(np.int16)
    return samples


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", RATES)
def test_the_microphone_gives_whole_blocks_of_our_rate(rate: int, channels: int) -> None:
    microphone = Microphone(rate, channels)
    frames = rate * BLOCK // RATE
    native = np.concatenate([np.zeros(rate // 2, np.int16), at_rate(440, 0.5, rate)])
    blocks: list[Samples] = []
    fed = 0
    for first in range(0, len(native) - frames + 1, frames):
        raw = np.repeat(native[first : first + frames], channels).tobytes()
        blocks += microphone.blocks(raw)
        fed += frames
        # What is not out yet is the delay, no more and no less.
        assert fed / rate == pytest.approx(len(blocks) * BLOCK / RATE + microphone.delay, abs=0.002)
    assert {block.shape for block in blocks} == {(BLOCK,)}
    heard = np.concatenate(blocks)
    assert extent(heard)[0] == pytest.approx(0.5, abs=0.006)
    assert pitch(heard) == pytest.approx(440, abs=3)
    assert microphone.delay < 0.06


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", RATES)
def test_the_speaker_gives_as_many_frames_as_are_asked_for(rate: int, channels: int) -> None:
    speaker = Speaker(rate, channels)
    sound = np.concatenate([np.zeros(RATE // 2, np.int16), tone(440, 0.5)])
    given: list[float] = []
    out = np.zeros(0, np.int16)
    frames = rate * BLOCK // RATE
    source = iter(np.split(sound[: len(sound) // BLOCK * BLOCK], len(sound) // BLOCK))

    def pull() -> Samples:
        given.append(len(out) / rate + speaker.delay)
        return next(source)

    while len(given) < 32:
        raw = np.frombuffer(speaker.frames(frames, pull), np.int16).reshape(-1, channels)
        assert len(raw) == frames
        assert np.all(raw == raw[:, :1])
        out = np.concatenate([out, raw[:, 0]])
    # Block n was promised for n times 30 ms, and comes out then.
    assert np.array(given) == pytest.approx(np.arange(len(given)) * BLOCK / RATE, abs=0.002)
    first = np.flatnonzero(np.abs(out.astype(np.int32)) > 1_000)[0] / rate
    assert first == pytest.approx(0.5, abs=0.006)


def test_at_our_own_rate_nothing_is_touched() -> None:
    sound = tone(440, 0.03)
    (heard,) = Microphone(RATE, 1).blocks(sound.tobytes())
    assert np.array_equal(heard, sound)
    assert Microphone(RATE, 1).delay == 0
    assert Speaker(RATE, 1).frames(BLOCK, lambda: sound) == sound.tobytes()


def test_two_channels_are_averaged() -> None:
    both = np.stack([np.full(BLOCK, 100, np.int16), np.full(BLOCK, 300, np.int16)], axis=1)
    (heard,) = Microphone(RATE, 2).blocks(both.tobytes())
    assert set(heard) == {200}
