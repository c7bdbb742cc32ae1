"""What the whole-program tests share: a clip cache of their own, and somebody's voice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.virtual_card import VirtualCard
from voice_coach.content import load_protocol
from voice_coach.dialogue.protocol import Protocol
from voice_coach.speaking.cache import CACHE_VARIABLE, ClipCache
from voice_coach.speaking.port import VoiceSettings
from voice_coach.speaking.pyttsx3_renderer import Pyttsx3Renderer
from voice_coach.speaking.voice import Voice


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where rendered sentences are kept: empty at first, as on a new machine."""
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="session")
def somebody(clips: Path) -> Iterator[Voice]:
    """A voice that is not the coach's."""
    settings = VoiceSettings("en-us+f2", 145)
    with Voice(Pyttsx3Renderer(), ClipCache(clips), settings) as voice:
        yield voice


@pytest.fixture(scope="session")
def protocol() -> Protocol:
    return load_protocol()


@pytest.fixture
def environment(card: VirtualCard, clips: Path) -> dict[str, str]:
    """For a program that is to use the virtual card."""
    return {**card.environment, CACHE_VARIABLE: str(clips)}
