"""The watchdog of the sound: notices what is wrong with a card, and has it opened again.

Nothing that happens to a sound card raises an exception: a dead or hung sound server, an unplugged
device and a suspended machine only stop the callbacks, a muted microphone brings zeros for ever.
So the loop shows the watchdog every block, and the lack of one. There is no thread here: whoever
waits for sound looks after it.
"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from voice_coach.audio.port import BLOCK, RATE, AudioPort, Block, Healing, Samples

Finding = Literal[
    "card lost", "card back", "microphone muted", "microphone unmuted", "microphone clipping"
]

MUTED: Final = 3.0
"""Seconds of one and the same sample that mean a muted microphone: a room is never that quiet. Some
microphones are, between words: they send zeros for whatever is soft."""

MUTED_AT_ONCE: Final = 0.9
"""The same for a microphone that has been heard to send what is soft."""

LIVELY: Final = 20.0
"""Seconds without ``GATED`` from which on a microphone is known for one of those."""

GATED: Final = 0.12
"""Seconds of one and the same sample that a room does not have; ``MUTED`` and more are a mute."""

CLIPPING: Final = 0.9
"""Seconds in which every block is clipped that mean a fault, and not a cry of pain."""

_RAIL: Final = 32_700
"""A sample this far from zero is at the end of what the microphone can say."""

_CLIPPED: Final = 0.2
"""Share of samples at the rail that makes a clipped block: loud speech stays far below."""


class Watchdog:
    """Looks after one port. A port that cannot fall ill - a file, a rehearsal - is left alone."""

    def __init__(self, port: AudioPort) -> None:
        self._card = port if isinstance(port, Healing) else None
        self._lost = False
        self._doubtful = False
        self._microphone = _MicrophoneWatch()

    @property
    def lost(self) -> bool:
        """Whether there is no sound just now, as far as is known."""
        return self._lost

    def look(self, block: Block | None) -> tuple[Finding, ...]:
        """Call it after every read, with what was read; returns what has changed.

        While the card is lost this tries to open it again, with pauses in between, and may then
        take a few seconds.
        """
        if self._card is None:
            return ()
        if self._lost:
            if not self._card.reopen():
                return ()
            self._lost = False
            return ("card back",)
        # A machine that was busy for a moment may come here before the card's next callback.
        doubtful, self._doubtful = self._doubtful, not self._card.healthy()
        if self._doubtful and (doubtful or block is None):
            self._lost, self._doubtful = True, False
            self._microphone = _MicrophoneWatch(self._microphone.muted)
            return ("card lost",)
        return () if block is None else self._microphone.hear(block)


class _MicrophoneWatch:
    """Judges a microphone by what it brings."""

    def __init__(self, muted: bool = False) -> None:
        self.muted = muted
        self._flat = 0
        self._lively = 0
        self._clipped = 0
        self._clipping = False

    def hear(self, block: Block) -> tuple[Finding, ...]:
        """What this block changes."""
        lowest, highest = int(block.samples.min()), int(block.samples.max())
        flat = lowest == highest
        loud = not flat and max(-lowest, highest) >= _RAIL and _clipped(block.samples)
        if not flat:
            gated = GATED <= _seconds(self._flat) < MUTED
            self._lively = 0 if gated else self._lively + 1
        self._flat = self._flat + 1 if flat else 0
        self._clipped = self._clipped + 1 if loud else 0
        if self.muted and not self._flat:
            self.muted = False
            return ("microphone unmuted",)
        muted = MUTED_AT_ONCE if _seconds(self._lively) >= LIVELY else MUTED
        if not self.muted and _seconds(self._flat) >= muted:
            self.muted = True
            return ("microphone muted",)
        clipping, self._clipping = self._clipping, _seconds(self._clipped) >= CLIPPING
        return ("microphone clipping",) if self._clipping and not clipping else ()


def _clipped(samples: Samples) -> bool:
    loud = np.abs(samples.astype(np.int32)) >= _RAIL
    return bool(loud.mean() >= _CLIPPED)


def _seconds(blocks: int) -> float:
    return blocks * BLOCK / RATE
