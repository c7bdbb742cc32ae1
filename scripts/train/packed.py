"""Kaldi's compressed matrix "CM": one byte a number, each column with four marks of its own.

A column's marks are its smallest number, its quartiles and its greatest one, on a scale of 16 bits
between the whole matrix's extremes. Its numbers are one of 64 even steps between the first two
marks, 128 between the quartiles, 63 between the last two: an outlier costs only its own quarter.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from scripts.train.arrays import Array

TOKEN = b"CM "
STEPS = np.array((64, 128, 63))
"""Steps between a column's marks."""
FIRST = np.array((0, 64, 192))
"""The byte at the lower mark of each part."""


@dataclass(frozen=True)
class Packed:
    """A matrix as it lies in the file."""

    low: float
    span: float
    marks: Array
    """(columns, 4) uint16."""
    levels: Array
    """(rows, columns) uint8."""

    def values(self) -> Array:
        """The numbers that come out again: (rows, columns) float64."""
        marks = self.low + self.span * (self.marks.astype(np.float64) / 65535)
        part = np.searchsorted(FIRST[1:], self.levels, side="left")
        columns = np.arange(self.levels.shape[1])
        share = (self.levels - FIRST[part].astype(np.float64)) / STEPS[part]
        below, above = marks[columns, part], marks[columns, part + 1]
        return below + (above - below) * share

    def encoded(self) -> bytes:
        """What Kaldi reads."""
        rows, columns = self.levels.shape
        head = struct.pack("<ffii", self.low, self.span, rows, columns)
        return TOKEN + head + self.marks.astype("<u2").tobytes() + self.levels.T.tobytes()


def pack(values: Array) -> Packed:
    """A matrix (rows, columns) in bytes; the error is about 1 % of a column's deviation."""
    low = float(np.float32(values.min()))
    span = float(np.float32(max(float(values.max()) - low, 1e-6)))
    ranked = np.sort(values, axis=0)
    rows = len(values)
    chosen = ranked[[0, rows // 4, 3 * rows // 4, rows - 1]]
    marks = np.rint((chosen - low) / span * 65535).astype(np.int64)
    for part in (1, 2, 3):  # no two marks of a column are the same
        marks[part] = np.maximum(marks[part], marks[part - 1] + 1)
    for part in (3, 2, 1, 0):
        marks[part] = np.minimum(marks[part], 65532 + part)
    levels = np.empty(values.shape, dtype=np.uint8)
    at = low + span * (marks / 65535)
    for column, (line, mark) in enumerate(zip(values.T, at.T, strict=True)):
        steps = np.interp(line, mark, [*FIRST, 255])
        levels[:, column] = np.rint(steps)
    return Packed(low, span, marks.T.astype(np.uint16), levels)
