"""The parts that need no sound card: packages, settings, content, model, voice, recognition."""

from __future__ import annotations

import hashlib
import time
from importlib.metadata import PackageNotFoundError, version

from voice_coach import settings
from voice_coach.audio.port import RATE
from voice_coach.commands import setup
from voice_coach.commands.coach import canceller
from voice_coach.doctor.finding import PROBE, Doubt, Patient
from voice_coach.errors import CoachError
from voice_coach.listening.hear import hear_samples
from voice_coach.listening.listener import Listener
from voice_coach.listening.model import find_model
from voice_coach.listening.port import Grammar
from voice_coach.places import config_file
from voice_coach.session import Ear
from voice_coach.turn_taking import choose

_PACKAGES = ("vosk", "pyttsx3", "sounddevice", "numpy")


def packages(_: Patient) -> str:
    found = []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            raise CoachError(f"{name} is missing: python -m pip install {name}") from None
    return ", ".join(found)


def configuration(_: Patient) -> str:
    """Named "settings" in the report."""
    loaded = settings.load()
    for problem in settings.strangers():
        raise Doubt(problem)
    given = [name for name, source in loaded.sources.items() if source != "default"]
    return f"{config_file()}; set: {', '.join(given) or 'nothing'}"


def content(patient: Patient) -> str:
    dialogue = setup.dialogue(patient.choices)
    return f"{len(dialogue.protocol.steps)} steps, emergency number {dialogue.number}"


def model(patient: Patient) -> str:
    began = time.perf_counter()
    setup.recogniser(patient.choices, setup.dialogue(patient.choices).protocol)
    took = time.perf_counter() - began
    folder = find_model(patient.choices.model)
    acoustic = next(p for p in (folder / "am/final.mdl", folder / "final.mdl") if p.is_file())
    digest = hashlib.sha256(acoustic.read_bytes()).hexdigest()
    return f"{folder.name}, sha256 {digest[:16]}, loaded and checked in {took:.2f} s"


def voice(patient: Patient) -> str:
    with setup.voice(patient.choices) as speaker:
        began = time.perf_counter()
        clip = speaker.clip("I am here. Stop.")
        took = time.perf_counter() - began
    return f"{len(clip) / RATE:.1f} s of speech in {took * 1000:.0f} ms"


def recognition(patient: Patient) -> str:
    """What is rendered is understood, without a card in between."""
    ear = setup.recogniser(patient.choices)
    grammar = Grammar("doctor", (PROBE, "stop", "done", "still hurts"))
    ear.use(grammar)
    with setup.voice(patient.choices) as speaker:
        heard = hear_samples(speaker.clip(PROBE), grammar, ear)
    if heard.text != PROBE:
        raise CoachError(f'"{PROBE}" was heard as "{heard.text}"; see `voice-coach model info`.')
    return f'"{heard.text}", confidence {heard.confidence:.2f}'


def turn_taking(patient: Patient) -> str:
    """How it listens while it speaks, and why so."""
    ear = Ear(setup.dialogue(patient.choices), Listener(setup.recogniser(patient.choices)))
    mode = choose(ear, canceller(patient.sound), patient.sound.headset).mode
    found = f"{mode.name}: {mode.reason}"
    if mode.name == "half duplex" and not patient.sound.half_duplex:
        raise Doubt(found)
    return found
