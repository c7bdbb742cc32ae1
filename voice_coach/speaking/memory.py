"""The clips used last, kept in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

from voice_coach.audio.port import Samples

MEMORY_LIMIT: Final = 24 * 1024 * 1024
"""Bytes: about 200 sentences of four seconds."""


class ClipMemory:
    """Clips by key, the least recently used ones forgotten. Safe to use from several threads."""

    def __init__(self, limit: int = MEMORY_LIMIT) -> None:
        """``limit`` is in bytes of samples; a single larger clip is not kept."""
        self._limit = limit
        self._size = 0
        self._clips: OrderedDict[str, Samples] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> Samples | None:
        """The clip, now the most recently used; None when it is not here."""
        with self._lock:
            clip = self._clips.get(key)
            if clip is not None:
                self._clips.move_to_end(key)
            return clip

    def held(self) -> list[str]:
        """The keys of all that is here."""
        with self._lock:
            return list(self._clips)

    def drop(self, key: str) -> None:
        """Forget a clip, if it is here."""
        with self._lock:
            self._drop(key)

    def put(self, key: str, clip: Samples) -> None:
        """Keep a clip, in place of the least recently used ones when there is no room."""
        with self._lock:
            self._drop(key)
            if clip.nbytes > self._limit:
                return
            self._clips[key] = clip
            self._size += clip.nbytes
            while self._size > self._limit:
                self._drop(next(iter(self._clips)))

    def _drop(self, key: str) -> None:
        clip = self._clips.pop(key, None)
        if clip is not None:
            self._size -= clip.nbytes
