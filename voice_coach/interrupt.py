"""Ctrl-C and SIGTERM: they end the program wherever it is, and are never lost.

Python raises what a signal's handler raises in whatever line runs just now. In a destructor it is
dropped instead, with a note, and the recogniser is freed in one after every utterance. So there
the signal is sent again a moment later.
"""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import Final

from voice_coach.errors import Terminated

AGAIN: Final = 0.05
"""Seconds until a signal that came at a bad moment comes again."""


def interruptible() -> None:
    """Let both end the program. Whoever has Ctrl-C ignored keeps it so."""
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    if _in_destructor(frame):
        again = threading.Timer(AGAIN, os.kill, (os.getpid(), number))
        again.daemon = True
        again.start()
        return
    raise Terminated if number == signal.SIGTERM else KeyboardInterrupt


def _in_destructor(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_name == "__del__":
            return True
        frame = frame.f_back
    return False
