"""The shipped model, opened once for all of these tests."""

from __future__ import annotations

import pytest

from voice_coach.listening.model import SpeechModel, open_model
from voice_coach.listening.vosk_recogniser import VoskRecogniser


@pytest.fixture(scope="session")
def model() -> SpeechModel:
    return open_model()


@pytest.fixture
def vosk_recogniser(model: SpeechModel) -> VoskRecogniser:
    return VoskRecogniser(model)
