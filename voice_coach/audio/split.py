"""A real microphone and a file as speaker: what would have been heard is written down."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from voice_coach.audio import wav
from voice_coach.audio.port import BLOCK, AudioPort, Block, Healing, Resting, Samples, Source


class _Silence:
    """What the card plays meanwhile."""

    def next_block(self, at: float) -> Samples:  # noqa: ARG002 - silence has no time
        return np.zeros(BLOCK, dtype=np.int16)


class SplitPort:
    """Hears through another port and speaks into a WAV file, paced by the microphone."""

    def __init__(self, microphone: AudioPort, speaker: Path) -> None:
        self._microphone = microphone
        self._path = speaker
        self._writer: wav.Writer | None = None
        self._source: Source | None = None

    def start(self, source: Source) -> None:
        """Raises AudioDeviceError, and OutputError when the file cannot be written."""
        self._microphone.start(_Silence())
        self._writer = wav.Writer(self._path)
        self._source = source

    def now(self) -> float:
        return self._microphone.now()

    def read(self, timeout: float) -> Block | None:
        block = self._microphone.read(timeout)
        if block is not None and self._source is not None and self._writer is not None:
            self._writer.append(self._source.next_block(block.at))
        return block

    def healthy(self) -> bool:
        """Whether the microphone is: a file does not fall ill."""
        return not isinstance(self._microphone, Healing) or self._microphone.healthy()

    def reopen(self) -> bool:
        """Open the microphone again; see ``Healing``."""
        return not isinstance(self._microphone, Healing) or self._microphone.reopen()

    def rest(self) -> None:
        """Let the microphone rest; see ``Resting``."""
        if isinstance(self._microphone, Resting):
            self._microphone.rest()

    def rouse(self) -> None:
        """Let the microphone bring its blocks one by one."""
        if isinstance(self._microphone, Resting):
            self._microphone.rouse()

    def close(self) -> None:
        self._microphone.close()
        self._source = None
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
