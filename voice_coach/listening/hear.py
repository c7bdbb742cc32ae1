"""What was said in audio files: the ear without a microphone.

A file of up to 20 s is one utterance. A longer one goes through the listener, and its first
accepted phrase counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from voice_coach.audio.port import BLOCK, RATE, Block, Samples
from voice_coach.audio.wav import load
from voice_coach.errors import AudioFileError, UsageError
from voice_coach.listening.graph import UNKNOWN
from voice_coach.listening.listener import Listener
from voice_coach.listening.model import SpeechModel
from voice_coach.listening.port import Grammar, Recogniser, Recognition
from voice_coach.listening.speech import open_detector
from voice_coach.listening.vosk_recogniser import VoskRecogniser

LONGEST_UTTERANCE: Final = 20.0
LEAD: Final = np.zeros(int(0.3 * RATE), np.int16)
TAIL: Final = np.zeros(int(0.5 * RATE), np.int16)
"""Silence round each file: the model's context, and room for the last consonant."""

IntentOf = Callable[[str], "str | None"]
"""The intent of a phrase; None for a phrase that means nothing here."""


@dataclass(frozen=True)
class FileHearing:
    """What was heard in one file."""

    file: str
    text: str
    """A phrase, "[unk]", or ""."""

    intent: str | None
    """Of an accepted phrase."""

    accepted: bool
    confidence: float
    audio_seconds: float
    cpu_seconds: float
    """Spent on recognising this file."""

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON knows them, figures rounded."""
        fields = asdict(self)
        for name in ("confidence", "audio_seconds", "cpu_seconds"):
            fields[name] = round(fields[name], 4)
        return fields


def parse_phrases(text: str) -> Grammar:
    """The grammar of "yes|no|stop"; with [unk] among the phrases other speech is rejected.

    Raises UsageError when no phrase is left.
    """
    listed = [" ".join(part.lower().split()) for part in text.split("|")]
    phrases = tuple(dict.fromkeys(p for p in listed if p and p != UNKNOWN))
    if not phrases:
        raise UsageError('No phrases given; write them like --phrases "yes|no|stop".')
    return Grammar("--phrases", phrases, reject=UNKNOWN in listed)


def hear(
    files: Iterable[str | Path],
    grammar: Grammar,
    model: SpeechModel,
    intent_of: IntentOf = lambda phrase: phrase,
    on_error: Callable[[AudioFileError], None] | None = None,
) -> Iterator[FileHearing]:
    """One result a file, in order; the model is loaded once.

    Raises ModelError for a grammar the model cannot take. A file that cannot be read raises
    AudioFileError, or is passed over when ``on_error`` takes its error.
    """
    recogniser = VoskRecogniser(model, detector=open_detector())
    recogniser.use(grammar)
    for file in files:
        try:
            samples = load(Path(file))
        except AudioFileError as error:
            if on_error is None:
                raise
            on_error(error)
            continue
        before = time.process_time()
        heard = hear_samples(samples, grammar, recogniser)
        yield FileHearing(
            file=str(file),
            text=heard.text,
            intent=intent_of(heard.text) if heard.accepted else None,
            accepted=heard.accepted,
            confidence=heard.confidence,
            audio_seconds=len(samples) / RATE,
            cpu_seconds=time.process_time() - before,
        )


def hear_samples(samples: Samples, grammar: Grammar, recogniser: Recogniser) -> Recognition:
    """What was said in these samples; ``recogniser`` must be using ``grammar``."""
    if not np.any(samples):
        return Recognition("", accepted=False)
    if len(samples) > LONGEST_UTTERANCE * RATE:
        return _first_accepted(samples, grammar, recogniser)
    recogniser.feed(np.concatenate([LEAD, samples, TAIL]))
    return recogniser.finish()


def _first_accepted(samples: Samples, grammar: Grammar, recogniser: Recogniser) -> Recognition:
    """The first accepted phrase of a long recording, else the last thing heard in it."""
    listener = Listener(recogniser)
    listener.listen(grammar)
    sound = np.concatenate([LEAD, samples, TAIL])
    heard = Recognition("", accepted=False)
    for at in range(0, len(sound) - BLOCK + 1, BLOCK):
        hearing = listener.process(Block(sound[at : at + BLOCK], (at + BLOCK) / RATE))
        if hearing is not None:
            heard = hearing.recognition
            if heard.accepted:
                return heard
    last = listener.flush(len(sound) / RATE)
    return heard if last is None else last.recognition
