"""Session after session in one process: nothing is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from scripts.bench.leaks import left, nights
from tests.nights import cast


def test_sessions_leave_no_thread_child_or_file_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = left()
    held = list(nights(5, cast()))
    # The first of them start what stays: the coach's voice has threads of its own.
    assert held[-1].counts == held[2].counts
    assert held[-1].children == before.children  # other tests may have some of their own
    assert held[-1].scratch == 0


def test_what_is_left_behind_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = left()
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    scratch, _ = tempfile.mkstemp()
    now = left()
    os.close(scratch)
    child.communicate()
    over.set()
    thread.join()
    assert (now.threads, now.children) == (before.threads + 1, before.children + 1)
    assert now.files == before.files + 2  # the child's pipe and the file
    assert now.scratch == 1
