"""Every state the conversation can get into, and everything that can happen there.

The abstraction. A state is split into its *shape* (``shape``: where the talk stands) and its
*memory* (``space``: what it remembers). For each shape the set of memories it is reached with is
one integer. Each event is run on the unchanged core, once for all memories that agree in what that
run looked at (``watched``); the set is then moved on as a whole. What an event did in a step also
holds at every other place of the step that agrees in what was looked at there. Left out of both:

- time: a running timer may fire at once; limit, cap and announcements may come at any moment;
- position, side, severity, whether anything was pressed, and how often an answer was given: every
  question about them is answered both ways;
- how often something was asked again: not at all, or as often as it is, and a safety question once
  more after that when an answer to it was not understood;
- the steps before this one: "go back" leads to every step that was reached with no more red flags,
  no higher level and no later clock than there are now (they only grow, which is rule L1);
- neutral sentences behind others: they may be there at the end of each sentence, and an
  announcement may precede whatever is said.

Why it is sound. Each of these only adds conversations, none is left out: for every concrete state s
and event e, the shape and memory of what follows s are among what follows the shape and memory of
s. By induction every state that any conversation reaches is covered, so a rule that holds in every
explored turn holds in every real one. The other direction is not claimed: a turn found to break a
rule is shown as a real conversation that leads there (``counterexample``), or as not excluded. That
nothing is left out is tested: random conversations of any timing are led on the ordinary dialogue,
and each of their states must have been explored.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from voice_coach.dialogue import actions as act
from voice_coach.dialogue.events import Event, PromptEnded
from voice_coach.dialogue.protocol import Protocol
from voice_coach.dialogue.state import State
from voice_coach.proof import events, shape, watched
from voice_coach.proof.events import Happening
from voice_coach.proof.shape import NEUTRAL, NOW, Shape
from voice_coach.proof.space import Memory, Values
from voice_coach.proof.turn import Moment, Turn, left
from voice_coach.proof.watched import Now, Oracle, Watched, WatchedDialogue, plain

Judge = Callable[[Turn], list[str]]
"""The rules, by id, that a turn breaks."""

STUCK: Final = "T1"
"""The rule that a turn breaks which never ends."""

HUB: Final = 0
"""The place that "go back" passes through on its way to any step."""


class TooLarge(Exception):
    """The exploration did not end within its time."""


@dataclass(frozen=True)
class Place:
    """A shape, by the state that stands for it."""

    state: State
    timers: frozenset[str]
    hub: bool = False
    """Where "go back" passes through: only it leads on from here."""


@dataclass
class Cube:
    """What an event does, for all memories that agree in what it looked at."""

    mask: int
    leads: list[tuple[int, Values]]
    """Place, and the variables that were written."""
    broken: tuple[str, ...]


Known = dict[frozenset[tuple[str, Any]], list[Cube]]
"""What an event does in a step, by what was looked at of where the talk stood."""


@dataclass
class Edge:
    happening: Happening
    cubes: list[Cube] = field(default_factory=list)
    known: Known = field(default_factory=dict)
    """Shared by all places of the step: it holds at each that looks the same."""


@dataclass(frozen=True)
class Broken:
    """Where a rule is broken first: so many events after the call."""

    rule: str
    place: int
    edge: Edge
    bits: int
    depth: int


class Explorer:
    """Breadth first, all memories of a place at once."""

    def __init__(self, protocol: Protocol, screens: tuple[str, ...], judge: Judge) -> None:
        self.protocol = protocol
        self.memory = Memory.of(protocol, screens)
        self.oracle = Oracle()
        self.now = Now(NOW)
        self.now.oracle = self.oracle
        self.dialogue = WatchedDialogue(protocol, oracle=self.oracle, screens=screens)
        self.judge = judge
        self.places: list[Place] = []
        self.reached: list[int] = []
        """By place, the memories it is reached with."""
        self.edges: list[list[Edge]] = []
        self.broken: dict[str, Broken] = {}
        self.depth = 0
        self.turns = 0
        """How many times the core was run."""
        self._index: dict[Shape, int] = {}
        self._known: dict[Hashable, Known] = {}
        """By step, running timers and event."""
        self._new: dict[int, int] = {}
        self._fresh: dict[str, int] = {}
        """By step, memories it was reached with for the first time in this round."""
        self._behind: dict[str, int] = {}
        """By step, memories that may have it behind them."""
        self._gone_back: dict[str, int] = {}
        """By step, memories that have gone back to it."""

    def run(self, *, first_only: bool = False, seconds: float = float("inf")) -> None:
        """Explore everything, or to the first broken rule. Raises TooLarge."""
        collecting = gc.isenabled()
        gc.disable()  # nothing here is cyclic, and there is a lot of it
        try:
            self._explore(first_only, time.monotonic() + seconds)
        finally:
            if collecting:
                gc.enable()

    def _explore(self, first_only: bool, until: float) -> None:
        self._begin()
        while (self._new or self._fresh) and not (first_only and self.broken):
            todo, self._new = self._new, {}
            for place, bits in todo.items():
                if time.monotonic() > until:
                    raise TooLarge("not explored in time")
                for edge in self.edges[place]:
                    self._follow(place, edge, bits)
            self._go_back()
            self.depth += 1

    @property
    def states(self) -> int:
        """Pairs of shape and memory."""
        return sum(bits.bit_count() for bits in self.reached[1:])

    def transitions(self) -> int:
        """Pairs of state and event, each outcome counted."""
        return sum(
            (self.reached[place] & cube.mask).bit_count() * len(cube.leads)
            for place, edges in enumerate(self.edges)
            for edge in edges
            if not edge.happening.alike
            for cube in edge.cubes
        )

    def steps(self) -> set[str]:
        """The steps that are reached."""
        return {self.places[i].state.step for i in range(1, len(self.places))}

    def find(self, state: State, timers: frozenset[str]) -> int | None:
        """The place of a concrete state, or None when its shape was never reached."""
        return self._index.get(shape.shape(state, timers))

    def covers(self, state: State, timers: frozenset[str]) -> bool:
        """Whether a concrete state was explored."""
        place = self.find(state, timers)
        bit = self.memory.space.bit(self.memory.values(state))
        return place is not None and bool(self.reached[place] & bit)

    # -- the work -----------------------------------------------------------------------------

    def _begin(self) -> None:
        self.oracle.reads, self.oracle.looks = {}, {}
        start = State(
            step=self.protocol.start, mode="wait", now=self.now, entered=self.now, queue=(NEUTRAL,)
        )
        self._add(("go back",), Place(start, frozenset(), hub=True))
        self.oracle.begin((), {"late": False})
        state, actions = self.dialogue.begin()
        timers = shape.running(frozenset(), actions)
        bits = self.memory.space.bit(self.memory.values(plain(state)))
        for place in self._standing(state, timers, actions, None):
            self._reach(place, bits)

    def _add(self, key: Shape, place: Place) -> int:
        index = len(self.places)
        self._index[key] = index
        self.places.append(place)
        self.reached.append(0)
        self.edges.append([])
        if not place.hub and place.state.mode != "over":
            here = (place.state.step, place.timers & shape.TIMERS)
            self.edges[index] = [
                Edge(what, known=self._known.setdefault((*here, what.key), {}))
                for what in events.happenings(self.protocol, place.state, place.timers, self.now)
            ]
        return index

    def _go_back(self) -> None:
        """From everywhere to every step that may lie behind."""
        fresh, self._fresh = self._fresh, {}
        for step, bits in fresh.items():
            if step not in self._behind:
                self.edges[HUB].append(Edge(events.back(self.now, step)))
            self._behind[step] = self._behind.get(step, 0) | self.memory.later(bits)
        for edge in self.edges[HUB]:
            step = edge.happening.fields["trail"][0]
            done = self._gone_back.get(step, 0)
            bits = self.reached[HUB] & self._behind[step] & ~done
            if bits:
                self._gone_back[step] = done | bits
                self._follow(HUB, edge, bits)

    def _reach(self, place: int, bits: int) -> None:
        fresh = bits & ~self.reached[place]
        if fresh:
            self.reached[place] |= fresh
            if place == HUB:
                return
            self._new[place] = self._new.get(place, 0) | fresh
            step = self.places[place].state.step
            self._fresh[step] = self._fresh.get(step, 0) | fresh

    def _follow(self, place: int, edge: Edge, bits: int) -> None:
        if edge.happening.alike:
            self._compare(place, edge, bits)
            return
        space, given = self.memory.space, edge.happening.given
        if given:
            bits &= space.where(given)
        for cube in edge.cubes:
            hit = bits & cube.mask
            if hit:
                bits &= ~hit
                self._move(hit, cube)
        while bits:
            cube = self._cube(self.places[place], edge, bits)
            edge.cubes.append(cube)
            hit = bits & cube.mask
            bits &= ~hit
            for rule in cube.broken:
                self.broken.setdefault(rule, Broken(rule, place, edge, hit, self.depth))
            self._move(hit, cube)

    def _compare(self, place: int, edge: Edge, bits: int) -> None:
        """Whether this event does what the one does that it is said to be like."""
        if edge.cubes:
            return
        one = self._cube(self.places[place], edge, bits)
        edge.cubes.append(one)
        what = edge.happening
        other = next(
            e
            for e in self.edges[place]
            if getattr(e.happening.event, "intent", "") == what.alike
            and bool(e.happening.fields) == bool(what.fields)
        )
        if one != self._cube(self.places[place], other, bits & -bits):
            raise AssertionError(f"{what.event} is not like {what.alike} in {place}")

    def _move(self, hit: int, cube: Cube) -> None:
        for place, values in cube.leads:
            self._reach(place, self.memory.space.after(hit, values) if values else hit)

    def _cube(self, place: Place, edge: Edge, bits: int) -> Cube:
        """What happens for the first of these memories and all that are like it."""
        first, state = bits & -bits, edge.happening.state(place.state)
        for looks, cubes in edge.known.items():
            if watched.stands(state, looks):
                for cube in cubes:
                    if cube.mask & first:
                        return cube
        cube = self._run_all(place, edge.happening, self.memory.space.first(bits))
        edge.known.setdefault(frozenset(self.oracle.looks.items()), []).append(cube)
        return cube

    def _run_all(self, place: Place, what: Happening, values: Values) -> Cube:
        """Run the core for these memories, in every way that is open."""
        before = what.state(shape.changed(place.state, self.memory.fields(values)))
        self.oracle.reads, self.oracle.looks = dict(what.given), {}
        moment = Moment(Watched.of(before, self.oracle), place.timers)
        leads: list[tuple[int, Values]] = []
        broken: list[str] = []
        scripts: list[tuple[int, ...]] = [()]
        while scripts:
            self.oracle.begin(scripts.pop(), what.facts)
            self._run(moment, what.event, leads, broken)
            scripts += self.oracle.others()
        if what.event == events.back(self.now).event and not place.hub:
            leads.append((HUB, {}))
        mask = self.memory.space.where(self.oracle.reads)
        return Cube(mask, leads, tuple(dict.fromkeys(broken)))

    def _run(
        self, before: Moment, event: Event, leads: list[tuple[int, Values]], broken: list[str]
    ) -> None:
        self.turns += 1
        try:
            state, actions = self.dialogue.advance(before.state, event)
        except (RecursionError, ValueError):
            broken.append(STUCK)
            return
        timers = left(before.timers, event, actions)
        assert isinstance(state, Watched)
        turn = Turn(self.protocol, before, event, Moment(state, timers), actions)
        broken += self.judge(turn)
        writes = state.writes(self.memory.screens)
        if "flags" in writes:
            writes["flags"] = self.memory.flags.alike(writes["flags"])
        for place in self._standing(state, timers, actions, event):
            if (place, writes) not in leads:
                leads.append((place, writes))

    def _standing(
        self, state: State, timers: frozenset[str], actions: tuple[act.Action, ...],
        event: Event | None,
    ) -> Iterator[int]:  # fmt: skip
        """The places where a turn may have led: an announcement that was cut off comes first."""
        key = shape.shape(state, timers)
        yield self._place(key, state, timers)
        neutral, queue, *rest = key
        if neutral or not queue:
            return
        spoke = not isinstance(event, PromptEnded) or any(isinstance(a, act.Enter) for a in actions)
        step = self.protocol.steps[state.step]
        if spoke and not step.eases and step.phase != "end":
            yield self._place((True, queue, *rest), shape.preceded(state), timers)

    def _place(self, key: Shape, state: State, timers: frozenset[str]) -> int:
        index = self._index.get(key)
        if index is None:
            index = self._add(key, Place(shape.simplified(state, self.now), timers))
        return index


def explore(protocol: Protocol, screens: tuple[str, ...], judge: Judge, **limits: Any) -> Explorer:
    """Everything, in one call."""
    explorer = Explorer(protocol, screens, judge)
    explorer.run(**limits)
    return explorer
