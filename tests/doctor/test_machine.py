"""Disk, permissions, sound server and service, each with what can be wrong with it."""

from __future__ import annotations

import shutil
import socket
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from voice_coach.commands.coach import Sound
from voice_coach.commands.setup import Choices
from voice_coach.doctor import machine
from voice_coach.doctor.finding import Check, Finding, Patient, tried
from voice_coach.places import STATE_VARIABLE, private_folder
from voice_coach.speaking.cache import CACHE_VARIABLE

PATIENT = Patient(Choices(), Sound())

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="tests of a Linux machine")


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv("PULSE_SERVER", raising=False)


def found(check: Check) -> Finding:
    return tried("x", check, PATIENT)


@pytest.mark.parametrize(("free", "status"), [(1e6, "failed"), (5e7, "warning"), (1e9, "ok")])
def test_the_disk(free: float, status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    assert found(machine.disk).status == status


def test_a_folder_for_the_state_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert found(machine.state).status == "ok"
    (tmp_path / "file").touch()
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "file" / "state"))
    finding = found(machine.state)
    assert finding.status == "warning"
    assert STATE_VARIABLE in finding.detail


def test_what_others_can_read_is_named(tmp_path: Path) -> None:
    private_folder(tmp_path / "state")
    assert found(machine.permissions).status == "ok"
    path = tmp_path / "state" / "session.json"
    path.touch(mode=0o644)
    finding = found(machine.permissions)
    assert finding.status == "warning"
    assert f"chmod go= {path}" in finding.detail


def test_the_sound_server(tmp_path: Path) -> None:
    assert found(machine.sound_server).status == "warning"
    (tmp_path / "pulse").mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(tmp_path / "pulse" / "native"))
        server.listen()
        assert found(machine.sound_server).status == "ok"
    finding = found(machine.sound_server)  # it has died, and its socket is left
    assert finding.status == "failed"
    assert "restart it" in finding.detail


def test_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "service install" in found(machine.service).detail
    unit = tmp_path / "config" / "systemd" / "user" / "voice-coach.service"
    unit.parent.mkdir(parents=True)
    unit.touch()
    for code, status in ((3, "warning"), (0, "ok")):
        control = tmp_path / "systemctl"
        control.write_text(f"#!/bin/sh\nexit {code}\n")
        control.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
        assert found(machine.service).status == status
