"""What happens to computers at night: killed, restarted, full, read-only, without a home."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.listening.speech import speech
from tests.live.program import ROOT, Program, said
from tests.virtual_card import VirtualCard
from voice_coach.diary.store import DIARY_VARIABLE
from voice_coach.nightlog import log_file
from voice_coach.places import STATE_VARIABLE

pytestmark = [pytest.mark.card, pytest.mark.slow]

Environment = dict[str, str]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def lasting(environment: Environment, state: Path) -> Environment:
    """For programs one after the other, with one state."""
    return {**environment, STATE_VARIABLE: str(state)}


def test_killed_in_mid_conversation_it_goes_on_and_ended_by_hand_it_does_not(
    lasting: Environment, state: Path
) -> None:
    with Program("now", environment=lasting) as program:
        program.wait_for_record(said("unload.say.2"))  # on its way to the next step
        os.kill(program.pid, signal.SIGKILL)
        before = program.records[-1]["t"]
    assert (state / "session.json").exists()
    with Program("now", environment=lasting) as program:
        first = program.wait_for_record(lambda r: r["type"] == "state")
        resumed = program.records[first]
        assert resumed["step"] in ("resumed", "position")
        assert resumed["t"] >= before
        assert resumed["t"] < before + 60
        os.kill(program.pid, signal.SIGTERM)  # the machine is shut down
        assert program.wait() == 0
    assert (state / "session.json").exists()
    with Program("now", environment=lasting) as program:
        program.wait_for_record(lambda r: r["type"] == "say")
        assert not any(r.get("prompt") == "unload.say.0" for r in program.records)
        assert program.interrupt() == 0  # the person has had enough
    assert not (state / "session.json").exists()
    with Program("now", environment=lasting) as program:
        program.wait_for_record(said("unload.say.0"))
        assert program.interrupt() == 0


def test_standby_tells_the_system_and_nobody_else_and_a_second_one_is_refused(
    lasting: Environment, state: Path, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)
        environment = {**lasting, "NOTIFY_SOCKET": str(tmp_path / "notify")}
        with Program("standby", environment=environment) as program:
            assert manager.recv(200).startswith(b"READY=1")
            assert manager.recv(200) == b"WATCHDOG=1"
            second = subprocess.run(
                [sys.executable, "-m", "voice_coach", "standby"],
                env={**os.environ, **lasting, "PYTHONPATH": str(ROOT)},
                capture_output=True, text=True, check=False, timeout=120,
            )  # fmt: skip
            assert second.returncode == 10
            assert f"process {program.pid}" in second.stderr
            assert program.interrupt() == 0
            assert "person" not in program.output
    assert '"type": "start"' in (state / log_file().name).read_text()


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk without a byte left."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let us mount a small disk")
    try:
        with pytest.raises(OSError, match="No space left"):
            (disk / "filler").write_bytes(bytes(1_000_000))
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def coaches(environment: Environment) -> str:
    """It speaks to the person, and ends when it is told to; what it had to complain of."""
    with Program("now", environment=environment) as program:
        program.wait_for_record(said("unload.say.1"))
        assert program.interrupt() == 0
        assert "Traceback" not in program.errors
        return program.errors


def test_a_full_disk(environment: Environment, full_disk: Path) -> None:
    said = coaches({**environment, STATE_VARIABLE: str(full_disk / "state")})
    assert f"cannot be kept in {full_disk}" in said
    assert "No space left" in said


def test_standby_on_a_full_disk_hears_the_call(
    environment: Environment, full_disk: Path, card: VirtualCard
) -> None:
    full = {STATE_VARIABLE: str(full_disk / "state"), DIARY_VARIABLE: str(full_disk / "diary")}
    with Program("standby", environment={**environment, **full}) as program:
        program.wait_for_output("Listening")
        threading.Event().wait(2.0)  # the energy gate learns the room
        for _ in range(3):
            card.speak(speech("help calf cramp"))
            try:
                program.wait_for_record(said("unload.say.1"), 10.0)
                break
            except TimeoutError:
                continue
        else:
            pytest.fail("nobody heard the call")
        assert program.interrupt() == 0
        assert "Traceback" not in program.errors
        assert "No space left" in program.errors


def test_a_home_that_cannot_be_written(environment: Environment) -> None:
    nowhere = "/proc/voice-coach"  # not even root can make a folder there
    said = coaches(
        {**environment, STATE_VARIABLE: nowhere, "HOME": "/proc", "XDG_CACHE_HOME": nowhere}
    )
    assert f"cannot be kept in {nowhere}" in said


def test_no_home_and_a_plain_locale(environment: Environment, tmp_path: Path) -> None:
    plain = {
        "HOME": "~", "XDG_CONFIG_HOME": "", "XDG_STATE_HOME": "", STATE_VARIABLE: "",
        "TMPDIR": str(tmp_path), "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0",
    }  # fmt: skip
    coaches({**environment, **plain})
    assert list(tmp_path.glob("voice-coach-*"))
