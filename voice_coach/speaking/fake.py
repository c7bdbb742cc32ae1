"""A renderer without an engine: every word is a tone of its own, in no time at all."""

from __future__ import annotations

import zlib
from collections.abc import Collection

import numpy as np

from voice_coach.audio.port import RATE, Samples
from voice_coach.errors import VoiceError
from voice_coach.speaking.loudness import to_clip
from voice_coach.speaking.port import VoiceSettings, VoiceUnavailable
from voice_coach.speaking.waveform import Waveform


class FakeRenderer:
    """Deterministic and quick: about 0.35 s a word at 155 words a minute.

    ``calls`` holds every text that was rendered, in order; ``voices``, when given, are the only
    ones there are beside the default.
    """

    version = "fake 1"

    def __init__(self, voices: Collection[str] | None = None) -> None:
        self.calls: list[str] = []
        self._voices = voices
        self._closed = False

    def render(self, text: str, settings: VoiceSettings, *, background: bool = False) -> Samples:
        """A tone a word, its pitch made from the word and the voice. See ``Renderer.render``."""
        del background
        words = text.split()
        if self._closed:
            raise VoiceUnavailable("The voice is closed: start the coach again to hear it.")
        if not words:
            raise VoiceError("There is nothing to say: give at least one word.")
        if settings.voice and self._voices is not None and settings.voice not in self._voices:
            raise VoiceUnavailable(f"The voice '{settings.voice}' is not installed.")
        self.calls.append(text)
        tones = [self._tone(word, settings) for word in words]
        return to_clip(Waveform(np.concatenate(tones), RATE))

    def close(self) -> None:
        """Refuse every later call."""
        self._closed = True

    @staticmethod
    def _tone(word: str, settings: VoiceSettings) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        length = round(RATE * 0.35 * 155 / settings.rate)
        seed = zlib.crc32(f"{word}|{settings.voice}|{settings.pitch}".encode())
        frequency = 150.0 + seed % 1_000
        tone = np.sin(2.0 * np.pi * frequency * np.arange(length) / RATE)
        # A short rise and fall: words are told apart, and nothing clicks.
        ramp = np.minimum(1.0, np.minimum(np.arange(length), np.arange(length)[::-1]) / 160.0)
        return (0.1 * tone * ramp).astype(np.float32)
