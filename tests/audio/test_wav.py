"""WAV files of every kind in, and whole files or none out."""

from __future__ import annotations

import errno
import os
import struct
import subprocess
import sys
import tempfile
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.audio.sounds import pitch, tone
from voice_coach.audio import wav
from voice_coach.audio.port import RATE, Samples
from voice_coach.errors import AudioFileError, OutputError


def riff(  # noqa: PLR0913 - a WAV header simply has that many fields
    data: bytes,
    coding: int = 1,
    bits: int = 16,
    channels: int = 1,
    rate: int = RATE,
    extensible: bool = False,
    before: bytes = b"",
    claimed: int | None = None,
) -> bytes:
    """A WAV file, put together by hand."""
    frame = channels * bits // 8
    form = struct.pack("<HHIIHH", coding, channels, rate, rate * frame, frame, bits)
    if extensible:
        guid = struct.pack("<H", coding) + bytes.fromhex("000000001000800000aa00389b71")
        form = struct.pack("<H", 0xFFFE) + form[2:] + struct.pack("<HHI", 22, bits, 0) + guid
    chunks = struct.pack("<4sI", b"fmt ", len(form)) + form + before
    size = len(data) if claimed is None else claimed
    chunks += struct.pack("<4sI", b"data", size) + data
    return b"RIFF" + struct.pack("<I", min(0xFFFFFFFF, 4 + len(chunks))) + b"WAVE" + chunks


