"""What speech engines write: WAV on Linux and Windows, AIFF on macOS, whatever the name says."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Waveform:
    """Decoded sound of one channel."""

    samples: NDArray[np.float32]
    """Shape (n,), -1..1; several channels are averaged."""

    rate: int
    """Samples a second."""


def decode(data: bytes) -> Waveform:
    """Decode a whole WAV or AIFF file of 8-, 16- or 32-bit linear samples.

    Raises ValueError for anything else, and for a file that ends before its samples begin.
    """
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return _decode_wav(data)
    if data[:4] == b"FORM" and data[8:12] in (b"AIFF", b"AIFC"):
        return _decode_aiff(data)
    raise ValueError("neither WAV nor AIFF")


def _chunks(data: bytes, order: str) -> Iterator[tuple[bytes, bytes]]:
    """Name and content of each chunk; a last one that is cut short comes as far as it goes."""
    at = 12
    while at + 8 <= len(data):
        name, size = struct.unpack_from(f"{order}4sI", data, at)
        yield name, data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _decode_wav(data: bytes) -> Waveform:
    chunks = dict(_chunks(data, "<"))
    if len(chunks.get(b"fmt ", b"")) < 16 or b"data" not in chunks:
        raise ValueError("a WAV file without a format or without samples")
    kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", chunks[b"fmt "])
    if kind not in (1, 0xFFFE):
        raise ValueError(f"a WAV file of kind {kind}; only linear samples can be read")
    # Eight-bit WAV is the one unsigned format.
    dtype = "u1" if bits == 8 else f"<i{bits // 8}"
    return Waveform(_to_mono(chunks[b"data"], dtype, bits, channels), _checked_rate(rate))


def _decode_aiff(data: bytes) -> Waveform:
    chunks = dict(_chunks(data, ">"))
    common = chunks.get(b"COMM", b"")
    if len(common) < 18 or len(chunks.get(b"SSND", b"")) < 8:
        raise ValueError("an AIFF file without a format or without samples")
    channels, _, bits = struct.unpack_from(">hIh", common)
    coding = common[18:22] or b"NONE"
    if coding not in (b"NONE", b"twos", b"sowt"):
        raise ValueError(f"an AIFF file coded as {coding!r}; only linear samples can be read")
    offset = struct.unpack_from(">I", chunks[b"SSND"])[0]
    order = "<" if coding == b"sowt" else ">"
    raw = chunks[b"SSND"][8 + offset :]
    rate = _checked_rate(round(_extended(common[8:18])))
    return Waveform(_to_mono(raw, f"{order}i{bits // 8}", bits, channels), rate)


def _extended(data: bytes) -> float:
    """The 80-bit floating-point number in which AIFF keeps its rate."""
    exponent, mantissa = struct.unpack(">HQ", data)
    return math.ldexp(mantissa, (exponent & 0x7FFF) - 16383 - 63)


def _checked_rate(rate: int) -> int:
    if not 4_000 <= rate <= 384_000:
        raise ValueError(f"a rate of {rate} Hz")
    return rate


def _to_mono(raw: bytes, dtype: str, bits: int, channels: int) -> NDArray[np.float32]:
    if bits not in (8, 16, 32) or channels < 1:
        raise ValueError(f"samples of {bits} bits in {channels} channels")
    frame = bits // 8 * channels
    whole = len(raw) // frame * frame
    values = np.frombuffer(raw[:whole], dtype=dtype).astype(np.float32)
    if dtype == "u1":
        values -= 128.0
    values /= float(1 << (bits - 1))
    mono: NDArray[np.float32] = values.reshape(-1, channels).mean(axis=1, dtype=np.float32)
    return mono
