"""Nothing is sent, and nothing is recorded: shown by the system calls of whole sessions.

The program runs in a network namespace with no route, and every socket that it or a child of it
opens, and every file that it opens for writing, is looked at.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from tests.virtual_card import VirtualCard
from voice_coach.audio import wav
from voice_coach.audio.port import RATE
from voice_coach.places import STATE_VARIABLE
from voice_coach.speaking.cache import CACHE_VARIABLE, ClipCache
from voice_coach.speaking.port import VoiceSettings
from voice_coach.speaking.pyttsx3_renderer import Pyttsx3Renderer
from voice_coach.speaking.voice import Voice

ROOT: Final = Path(__file__).parents[1]
_CALLS: Final = "socket,socketpair,open,openat,creat,memfd_create"
_SOCKET: Final = re.compile(r"\bsocket\((\w+)")
_OPENED: Final = re.compile(r'\b(?:open(?:at)?|creat)\((?:\S+, )?"([^"]*)", ([A-Z_|]*)')
_SOUND: Final = (".wav", ".raw", ".pcm", ".flac", ".ogg", ".opus", ".mp3", ".aiff")
_WRITING: Final = ("O_WRONLY", "O_RDWR", "O_CREAT")

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("strace") is None, reason="needs strace"
)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the coach's sentences are kept, from the first session on."""
    return tmp_path_factory.mktemp("clips")


@functools.cache
def _works(*command: str) -> bool:
    return subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0


@dataclass(frozen=True)
class Trace:
    """What a program and its children did."""

    code: int
    output: str
    sockets: list[str]
    """The family of every socket, such as AF_UNIX."""
    written: list[str]
    """Every path that was opened for writing, devices apart."""

    def elsewhere(self, *allowed: str) -> list[str]:
        """What was written outside of these folders, and any sound wherever it is."""
        return [
            path for path in self.written
            if not path.startswith(allowed) or path.lower().endswith(_SOUND)
        ]  # fmt: skip


def traced(folder: Path, *arguments: str, until: str = "", environ: dict[str, str]) -> Trace:
    """``voice-coach ARGUMENTS``, with no network, watched; Ctrl-C when it prints ``until``."""
    if not _works("strace"):
        pytest.skip("this machine does not let one process watch another (ptrace)")
    alone = ["unshare", "-n"] if _works("unshare", "-n") else []
    log = folder / "trace"
    command = [
        *alone, "strace", "-f", "--seccomp-bpf", "-qq", "-e", f"trace={_CALLS}", "-o", str(log),
        sys.executable, "-u", "-m", "voice_coach", *arguments,
    ]  # fmt: skip
    output = []
    (folder / "tmp").mkdir()
    # Whoever runs the tests in the background has Ctrl-C ignored, and so would the program.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
        env={**os.environ, STATE_VARIABLE: str(folder / "state"), "PYTHONPATH": str(ROOT),
             "TMPDIR": str(folder / "tmp"), "XDG_CACHE_HOME": str(folder / "tmp"),
             "PYTHONDONTWRITEBYTECODE": "1", **environ},
    ) as program:  # fmt: skip
        signal.signal(signal.SIGINT, before)
        assert program.stdout is not None
        for line in program.stdout:
            output.append(line)
            if until and until in line:
                os.killpg(program.pid, signal.SIGINT)  # strace itself lets it pass
    text = log.read_text(encoding="utf-8", errors="replace")
    opened = _OPENED.findall(text)
    assert any(path.endswith(".py") or path.endswith(".pyc") for path, _ in opened), "no trace"
    return Trace(
        program.returncode,
        "".join(output),
        _SOCKET.findall(text),
        [
            path for path, flags in opened
            if any(flag in flags for flag in _WRITING) and not path.startswith(("/dev/", "/proc/"))
        ],
    )  # fmt: skip


def test_the_watch_sees_what_it_looks_for(tmp_path: Path) -> None:
    """A test that could not fail would prove nothing."""
    (tmp_path / "sitecustomize.py").write_text(
        "import socket, subprocess, sys\n"
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()\n"
        "open('secret.wav', 'wb').close()\n"
    )
    trace = traced(tmp_path, "--version", environ={"PYTHONPATH": f"{tmp_path}:{ROOT}"})
    assert "AF_INET" in trace.sockets
    assert "secret.wav" in trace.written


@pytest.mark.slow
def test_a_whole_session_opens_no_network_socket_and_writes_no_sound(
    tmp_path: Path, clips: Path
) -> None:
    """From the call, through every sentence to somebody who stays silent, to the advice."""
    with Voice(Pyttsx3Renderer(), ClipCache(clips), VoiceSettings("en-us+f2", 145)) as somebody:
        call = somebody.clip("help calf cramp")
    quiet = np.zeros(RATE, np.int16)
    wav.save(tmp_path / "call.wav", np.concatenate([quiet, call, quiet]))
    trace = traced(
        tmp_path, "--mic", "call.wav", "--region", "GB", environ={CACHE_VARIABLE: str(clips)}
    )
    assert trace.code == 0, trace.output
    assert "(advice:" in trace.output
    assert set(trace.sockets) <= {"AF_UNIX"}, trace.sockets
    # The coach's own sentences; journal and log; the grammars' graphs.
    assert trace.elsewhere(str(clips), f"{tmp_path}/state", f"{tmp_path}/tmp") == []


@pytest.mark.slow
@pytest.mark.card
def test_listening_on_a_sound_card_neither(
    tmp_path: Path, clips: Path, own_card: VirtualCard
) -> None:
    """The sound server is reached through a socket in the file system, and nothing else is."""
    environ = {**own_card.environment, CACHE_VARIABLE: str(clips)}
    trace = traced(tmp_path, "now", until="Sit or lie down.", environ=environ)
    assert "Good night." in trace.output, trace.output
    assert set(trace.sockets) == {"AF_UNIX"}, trace.sockets
    home = own_card.environment["HOME"]
    assert trace.elsewhere(str(clips), f"{tmp_path}/state", f"{tmp_path}/tmp", home) == []
