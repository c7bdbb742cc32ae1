"""What is left of a state when time, wording and memory are taken away: where the talk stands.

Kept: the step, the mode (and what a pause or last words lead back or on to), whether a hold runs,
which of the mode's timers run, and of the sentences still to be heard those that matter: the
step's own prompt while it is being said, and every one that asks for pressure. All others are alike
("neutral"); of any number of them at the front one is kept, and those further back are left out, to
come up again at the end of the sentence before them. Any neutral one may be the limit's last. Of
sentences in a row that ask for pressure and are no prompt, one is kept in the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from voice_coach.dialogue import actions as act
from voice_coach.dialogue.state import Line, State
from voice_coach.proof.watched import Now

Shape = tuple[object, ...]

NOW: Final = 60.0
"""Seconds since the call, for every state: only differences count."""

NEUTRAL: Final = Line("common.neutral", "So be it.")
"""Stands for any sentences that nothing depends on."""

PRESSING: Final = Line("common.pressing", "Press.", touch=True)
"""Stands for any sentence that asks for pressure and is no prompt."""


TIMERS: Final = frozenset(("silence", "hold"))
"""Those that belong to a mode; the clock's may fire at any time."""


def running(timers: frozenset[str], actions: Iterable[act.Action]) -> frozenset[str]:
    """The timers after these actions."""
    left = set(timers)
    for action in actions:
        if isinstance(action, act.StartTimer):
            left.add(action.timer)
        elif isinstance(action, act.CancelTimer):
            left.discard(action.timer)
    return frozenset(left)


def matters(line: Line, state: State) -> bool:
    """Whether anything depends on this sentence."""
    lead = state.mode == "lead" and line.prompt.startswith(f"{state.step}.say.")
    return line.touch or lead


def essential(state: State) -> tuple[Line, ...]:
    """The sentences of the queue that matter, in short."""
    kept: list[Line] = []
    for line in state.queue:
        if matters(line, state):
            own = state.mode == "lead" and line.prompt.startswith(f"{state.step}.say.")
            short = line if own else PRESSING
            if kept[-1:] != [short] or own:
                kept.append(short)
    return tuple(kept)


def simplified(state: State, now: Now) -> State:
    """The state that stands for all of the same shape; only its memory is its own."""
    queue = essential(state)
    if state.queue and not matters(state.queue[0], state):
        queue = (NEUTRAL, *queue)
    return State(
        step=state.step, mode=state.mode, now=now, entered=now, queue=queue,
        held_since=None if state.held_since is None else now,
        target=state.target if _leaving(state) else "",
        before_pause=state.before_pause if state.mode == "pause" else "wait",
    )  # fmt: skip


def shape(state: State, timers: frozenset[str]) -> Shape:
    """The same for states whose futures the proof follows as one."""
    return (
        bool(state.queue) and not matters(state.queue[0], state),
        tuple(line.prompt for line in essential(state)),
        state.step,
        state.mode,
        state.before_pause if state.mode == "pause" else "",
        state.target if _leaving(state) else "",
        state.held_since is not None,
        "silence" in timers,
        "hold" in timers,
    )


def _leaving(state: State) -> bool:
    return state.mode == "leave" or (state.mode == "pause" and state.before_pause == "leave")


def preceded(state: State) -> State:
    """The same state with an announcement still to be heard first."""
    return changed(state, {"queue": (NEUTRAL, *state.queue)})


def changed(state: State, fields: Mapping[str, Any]) -> State:
    """``dataclasses.replace`` for a plain state, in a tenth of its time."""
    new = object.__new__(State)
    new.__dict__.update(state.__dict__)
    new.__dict__.update(fields)
    return new
