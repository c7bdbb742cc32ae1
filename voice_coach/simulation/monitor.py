"""Two who watch a night: the rules of the proof, turn by turn, and a witness who knows only what
was said and heard."""

from __future__ import annotations

from dataclasses import dataclass, field

from voice_coach.dialogue.dialogue import Dialogue, Result
from voice_coach.dialogue.events import Event
from voice_coach.dialogue.state import State
from voice_coach.proof.rules import judge
from voice_coach.proof.shape import running
from voice_coach.proof.turn import Moment, Turn, left


@dataclass
class Judgement:
    """What the rules have found so far."""

    broken: list[str] = field(default_factory=list)
    """Each with its rule and its turn."""
    relieved_at: float | None = None
    """Seconds since the call: when the person first said that the cramp is gone."""
    timers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class JudgedDialogue(Dialogue):
    """A dialogue each of whose turns is judged by the rules of the proof. Runs one conversation
    after another; the judgement is of all of them."""

    judgement: Judgement = field(default_factory=Judgement)
    vocabularies: dict[str, dict[str, str]] = field(default_factory=dict)
    """Of some steps, looked up before: thousands of nights ask for them."""

    def vocabulary(self, step: str) -> dict[str, str]:
        return self.vocabularies.get(step) or super().vocabulary(step)

    def begin(self) -> Result:
        state, actions = super().begin()
        self.judgement.timers = running(frozenset(), actions)
        return state, actions

    def advance(self, state: State, event: Event) -> Result:
        after, actions = super().advance(state, event)
        if state.mode == "over":
            return after, actions
        found = self.judgement
        before, found.timers = found.timers, left(found.timers, event, actions)
        turn = Turn(
            self.protocol, Moment(state, before), event, Moment(after, found.timers), actions,
            self.number,
        )  # fmt: skip
        found.broken += [f"{rule} at {event.at:.1f} s: {turn}" for rule in judge(turn)]
        if after.relieved and found.relieved_at is None:
            found.relieved_at = after.now
        return after, actions
