"""The speech model in use."""

from __future__ import annotations

import hashlib

from voice_coach.commands.setup import Choices
from voice_coach.listening.model import SpeechModel, find_model, open_model


def path(choices: Choices) -> int:
    """Print the model's folder. Raises ModelError."""
    print(find_model(choices.model))
    return 0


def info(choices: Choices) -> int:
    """Print what the model is. Raises ModelError for one that cannot be used."""
    model = open_model(choices.model)
    print(f"{model.folder.name}: {model.size / 1e6:.1f} MB, {_kind(model)}")
    print(f"folder  {model.folder}")
    print(f"sha256  {_digest(model)} (am/final.mdl)")
    return 0


def _kind(model: SpeechModel) -> str:
    if model.exact is None:
        return "a foreign Vosk model with a runtime grammar"
    return f"an exact graph for each state, {len(model.exact.lexicon)} words"


def _digest(model: SpeechModel) -> str:
    acoustic = next(model.folder.rglob("final.mdl"))
    return hashlib.sha256(acoustic.read_bytes()).hexdigest()
