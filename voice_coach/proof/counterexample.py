"""The shortest real conversation that breaks a rule, once the exploration has found one broken.

The exploration knows, for every place and memory, how many events at least lie before the broken
rule. That never overestimates, so a best-first search on the ordinary dialogue, led by it, finds a
shortest conversation of all; places that the search was never led to cost nothing.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from voice_coach.dialogue import actions as act
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.events import Event, Heard, NotUnderstood, PromptEnded, TimerFired
from voice_coach.proof import shape
from voice_coach.proof.conversation import transcript
from voice_coach.proof.explorer import HUB, STUCK, Broken, Explorer
from voice_coach.proof.rules import RULES
from voice_coach.proof.space import Values
from voice_coach.proof.turn import Moment, Turn, advance

MOST: Final = 4000
"""Moments tried before the search gives up."""

NOTHING: Final = "(the coach says nothing)"

_CHECKS: Final = {rule.id: rule.check for rule in RULES}
_SECONDS_A_WORD: Final = 0.39


@dataclass(frozen=True)
class CounterExample:
    """A conversation from the call to the turn that breaks the rule."""

    rule: str
    lines: tuple[str, ...]
    events: int
    real: bool = True
    """False: no real conversation was found; the lines are the turn alone."""


def counterexample(explorer: Explorer, broken: Broken, most: int = MOST) -> CounterExample:
    """A shortest conversation that breaks ``broken.rule``."""
    return _Search(explorer, broken).run(most)


class _Search:
    def __init__(self, explorer: Explorer, broken: Broken) -> None:
        self.explorer = explorer
        self.broken = broken
        self.dialogue = Dialogue(explorer.protocol)
        self.layers: list[dict[int, int]] = []

    def run(self, most: int) -> CounterExample:
        if most:
            self.layers = _layers(self.explorer, self.broken)
        state, begun = self.dialogue.begin()
        start = Moment(state, shape.running(frozenset(), begun))
        heap: list[tuple[int, int, int, Moment, tuple[Turn, ...]]] = []
        tried, serial = {self._key(start)}, 0
        heapq.heappush(heap, (self._ahead(start), 0, serial, start, ()))
        while heap and most:
            most -= 1
            _, _, _, moment, way = heapq.heappop(heap)
            for event in self._events(moment):
                turn = self._turn(moment, event)
                if turn is None:
                    turn = Turn(self.explorer.protocol, moment, event, moment, ())
                    return self._found((*way, turn), begun, stuck=True)
                if self._breaks(turn):
                    return self._found((*way, turn), begun)
                key = self._key(turn.after)
                if turn.after.state.mode == "over" or key in tried:
                    continue
                tried.add(key)
                serial += 1
                done = len(way) + 1
                ahead = self._ahead(turn.after)
                heapq.heappush(heap, (done + ahead, -done, serial, turn.after, (*way, turn)))
        place = self.explorer.places[self.broken.place]
        line = f"(step {place.state.step}, {place.state.mode}) {self.broken.edge.happening.event}"
        return CounterExample(self.broken.rule, (line,), self.broken.depth, real=False)

    def _turn(self, moment: Moment, event: Event) -> Turn | None:
        try:
            return advance(moment, event, self.dialogue)
        except (RecursionError, ValueError):
            if self.broken.rule == STUCK:
                return None
            raise

    def _breaks(self, turn: Turn) -> bool:
        return _CHECKS[self.broken.rule](turn) is False

    def _found(
        self, way: tuple[Turn, ...], begun: tuple[act.Action, ...], stuck: bool = False
    ) -> CounterExample:
        lines = transcript(way, begun) + ["(nothing happens any more)"] * stuck
        silent = not way[-1].said and way[-1].after.state.mode != "over"
        if silent and not stuck:
            lines.append(NOTHING)
        return CounterExample(self.broken.rule, tuple(lines), len(way))

    def _events(self, moment: Moment) -> Iterator[Event]:
        state, protocol = moment.state, self.explorer.protocol
        now = state.now
        if state.queue:
            words = len(state.queue[0].text.split())
            yield PromptEnded(now + _SECONDS_A_WORD * words, state.queue[0].prompt)
        for timer in sorted(moment.timers):
            yield from self._timer(moment, timer)
        for intent in dict.fromkeys(protocol.vocabulary(state.step).values()):
            yield Heard(now, intent)
        yield NotUnderstood(now)

    def _timer(self, moment: Moment, timer: str) -> Iterator[Event]:
        state, protocol = moment.state, self.explorer.protocol
        step, limits = protocol.steps[state.step], protocol.limits
        if timer == "hold":
            since = state.held_since if state.held_since is not None else state.now
            if step.every < step.seconds:
                yield TimerFired(max(state.now, since + step.every), timer)
            yield TimerFired(max(state.now, since + step.seconds), timer)
            return
        at = {"limit": limits.limit, "cap": limits.cap}.get(timer, state.now)
        if timer == "silence":
            at = state.now + (protocol.pause_seconds if state.mode == "pause" else step.wait)
        yield TimerFired(max(state.now, at), timer)

    def _key(self, moment: Moment) -> tuple[object, ...]:
        state, memory = moment.state, self.explorer.memory
        return (
            shape.shape(state, moment.timers), memory.space.bit(memory.values(state)),
            state.attempts, state.mumbled, state.reminders, state.counts, state.trail,
            state.position, state.side is None, state.severe, state.pressed, bool(state.owed),
            state.now >= self.explorer.protocol.limits.cap,
        )  # fmt: skip

    def _ahead(self, moment: Moment) -> int:
        """At least so many events until the rule is broken."""
        place = self.explorer.find(moment.state, moment.timers)
        if place is None:
            return len(self.layers) + 1
        memory = self.explorer.memory
        bit = memory.space.bit(memory.values(moment.state))
        for distance, layer in enumerate(self.layers):
            if layer.get(place, 0) & bit:
                return distance + 1
        return len(self.layers) + 1


def _layers(explorer: Explorer, broken: Broken) -> list[dict[int, int]]:
    """Backwards from the broken rule: the memories by place that are so many events away."""
    into: dict[int, list[tuple[int, int, Values]]] = defaultdict(list)
    for place, edges in enumerate(explorer.edges):
        for edge in edges:
            for cube in edge.cubes:
                for to, values in cube.leads:
                    into[to].append((place, cube.mask, values))
    layers: list[dict[int, int]] = []
    layer = {broken.place: broken.bits}
    known: dict[int, int] = defaultdict(int)
    while layer and len(layers) <= broken.depth + 2:
        layers.append(layer)
        following: dict[int, int] = defaultdict(int)
        for place, bits in layer.items():
            known[place] |= bits
        for place, bits in layer.items():
            _step_back(explorer, into[place], bits, known, following)
        # "Go back" passes through a place of its own, but is one event.
        hub = following.pop(HUB, 0)
        _step_back(explorer, into[HUB], hub, known, following)
        layer = dict(following)
    return layers


def _step_back(
    explorer: Explorer, into: list[tuple[int, int, Values]], bits: int, known: dict[int, int],
    following: dict[int, int],
) -> None:  # fmt: skip
    space = explorer.memory.space
    for origin, mask, values in into:
        back = (space.before(bits, values) if values else bits) & mask
        back &= explorer.reached[origin] & ~known[origin]
        if back:
            following[origin] |= back
