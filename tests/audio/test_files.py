"""What ``FilePort`` does beyond the contract of every port."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.audio.sounds import tone
from voice_coach.audio import wav
from voice_coach.audio.files import FilePort
from voice_coach.audio.mixer import Mixer
from voice_coach.audio.port import BLOCK, RATE
from voice_coach.errors import AudioFileError, OutputError


def test_the_file_is_heard_to_its_end_and_then_silence_for_ever(tmp_path: Path) -> None:
    spoken = tone(440, 0.1)  # three blocks and a third
    wav.save(tmp_path / "mic.wav", spoken)
    port = FilePort(tmp_path / "mic.wav")
    port.start(Mixer())
    heard, ended = [], []
    for _ in range(100):
        block = port.read(timeout=0)
        assert block is not None
        heard.append(block.samples)
        ended.append(port.ended)
    sound = np.concatenate(heard)
    assert np.array_equal(sound[: len(spoken)], spoken)
    assert not sound[len(spoken) :].any()
    assert ended == [False] * 3 + [True] * 97


def test_the_clock_counts_samples(tmp_path: Path) -> None:
    wav.save(tmp_path / "mic.wav", tone(440, 0.1))
    port = FilePort(tmp_path / "mic.wav")
    port.start(Mixer())
    assert port.now() == 0
    first = port.read(timeout=60)
    assert first is not None
    assert first.at == port.now() == BLOCK / RATE


def test_without_a_microphone_there_is_silence_from_the_start(tmp_path: Path) -> None:
    port = FilePort(speaker=tmp_path / "out.wav")
    port.start(Mixer())
    block = port.read(timeout=0)
    assert port.ended
    assert block is not None
    assert not block.samples.any()
    port.close()
    assert len(wav.load(tmp_path / "out.wav")) == BLOCK


def _fail_after_two_blocks(port: FilePort, mixer: Mixer) -> None:
    with port:
        port.start(mixer)
        port.read(timeout=0)
        port.read(timeout=0)
        raise RuntimeError("the session fails")


def test_what_was_played_is_written_sample_for_sample_even_when_the_session_fails(
    tmp_path: Path,
) -> None:
    mixer = Mixer()
    mixer.play("a", tone(500, 0.06))
    with pytest.raises(RuntimeError, match="session"):
        _fail_after_two_blocks(FilePort(speaker=tmp_path / "out.wav"), mixer)
    assert np.array_equal(wav.load(tmp_path / "out.wav"), tone(500, 0.06))


def test_a_bad_microphone_file_is_an_error_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError):
        FilePort(tmp_path / "missing.wav").start(Mixer())


def test_a_bad_microphone_file_leaves_the_speakers_file_alone(tmp_path: Path) -> None:
    (tmp_path / "mic.wav").write_bytes(b"no sound")
    port = FilePort(tmp_path / "mic.wav", tmp_path / "out.wav")
    with pytest.raises(AudioFileError):
        port.start(Mixer())
    port.close()
    assert not (tmp_path / "out.wav").exists()


def test_a_speaker_file_that_cannot_be_written_is_an_error_before_anything_is_said(
    tmp_path: Path,
) -> None:
    with pytest.raises(OutputError):
        FilePort(speaker=tmp_path / "nowhere" / "out.wav").start(Mixer())


def test_the_file_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    port = FilePort(speaker=tmp_path / "out.wav")
    port.start(Mixer())
    port.read(timeout=0)
    assert not (tmp_path / "out.wav").exists()
    port.close()
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.wav"]
