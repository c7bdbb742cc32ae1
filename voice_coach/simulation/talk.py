"""A night in words alone: the synthetic person of the rehearsal and the dialogue, in virtual time.

Sentences take their spoken time and the person takes theirs to answer; what is heard is left to
chance. As in the session, whoever talks holds up the no-input timer and, for a moment, a prompt;
what is said over a prompt is lost, unless the person wears a headset.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from voice_coach.audio.port import RATE, Samples
from voice_coach.dialogue import actions as act
from voice_coach.dialogue.events import Event, PromptEnded, TimerFired
from voice_coach.dialogue.playthrough import SECONDS_A_WORD, Playthrough
from voice_coach.eventlog import EventLog
from voice_coach.rehearsal.person import SyntheticPerson
from voice_coach.session import COURTESY
from voice_coach.simulation.hearing import Hearing

ENDPOINT: Final = 0.25
"""Seconds after the last word until it is decided what was heard."""

PATIENCE: Final = 3600.0
"""Seconds after which a person says no more: emergency advice goes on as long as they talk."""

_INF: Final = float("inf")


class Breath:
    """A voice without sound: a clip is as long as the words take."""

    def clip(self, text: str) -> Samples:
        return np.zeros(round(SECONDS_A_WORD * len(text.split()) * RATE), dtype=np.int16)


@dataclass
class Talk(Playthrough):
    """One night. ``log`` gets the records that a session would write."""

    person: SyntheticPerson = field(kw_only=True)
    hearing: Hearing = field(kw_only=True)
    chance: random.Random = field(kw_only=True)
    log: EventLog = field(kw_only=True)
    full_duplex: bool = field(kw_only=True)
    turns: int = 0
    """Answers that were acted on."""
    _utterance: str | None = None
    """What the person is saying, and when it will have been heard."""
    _heard_at: float = _INF
    _alarm_at: float = _INF
    _said: act.Say | None = None
    _began: float = 0.0
    _shown: tuple[str, str] = ("", "")

    def __post_init__(self) -> None:
        self._alarm_at = self.hearing.next_alarm(self.chance)
        super().__post_init__()
        self._show_turn()

    def run(self) -> None:
        """To the end."""
        while not self.over:
            due = self._due()
            speaks = self.person.speaks_at if self.now < PATIENCE else _INF
            at = min(due if due is not None else _INF, speaks, self._heard_at, self._alarm_at)
            if at == self._heard_at:
                self.now = at
                self._hear_out()
            elif at == self._alarm_at:
                self.now = at
                self._alarm()
            elif at == speaks:
                self.now = max(self.now, at)
                self._speak()
            else:
                self._next()
        self._record("end", outcome=self.state.outcome, elapsed=self.now)

    # -- the person -----------------------------------------------------------------------------

    def _speak(self) -> None:
        if self.person.due(self.now) is None:
            return
        if self._speaking is not None and not self.full_duplex:
            return  # the coach is louder
        self._utterance = self.person.said[-1].text
        self._heard_at = self.person.spoken_to + ENDPOINT
        if "silence" in self._timers:
            self._timers["silence"] = max(self._timers["silence"], self._heard_at + ENDPOINT)

    def _hear_out(self) -> None:
        said, self._utterance, self._heard_at = self._utterance, None, _INF
        vocabulary = self.dialogue.vocabulary(self.state.step)
        heard = self.hearing.hear(said or "", vocabulary, self.chance)
        if heard is not None:
            self._take(heard)

    def _alarm(self) -> None:
        self._alarm_at = self.now + self.hearing.next_alarm(self.chance)
        if self._speaking is None or self.full_duplex:
            vocabulary = self.dialogue.vocabulary(self.state.step)
            self._take(self.hearing.noise(vocabulary, self.chance))

    def _take(self, text: str) -> None:
        intent = self.dialogue.vocabulary(self.state.step).get(text, "")
        self.turns += bool(intent)
        self._record(
            "heard", text=text, intent=intent, accepted=bool(intent), decided=self.now,
            word_end=self.now - ENDPOINT,
        )  # fmt: skip
        self.hear(text)

    # -- the coach ------------------------------------------------------------------------------

    def _dispatch(self, event: Event) -> None:
        if isinstance(event, PromptEnded):
            self._fall_silent(interrupted=False)
        elif isinstance(event, TimerFired):
            self._record("timer", timer=event.timer)
        super()._dispatch(event)
        self._show_turn()

    def _perform(self, actions: tuple[act.Action, ...]) -> None:
        for action in actions:
            if isinstance(action, act.Hush):
                self._fall_silent(interrupted=True)
            super()._perform((action,))
            if isinstance(action, act.Say):
                self._begin(action)
            elif isinstance(action, act.Enter):
                phase = self.dialogue.protocol.steps[action.step].phase
                self._record("state", step=action.step, phase=phase)
            elif isinstance(action, act.Advise):
                self._record("advice", level=action.level.name, reason=action.reason)

    def _begin(self, say: act.Say) -> None:
        """A sentence waits for somebody who is talking just now, but not for long."""
        wait = 0.0
        if self._utterance is not None and not self.full_duplex:
            wait = self._heard_at - self.now + 0.01
            if wait > COURTESY:
                wait, self._utterance, self._heard_at = 0.0, None, _INF
        assert self._speaking is not None
        prompt, end = self._speaking
        self._speaking = (prompt, end + wait)
        self._said, self._began = say, self.now + wait + say.gap
        self.log.add(self._began, "saying", prompt=say.prompt, text=say.text)

    def _fall_silent(self, interrupted: bool) -> None:
        if self._said is None:
            return
        said, self._said = self._said, None
        if self.now > self._began:
            self._record(
                "say", prompt=said.prompt, text=said.text, start=self._began, end=self.now,
                interrupted=interrupted,
            )  # fmt: skip

    def _show_turn(self) -> None:
        shown = (self.state.step, "speaking" if self.state.speaking else self.state.mode)
        if shown != self._shown:
            self._shown = shown
            self._record("turn", step=shown[0], mode=shown[1])

    def _record(self, kind: str, **fields: Any) -> None:
        self.log.add(self.now, kind, **fields)
