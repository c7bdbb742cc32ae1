"""One coach at a time, and which one it is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from voice_coach.errors import BusyError
from voice_coach.instance import holder, microphone_taken
from voice_coach.places import STATE_VARIABLE, state_folder

ROOT = Path(__file__).parents[1]
_HOLDER = """
import sys
from voice_coach.instance import microphone_taken
with microphone_taken():
    print("mine", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))


def somebody_else() -> subprocess.Popen[str]:
    """Another process, which has the microphone."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLDER], env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "mine\n"
    return process


def test_the_second_is_told_who_the_first_is() -> None:
    with somebody_else() as other:
        with pytest.raises(BusyError, match=f"process {other.pid}") as error, microphone_taken():
            pass
        assert error.value.exit_code == 10
        assert other.stdin is not None
        other.stdin.close()
    with microphone_taken():  # it has gone, and left nothing behind
        assert holder() == os.getpid()
    assert holder() is None


def test_a_process_that_was_killed_holds_nothing() -> None:
    with somebody_else() as other:
        other.send_signal(signal.SIGKILL)
        other.wait(timeout=30)
    with microphone_taken():
        assert holder() == os.getpid()


def test_what_it_writes_is_private() -> None:
    with microphone_taken():
        modes = {path.stat().st_mode & 0o777 for path in state_folder().iterdir()}
        assert modes == {0o600}
        assert state_folder().stat().st_mode & 0o777 == 0o700


def test_where_no_lock_can_be_kept_nobody_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "file" / "state"))
    with microphone_taken():
        assert holder() is None
