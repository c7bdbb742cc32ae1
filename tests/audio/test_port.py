"""The contract of ``AudioPort``: the same for files, the card, and the fake of the tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from tests.audio.fake import FakePort
from tests.audio.sounds import extent, pitch, tone
from tests.virtual_card import Recording, VirtualCard
from voice_coach.audio import wav
from voice_coach.audio.card import CardPort
from voice_coach.audio.files import FilePort
from voice_coach.audio.mixer import Mixer, Played, Started
from voice_coach.audio.port import BLOCK, RATE, AudioPort, Block, Samples

SPOKEN = tone(440, 0.5)
AFTER_A_WHILE = np.concatenate([np.zeros(RATE // 2, np.int16), SPOKEN])
PLAYED = tone(1_000, 0.5)


class WatchedMixer(Mixer):
    """A mixer that keeps the times it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[float] = []

    def next_block(self, at: float) -> Samples:
        self.asked.append(at)
        return super().next_block(at)


@dataclass
class Session:
    """Three seconds on a port: somebody says SPOKEN after half a second, PLAYED is played."""

    blocks: list[Block]
    clock: list[float]
    asked: list[float]
    events: list[Started | Played]
    speaker: Samples
    late: Block | None
    """What a read after close gives."""


def _talk(port: AudioPort, card: VirtualCard | None, recording: Recording | None) -> Session:
    mixer = WatchedMixer()
    events: list[Started | Played] = []
    blocks: list[Block] = []
    clock: list[float] = []
    speaking = None
    port.start(mixer)
    while not clock or clock[-1] < 3.0:
        block = port.read(timeout=1.0)
        assert block is not None, "no block came within a second"
        blocks.append(block)
        clock.append(port.now())
        if len(blocks) == 17:
            mixer.play("prompt", PLAYED)
            if card is not None:
                speaking = card.speak(SPOKEN, wait=False)
        events += mixer.poll()
    if speaking is not None:
        assert speaking.wait(timeout=10) == 0
    heard = recording.samples() if recording is not None else np.zeros(0, np.int16)
    port.close()
    port.close()
    return Session(blocks, clock, mixer.asked, events, heard, port.read(timeout=0.01))


@pytest.fixture(
    scope="module", params=["fake", "file", pytest.param("card", marks=pytest.mark.card)]
)
def session(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Session:
    if request.param == "fake":
        fake = FakePort(AFTER_A_WHILE)
        done = _talk(fake, None, None)
        done.speaker = fake.played
        return done
    if request.param == "file":
        folder = tmp_path_factory.mktemp("files")
        wav.save(folder / "mic.wav", AFTER_A_WHILE)
        done = _talk(FilePort(folder / "mic.wav", folder / "speaker.wav"), None, None)
        done.speaker = wav.load(folder / "speaker.wav")
        return done
    card: VirtualCard = request.getfixturevalue("card")
    with card.record() as recording:
        return _talk(CardPort(), card, recording)


def test_blocks_are_480_samples_of_int16(session: Session) -> None:
    assert {block.samples.shape for block in session.blocks} == {(BLOCK,)}
    assert {block.samples.dtype for block in session.blocks} == {np.dtype(np.int16)}


def test_blocks_follow_each_other_30_ms_apart_and_none_is_lost(session: Session) -> None:
    times = np.array([block.at for block in session.blocks])
    assert np.all(np.diff(times) >= 0)
    assert times[-1] - times[0] == pytest.approx((len(times) - 1) * BLOCK / RATE, abs=0.1)


def test_a_block_was_heard_before_now(session: Session) -> None:
    late = np.array(session.clock) - [block.at for block in session.blocks]
    assert np.all(late >= 0)
    assert np.median(late) < 0.25


def test_the_clock_never_goes_back(session: Session) -> None:
    assert np.all(np.diff(session.clock) >= 0)


def test_the_source_is_asked_for_every_30_ms_of_the_future(session: Session) -> None:
    asked = np.array(session.asked)
    assert np.all(np.diff(asked) > 0)
    assert asked[0] >= 0
    assert asked[-1] - asked[0] == pytest.approx((len(asked) - 1) * BLOCK / RATE, abs=0.1)
    assert abs(len(asked) - len(session.blocks)) <= 8


def test_the_microphone_hears_what_is_said(session: Session) -> None:
    heard = np.concatenate([block.samples for block in session.blocks])
    start, end = extent(heard)
    assert end - start == pytest.approx(0.5, abs=0.03)
    assert pitch(heard) == pytest.approx(440, abs=3)


def test_the_speaker_plays_what_is_mixed(session: Session) -> None:
    start, end = extent(session.speaker)
    assert end - start == pytest.approx(0.5, abs=0.03)
    assert pitch(session.speaker) == pytest.approx(1_000, abs=3)


def test_a_clip_lasts_as_long_as_its_samples(session: Session) -> None:
    started, played = session.events
    assert isinstance(started, Started)
    assert isinstance(played, Played)
    assert (started.clip_id, played.clip_id) == ("prompt", "prompt")
    assert played.started == started.at
    assert played.ended - played.started == pytest.approx(0.5, abs=0.01)
    assert not played.interrupted


def test_each_block_says_what_was_played_meanwhile(session: Session) -> None:
    assert all(block.played is not None for block in session.blocks)
    played = np.concatenate([block.played for block in session.blocks if block.played is not None])
    assert len(played) == len(session.blocks) * BLOCK
    first = int(np.argmax(played != 0))
    assert np.array_equal(played[first : first + len(PLAYED) - 1], PLAYED[1:])


def test_what_was_played_is_told_no_later_than_it_is_heard(session: Session) -> None:
    first = next(b for b in session.blocks if b.played is not None and b.played.any())
    started = session.events[0]
    assert isinstance(started, Started)
    assert -0.6 < first.at - BLOCK / RATE - started.at <= 0.03


def test_a_closed_port_reads_nothing(session: Session) -> None:
    assert session.late is None
