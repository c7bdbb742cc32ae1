"""The synthetic person: hears what the coach says, obeys, and answers in character."""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import dataclass
from typing import Final, Protocol

from voice_coach.audio.port import RATE, Samples
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.eventlog import Record
from voice_coach.rehearsal.noises import is_noise, noise
from voice_coach.rehearsal.scenario import Interruption, pick
from voice_coach.rehearsal.scenario import Person as Character
from voice_coach.speaking.port import VoiceSettings

VOICES: Final = ("en-us+f2", "en-us+m3", "en-us+f5", "en-gb+f3", "en-gb+m3", "en-gb-x-rp+m7")
"""Voices of people who call for help: none of them is the coach's."""

INSIST: Final = 2.0
"""Seconds without any reaction after which a remark in a hold is said again: the coach may have
been speaking."""

TRIES: Final = 3
"""How often a remark is said at most."""


@dataclass(frozen=True)
class Utterance:
    """Something the person says."""

    at: float
    """Seconds since the call."""
    text: str
    intent: str
    """What it means in the step it is said in; empty when the step cannot understand it."""
    until: float = 0.0
    """Seconds since the call: its end."""


@dataclass(frozen=True)
class Interrupted:
    """A prompt the person speaks over."""

    interruption: Interruption
    planned: float
    """Seconds since the call: when they meant to say it."""


class OwnVoice(Protocol):
    """What a person speaks with."""

    def clip(self, text: str) -> Samples:
        """The text as sound."""
        ...


class SyntheticPerson:
    """Watches the event log like a person listens, and hands sound to the room."""

    def __init__(
        self, character: Character, dialogue: Dialogue, voice: OwnVoice, chance: random.Random
    ) -> None:
        self._character = character
        self._dialogue = dialogue
        self._voice = voice
        self._chance = chance
        self._visits: Counter[str] = Counter()
        self._turns = 0
        self._step = ""
        self._planned: list[tuple[float, str]] = []
        self._interrupted: set[int] = set()
        self._called = False
        self._held: list[tuple[float, str]] = []
        self._unheard: tuple[str, int] | None = None
        self._misunderstood = False
        """What they have just said meant something, and was not understood."""
        self.said: list[Utterance] = []
        self.interrupted: list[Interrupted] = []
        self.spoken_to = 0.0
        """Seconds since the call until which the person is speaking."""

    @property
    def called(self) -> bool:
        return self._called

    def call(self) -> Samples:
        """The call for help."""
        self._called = True
        return self._speak(pick(self._character.call, self._chance))

    def go_over(self, dialogue: Dialogue) -> None:
        """Another conversation begins, with the same person: its clock starts anew."""
        self._dialogue = dialogue
        self._step = ""
        self._planned.clear()
        self._held.clear()
        self._unheard = None
        self.spoken_to = 0.0

    def watch(self, record: Record) -> None:
        """What the person notices: a new step, their turn to speak, a prompt beginning."""
        kind, t = record["type"], record["t"]
        if kind == "state":
            self._step = record["step"]
            self._visits[self._step] += 1
            self._turns = 0
            self._planned.clear()
            self._held.clear()
            self._unheard = None
            self._misunderstood = False
        elif kind == "heard":
            self._unheard = None
            self._misunderstood = not record["accepted"] and bool(
                self.said and self.said[-1].intent
            )
        elif kind == "turn":
            self._planned.clear()
            if record["mode"] in ("wait", "pause"):
                self._plan_answer(t)
            elif record["mode"] == "hold":
                self._plan_remarks(t)
            elif self._held:
                self._planned += self._held
        elif kind == "saying":
            for i, interruption in enumerate(self._character.interrupts):
                if interruption.prompt == record["prompt"] and i not in self._interrupted:
                    self._interrupted.add(i)
                    at = t + interruption.moment(record["text"])
                    self._planned.append((at, interruption.say))
                    self.interrupted.append(Interrupted(interruption, at))

    @property
    def speaks_at(self) -> float:
        """Seconds since the call before which ``due`` has nothing to say; inf for never, as long
        as nothing else happens."""
        times = [at for at, _ in self._planned]
        if self._unheard is not None:
            times.append(self.spoken_to + INSIST)
        return max(min(times, default=math.inf), self.spoken_to)

    def due(self, t: float) -> Samples | None:
        """What the person begins to say now, if anything."""
        if self._unheard is not None and t >= self.spoken_to + INSIST:
            text, tries = self._unheard
            self._unheard = None
            if tries < TRIES:
                return self._utter(t, text, tries + 1)
        for entry in self._planned:
            if entry[0] <= t and t >= self.spoken_to:
                self._planned.remove(entry)
                insists = entry in self._held
                if insists:
                    self._held.remove(entry)
                return self._utter(t, entry[1], 1 if insists else TRIES)
        return None

    def _utter(self, t: float, text: str, tries: int) -> Samples:
        samples = self._speak(text)
        intent = self._dialogue.vocabulary(self._step).get(text, "")
        self.spoken_to = t + len(samples) / RATE
        self.said.append(Utterance(t, text, intent, self.spoken_to))
        if tries < TRIES:
            self._unheard = (text, tries)
        return samples

    def _plan_answer(self, t: float) -> None:
        text = self._answer()
        self._turns += 1
        if text:
            self._planned.append((t + self._chance.uniform(*self._character.delay), text))

    def _answer(self) -> str:
        visits = self._character.answers.get(self._step)
        if visits is None:
            return self._again(pick(self._habit(), self._chance), self._turns)
        answer = visits[min(self._visits[self._step], len(visits)) - 1]
        said = (answer,) if isinstance(answer, str) else answer
        if self._misunderstood and 0 < self._turns < len(said):
            # That again, before anything else.
            self._misunderstood = False
            self._turns -= 1
            return self._again(pick(said[self._turns], self._chance), 1)
        if self._turns < len(said):
            return pick(said[self._turns], self._chance)
        return self._again(pick(said[-1], self._chance), self._turns - len(said) + 1)

    def _again(self, text: str, times: int) -> str:
        """Whoever is asked the same thing again says the same thing in more words."""
        vocabulary = self._dialogue.vocabulary(self._step)
        intent = vocabulary.get(text)
        if times == 0 or intent is None:
            return text
        same = [phrase for phrase, other in vocabulary.items() if other == intent]
        fuller = [phrase for phrase in same if len(phrase.split()) > len(text.split())]
        return self._chance.choice(fuller or same)

    def _habit(self) -> str:
        """What is said where the scenario says nothing: finished, and nothing is wrong."""
        step = self._dialogue.protocol.steps[self._step]
        if step.kind == "do":
            return self._character.done
        if step.kind == "screen" and self._character.healthy:
            return "yes|yeah" if "no" in step.danger else "no|nope"
        return ""

    def _plan_remarks(self, t: float) -> None:
        """The first time in a hold: everything to be said in it. After a count: what is left."""
        visits = self._character.during.get(self._step, ())
        visit = self._visits[self._step] - 1
        if self._turns == 0 and visit < len(visits):
            self._held = [(t + r.after, pick(r.say, self._chance)) for r in visits[visit]]
        self._planned += self._held
        self._turns += 1

    def _speak(self, text: str) -> Samples:
        return noise(text, self._chance) if is_noise(text) else self._voice.clip(text)


def settings_for(character: Character, chance: random.Random) -> VoiceSettings:
    """The person's own voice, rate and pitch."""
    voice = chance.choice(character.voices or VOICES)
    return VoiceSettings(voice, chance.randrange(140, 171, 5), chance.randrange(40, 61, 5))
