"""Child processes that answer one JSON request, and are gone when their time is up."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
import weakref
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


class ChildFailure(Exception):
    """The child hung, crashed, or was ended; the text says which, as the end of a sentence."""


class ChildRunner:
    """Starts children and ends them: each when its time is up, all of them on ``close``.

    Every child leads a session of its own, so that Ctrl-C in the terminal reaches the parent
    alone, and so that what a child starts itself can be ended with it.
    """

    def __init__(
        self, command: Sequence[str], timeout: float, env: Mapping[str, str] | None = None
    ) -> None:
        """``command`` reads JSON on its standard input; ``timeout`` is in seconds."""
        self._command = list(command)
        self._timeout = timeout
        self._env = None if env is None else dict(env)
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._closed = threading.Event()
        # Also when nobody calls close: no child outlives the program.
        self._finalizer = weakref.finalize(self, _end_all, self._running)

    @property
    def closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._closed.is_set()

    def ask(self, request: Mapping[str, Any], inherited: Iterable[int] = ()) -> dict[str, Any]:
        """The child's answer. Raises ChildFailure; OSError when no process can be started."""
        payload = json.dumps({**request, "limit": self._timeout}).encode()
        process = self._start(tuple(inherited))
        try:
            output, errors = process.communicate(payload, timeout=self._timeout)
        except subprocess.TimeoutExpired:
            raise ChildFailure(f"did not finish within {self._timeout:g} seconds") from None
        finally:
            _kill(process)
            _close_pipes(process)
            with self._lock:
                self._running.discard(process)
        if self.closed:
            raise ChildFailure("was stopped")
        return _parse(output, errors, process.returncode)

    def close(self) -> None:
        """End all children at once and start no more. May be called twice."""
        with self._lock:
            self._closed.set()
        self._finalizer()

    def _start(self, inherited: tuple[int, ...]) -> subprocess.Popen[bytes]:
        with self._lock:
            if self.closed:
                raise ChildFailure("was stopped")
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self._env,
                pass_fds=inherited,
                start_new_session=True,
            )
            self._running.add(process)
            return process


def _end_all(running: set[subprocess.Popen[bytes]]) -> None:
    for process in list(running):
        _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the child with all it started, unless it has left, and wait until it is gone."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
    process.wait()


def _close_pipes(process: subprocess.Popen[bytes]) -> None:
    """Only the thread that talks to the child may do this: another one may be reading."""
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            # A pipe to a dead child may still hold what could not be written.
            with contextlib.suppress(OSError):
                pipe.close()


def _parse(output: bytes, errors: bytes, status: int) -> dict[str, Any]:
    try:
        answer = json.loads(output)
    except ValueError:
        last = errors.decode("utf-8", "replace").strip().rsplit("\n", 1)[-1][:200]
        how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
        raise ChildFailure(f"{how} ({last})" if last else how) from None
    if not isinstance(answer, dict):
        raise ChildFailure("gave an answer that makes no sense")
    return answer
