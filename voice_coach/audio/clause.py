"""Where a sentence takes a breath: what was cut in the middle goes on from there."""

from __future__ import annotations

from typing import Final

import numpy as np

from voice_coach.audio.port import RATE, Samples

BREATH: Final = 0.06
"""Seconds of silence in a sentence that part two clauses; between sounds it is shorter."""

QUIET: Final = 10 ** (-35 / 20)
"""What counts as silence, against the loudest sample."""

_FRAME: Final = RATE // 100


def clause_start(samples: Samples, position: int) -> int:
    """The sample at which the clause begins that holds ``position``; at the earliest 0.

    ``samples``: the whole sentence, int16, shape (n,). A position inside a breath belongs to the
    clause after it.
    """
    silent = _silent(samples)
    frame = min(position // _FRAME, len(silent))
    run = 0
    for i in range(frame - 1, -1, -1):
        run = run + 1 if silent[i] else 0
        if run * _FRAME >= BREATH * RATE:
            # The end of the breath: where its first silent frame was met on the way back.
            return (i + run) * _FRAME
    return 0


def last_sound(samples: Samples) -> int:
    """How many samples there are up to the last one that is heard."""
    loud = np.flatnonzero(~_silent(samples))
    return min(len(samples), (int(loud[-1]) + 1) * _FRAME) if len(loud) else 0


def _silent(samples: Samples) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """For each 10 ms whether there is nothing to hear."""
    frames = -(-len(samples) // _FRAME)
    padded = np.zeros(frames * _FRAME, np.int32)
    padded[: len(samples)] = np.abs(samples.astype(np.int32))
    peaks = padded.reshape(-1, _FRAME).max(axis=1) if frames else np.zeros(0)
    quiet: np.ndarray[tuple[int], np.dtype[np.bool_]] = peaks <= QUIET * peaks.max(initial=0)
    return quiet
