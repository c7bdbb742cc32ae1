"""Every state the conversation can get into, and everything that can happen there.

Time is left out: a timer that is running may fire at once. What is left of a state is what the
safety rules depend on; of the states that agree in it, one is followed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from voice_coach.content import load_protocol
from voice_coach.dialogue import actions as act
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.events import Event, Heard, NotUnderstood, PromptEnded, TimerFired
from voice_coach.dialogue.protocol import Protocol
from voice_coach.dialogue.state import State, forbids, open_screens

PROTOCOL = load_protocol()
DIALOGUE = Dialogue(PROTOCOL)


@dataclass(frozen=True)
class Moment:
    """A state with the timers that are running in it."""

    state: State
    timers: frozenset[str]


@dataclass(frozen=True)
class Turn:
    """One thing that happened, and what came of it."""

    before: Moment
    event: Event
    after: Moment
    actions: tuple[act.Action, ...]

    @property
    def intent(self) -> str:
        return self.event.intent if isinstance(self.event, Heard) else ""

    def __str__(self) -> str:
        one, two = self.before.state, self.after.state
        return f"{one.step}/{one.mode} -- {self.event} --> {two.step}/{two.mode} {self.actions}"


def running(timers: frozenset[str], actions: tuple[act.Action, ...]) -> frozenset[str]:
    """The timers after these actions."""
    left = set(timers)
    for action in actions:
        if isinstance(action, act.StartTimer):
            left.add(action.timer)
        elif isinstance(action, act.CancelTimer):
            left.discard(action.timer)
    return frozenset(left)


def begin(dialogue: Dialogue = DIALOGUE) -> Moment:
    state, actions = dialogue.begin()
    return Moment(state, running(frozenset(), actions))


def advance(moment: Moment, event: Event, dialogue: Dialogue = DIALOGUE) -> Turn:
    timers = moment.timers
    if isinstance(event, TimerFired):
        timers -= {event.timer}
    state, actions = dialogue.advance(moment.state, event)
    return Turn(moment, event, Moment(state, running(timers, actions)), actions)


_ALIKE = {
    *("slower", "faster", "louder", "quieter"),  # a sentence is said, and it goes on, as with "why"
    *("cause", "options", "thanks", "elapsed"),
    *("announce:300", "announce:480"),  # as the first
}
"""What need not be tried everywhere, because it does the same as something else."""


def events(moment: Moment, protocol: Protocol, intents: dict[str, list[str]]) -> Iterator[Event]:
    """What can happen: the sentence ends, a timer fires, a word of the step or another is said."""
    state = moment.state
    if state.queue:
        yield PromptEnded(state.now, state.queue[0].prompt)
    for timer in sorted(moment.timers - _ALIKE):
        late = state.now
        if timer == "hold" and state.held_since is not None:
            late = state.held_since + protocol.steps[state.step].seconds
        yield TimerFired(late, timer)
    if state.step not in intents:
        alike = _ALIKE - set(protocol.steps[state.step].on)
        intents[state.step] = sorted(set(protocol.vocabulary(state.step).values()) - alike)
    for intent in intents[state.step]:
        yield Heard(state.now, intent)
    yield NotUnderstood(state.now)


def essence(moment: Moment, protocol: Protocol = PROTOCOL) -> tuple[object, ...]:
    """What the safety rules depend on."""
    state = moment.state
    step = protocol.steps[state.step]
    return (
        state.step,
        state.mode,
        state.before_pause if state.mode == "pause" else "",
        state.target if state.mode == "leave" else "",
        bool(state.queue),
        state.mode == "lead" and step.kind == "ask" and len(state.queue) > 1,
        min(state.attempts, 2) if state.mode == "wait" and not state.queue else 0,
        state.released,
        state.relieved,
        open_screens(protocol, state)[:1],
        forbids(protocol, state, "pressure"),
        forbids(protocol, state, "stretch"),
        state.limit_unsaid,
        state.level if step.phase in ("aftercare", "flags", "end") else 0,
    )


def explore(protocol: Protocol = PROTOCOL) -> Iterator[Turn]:
    """Every turn out of every state, breadth first."""
    dialogue = Dialogue(protocol)
    first = begin(dialogue)
    intents: dict[str, list[str]] = {}
    seen, todo = {essence(first, protocol)}, [first]
    while todo:
        later = []
        for moment in todo:
            for event in events(moment, protocol, intents):
                for turn in _followed(moment, event, dialogue):
                    yield turn
                    key = essence(turn.after, protocol)
                    if key not in seen and turn.after.state.mode != "over":
                        seen.add(key)
                        later.append(turn.after)
        todo = later


def _followed(moment: Moment, event: Event, dialogue: Dialogue) -> Iterator[Turn]:
    """What an event does; the end of a sentence brings on the end of those after it."""
    for state in _otherwise(moment.state, event, dialogue.protocol):
        yield advance(Moment(state, moment.timers), event, dialogue)
    while True:
        turn = advance(moment, event, dialogue)
        yield turn
        moment = turn.after
        same = (
            turn.before.state.step == moment.state.step
            and turn.before.state.mode == moment.state.mode
        )
        if not isinstance(event, PromptEnded) or not moment.state.queue or not same:
            return
        event = PromptEnded(event.at, moment.state.queue[0].prompt)


def _otherwise(state: State, event: Event, protocol: Protocol) -> Iterator[State]:
    """The same state, had this answer been given before: some lead elsewhere each time."""
    intent = event.intent if isinstance(event, Heard) else "silence"
    reaction = protocol.reaction(state.step, intent)
    if reaction is not None and isinstance(reaction.to, tuple):
        for n in range(len(reaction.to)):
            key = f"{state.step}/{'>'.join(reaction.to)}"
            yield replace(state, counts=((key, n),))
