"""The echo canceller: takes the coach's own voice out of what the microphone heard.

WebRTC's AEC3 does it, as the package ``livekit`` brings it: nothing of that package but its audio
processing is used, and nothing is connected to anything. It is optional. Where it is missing the
coach does not listen while it speaks, and ``NoCanceller.reason`` says why.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

import numpy as np

from voice_coach.audio.port import BLOCK, RATE, Samples

FRAME: Final = RATE // 100
"""Samples that AEC3 takes at a time: 10 ms."""

ECHO_DIES: Final = round(1.0 * RATE / BLOCK)
"""Blocks after the speaker has fallen silent until the room certainly has: the microphone passes
through untouched from then on, which costs nothing in the hours of waiting."""


class EchoCanceller(Protocol):
    """Microphone and speaker in, the microphone without the speaker's echo out."""

    @property
    def reason(self) -> str:
        """Why nothing is cancelled, in one sentence with its remedy; empty when something is."""
        ...

    def process(self, microphone: Samples, loudspeaker: Samples) -> Samples:
        """The microphone's block without the echo; all three of shape (BLOCK,), int16.

        Blocks must follow each other without a gap, ``loudspeaker`` being what was handed to the
        speaker during the same 30 ms. Raises ValueError for another size.
        """
        ...

    def expect(self, delay: float) -> None:
        """A hint: seconds from handing a sample to the speaker until its echo is read back."""
        ...

    def reset(self) -> None:
        """Forget the room: another device, or the sound was interrupted."""
        ...


class NoCanceller:
    """Leaves the microphone as it is. Implements ``EchoCanceller``."""

    def __init__(self, reason: str = "The echo canceller is switched off.") -> None:
        self._reason = reason

    @property
    def reason(self) -> str:
        return self._reason

    def process(self, microphone: Samples, loudspeaker: Samples) -> Samples:
        _check(microphone, loudspeaker)
        return microphone

    def expect(self, delay: float) -> None:
        """Nothing to do."""

    def reset(self) -> None:
        """Nothing to forget."""


class WebrtcCanceller:
    """WebRTC's AEC3, at 0.5 ms a block. Implements ``EchoCanceller``; one microphone each.

    It finds the delay itself and follows clocks that drift apart. What comes out is 8 ms late,
    and by design as silent where there was only echo as it can be made: good for telling whether
    somebody speaks, less so for telling what they say.
    """

    def __init__(self) -> None:
        """Raises ImportError when livekit is missing or cannot be loaded."""
        # 0.14 s and 23 MB: only for those who speak and listen at the same time.
        from livekit import rtc  # noqa: PLC0415

        self._rtc: Any = rtc
        self._near = _Frame(rtc)
        self._far = _Frame(rtc)
        self._delay_ms = 0
        self._silent = ECHO_DIES
        self._engine: Any = self._make()

    @property
    def reason(self) -> str:
        return ""

    def process(self, microphone: Samples, loudspeaker: Samples) -> Samples:
        _check(microphone, loudspeaker)
        self._silent = 0 if loudspeaker.any() else self._silent + 1
        if self._silent > ECHO_DIES:
            return microphone
        cleaned = np.empty(BLOCK, dtype=np.int16)
        for first in range(0, BLOCK, FRAME):
            self._far.samples[:] = loudspeaker[first : first + FRAME]
            self._near.samples[:] = microphone[first : first + FRAME]
            self._engine.process_reverse_stream(self._far.frame)
            self._engine.process_stream(self._near.frame)
            cleaned[first : first + FRAME] = self._near.samples
        return cleaned

    def expect(self, delay: float) -> None:
        self._delay_ms = max(0, min(500, round(1000 * delay)))
        self._engine.set_stream_delay_ms(self._delay_ms)

    def reset(self) -> None:
        self._engine = self._make()
        self._silent = ECHO_DIES

    def _make(self) -> Any:
        engine = self._rtc.AudioProcessingModule(echo_cancellation=True, high_pass_filter=True)
        engine.set_stream_delay_ms(self._delay_ms)
        return engine


class _Frame:
    """A frame of livekit's and its samples, used over and over."""

    def __init__(self, rtc: Any) -> None:
        data = bytearray(2 * FRAME)
        self.frame: Any = rtc.AudioFrame(data, RATE, 1, FRAME)
        self.samples: Samples = np.frombuffer(data, dtype=np.int16)


def open_canceller() -> EchoCanceller:
    """The best canceller there is on this machine; one that only says why when there is none."""
    try:
        return WebrtcCanceller()
    except ImportError:
        return NoCanceller(
            "The echo canceller is not installed, so the coach does not listen while it speaks: "
            'pip install "voice-coach[echo]", or use a headset.'
        )
    except (OSError, RuntimeError) as error:
        return NoCanceller(
            f"The echo canceller cannot be used here ({error}), so the coach does not listen "
            "while it speaks: use a headset."
        )


def _check(microphone: Samples, loudspeaker: Samples) -> None:
    if microphone.shape != (BLOCK,) or loudspeaker.shape != (BLOCK,):
        raise ValueError(
            f"Blocks have {BLOCK} samples, not {microphone.shape} and {loudspeaker.shape}."
        )
