"""Where one recording goes on in another: two streams of one microphone, sewn together.

Their times agree to a hundredth of a second or so, which would cut or double a consonant. The sound
itself says it to the sample.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from voice_coach.audio.port import Samples

LOOK: Final = 960
"""Samples, 60 ms, that are looked for."""

REACH: Final = 2_400
"""Samples, 150 ms, by which the times may be wrong."""

ALIKE: Final = 0.6
"""Correlation from which on it is the same sound: resampled apart, hiss is less alike than speech,
and different sounds stay far below."""


def seam(before: Samples, after: Samples, guess: int) -> int | None:
    """The index in ``after`` of the sample that follows the end of ``before``.

    ``guess`` is that index by the clock. None where ``after`` does not hold the last ``LOOK``
    samples of ``before`` within ``REACH`` of it, or where both are silent.
    """
    first = max(0, guess - LOOK - REACH)
    part = after[first : max(0, guess + REACH)].astype(np.float32)
    if len(before) < LOOK or len(part) < LOOK:
        return None
    wanted = before[-LOOK:].astype(np.float32)
    wanted -= wanted.mean()
    part -= part.mean()
    power = np.concatenate([[0.0], np.cumsum(np.square(part, dtype=np.float64))])
    powers = np.maximum(power[LOOK:] - power[:-LOOK], 1e-9) * float(np.dot(wanted, wanted))
    likeness = np.correlate(part, wanted, "valid") / np.sqrt(np.maximum(powers, 1e-9))
    best = int(np.argmax(likeness))
    return first + best + LOOK if likeness[best] >= ALIKE else None
