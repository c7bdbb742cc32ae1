"""A self-test: what works, what does not, and the one thing to do about it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final, Literal

import numpy as np

from voice_coach.audio import devices, wav
from voice_coach.audio.card import CardPort
from voice_coach.audio.mixer import Mixer
from voice_coach.audio.port import BLOCK, RATE
from voice_coach.commands import setup
from voice_coach.commands.coach import Sound, canceller, device, is_file
from voice_coach.commands.setup import Choices
from voice_coach.errors import CoachError
from voice_coach.listening.hear import hear_samples
from voice_coach.listening.listener import Listener
from voice_coach.listening.port import Grammar
from voice_coach.session import Ear
from voice_coach.speaking.cache import default_folder
from voice_coach.turn_taking import choose

_PROBE: Final = "help calf cramp"

_LISTEN: Final = 0.6
"""Seconds for which the microphone is tried."""


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    what: str
    status: Literal["ok", "warning", "failed"]
    detail: str
    """What was found; for anything but ok, what to do."""


@dataclass(frozen=True)
class Check:
    """Something to try."""

    what: str
    test: Callable[[Choices, Sound], str]
    """Returns what was found; raises CoachError with what to do."""
    needed: bool = True
    """Whether nobody can be coached without it."""


def run(choices: Choices, sound: Sound, as_json: bool) -> int:
    """Print the findings; 0 unless one failed, then 1."""
    findings = [_tried(check, choices, sound) for check in CHECKS]
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings]))
    else:
        for finding in findings:
            print(f"{finding.status:8s} {finding.what:12s} {finding.detail}")
    return 1 if any(finding.status == "failed" for finding in findings) else 0


def _tried(check: Check, choices: Choices, sound: Sound) -> Finding:
    try:
        return Finding(check.what, "ok", check.test(choices, sound))
    except CoachError as error:
        return Finding(check.what, "failed" if check.needed else "warning", str(error))


def _packages(_: Choices, __: Sound) -> str:
    names = ("vosk", "pyttsx3", "sounddevice", "numpy")
    return ", ".join(f"{name} {version(name)}" for name in names)


def _content(choices: Choices, _: Sound) -> str:
    dialogue = setup.dialogue(choices)
    number = dialogue.number
    return f"{len(dialogue.protocol.steps)} steps, emergency number {number}"


def _model(choices: Choices, _: Sound) -> str:
    began = time.perf_counter()
    setup.recogniser(choices, setup.dialogue(choices).protocol)
    return f"loaded and checked in {time.perf_counter() - began:.2f} s"


def _voice(choices: Choices, _: Sound) -> str:
    with setup.voice(choices) as voice:
        began = time.perf_counter()
        clip = voice.clip("I am here. Stop.")
        took = time.perf_counter() - began
    return f"{len(clip) / 16_000:.1f} s of speech in {took * 1000:.0f} ms"


def _recognition(choices: Choices, _: Sound) -> str:
    ear = setup.recogniser(choices)
    grammar = Grammar("doctor", (_PROBE, "stop", "done", "still hurts"))
    ear.use(grammar)
    with setup.voice(choices) as voice:
        heard = hear_samples(voice.clip(_PROBE), grammar, ear)
    if heard.text != _PROBE:
        raise CoachError(f'"{_PROBE}" was heard as "{heard.text}"; see `voice-coach model info`.')
    return f'"{heard.text}", confidence {heard.confidence:.2f}'


def _microphone(_: Choices, sound: Sound) -> str:
    if is_file(sound.mic):
        return f"{sound.mic}, {len(wav.load(Path(sound.mic or ''))) / RATE:.1f} s"
    with CardPort(
        device(sound.mic), None if is_file(sound.speaker) else device(sound.speaker)
    ) as port:
        port.start(Mixer())
        blocks = [port.read(1.0) for _ in range(round(_LISTEN * RATE / BLOCK))]
        heard = np.concatenate([block.samples for block in blocks if block is not None])
        used = port.devices
    assert used is not None
    if not heard.any():
        raise CoachError(f"{used[0].name} opens, but is silent: unmute it, or choose another.")
    return f"{used[0].name} ({used[0].host_api}) hears the room"


def _speaker(_: Choices, sound: Sound) -> str:
    if is_file(sound.speaker):
        return f"the file {sound.speaker}"
    if is_file(sound.mic):
        return "none: a file as microphone runs in virtual time"
    used = devices.find(device(sound.speaker), "output")
    return f"{used.name} ({used.host_api})"


def _turn_taking(choices: Choices, sound: Sound) -> str:
    ear = Ear(setup.dialogue(choices), Listener(setup.recogniser(choices)))
    mode = choose(ear, canceller(sound), sound.headset).mode
    found = f"{mode.name}: {mode.reason}"
    if mode.name == "half duplex" and not sound.half_duplex:
        raise CoachError(found)
    return found


def _cache(choices: Choices, _: Sound) -> str:
    with setup.voice(choices) as voice:
        voice.clip("One.")
        warning = voice.warning
    if warning:
        raise CoachError(warning)
    return str(Path(default_folder()))


CHECKS: Final = (
    Check("packages", _packages),
    Check("content", _content),
    Check("model", _model),
    Check("voice", _voice),
    Check("recognition", _recognition),
    # Without a sound card everything but the card can still be tried.
    Check("microphone", _microphone, needed=False),
    Check("speaker", _speaker, needed=False),
    Check("turn-taking", _turn_taking, needed=False),
    Check("cache", _cache, needed=False),
)
"""In the order in which one relies on the other."""
