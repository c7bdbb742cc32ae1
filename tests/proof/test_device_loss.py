"""A lost microphone or speaker leaves nobody alone: from any moment the session reaches its end."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from tests.proof.small import small
from tests.proof.test_explorer import choices, event_of
from voice_coach.content import load_protocol
from voice_coach.dialogue import actions as act
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.events import PromptEnded, TimerFired
from voice_coach.dialogue.playthrough import SECONDS_A_WORD
from voice_coach.dialogue.protocol import Level
from voice_coach.proof.turn import Moment, Turn, advance, begin

SHIPPED, SMALL = load_protocol(), small()
A_GOOD_NIGHT = 700.0
"""Seconds after the cap by which all is said; the emergency call is repeated for five minutes."""


class Night:
    """The clock of a session: the timers with their times."""

    def __init__(self, dialogue: Dialogue) -> None:
        self.dialogue = dialogue
        self.now = 0.0
        self.due: dict[str, float] = {}
        self.advised: list[Level] = []
        self.moment: Moment = begin(dialogue)
        _, actions = dialogue.begin()
        self._note(actions)

    def _note(self, actions: tuple[act.Action, ...]) -> None:
        for action in actions:
            if isinstance(action, act.StartTimer):
                self.due[action.timer] = self.now + action.seconds
            elif isinstance(action, act.CancelTimer):
                self.due.pop(action.timer, None)
            elif isinstance(action, act.Advise):
                self.advised.append(action.level)

    def live(self, stream: list[tuple[str, int, float]]) -> None:
        """Any conversation, up to the moment when the device is lost."""
        for what, n, pause in stream:
            if what == "timer":
                self._next_timer()
                continue
            self.now = min([self.now + pause / 10, *self.due.values()])
            event = event_of(self.moment, what, n, self.now, self.dialogue.protocol)
            if event is not None and not self.over:
                self._turn(advance(self.moment, event, self.dialogue))

    def alone(self, *, speaker: bool) -> None:
        """Nothing is heard any more; without a speaker no sentence ends, either."""
        while not self.over and self.now < self.dialogue.protocol.limits.cap + A_GOOD_NIGHT:
            queue = self.moment.state.queue
            if speaker and queue:
                ends = self.now + SECONDS_A_WORD * len(queue[0].text.split())
                if ends <= min(self.due.values(), default=ends):
                    self.now = ends
                    ended = PromptEnded(ends, queue[0].prompt)
                    self._turn(advance(self.moment, ended, self.dialogue))
                    continue
            if not self.due:
                return
            self._next_timer()

    def _next_timer(self) -> None:
        if self.due and not self.over:
            timer = min(self.due, key=lambda name: self.due[name])
            self.now = max(self.now, self.due.pop(timer))
            self._turn(advance(self.moment, TimerFired(self.now, timer), self.dialogue))

    def _turn(self, turn: Turn) -> None:
        self.moment = turn.after
        self._note(turn.actions)

    @property
    def over(self) -> bool:
        return self.moment.state.mode == "over"


@given(choices)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_without_a_microphone_the_session_ends_with_its_advice(
    stream: list[tuple[str, int, float]],
) -> None:
    for protocol in (SHIPPED, SMALL):
        night = Night(Dialogue(protocol))
        night.live(stream)
        night.alone(speaker=True)
        assert night.over
        assert night.advised[-1] is night.moment.state.level


@given(choices)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_lost_speaker_that_comes_back_says_the_end(
    stream: list[tuple[str, int, float]],
) -> None:
    """While it is lost the limit and the cap pass; after that only the advice is left to say.

    But whoever started over after the cap had passed is led on from there, to an end.
    """
    night = Night(Dialogue(SHIPPED))
    night.live(stream)
    capped = "cap" not in night.due
    night.alone(speaker=False)
    state = night.moment.state
    if not night.over and state.queue:
        assert state.limit
        assert capped or SHIPPED.steps[state.target or state.step].phase == "end"
        night.alone(speaker=True)
    assert night.over
