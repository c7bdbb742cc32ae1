"""A file for one rendering that is gone afterwards, whatever happens to the process."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Scratch:
    """Where a child process may write."""

    path: str
    """The child's name for the file."""

    inherited: tuple[int, ...] = ()
    """File descriptors that the child must inherit for ``path`` to mean something."""

    def read(self) -> bytes:
        """What was written; empty if nothing was."""
        if self.inherited:
            size = os.fstat(self.inherited[0]).st_size
            return os.pread(self.inherited[0], size, 0)
        try:
            return Path(self.path).read_bytes()
        except FileNotFoundError:
            return b""


@contextmanager
def scratch_file() -> Iterator[Scratch]:
    """A file in memory where the system has that (Linux), else one in a temporary folder.

    In memory nothing of what was said touches a disk, no disk can be full, and nothing is left
    behind even when this process is killed. Raises OSError when there is no room at all.
    """
    if hasattr(os, "memfd_create") and os.path.isdir("/proc/self/fd"):
        descriptor = os.memfd_create("voice-coach-render")
        try:
            yield Scratch(f"/proc/self/fd/{descriptor}", (descriptor,))
        finally:
            os.close(descriptor)
    else:
        with tempfile.TemporaryDirectory(prefix="voice-coach-", ignore_cleanup_errors=True) as name:
            yield Scratch(os.path.join(name, "render.wav"))
