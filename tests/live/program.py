"""The whole program as a child process, and what it tells about itself while it runs.

The event log goes into a named pipe, so that each record can be waited for as it is written.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final

from voice_coach.diary.store import DIARY_VARIABLE
from voice_coach.places import STATE_VARIABLE

Record = dict[str, Any]

ROOT: Final = Path(__file__).parents[2]
_PATIENCE: Final = 60.0
"""Seconds that anything may take on a machine that has other things to do."""

_MARK: Final = "LIVE_PROGRAM"
"""Environment variable by which a program and its children are known."""


class Program:
    """``voice-coach ARGUMENTS`` while the context lasts; afterwards it and its children are gone.

    with Program("now", environment=card.environment) as program:
        program.wait_for_record(lambda r: r["type"] == "state")
        assert program.interrupt() == 0
    """

    def __init__(self, *arguments: str, environment: Mapping[str, str]) -> None:
        self._arguments = arguments
        self._name = uuid.uuid4().hex
        self._folder = tempfile.TemporaryDirectory(prefix="live-")
        self._environment = {
            **os.environ,
            STATE_VARIABLE: self._folder.name,  # what one night leaves behind is no other's
            **environment,
            "PYTHONPATH": str(ROOT),
            "PYTHONFAULTHANDLER": "1",
            _MARK: self._name,
        }
        self._changed = threading.Condition()
        self._records: list[Record] = []
        self._output: list[str] = []
        self._errors: list[str] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Program:
        # Nobody's own diary is written, whoever runs this.
        self._environment.setdefault(DIARY_VARIABLE, str(Path(self._folder.name, "diary")))
        self._pipe = Path(self._folder.name, "events")
        os.mkfifo(self._pipe)
        # Open for both directions: neither waits for the program, nor ends when it does.
        self._events = os.fdopen(os.open(self._pipe, os.O_RDWR), "rb")
        # A shell that runs us in the background has Ctrl-C switched off, and children inherit that.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "voice_coach", *self._arguments, "--events", str(self._pipe)],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        signal.signal(signal.SIGINT, before)
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._read(self._events, self._keep_record)
        self._read(self._process.stdout, self._keep(self._output))
        self._read(self._process.stderr, self._keep(self._errors))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, subprocess.TimeoutExpired):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=5)  # it is telling where it hangs
        self._process.kill()
        self._process.wait(timeout=_PATIENCE)
        for pid in self.family():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._join()
        if error is not None:
            print(f"--- the program said:\n{self.output}\n{self.errors}", file=sys.stderr)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def output(self) -> str:
        """What it has printed so far."""
        with self._changed:
            return "".join(self._output)

    @property
    def errors(self) -> str:
        """What it has printed on stderr so far."""
        with self._changed:
            return "".join(self._errors)

    @property
    def records(self) -> list[Record]:
        """The event log so far."""
        with self._changed:
            return list(self._records)

    def wait_for_output(self, text: str, times: int = 1, seconds: float = _PATIENCE) -> None:
        """Wait until it has printed this so many times. Raises TimeoutError."""
        self._wait(
            lambda: "".join(self._output).count(text) >= times,
            f"it never printed {text!r}",
            seconds,
        )

    def wait_for_record(
        self, wanted: Callable[[Record], bool], seconds: float = _PATIENCE, after: int = 0
    ) -> int:
        """Wait for such a record at index ``after`` or later and return its index.

        Raises TimeoutError when none comes in time.
        """

        def found() -> int | None:
            return next(
                (i for i in range(after, len(self._records)) if wanted(self._records[i])), None
            )

        self._wait(lambda: found() is not None, "the event never came", seconds)
        with self._changed:
            index = found()
        assert index is not None
        return index

    def interrupt(self, seconds: float = _PATIENCE) -> int:
        """Press Ctrl-C and return the exit code. Raises subprocess.TimeoutExpired."""
        self._process.send_signal(signal.SIGINT)
        return self.wait(seconds)

    def wait(self, seconds: float = _PATIENCE) -> int:
        """Wait until it ends by itself; the exit code. Everything it said can be read then.

        Raises subprocess.TimeoutExpired; then it was made to tell on stderr where it hangs.
        """
        try:
            code = self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGABRT)
            raise
        self._join()
        return code

    def running(self) -> bool:
        return self._process.poll() is None

    def family(self) -> list[int]:
        """The processes that it is made of, by id: itself, if it runs, and all it has started."""
        return _carriers(f"{_MARK}={self._name}")

    def _wait(self, true: Callable[[], bool], why: str, seconds: float) -> None:
        # The end of the program is no event here, so its pulse is felt now and then.
        deadline = time.monotonic() + seconds
        with self._changed:
            while not self._changed.wait_for(true, timeout=1.0):
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise TimeoutError(f"{why}; it printed: {''.join(self._output)[-800:]}")

    def _read(self, file: IO[Any], keep: Callable[[Any], bool]) -> None:
        def run() -> None:
            for line in file:
                if not keep(line):
                    break
            file.close()

        thread = threading.Thread(target=run, name="live", daemon=True)
        thread.start()
        self._threads.append(thread)

    def _keep(self, lines: list[str]) -> Callable[[str], bool]:
        def keep(line: str) -> bool:
            with self._changed:
                lines.append(line)
                self._changed.notify_all()
            return True

        return keep

    def _keep_record(self, line: bytes) -> bool:
        if not line.strip():
            return False  # our own sign that nothing more will come
        with self._changed:
            self._records.append(json.loads(line))
            self._changed.notify_all()
        return True

    def _join(self) -> None:
        if self._threads:
            with self._pipe.open("wb") as pipe:
                pipe.write(b"\n")
        for thread in self._threads:
            thread.join(timeout=_PATIENCE)
        self._threads.clear()
        self._folder.cleanup()


def _carriers(mark: str) -> list[int]:
    """Living processes with this in their environment: children inherit it, whoever adopts them."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if mark.encode() in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return found


def said(prompt: str) -> Callable[[Record], bool]:
    """Whether a record tells that this prompt was said to its end."""
    return lambda r: r["type"] == "say" and r["prompt"] == prompt and not r["interrupted"]


def entered(step: str) -> Callable[[Record], bool]:
    """Whether a record tells that this step has begun."""
    return lambda r: r["type"] == "state" and r["step"] == step


def fault(what: str) -> Callable[[Record], bool]:
    """Whether a record tells of this fault."""
    return lambda r: r["type"] == "fault" and r["what"] == what
