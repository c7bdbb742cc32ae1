"""A dialogue without sound: sentences take their spoken time, timers fire, nobody waits.

For the typed conversation, for tests, and for simulating many nights in a moment. It is the same
dialogue that runs on the sound card; only the loop around it is replaced.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from voice_coach.dialogue import actions as act
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.events import Event, Heard, NotUnderstood, PromptEnded, TimerFired
from voice_coach.dialogue.state import State

SECONDS_A_WORD: Final = 0.39
"""At 155 words a minute."""


@dataclass
class Playthrough:
    """One conversation in virtual time. ``said`` grows; the caller answers or stays silent."""

    dialogue: Dialogue
    state: State = field(init=False)
    said: list[act.Say] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    """When each sentence of ``said`` began, seconds since the call."""
    actions: list[tuple[float, act.Action]] = field(default_factory=list)
    """Everything the dialogue wanted, with its time."""
    _timers: dict[str, float] = field(default_factory=dict)
    _speaking: tuple[str, float] | None = None
    now: float = 0.0

    def __post_init__(self) -> None:
        self.state, actions = self.dialogue.begin()
        self._perform(actions)

    @property
    def over(self) -> bool:
        return self.state.mode == "over"

    @property
    def outcome(self) -> str:
        return self.state.outcome

    def listen(self) -> None:
        """Let the coach speak until it expects an answer, holds, pauses or is done."""
        while self._speaking is not None and not self.over:
            self._next()

    def hear(self, text: str) -> str:
        """The person says ``text`` now. Returns the intent, empty when it was not understood."""
        intent = self.dialogue.vocabulary(self.state.step).get(text, "")
        event: Event = Heard(self.now, intent, text) if intent else NotUnderstood(self.now)
        self._dispatch(event)
        return intent

    def answer(self, text: str) -> str:
        """Wait until the coach has finished, then say ``text``."""
        self.listen()
        return self.hear(text)

    def wait(self, seconds: float) -> None:
        """Say nothing for a while."""
        until = self.now + seconds
        while not self.over:
            due = self._due()
            if due is None or due > until:
                break
            self._next()
        self.now = max(self.now, until)

    def silence(self) -> None:
        """Say nothing until the coach has spoken once more (or is done)."""
        self.listen()
        before = len(self.said)
        while not self.over and len(self.said) == before:
            self._next()
        self.listen()

    def to_end(self) -> None:
        """Say nothing any more."""
        while not self.over:
            self._next()

    def heard_prompts(self) -> list[str]:
        return [say.prompt for say in self.said]

    def _due(self) -> float | None:
        times = list(self._timers.values())
        if self._speaking is not None:
            times.append(self._speaking[1])
        return min(times) if times else None

    def _next(self) -> None:
        """Advance to whatever comes next: the end of a sentence, or a timer."""
        if self._speaking is not None and self._speaking[1] <= min(
            self._timers.values(), default=float("inf")
        ):
            prompt, self.now = self._speaking
            self._speaking = None
            self._dispatch(PromptEnded(self.now, prompt))
            return
        if not self._timers:
            raise RuntimeError(f"nothing will ever happen again in step {self.state.step}")
        name = min(self._timers, key=lambda n: self._timers[n])
        self.now = self._timers.pop(name)
        self._dispatch(TimerFired(self.now, name))

    def _dispatch(self, event: Event) -> None:
        self.state, actions = self.dialogue.advance(self.state, event)
        self._perform(actions)

    def _perform(self, actions: tuple[act.Action, ...]) -> None:
        for action in actions:
            self.actions.append((self.now, action))
            if isinstance(action, act.Say):
                self.said.append(action)
                self.times.append(self.now + action.gap)
                length = action.gap + SECONDS_A_WORD * len(action.text.split())
                self._speaking = (action.prompt, self.now + length)
            elif isinstance(action, act.Hush):
                self._speaking = None
            elif isinstance(action, act.StartTimer):
                self._timers[action.timer] = self.now + action.seconds
            elif isinstance(action, act.CancelTimer):
                self._timers.pop(action.timer, None)