def packed(samples: Samples, coding: int, bits: int) -> bytes:
    """The samples in another coding."""
    if coding == 3:
        return (samples / 32768.0).astype(f"<f{bits // 8}").tobytes()
    if bits == 8:
        return ((samples.astype(np.int32) >> 8) + 128).astype(np.uint8).tobytes()
    wide = samples.astype("<i4") << (bits - 16)
    return wide.view(np.uint8).reshape(-1, 4)[:, : bits // 8].tobytes()


SOUND = tone(440, 0.3)
KINDS = [(1, 8), (1, 16), (1, 24), (1, 32), (3, 32), (3, 64)]


@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize(("coding", "bits"), KINDS)
def test_every_coding_is_read(tmp_path: Path, coding: int, bits: int, extensible: bool) -> None:
    path = tmp_path / "in.wav"
    path.write_bytes(riff(packed(SOUND, coding, bits), coding, bits, extensible=extensible))
    loaded = wav.load(path)
    assert loaded.dtype == np.int16
    if bits == 8:
        assert np.abs(loaded.astype(np.int32) - SOUND).max() <= 256
    else:
        assert np.array_equal(loaded, SOUND)


def test_what_is_saved_is_loaded_bit_for_bit(tmp_path: Path) -> None:
    every = np.arange(-32_768, 32_768, dtype=np.int32).astype(np.int16)
    wav.save(tmp_path / "all.wav", every)
    assert np.array_equal(wav.load(tmp_path / "all.wav"), every)


def test_what_is_saved_is_read_by_others(tmp_path: Path) -> None:
    wav.save(tmp_path / "out.wav", SOUND)
    with wave.open(str(tmp_path / "out.wav")) as file:
        shape = (file.getnchannels(), file.getsampwidth(), file.getframerate(), file.getnframes())
        assert shape == (1, 2, RATE, len(SOUND))
        assert file.readframes(len(SOUND)) == SOUND.tobytes()


def test_stereo_is_mixed_down(tmp_path: Path) -> None:
    path = tmp_path / "stereo.wav"
    both = np.stack([SOUND, np.zeros_like(SOUND)], axis=1)
    path.write_bytes(riff(both.tobytes(), channels=2))
    assert np.abs(wav.load(path).astype(np.int32) - SOUND // 2).max() <= 1


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000, 96_000])
def test_every_rate_is_converted(tmp_path: Path, rate: int) -> None:
    path = tmp_path / "rate.wav"
    wave_at_rate = 8_000 * np.sin(2 * np.pi * 440 * np.arange(rate // 2) / rate)
    path.write_bytes(riff(wave_at_rate.astype("<i2").tobytes(), rate=rate))
    loaded = wav.load(path)
    assert len(loaded) == pytest.approx(RATE / 2, abs=2)
    assert pitch(loaded) == pytest.approx(440, abs=3)
    assert np.abs(loaded[2_000:-2_000]).max() == pytest.approx(8_000, rel=0.02)


def test_floats_beyond_full_scale_are_clipped_and_nonsense_is_silence(tmp_path: Path) -> None:
    path = tmp_path / "hot.wav"
    values = np.array([2.0, -2.0, np.nan, np.inf, -np.inf, 0.5], "<f4")
    path.write_bytes(riff(values.tobytes(), coding=3, bits=32))
    assert wav.load(path).tolist() == [32767, -32768, 0, 32767, -32768, 16384]


def test_other_chunks_are_skipped_odd_sizes_included(tmp_path: Path) -> None:
    path = tmp_path / "tagged.wav"
    path.write_bytes(riff(SOUND.tobytes(), before=b"LIST\x03\0\0\0abc\0"))
    assert np.array_equal(wav.load(path), SOUND)


@pytest.mark.parametrize("claimed", [0xFFFFFFFF, 0x7FFFF000, 2 * RATE])
def test_a_recording_cut_short_or_piped_is_read_as_far_as_it_goes(
    tmp_path: Path, claimed: int
) -> None:
    path = tmp_path / "piped.wav"
    path.write_bytes(riff(SOUND.tobytes() + b"\x01", claimed=claimed))
    assert np.array_equal(wav.load(path), SOUND)


GOOD = riff(SOUND.tobytes())
BAD = {
    "0 bytes": (b"", "empty"),
    "0 samples": (riff(b""), "no sound"),
    "half a sample": (riff(b"\x01"), "no sound"),
    "text": (b"hello, this is no sound at all", "not a WAV"),
    "one letter": (b"x", "not a WAV"),
    "an MP3": (b"ID3\x03" + bytes(100), "not a WAV file; convert it"),
    "an Ogg file": (b"OggS" + bytes(100), "not a WAV file; convert it"),
    "a FLAC file": (b"fLaC" + bytes(100), "not a WAV file; convert it"),
    "an AVI file": (b"RIFF\x10\0\0\0AVI LIST" + bytes(10), "cut short or damaged"),
    "2 bytes of header": (GOOD[:2], "cut short"),
    "11 bytes of header": (GOOD[:11], "cut short"),
    "20 bytes of header": (GOOD[:20], "cut short"),
    "no data chunk": (GOOD[:36], "cut short"),
    "half a data chunk's head": (GOOD[:40], "cut short"),
    "no format": (b"RIFF\x0c\0\0\0WAVEdata\x02\0\0\0\0\0", "damaged"),
    "no channels": (riff(b"\0\0", channels=0), "damaged"),
    "no rate": (riff(b"\0\0", rate=0), "damaged"),
    "an absurd rate": (riff(b"\0\0", rate=2_000_000_000), "damaged"),
    "no bits": (riff(b"\0\0", bits=0), "damaged"),
    "mu-law": (riff(b"\0\0", coding=7, bits=8), "mu-law"),
    "A-law": (riff(b"\0\0", coding=6, bits=8), "A-law"),
    "ADPCM": (riff(b"\0\0", coding=2, bits=4), "ADPCM"),
    "an unknown coding": (riff(b"\0\0", coding=4711), "number 4711"),
    "20 bits": (riff(bytes(20), bits=20), "20-bit"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_named_and_the_remedy_too(tmp_path: Path, kind: str) -> None:
    content, words = BAD[kind]
    path = tmp_path / "bad.wav"
    path.write_bytes(content)
    with pytest.raises(AudioFileError, match=words) as caught:
        wav.load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_cut_of_a_good_file_is_an_error_or_a_sound(tmp_path: Path) -> None:
    path = tmp_path / "cut.wav"
    for length in range(len(GOOD[:60])):
        path.write_bytes(GOOD[:length])
        if length < 46:
            with pytest.raises(AudioFileError):
                wav.load(path)
        else:
            assert len(wav.load(path)) == (length - 44) // 2


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match=r"no file .*gone\.wav"):
        wav.load(tmp_path / "gone.wav")
    with pytest.raises(AudioFileError, match="directory"):
        wav.load(tmp_path)


def test_saving_replaces_an_older_file_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "out.wav"
    path.write_text("old")
    wav.save(path, SOUND)
    assert np.array_equal(wav.load(path), SOUND)
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.wav"]
    mask = os.umask(0)
    os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~mask


def _write_half(path: Path) -> None:
    with wav.Writer(path) as writer:
        writer.append(SOUND)
        raise RuntimeError("halfway")


def test_a_writer_that_meets_an_error_keeps_the_older_file(tmp_path: Path) -> None:
    path = tmp_path / "out.wav"
    path.write_text("old")
    with pytest.raises(RuntimeError, match="halfway"):
        _write_half(path)
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.wav"]


def test_a_writer_may_be_closed_twice(tmp_path: Path) -> None:
    writer = wav.Writer(tmp_path / "out.wav")
    writer.append(SOUND)
    writer.append(SOUND)
    writer.close()
    writer.close()
    assert len(wav.load(tmp_path / "out.wav")) == 2 * len(SOUND)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"no folder .*nowhere"):
        wav.save(tmp_path / "nowhere" / "out.wav", SOUND)


def test_a_folder_as_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        wav.save(tmp_path / "taken", SOUND)
    assert [entry.name for entry in tmp_path.iterdir()] == ["taken"]


@contextmanager
def _as_nobody() -> Iterator[None]:
    """Root may write everywhere; be somebody else for a moment."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_read_only_folder_is_named() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o555)
        try:
            with _as_nobody(), pytest.raises(OutputError, match="read-only: choose another"):
                wav.save(folder / "out.wav", SOUND)
        finally:
            folder.chmod(0o755)


FILL = """
import resource, sys
from pathlib import Path
import numpy as np
from voice_coach.audio import wav
from voice_coach.errors import OutputError

resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
writer = wav.Writer(Path(sys.argv[1]))
try:
    for _ in range(100):
        writer.append(np.zeros(480, np.int16))
    writer.close()
except OutputError as error:
    print(error)
"""


def test_a_disk_that_fills_up_is_said_and_leaves_no_half_a_file(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FILL, str(tmp_path / "out.wav")],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("The disk is full")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "The disk is full"),
        (errno.EDQUOT, "The disk is full"),
        (errno.EROFS, "read-only"),
        (errno.EIO, "cannot be written"),
    ],
)
def test_what_the_system_says_becomes_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    def refuse(_: Path, __: Path) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OutputError, match=words):
        wav.save(tmp_path / "out.wav", SOUND)
    assert list(tmp_path.iterdir()) == []
