"""What systemd is told."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from voice_coach.service.notify import Notifier

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs Unix sockets")


def test_ready_and_alive_are_told_and_not_too_often(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(5)
        notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")})
        notifier.ready()
        for _ in range(100):
            notifier.alive()
        assert manager.recv(100).startswith(b"READY=1\n")
        assert manager.recv(100) == b"WATCHDOG=1"
        manager.setblocking(False)
        with pytest.raises(BlockingIOError):
            manager.recv(100)


def test_nobody_wants_to_know(tmp_path: Path) -> None:
    Notifier({}).ready()
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).alive()
