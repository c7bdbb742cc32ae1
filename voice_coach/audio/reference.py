"""Which sound went to the speaker while a block came from the microphone."""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np

from voice_coach.audio.port import BLOCK, Samples

_MOST: Final = 4
"""Blocks that may wait: a rate converter brings two at a time now and then."""


class Reference:
    """Pairs played blocks with microphone blocks, the n-th with the n-th.

    A card that runs at another rate asks for none, one or two blocks in a callback and brings as
    many. Paired in order, what was played keeps a constant lead over its echo, which is all that
    an echo canceller asks for.
    """

    def __init__(self) -> None:
        self._waiting: deque[Samples] = deque()

    def played(self, samples: Samples) -> None:
        """A block that is handed to the speaker, shape (BLOCK,)."""
        self._waiting.append(samples)
        # The microphone has lost sound. Its pair is gone too: the lead must not grow for ever.
        if len(self._waiting) > _MOST:
            self._waiting.popleft()

    def next(self) -> Samples:
        """What belongs to the next microphone block; silence when nothing was played yet."""
        return self._waiting.popleft() if self._waiting else np.zeros(BLOCK, np.int16)
