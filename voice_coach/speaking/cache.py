"""Rendered clips on disk: each sentence is made once on a machine, not once a night."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import struct
import tempfile
import threading
import time
import zlib
from collections.abc import Iterable
from dataclasses import astuple
from pathlib import Path
from typing import Final

import numpy as np
import platformdirs

from voice_coach.audio.port import Samples
from voice_coach.memory import trim
from voice_coach.speaking.memory import ClipMemory
from voice_coach.speaking.port import VoiceSettings

FORMAT_VERSION: Final = 2
"""Counts changes in how clips are made or stored: older entries are never found again."""

DISK_LIMIT: Final = 64 * 1024 * 1024
"""Bytes: about 500 sentences of four seconds."""

CACHE_VARIABLE: Final = "VOICE_COACH_CACHE"
"""Environment variable that names another folder."""

_HEADER: Final = struct.Struct("<4sII")  # magic, samples, CRC-32 of the samples
_MAGIC: Final = b"VCC1"
_SUFFIX: Final = ".clip"
_PART_SUFFIX: Final = ".part"
_PART_AGE: Final = 3_600.0
_KEEP_AFTER_TRIM: Final = 0.9


def default_folder() -> Path:
    """$VOICE_COACH_CACHE, or where caches belong on this platform."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else Path(platformdirs.user_cache_dir("voice-coach"))


def clip_key(text: str, settings: VoiceSettings, version: str) -> str:
    """The name of a clip; the text cannot be read from it. ``version`` is the renderer's."""
    parts = [FORMAT_VERSION, " ".join(text.split()), *astuple(settings), version]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class ClipCache:
    """Clips by key, in memory and on disk. No disk can make it fail: then memory serves alone.

    Clips that come out of it are shared and read-only. Safe to use from several threads and
    from several processes.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        limit: int = DISK_LIMIT,
        memory: ClipMemory | None = None,
    ) -> None:
        """``limit`` is in bytes on disk. Nothing is touched on disk before the first use."""
        # A folder of its own: the one given may be shared, and its mode is not ours to change.
        self._folder = (default_folder() if folder is None else folder) / "clips"
        self._limit = limit
        self._memory = ClipMemory() if memory is None else memory
        self._lock = threading.Lock()
        self._size: int | None = None
        self._warning = ""

    @property
    def warning(self) -> str:
        """One sentence on why nothing is kept on disk; empty while all is well."""
        return self._warning

    def recall(self, key: str) -> Samples | None:
        """The clip if it is in memory: never waits for a disk."""
        return self._memory.get(key)

    def has(self, key: str) -> bool:
        """Whether ``get`` will find it; a damaged entry is only noticed when it is read."""
        return self._memory.get(key) is not None or self._path(key).is_file()

    def get(self, key: str) -> Samples | None:
        """The clip, from memory or disk; None when it must be made."""
        clip = self._memory.get(key)
        if clip is None:
            clip = self._load(key)
            if clip is not None:
                self._memory.put(key, clip)
        return clip

    def forget(self, kept: Iterable[str] = ()) -> None:
        """Let go of what is in memory, but for these keys and for what is not on disk."""
        keep = set(kept)
        dropped = [k for k in self._memory.held() if k not in keep and self._path(k).is_file()]
        for key in dropped:
            self._memory.drop(key)
        if dropped:
            trim()

    def put(self, key: str, samples: Samples) -> Samples:
        """Keep a clip and return it as ``get`` will."""
        clip: Samples = samples.copy()
        clip.flags.writeable = False
        self._memory.put(key, clip)
        try:
            self._store(key, clip)
        except OSError as error:
            self._warn(error)
        return clip

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}{_SUFFIX}"

    def _load(self, key: str) -> Samples | None:
        path = self._path(key)
        try:
            data = path.read_bytes()
        except OSError:
            # Absent or unreadable is the same: it is made again, and ``put`` says what is wrong.
            return None
        clip = _unpack(data)
        with contextlib.suppress(OSError):
            if clip is None:
                path.unlink()
            else:
                # Access times are switched off on many machines; we keep our own.
                os.utime(path)
        return clip

    def _store(self, key: str, clip: Samples) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.chmod(self._folder, 0o700)
        raw = clip.astype("<i2").tobytes()
        data = _HEADER.pack(_MAGIC, clip.size, zlib.crc32(raw)) + raw
        # Temporary files are created with mode 0600.
        descriptor, part = tempfile.mkstemp(suffix=_PART_SUFFIX, dir=self._folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            os.replace(part, self._path(key))
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(part)
            raise
        self._bound(len(data))

    def _bound(self, added: int) -> None:
        """Count what was added and, past the limit, remove what was used least recently."""
        with self._lock:
            if self._size is not None and self._size + added <= self._limit:
                self._size += added
                return
            entries = self._entries()
            total = sum(size for _, size, _ in entries)
            if total > self._limit:
                for _, size, path in entries:
                    if total <= self._limit * _KEEP_AFTER_TRIM:
                        break
                    with contextlib.suppress(FileNotFoundError):
                        path.unlink()
                    total -= size
            self._size = total

    def _entries(self) -> list[tuple[float, int, Path]]:
        """Time of last use, bytes and path of each clip, oldest first; clears what was cut off."""
        found = []
        for path in self._folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                status = path.stat()
                if path.suffix == _SUFFIX:
                    found.append((status.st_mtime, status.st_size, path))
                elif path.suffix == _PART_SUFFIX and time.time() - status.st_mtime > _PART_AGE:
                    path.unlink()
        return sorted(found)

    def _warn(self, error: OSError) -> None:
        with self._lock:
            self._warning = self._warning or (
                f"Spoken sentences cannot be kept in {self._folder} ({error.strerror or error}):"
                f" free some space there, or set {CACHE_VARIABLE} to a folder that can be written."
            )


def _unpack(data: bytes) -> Samples | None:
    """The clip in a file's bytes, or None when it is damaged."""
    if len(data) < _HEADER.size:
        return None
    magic, count, checksum = _HEADER.unpack_from(data)
    raw = data[_HEADER.size :]
    if magic != _MAGIC or len(raw) != 2 * count or count == 0 or zlib.crc32(raw) != checksum:
        return None
    # Read-only, as it lies on immutable bytes.
    clip: Samples = np.frombuffer(raw, dtype="<i2").astype(np.int16, copy=False)
    return clip
