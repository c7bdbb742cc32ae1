"""Putting the parts together as the command line asks for them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from voice_coach.content import default_protocol_path, emergency_number
from voice_coach.content.loader import check_words, sentences
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.protocol import Protocol
from voice_coach.dialogue.words import digits, number
from voice_coach.diary.account import Turn
from voice_coach.errors import ModelError
from voice_coach.listening.model import open_model
from voice_coach.listening.port import Grammar, Recogniser
from voice_coach.listening.speech import open_detector
from voice_coach.listening.vosk_recogniser import VoskRecogniser
from voice_coach.proof.guard import load_proven
from voice_coach.routine.content import ROUTINE, settled
from voice_coach.routine.content import load as load_reminder
from voice_coach.routine.led import Led, Remind, no_reminder
from voice_coach.speaking.cache import ClipCache
from voice_coach.speaking.port import VoiceSettings
from voice_coach.speaking.pyttsx3_renderer import Pyttsx3Renderer
from voice_coach.speaking.voice import Voice

_SIDES: Final = (("cramped", "good"), ("left", "right"), ("right", "left"))
"""What the cramped leg is called, and the other one."""


@dataclass(frozen=True)
class Choices:
    """What a person may choose for any session."""

    protocol: Path | None = None
    region: str | None = None
    model: Path | None = None
    voice: str = ""
    rate: int = 155
    volume: int = 100
    """Percent of the normal loudness."""


def dialogue(choices: Choices) -> Dialogue:
    """Only what was proven is started. Raises ContentError and UsageError."""
    protocol = load_proven(choices.protocol)
    return Dialogue(protocol, emergency_number(choices.region))


def routine(
    choices: Choices,
    *,
    remind: Remind = no_reminder,
    listener: Callable[[Turn], None] | None = None,
    known: bool = False,
) -> Led:
    """The daily stretch. ``known``: a reminder is set already. Raises ContentError, UsageError."""
    script = load_reminder()
    protocol = load_proven(ROUTINE)
    if known:
        protocol = settled(protocol, script)
    number = emergency_number(choices.region)
    return Led(protocol, number, script=script, remind=remind, listener=listener)


def recogniser(choices: Choices, protocol: Protocol | None = None) -> Recogniser:
    """The ear, checked against every phrase of the protocol. Raises ModelError, ContentError."""
    model = open_model(choices.model)
    if protocol is not None and model.exact is not None:
        lexicon = model.exact.lexicon
        path = choices.protocol or default_protocol_path()
        check_words(path, protocol, lambda word: not lexicon.unknown([word]))
    ear = VoskRecogniser(model, detector=open_detector())
    if protocol is not None:
        phrases = {phrase for phrases in protocol.intents.values() for phrase in phrases}
        ear.check(Grammar("the protocol", tuple(sorted(phrases)), protocol.decoys))
    return ear


def hears(ear: Recogniser, phrases: tuple[str, ...]) -> bool:
    """Whether the model knows every word of these."""
    try:
        ear.check(Grammar("the diary", phrases))
    except ModelError:
        return False
    return True


def voice(choices: Choices, cache: ClipCache | None = None) -> Voice:
    """The coach's voice. Errors come with the first sentence."""
    settings = VoiceSettings(choices.voice, choices.rate)
    return Voice(Pyttsx3Renderer(), cache or ClipCache(), settings)


def fixed_sentences(dialogue: Dialogue) -> list[str]:
    """The sentences that can be rendered before anybody asks, in the order of the content.

    Those with a placeholder of few values are there with each of them: the emergency number above
    all must not wait for an engine. Only spoken times are not known yet.
    """
    protocol = dialogue.protocol
    sides = [{"cramped": one, "good": other} for one, other in _SIDES]
    known = [
        text.format(number=digits(dialogue.number), **side)
        for _, text in sentences(protocol)
        if "{time}" not in text and "{count}" not in text
        for side in sides
    ]
    counts = {
        round(step.every * n)
        for step in protocol.steps.values()
        if step.kind == "hold" and not step.cues
        for n in range(1, math.ceil(step.seconds / step.every))
    }
    known += [
        protocol.common.count.format(count=number(count).capitalize()) for count in sorted(counts)
    ]
    return list(dict.fromkeys(known))
