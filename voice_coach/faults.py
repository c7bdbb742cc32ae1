"""Faults of the sound and of the voice: what a person is told, and what stands in for a sentence.

All of it is made ahead: when something is wrong there is no time to wait for an engine, which may
be the very thing that is wrong.
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final, Literal

from voice_coach.audio.earcon import earcon
from voice_coach.audio.port import Samples
from voice_coach.audio.watchdog import Finding
from voice_coach.content.faults import Remarks
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.protocol import Level
from voice_coach.dialogue.state import State
from voice_coach.dialogue.words import digits
from voice_coach.errors import VoiceError
from voice_coach.speaking.voice import Voice

LATE: Final = 3.0
"""Seconds that a person waits for a sentence; then another one has to do."""

AGAIN: Final = 30.0
"""Seconds in which a sound that comes and goes is remarked upon only once."""


@dataclass(frozen=True)
class Spoken:
    """Something to be said outside the dialogue, ready to be played."""

    text: str
    """Empty for a mere cue."""
    samples: Samples
    how: Literal["remark", "another rate", "plain sentence", "cue"]


class Faults:
    """Decides what is said when something is wrong. Never waits for anything."""

    def __init__(self, voice: Voice, dialogue: Dialogue, remarks: Remarks) -> None:
        self._voice = voice
        self._remarks: dict[Finding, str] = {
            "card back": remarks.back,
            "microphone muted": remarks.muted,
            "microphone clipping": remarks.clipping,
        }
        self._plain = dialogue.protocol.common.voice_lost
        self._emergency = remarks.emergency.format(number=digits(dialogue.number))
        # The last one that is asked for is made first.
        texts = (*self._remarks.values(), self._plain, self._emergency)
        self._ready: dict[str, Future[Samples]] = {text: voice.request(text) for text in texts}
        self.begin()

    def begin(self) -> None:
        """Another session: everything may be said once more."""
        self._told: dict[Finding, float] = {}
        self._stood_in = ""

    def remark(self, finding: Finding, now: float) -> Spoken | None:
        """What to say about a finding, or nothing; ``now`` in seconds."""
        text = self._remarks.get(finding)
        if text is None:
            return None
        last = self._told.get(finding)
        if last is not None and (finding != "card back" or now - last < AGAIN):
            return None
        self._told[finding] = now
        samples = self._clip(text)
        return _CUE if samples is None else Spoken(text, samples, "remark")

    def instead_of(self, text: str, state: State) -> Spoken:
        """What is said instead of a sentence that cannot be made, or not in time.

        The same at another rate, if that was ever made; else a plain sentence, once a step; else a
        cue, so that it is never silent.
        """
        same = self._voice.made(text)
        if same is not None:
            return Spoken(text, same, "another rate")
        plain = self._emergency if state.level is Level.emergency else self._plain
        samples = self._clip(plain)
        if samples is None or self._stood_in == state.step:
            return _CUE
        self._stood_in = state.step
        return Spoken(plain, samples, "plain sentence")

    def _clip(self, text: str) -> Samples | None:
        future = self._ready[text]
        if not future.done():
            return None
        error = future.exception()
        if error is not None and not isinstance(error, VoiceError):
            raise error
        return future.result() if error is None else None


_CUE: Final = Spoken("", earcon("attention"), "cue")
