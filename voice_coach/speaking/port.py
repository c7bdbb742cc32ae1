"""The door to the voice: text in, samples out. A renderer, never a player."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from voice_coach.audio.port import Samples
from voice_coach.errors import VoiceError


class VoiceUnavailable(VoiceError):
    """No engine, no such voice, or a closed renderer: asking again cannot help."""


@dataclass(frozen=True)
class VoiceSettings:
    """How a sentence shall sound."""

    voice: str = ""
    """The engine's voice id, or part of a voice's name; empty for the default English voice."""

    rate: int = 155
    """Words a minute, as pyttsx3 counts them."""

    pitch: int = 40
    """0 (low) to 100 (high); 50 is the voice's own. Engines without a pitch ignore it.

    A little lower sounds calmer; at 30 a recogniser understands less of it.
    """


class Renderer(Protocol):
    """Makes speech of a sentence."""

    @property
    def version(self) -> str:
        """Names the engine and its version: part of the cache key. Raises VoiceUnavailable."""
        ...

    def render(self, text: str, settings: VoiceSettings, *, background: bool = False) -> Samples:
        """The sentence as 16 kHz mono int16, its leading and trailing silence trimmed.

        All sentences come out equally loud. ``background`` yields the processor to everything
        else. Raises VoiceError when the engine hangs past its timeout, crashes, or renders
        silence, and VoiceUnavailable when there is no engine or no such voice. Safe to call from
        several threads.
        """
        ...

    def close(self) -> None:
        """End every rendering at once; each of them raises VoiceError. May be called twice."""
        ...
