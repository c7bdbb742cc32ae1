"""The way back into a conversation: a protocol with one more step, which leads to the old one.

The step says what we were doing and, before an instruction, asks whether the person is still
there. Nothing else is new: silence, red flags, "stop" and the gate before any pressure work in it
as everywhere, because it goes through the same machinery.
"""

from __future__ import annotations

import string
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import msgspec

from voice_coach.content import toml
from voice_coach.dialogue import actions as act
from voice_coach.dialogue.dialogue import Dialogue, Result
from voice_coach.dialogue.events import Event
from voice_coach.dialogue.protocol import Protocol, Step
from voice_coach.dialogue.state import State
from voice_coach.errors import ContentError

SCRIPT: Final = Path(__file__).parents[1] / "content" / "resume.toml"
"""What is said, beside the content."""

RESUMED: Final = "resumed"
"""Name of the step that leads back."""

MAX_WORDS: Final = 20
_YES: Final = ("yes", "done", "resume")


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    within: float
    """Seconds after which a conversation is not taken up again."""
    said: tuple[str, ...]
    """What we were doing: {label}."""
    ask: str
    again: tuple[str, ...]
    wait: float


def load(path: Path = SCRIPT) -> Script:
    """Raises ContentError with the first mistake."""
    script = toml.convert(path, toml.read(path), Script)
    if not 0 <= script.within <= 3600 or not 1 <= script.wait <= 60:
        raise ContentError(f"{path}: within is 0 to 3600 seconds, and wait 1 to 60; correct it.")
    for text in (*script.said, script.ask, *script.again):
        fields = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
        if fields - {"label"} or not text or len(text.split()) > MAX_WORDS:
            raise ContentError(
                f'{path}: "{text}" must have 1 to {MAX_WORDS} words and no {{name}} but {{label}}.'
            )
    return script


@dataclass(frozen=True, kw_only=True)
class Resumption(Dialogue):
    """A dialogue that begins where another one was interrupted."""

    interrupted: State
    elapsed: float
    """Seconds since the call."""

    def begin(self) -> Result:
        """The first state of the rest, and what to do: the clock's timers above all."""
        old, limits = self.interrupted, self.protocol.limits
        turn = self._turn(_rested(old, self.elapsed))
        turn.emit(act.Cue("listening"))
        for seconds in limits.announce:
            if seconds > self.elapsed:
                turn.emit(act.StartTimer(f"announce:{seconds:g}", seconds - self.elapsed))
        if not old.limit:
            turn.emit(act.StartTimer("limit", max(0.0, limits.limit - self.elapsed)))
        turn.emit(act.StartTimer("cap", max(0.0, limits.cap - self.elapsed)))
        if old.rate or old.volume:
            turn.emit(act.Adjust(old.rate, old.volume))
        turn.enter(RESUMED if RESUMED in self.protocol.steps else goal(old), back=True)
        return turn.state, tuple(turn.actions)

    def advance(self, state: State, event: Event) -> Result:
        """As ever, but nobody can go back to the way back."""
        state, actions = super().advance(state, event)
        trail = tuple(step for step in state.trail if step != RESUMED)
        return replace(state, trail=trail), actions

    def lasting(self, state: State) -> State:
        """The state as the protocol without our step knows it: what the journal keeps."""
        if state.step != RESUMED:
            return state
        return replace(state, step=goal(self.interrupted), mode="lead", target="")


def resume(dialogue: Dialogue, script: Script, old: State, elapsed: float) -> Resumption:
    """The dialogue that goes on with ``old``, ``elapsed`` seconds after the call."""
    protocol = with_way_back(dialogue.protocol, script, old)
    return Resumption(protocol, dialogue.number, interrupted=old, elapsed=elapsed)


def with_way_back(protocol: Protocol, script: Script, old: State) -> Protocol:
    """The protocol with a step that leads to where the conversation was.

    Advice is given again at once, and so needs no such step.
    """
    was, target = protocol.steps[old.step], goal(old)
    to = protocol.steps[target]
    if "end" in (was.phase, to.phase):
        return protocol
    says = tuple(text.format(label=was.label) for text in script.said if was.label)
    if was.kind == "hold":  # whoever is still pulling or pressing lets go first
        says = was.release + says
    if to.kind in ("do", "hold", "route"):
        way = Step(
            kind="ask", phase=was.phase, say=(*says, script.ask), again=script.again,
            wait=script.wait, next=target, on=dict.fromkeys(_YES, target),
        )  # fmt: skip
    elif says:
        way = Step(kind="do", phase=was.phase, say=says, wait=0.0, next=target)
    else:
        return protocol
    return msgspec.structs.replace(protocol, steps={**protocol.steps, RESUMED: way})


def goal(state: State) -> str:
    """The step to go on with: where the last words were already leading, else the step itself."""
    paused = state.mode == "pause"
    leaving = (state.before_pause if paused else state.mode) == "leave"
    return state.target if leaving and state.target else state.step


def _rested(old: State, elapsed: float) -> State:
    """What is remembered, with nothing on its way to the speaker and no hold running."""
    return replace(
        old, mode="lead", now=elapsed, entered=elapsed, queue=(), target="",
        owed=(), attempts=0, mumbled=False, held=0.0, held_since=None, reminders=0,
    )  # fmt: skip
