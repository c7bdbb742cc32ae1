"""Somebody who practises: hears what is asked, and says it, or something else, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from tests.listening.speech import speech
from voice_coach.audio.port import RATE, Block, Samples, Source
from voice_coach.eventlog import Record
from voice_coach.rehearsal.room import RoomPort

DELAY = 0.6
"""Seconds from the end of the question to the answer."""

Answer = str | None


@dataclass
class Pupil:
    """``answers``: what is said instead, by phrase, try by try (the last repeats); None is silence.
    ``habit``: what is said to every other phrase."""

    answers: Mapping[str, tuple[Answer, ...]] = field(default_factory=dict)
    habit: Callable[[str], Answer] = str
    voice: str = "en-us+m3"
    asked: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    _next: tuple[float, str] | None = None

    def watch(self, record: Record) -> None:
        self.records.append(record)
        if record["type"] != "ask":
            return
        phrase = record["phrase"]
        tries = self.asked.count(phrase)
        self.asked.append(phrase)
        instead = self.answers.get(phrase)
        answer = self.habit(phrase) if instead is None else instead[min(tries, len(instead) - 1)]
        if answer is not None:
            self._next = (record["t"] + DELAY, answer)

    def speech(self, now: float) -> Samples | None:
        if self._next is None or now < self._next[0]:
            return None
        _, text = self._next
        self._next = None
        self.said.append(text)
        return speech(text, self.voice)


class Microphone:
    """A room heard through a microphone with this much gain; remembers what it gave."""

    def __init__(self, room: RoomPort, gain_db: float = 0.0) -> None:
        self._room = room
        self._gain = 10 ** (gain_db / 20)
        self.heard: list[Samples] = []

    def start(self, source: Source) -> None:
        self._room.start(source)

    def now(self) -> float:
        return self._room.now()

    def read(self, timeout: float) -> Block:
        block = self._room.read(timeout)
        loud = np.rint(block.samples.astype(np.float64) * self._gain)
        samples = np.clip(loud, -32768, 32767).astype(np.int16)
        self.heard.append(samples)
        return Block(samples, block.at)

    def close(self) -> None:
        self._room.close()

    def recording(self) -> Samples:
        return np.concatenate(self.heard)

    def seconds(self) -> float:
        return sum(len(block) for block in self.heard) / RATE
