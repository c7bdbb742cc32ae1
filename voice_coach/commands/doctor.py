"""A self-test: what works, what does not, and the one thing to do about it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from voice_coach.audio import devices
from voice_coach.commands import setup
from voice_coach.commands.setup import Choices
from voice_coach.errors import CoachError
from voice_coach.listening.hear import hear_samples
from voice_coach.listening.port import Grammar
from voice_coach.speaking.cache import default_folder

_PROBE = "help calf cramp"


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    what: str
    status: Literal["ok", "warning", "failed"]
    detail: str
    """What was found; for anything but ok, what to do."""


def run(choices: Choices, as_json: bool) -> int:
    """Print the findings; 0 unless one failed, then 1."""
    findings = [
        _tried(what, test, choices)
        for what, test in (
            ("packages", _packages),
            ("content", _content),
            ("model", _model),
            ("voice", _voice),
            ("recognition", _recognition),
            ("microphone", _microphone),
            ("speaker", _speaker),
            ("cache", _cache),
        )
    ]
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings]))
    else:
        for finding in findings:
            print(f"{finding.status:8s} {finding.what:12s} {finding.detail}")
    return 1 if any(finding.status == "failed" for finding in findings) else 0


def _tried(what: str, test: Callable[[Choices], str], choices: Choices) -> Finding:
    try:
        return Finding(what, "ok", test(choices))
    except CoachError as error:
        # Without a sound card everything but the card can still be tried.
        soft = what in ("microphone", "speaker", "cache")
        return Finding(what, "warning" if soft else "failed", str(error))


def _packages(_: Choices) -> str:
    names = ("vosk", "pyttsx3", "sounddevice", "numpy")
    return ", ".join(f"{name} {version(name)}" for name in names)


def _content(choices: Choices) -> str:
    dialogue = setup.dialogue(choices)
    number = dialogue.number
    return f"{len(dialogue.protocol.steps)} steps, emergency number {number}"


def _model(choices: Choices) -> str:
    began = time.perf_counter()
    setup.recogniser(choices, setup.dialogue(choices).protocol)
    return f"loaded and checked in {time.perf_counter() - began:.2f} s"


def _voice(choices: Choices) -> str:
    with setup.voice(choices) as voice:
        began = time.perf_counter()
        clip = voice.clip("I am here. Stop.")
        took = time.perf_counter() - began
    return f"{len(clip) / 16_000:.1f} s of speech in {took * 1000:.0f} ms"


def _recognition(choices: Choices) -> str:
    ear = setup.recogniser(choices)
    grammar = Grammar("doctor", (_PROBE, "stop", "done", "still hurts"))
    ear.use(grammar)
    with setup.voice(choices) as voice:
        heard = hear_samples(voice.clip(_PROBE), grammar, ear)
    if heard.text != _PROBE:
        raise CoachError(f'"{_PROBE}" was heard as "{heard.text}"; see `voice-coach model info`.')
    return f'"{heard.text}", confidence {heard.confidence:.2f}'


def _microphone(_: Choices) -> str:
    device = devices.find(None, "input")
    return f"{device.name} ({device.host_api}); half duplex: shut while the coach speaks"


def _speaker(_: Choices) -> str:
    device = devices.find(None, "output")
    return f"{device.name} ({device.host_api})"


def _cache(choices: Choices) -> str:
    with setup.voice(choices) as voice:
        voice.clip("One.")
        warning = voice.warning
    if warning:
        raise CoachError(warning)
    return str(Path(default_folder()))
