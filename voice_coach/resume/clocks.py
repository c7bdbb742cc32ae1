"""How long ago was that? Two clocks, and the one to believe after a crash, a jump or a reboot."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from voice_coach.audio import clock

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")

_SLACK: Final = 5.0
"""Seconds by which two honest clocks may disagree."""


@dataclass(frozen=True)
class Stamp:
    """One moment on both clocks."""

    boot: str
    """Which start of the machine it was; empty where the system does not say."""
    uptime: float
    """Seconds since that start, sleep included. Nobody can set this clock."""
    wall: float
    """Seconds since 1970. It outlives a reboot, and anybody can set it."""


Clock = Callable[[], Stamp]


def now() -> Stamp:
    """This moment."""
    return Stamp(_boot(), clock.seconds(), time.time())


def gap(then: Stamp, since: Stamp) -> float | None:
    """Seconds from ``then`` to ``since``; None when the clocks do not tell.

    In doubt it is the longer time: the limit of self-care must not come too late.
    """
    running, passed = since.uptime - then.uptime, since.wall - then.wall
    if then.boot and then.boot == since.boot:
        return running if running >= 0 else None
    if then.boot and since.boot:
        # The machine was started in between, and has been up for a part of the time.
        return max(passed, since.uptime) if passed >= since.uptime - _SLACK else None
    believable = [seconds for seconds in (running, passed) if seconds >= 0]
    return max(believable, default=None)


def _boot() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""
