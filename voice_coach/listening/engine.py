"""Vosk, imported so that it opens no socket.

It brings along the library with which it can download models, and that one looks for IPv6 on its
import by opening a socket. Nothing leaves the machine by it; but the coach promises that no
network socket is ever opened, and a promise that is kept nearly always cannot be tested.
"""

from __future__ import annotations

import socket
from importlib import import_module
from typing import Any


def _import() -> Any:
    before = socket.has_ipv6
    socket.has_ipv6 = False
    try:
        return import_module("vosk")
    finally:
        socket.has_ipv6 = before


vosk: Any = _import()
