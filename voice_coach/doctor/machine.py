"""The machine around the coach: disk, permissions, sound server, service."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from voice_coach.commands import setup
from voice_coach.doctor.finding import Doubt, Patient
from voice_coach.errors import CoachError
from voice_coach.places import state_folder
from voice_coach.practice.recordings import default_folder as recordings_folder
from voice_coach.service import manager
from voice_coach.speaking.cache import default_folder as cache_folder

LITTLE: Final = 100e6
"""Bytes free below which the disk is worth a word: the clip cache alone may take 67 MB."""

TOO_LITTLE: Final = 2e6
"""Bytes free below which neither a journal nor a log can be kept for long."""


def disk(_: Patient) -> str:
    """Room where sentences, journal and log are kept."""
    free = {folder: _free(folder) for folder in (cache_folder(), state_folder())}
    tightest = min(free, key=lambda folder: free[folder])
    megabytes = free[tightest] / 1e6
    if free[tightest] < TOO_LITTLE:
        raise CoachError(
            f"The disk that holds {tightest} is full ({megabytes:.1f} MB left): free some space."
        )
    if free[tightest] < LITTLE:
        raise Doubt(f"Only {megabytes:.0f} MB are free for {tightest}: free some space.")
    return f"{megabytes / 1000:.1f} GB free"


def cache(patient: Patient) -> str:
    """Whether rendered sentences can be kept."""
    with setup.voice(patient.choices) as voice:
        voice.clip("One.")
        warning = voice.warning
    if warning:
        raise Doubt(warning)
    return str(cache_folder())


def state(_: Patient) -> str:
    """Whether the journal can be written: without it no session survives a crash."""
    folder = state_folder()
    probe = folder / f".doctor-{os.getpid()}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        raise Doubt(
            f"{folder} cannot be written ({error.strerror}), so a crash would end a session: "
            f"make it writable, or set VOICE_COACH_STATE to another folder."
        ) from None
    return str(folder)


def permissions(_: Patient) -> str:
    """Nobody else can read what the coach keeps; and the sound devices can be opened."""
    for path in _readable_by_others(state_folder(), recordings_folder()):
        raise Doubt(f"{path} can be read by others: chmod go= {path}")
    denied = sorted(str(path) for path in _sound_nodes() if not os.access(path, os.R_OK | os.W_OK))
    if denied and _server_socket() is None:
        raise CoachError(f"{denied[0]} may not be used: sudo usermod -aG audio $USER, log in again")
    return "private; sound devices may be used" if denied or _sound_nodes() else "private"


def sound_server(_: Patient) -> str:
    """Whether there is one, and it answers. Linux only: elsewhere it is part of the system."""
    if sys.platform != "linux":
        return "part of the system"
    path = _server_socket()
    if path is None or not path.exists():
        raise Doubt(
            "There is no sound server, so no other program can use the card meanwhile: "
            "start PipeWire or PulseAudio, unless that is meant."
        )
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
            channel.settimeout(2)
            channel.connect(str(path))
    except OSError as error:
        raise CoachError(
            f"The sound server at {path} does not answer ({error}): restart it."
        ) from None
    return f"{path} answers"


def service(_: Patient) -> str:
    """Whether the coach is there every night."""
    unit = manager.this_unit()
    if not unit.path.exists():
        return "not installed; `voice-coach service install` starts the coach every night"
    if not manager.running(unit):
        raise Doubt("The service is installed, but does not run: see `voice-coach service logs`.")
    return "installed and running"


def _free(folder: Path) -> int:
    """Bytes free where a folder is, or would be."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _readable_by_others(*folders: Path) -> Iterator[Path]:
    if os.name != "posix":
        return
    for folder in folders:
        if folder.is_dir():
            for path in (folder, *folder.rglob("*")):
                if stat.S_IMODE(path.lstat().st_mode) & 0o077 and not path.is_symlink():
                    yield path


def _sound_nodes() -> list[Path]:
    return sorted(Path("/dev/snd").glob("pcm*")) if sys.platform == "linux" else []


def _server_socket() -> Path | None:
    """Where PulseAudio, or PipeWire in its place, listens."""
    named = os.environ.get("PULSE_SERVER", "")
    if named.startswith(("unix:", "/")):
        return Path(named.removeprefix("unix:"))
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    places = [Path(runtime) / "pulse" / "native"] if runtime else []
    return next((path for path in places if path.exists()), None)
