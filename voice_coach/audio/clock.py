"""Real time that goes on while the machine sleeps."""

from __future__ import annotations

import time


def seconds() -> float:
    """Seconds since some moment in the past; never goes back, and counts a suspended hour as one.

    ``time.monotonic`` stands still on a suspended Linux or macOS machine: a cramp does not.
    """
    return time.clock_gettime(_CLOCK) if _CLOCK is not None else time.monotonic()


_CLOCK: int | None = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
