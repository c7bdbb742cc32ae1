"""Sound from a WAV file and into one: the same duplex stream, in virtual time.

Nothing waits here. The clock is the number of samples read, so an hour of conversation takes as
long as the work in it, and comes out the same every time.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import numpy as np

from voice_coach.audio import wav
from voice_coach.audio.port import BLOCK, RATE, Block, Samples, Source


class FilePort:
    """A microphone that is a WAV file, and a speaker that is another. Implements ``AudioPort``.

    After the end of the file, or without one, the microphone is silent for ever. What is played
    is written to the other file by ``close``; use the port as a context manager, or close it in a
    ``finally``, and a session that fails still leaves what was heard of it.
    """

    def __init__(self, mic: Path | None = None, speaker: Path | None = None) -> None:
        self._mic_path = mic
        self._speaker_path = speaker
        self._microphone: Samples = np.zeros(0, np.int16)
        self._speaker: wav.Writer | None = None
        self._source: Source | None = None
        self._read = 0

    def start(self, source: Source) -> None:
        """Open both files. Raises AudioFileError or OutputError before anything has happened."""
        if self._mic_path is not None:
            self._microphone = wav.load(self._mic_path)
        if self._speaker_path is not None:
            self._speaker = wav.Writer(self._speaker_path)
        self._source = source
        self._read = 0

    @property
    def ended(self) -> bool:
        """Whether the microphone's file has been heard to its end (or there never was one)."""
        return self._read >= len(self._microphone)

    def now(self) -> float:
        """Seconds of sound read since ``start``."""
        return self._read / RATE

    def read(self, timeout: float) -> Block | None:  # noqa: ARG002 - virtual time never waits
        """The next block, at once; None when the port is not started or is closed.

        Raises OutputError when the speaker's file cannot be written any further.
        """
        if self._source is None:
            return None
        played = self._source.next_block(self.now())
        if self._speaker is not None:
            self._speaker.append(played)
        heard = np.zeros(BLOCK, np.int16)
        part = self._microphone[self._read : self._read + BLOCK]
        heard[: len(part)] = part
        self._read += BLOCK
        return Block(heard, self.now(), played)

    def close(self) -> None:
        """Finish the speaker's file. Raises OutputError when the disk is full; twice is fine."""
        self._source = None
        speaker, self._speaker = self._speaker, None
        if speaker is not None:
            speaker.close()

    def __enter__(self) -> FilePort:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
