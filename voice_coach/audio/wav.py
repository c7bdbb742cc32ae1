"""WAV files: any of them in, our own kind out.

Read: 8, 16, 24 and 32-bit integers, 32 and 64-bit floats, any number of channels, any rate, with a
plain or an extensible header. Written: 16 kHz, mono, 16-bit, complete or not at all.
"""

from __future__ import annotations

import errno
import os
import struct
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final

import numpy as np
import soxr
from numpy.typing import NDArray

from voice_coach.audio.port import RATE, Samples
from voice_coach.errors import AudioFileError, OutputError

_PCM: Final = 0x0001
_FLOAT: Final = 0x0003
_EXTENSIBLE: Final = 0xFFFE
_OTHER_CODINGS: Final = {
    0x0002: "Microsoft ADPCM",
    0x0006: "A-law",
    0x0007: "mu-law",
    0x0011: "IMA ADPCM",
    0x0031: "GSM 6.10",
    0x0055: "MP3",
}
_FASTEST: Final = 768_000
"""Samples a second; a header that claims more than any converter delivers is damaged."""

_HEADER: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")


@dataclass(frozen=True)
class _Format:
    """What the ``fmt`` chunk says."""

    coding: int
    channels: int
    rate: int
    bits: int


def load(path: Path) -> Samples:
    """The whole file as 16 kHz mono int16, shape (n,) with n >= 1.

    A 16 kHz mono 16-bit file comes back bit for bit. Raises AudioFileError when the file is
    missing, unreadable, empty, damaged, or not a WAV in a coding named above.
    """
    try:
        with path.open("rb") as file:
            form, data = _walk(file, path)
    except FileNotFoundError:
        raise AudioFileError(f"There is no file {path}: check its name and folder.") from None
    except OSError as error:
        raise AudioFileError(
            f"{path} cannot be read ({error.strerror or error}): give the name of a WAV file."
        ) from error
    sound = _decode(form, data, path)
    if form.rate != RATE:
        sound = soxr.resample(sound, form.rate, RATE, quality="HQ")
    if len(sound) == 0:
        raise AudioFileError(f"{path} holds no sound: record it again.")
    clean = np.nan_to_num(sound * 32768.0, nan=0.0, posinf=32767.0, neginf=-32768.0)
    samples: Samples = np.clip(np.rint(clean), -32768, 32767).astype(np.int16)
    return samples


def save(path: Path, samples: Samples) -> None:
    """Write 16 kHz mono int16 samples, shape (n,), as a WAV file.

    The file appears complete or not at all. Raises OutputError when it cannot be written.
    """
    with Writer(path) as writer:
        writer.append(samples)


