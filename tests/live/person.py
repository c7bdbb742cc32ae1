"""A synthetic person in real time: listens to the event log, speaks into the virtual card."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from typing import Final

from tests.live.program import Program, Record
from tests.virtual_card import VirtualCard
from voice_coach.audio.port import Samples
from voice_coach.dialogue.protocol import Protocol
from voice_coach.speaking.voice import Voice

REACTION: Final = 0.8
"""Seconds between the end of a question and the answer."""


class Person:
    """Answers each step once its last sentence was said, and again whenever it is asked again.

    ``answers``: by step, what is said, and after "|" what is said instead when asked again. In a
    pair with the seconds to wait before it.
    """

    def __init__(
        self,
        card: VirtualCard,
        voice: Voice,
        protocol: Protocol,
        answers: Mapping[str, str | tuple[float, str]],
    ) -> None:
        self._card = card
        self._protocol = protocol
        self._answers: dict[str, tuple[float, list[str]]] = {}
        for step, answer in answers.items():
            delay, texts = answer if isinstance(answer, tuple) else (REACTION, answer)
            self._answers[step] = (delay, texts.split("|"))
        # Made before the conversation: a person needs no processor to think of a word.
        self._clips: dict[str, Samples] = {
            text: voice.clip(text) for _, texts in self._answers.values() for text in texts
        }
        self._voice = voice
        self.calls = 0
        """How often they have said something."""

    def call(self, text: str) -> None:
        """Say something now, whatever the coach is doing."""
        self.calls += 1
        self._card.speak(self._clips[text] if text in self._clips else self._voice.clip(text))

    def converse(self, program: Program, seconds: float) -> None:
        """Answer until the session is over. Raises TimeoutError when it takes too long."""
        at = 0
        asked: Counter[str] = Counter()
        while True:
            at = program.wait_for_record(self._concerns, seconds, after=at)
            record = program.records[at]
            at += 1
            if record["type"] == "end":
                return
            step = _step(record)
            delay, texts = self._answers[step]
            threading.Event().wait(delay)
            # Nobody answers a question that is over.
            if not any(r["type"] in ("state", "end") for r in program.records[at:]):
                self.call(texts[asked[step] % len(texts)])
                asked[step] += 1

    def _concerns(self, record: Record) -> bool:
        if record["type"] == "end":
            return True
        if record["type"] != "say" or record["interrupted"]:
            return False
        prompt, step = str(record["prompt"]), _step(record)
        if step not in self._answers:
            return False
        last = f"{step}.say.{len(self._protocol.steps[step].say) - 1}"
        return prompt == last or prompt.startswith(f"{step}.again.")


def _step(record: Record) -> str:
    return str(record["prompt"]).partition(".")[0]
