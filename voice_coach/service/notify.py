"""Telling systemd that the coach is ready, and alive (sd_notify).

The protocol is one datagram. What packages there are either wrap libsystemd in C, or have not
been touched since 2017.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

PULSE: Final = 10.0
"""Seconds between two signs of life while the coach waits for the call."""


class Notifier:
    """Tells whoever has started us; nothing happens where nobody wants to know."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        self._last = -PULSE

    def ready(self) -> None:
        """Everything is loaded, and the microphone is open."""
        self._send("READY=1\nSTATUS=Listening for the call.")

    def alive(self) -> None:
        """The loop goes round. May be called as often as you like."""
        now = time.monotonic()
        if now - self._last >= PULSE / 2:
            self._last = now
            self._send("WATCHDOG=1")

    def _send(self, message: str) -> None:
        if not self._address or not hasattr(socket, "AF_UNIX"):
            return
        # "@" stands for the zero byte of an abstract name.
        address = self._address.replace("@", "\0", 1)
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.sendto(message.encode(), address)