class Writer:
    """A WAV file written bit by bit, which takes its name only when it is complete.

    Until ``close`` the samples lie in a temporary file in the same folder, so that a folder that
    cannot be written is noticed at once and not after a whole session. Raises OutputError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._bytes = 0
        self._open = True
        try:
            handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        except OSError as error:
            raise _cannot_write(path, error) from error
        self._temporary = Path(name)
        self._file: BinaryIO = os.fdopen(handle, "wb")
        try:
            self._file.write(_header(0))
        except OSError as error:
            self._give_up(error)

    def append(self, samples: Samples) -> None:
        """Add mono int16 samples, shape (n,)."""
        data = np.ascontiguousarray(samples, dtype="<i2").tobytes()
        try:
            self._file.write(data)
        except OSError as error:
            self._give_up(error)
        self._bytes += len(data)

    def close(self) -> None:
        """Finish the file and give it its name, in place of any older one. May be called twice."""
        if not self._open:
            return
        self._open = False
        try:
            self._file.seek(0)
            self._file.write(_header(self._bytes))
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            # mkstemp makes files private; give this one the mode any new file would have.
            mask = os.umask(0)
            os.umask(mask)
            self._temporary.chmod(0o666 & ~mask)
            self._temporary.replace(self._path)
        except OSError as error:
            self._give_up(error)

    def discard(self) -> None:
        """Forget everything written so far; nothing is left behind."""
        self._open = False
        # Closing writes what is still buffered. On a full disk that fails once more, which no
        # longer matters: the descriptor is closed all the same.
        with suppress(OSError):
            self._file.close()
        self._temporary.unlink(missing_ok=True)

    def _give_up(self, error: OSError) -> None:
        self.discard()
        raise _cannot_write(self._path, error) from error

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        elif self._open:
            self.discard()


def _header(data_bytes: int) -> bytes:
    riff_bytes = _HEADER.size - 8 + data_bytes
    return _HEADER.pack(
        *(b"RIFF", riff_bytes, b"WAVE", b"fmt ", 16, _PCM, 1, RATE, 2 * RATE, 2, 16),
        *(b"data", data_bytes),
    )


def _cannot_write(path: Path, error: OSError) -> OutputError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return OutputError(f"The disk is full: {path} was not written; free some space.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return OutputError(f"{path.parent} is read-only: choose another folder for {path.name}.")
    if error.errno == errno.ENOENT:
        return OutputError(f"There is no folder {path.parent}: make it first.")
    return OutputError(f"{path} cannot be written ({error.strerror}): choose another name.")


def _walk(file: BinaryIO, path: Path) -> tuple[_Format, bytes]:
    """Walk the RIFF chunks as far as the sound; returns its format and its bytes."""
    start = file.read(12)
    if not start:
        raise AudioFileError(f"{path} is empty (0 bytes): record it again.")
    if start[:4] != b"RIFF"[: len(start)]:
        raise AudioFileError(
            f"{path} is not a WAV file; convert it, for example: "
            f"ffmpeg -i {path.name} -ar 16000 -ac 1 {path.stem or 'sound'}-16k.wav"
        )
    if len(start) < 12 or start[8:] != b"WAVE":
        raise _damaged(path)
    form: _Format | None = None
    while len(head := file.read(8)) == 8:
        name, size = struct.unpack("<4sI", head)
        if name == b"data":
            if form is None:
                raise _damaged(path)
            # A recorder that was cut off, or wrote into a pipe, claims more than there is.
            return form, file.read(size)
        if name == b"fmt ":
            form = _read_format(file.read(min(size, 4096)), path)
            file.seek(max(0, size - 4096), os.SEEK_CUR)
        else:
            file.seek(size, os.SEEK_CUR)
        file.seek(size & 1, os.SEEK_CUR)  # chunks begin at even places
    raise _damaged(path)


def _damaged(path: Path) -> AudioFileError:
    return AudioFileError(f"The header of {path} is cut short or damaged: record or copy it again.")


def _read_format(chunk: bytes, path: Path) -> _Format:
    if len(chunk) < 16:
        raise _damaged(path)
    coding, channels, rate, _, _, bits = struct.unpack("<HHIIHH", chunk[:16])
    if coding == _EXTENSIBLE:
        if len(chunk) < 26:
            raise _damaged(path)
        # The first two bytes of the sub-format's GUID are the coding.
        coding = struct.unpack("<H", chunk[24:26])[0]
    if coding not in (_PCM, _FLOAT):
        named = _OTHER_CODINGS.get(coding, f"number {coding}")
        raise AudioFileError(
            f"{path} is coded as {named}, which is not read here; convert it, for example: "
            f"ffmpeg -i {path.name} -c:a pcm_s16le {path.stem}-pcm.wav"
        )
    if channels == 0 or not 0 < rate <= _FASTEST:
        raise _damaged(path)
    return _Format(coding, channels, rate, bits)


def _decode(form: _Format, data: bytes, path: Path) -> NDArray[np.float32]:
    """Mono samples in [-1, 1), shape (n,), at the file's own rate."""
    frame = form.channels * (form.bits // 8)
    if frame == 0:
        raise _damaged(path)
    data = data[: len(data) - len(data) % frame]
    match (form.coding, form.bits):
        case (1, 8):
            sound = (np.frombuffer(data, np.uint8).astype(np.float32) - 128.0) / 128.0
        case (1, 16):
            sound = np.frombuffer(data, "<i2").astype(np.float32) / 2.0**15
        case (1, 24):
            # Three bytes become the upper three of four, which also carries the sign over.
            wide = np.zeros((len(data) // 3, 4), np.uint8)
            wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
            sound = wide.view("<i4")[:, 0].astype(np.float32) / 2.0**31
        case (1, 32):
            sound = np.frombuffer(data, "<i4").astype(np.float32) / 2.0**31
        case (3, 32):
            sound = np.frombuffer(data, "<f4").astype(np.float32)
        case (3, 64):
            sound = np.frombuffer(data, "<f8").astype(np.float32)
        case _:
            raise AudioFileError(
                f"{path} has {form.bits}-bit samples, which are not read here; convert it, for "
                f"example: ffmpeg -i {path.name} -c:a pcm_s16le {path.stem}-pcm.wav"
            )
    mono: NDArray[np.float32] = sound.reshape(-1, form.channels).mean(axis=1)
    return mono
