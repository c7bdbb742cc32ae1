from __future__ import annotations

import io
import math
import struct
import wave

import numpy as np
import pytest

from voice_coach.speaking.waveform import decode

TONE = np.round(12_000 * np.sin(np.arange(2_000) / 7.0)).astype(np.int16)


def wav(values: np.ndarray, bits: int, channels: int = 1, rate: int = 22_050) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(bits // 8)
        file.setframerate(rate)
        file.writeframes(values.tobytes())
    return out.getvalue()


def aiff(raw: bytes, kind: bytes = b"AIFF", coding: bytes = b"", rate: int = 22_050) -> bytes:
    mantissa, exponent = math.frexp(rate)
    extended = struct.pack(">HQ", exponent - 1 + 16_383, int(mantissa * 2**64))
    common = struct.pack(">hIh", 1, len(raw) // 2, 16) + extended + coding
    body = kind + b"COMM" + struct.pack(">I", len(common)) + common
    body += b"SSND" + struct.pack(">III", len(raw) + 8, 0, 0) + raw
    return b"FORM" + struct.pack(">I", len(body)) + body


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (wav(TONE, 16), 1e-4),
        (wav(TONE.astype("<i4") << 16, 32), 1e-4),
        (wav(((TONE >> 8) + 128).astype(np.uint8), 8), 1e-2),
        (wav(np.repeat(TONE, 2), 16, channels=2), 1e-4),
        (aiff(TONE.astype(">i2").tobytes()), 1e-4),
        (aiff(TONE.astype("<i2").tobytes(), b"AIFC", b"sowt"), 1e-4),
    ],
    ids=["16 bit", "32 bit", "8 bit", "stereo", "AIFF", "AIFC"],
)
def test_engines_files_are_read(data: bytes, error: float) -> None:
    waveform = decode(data)
    assert waveform.rate == 22_050
    assert waveform.samples == pytest.approx(TONE / 32_768, abs=error)


def test_a_file_that_is_cut_short_gives_what_is_there() -> None:
    assert decode(wav(TONE, 16)[:-1_001]).samples.size == 1_499


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"ID3 something else entirely",
        b"RIFF\0\0\0\0WAVE",
        wav(TONE, 16)[:40],
        wav(TONE, 16, rate=3),
        wav(TONE, 16)[:20] + b"\x55\0" + wav(TONE, 16)[22:],
        wav(TONE, 16)[:34] + b"\x0c\0" + wav(TONE, 16)[36:],
        aiff(TONE.tobytes(), b"AIFC", b"ulaw"),
        b"FORM\0\0\0\0AIFF",
    ],
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"neither|without|kind|rate of|samples of|coded"):
        decode(data)
