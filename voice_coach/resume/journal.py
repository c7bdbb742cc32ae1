"""The conversation on disk, as it stands now: one small file, whole at every moment.

It is written on a thread of its own, newest state first, because a slow disk must not hold up an
answer. It is gone when the conversation has ended as it should.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final

import msgspec

from voice_coach.dialogue import saved
from voice_coach.dialogue.protocol import Protocol
from voice_coach.dialogue.state import State
from voice_coach.places import private_folder, state_folder
from voice_coach.resume.clocks import Clock, Stamp, gap, now
from voice_coach.store.disk import sync_folder

_NAME: Final = "session.json"
MOST: Final = 5
"""Times that one conversation is taken up: what dies each time may be what kills the program."""

_PATIENCE: Final = 5.0
"""Seconds that a slow disk may take for the last state."""


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    """What the file holds."""

    protocol: str
    """Which content, and which code, the state belongs to."""
    at: Stamp
    resumed: int
    """How often this conversation was taken up again."""
    state: msgspec.Raw


@dataclass(frozen=True)
class Interrupted:
    """A conversation that did not end."""

    state: State
    gap: float
    """Seconds since that state."""


class Journal:
    """Keeps the state of one conversation after another. A context manager.

    No disk can make it fail: then ``warning`` says why nothing is kept, and the session goes on.
    """

    def __init__(
        self, protocol: Protocol, fingerprint: str, folder: Path | None = None, clock: Clock = now
    ) -> None:
        """``fingerprint`` names the content and the code that the states belong to."""
        self._path = (state_folder() if folder is None else folder) / _NAME
        self._protocol = protocol
        self._fingerprint = fingerprint
        self._clock = clock
        self._newest: tuple[State, Stamp] | None = None
        self._changed = threading.Condition()
        self._closing = False
        self._busy = False
        self._resumed = 0
        self._thread: threading.Thread | None = None
        self.warning = ""
        """One sentence on why nothing is kept; empty while all is well."""

    def keep(self, state: State) -> None:
        """This is how the conversation stands. Returns at once."""
        with self._changed:
            self._newest = (state, self._clock())
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def flush(self) -> None:
        """Wait until the newest state is on the disk, a few seconds at most."""
        with self._changed:
            self._changed.wait_for(lambda: self._newest is None and not self._busy, _PATIENCE)

    def erase(self) -> None:
        """The conversation need not go on."""
        self.flush()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def interrupted(self, within: float) -> Interrupted | None:
        """The conversation that was cut off, if that is at most ``within`` seconds ago.

        None when there is none, when nobody can read it, or when it belongs to other content.
        """
        try:
            entry = msgspec.json.decode(self._path.read_bytes(), type=_Entry)
            state = saved.decode(bytes(entry.state), self._protocol)
        except (OSError, ValueError, msgspec.MsgspecError):
            return None
        seconds = gap(entry.at, self._clock())
        if entry.protocol != self._fingerprint or state.mode == "over":
            return None
        if seconds is None or seconds > within or entry.resumed >= MOST:
            return None
        self._resumed = entry.resumed + 1
        return Interrupted(state, seconds)

    def close(self) -> None:
        """Write what is still to be written. May be called twice."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(_PATIENCE)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._newest is not None or self._closing)
                if self._newest is None:
                    return
                (state, at), self._newest, self._busy = self._newest, None, True
            try:
                self._write(state, at)
                self.warning = ""
            except OSError as error:
                self.warning = (
                    f"The conversation cannot be kept in {self._path.parent} "
                    f"({error.strerror or error}), so a crash would end it: free some space there."
                )

    def _write(self, state: State, at: Stamp) -> None:
        if state.mode == "over":
            self._resumed = 0
            self._path.unlink(missing_ok=True)
            return
        entry = _Entry(self._fingerprint, at, self._resumed, msgspec.Raw(saved.encode(state)))
        folder = private_folder(self._path.parent)
        part = self._path.with_suffix(".part")
        descriptor = os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(entry))
            file.flush()
            os.fsync(descriptor)
        os.replace(part, self._path)
        sync_folder(folder)

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
