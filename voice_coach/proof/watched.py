"""A turn that notes what it looks at, so that one turn stands for all that agree in it.

The core is run as it is, on a state that notes each variable that is read before it is written.
Whatever was not read cannot have mattered. What the proof does not keep at all (the position, the
time, how often an answer was given) is asked of an ``Oracle``, and every answer is tried; to look
at it in any other way is an error, so that a change of the core cannot make it unsound unseen.

Read are the memory (``reads``) and where the talk stands (``looks``). Of the sentences still to be
heard it is told apart whether only was asked if there are any: most answers want to know no more,
so one turn stands for all the sentences that it may cut off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields
from typing import Any, Final, NoReturn

from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.protocol import Case, Protocol, Reaction
from voice_coach.dialogue.state import Line, State
from voice_coach.dialogue.turn import Turn
from voice_coach.proof.space import CLEAR

_KEPT: Final = ("released", "relieved", "limit", "limit_unsaid", "level", "flags")
_ASKED: Final = ("position", "side", "severe", "counts")
_STANDS: Final = ("mode", "target", "before_pause", "held_since")
"""Of the shape; the queue is a case of its own, and the step is always known."""

_FACTS: Final[dict[str, tuple[str, Callable[[Any], bool]]]] = {
    "standing": ("position", lambda value: value == "standing"),
    "far": ("position", lambda value: value == "far"),
    "side_known": ("side", lambda value: value is not None),
    "severe": ("severe", bool),
    "pressed": ("pressed", bool),
}
"""Conditions of routes that are decided both ways: the field, and what they make of it."""
_LEARNT: Final = frozenset(name for name, _ in _FACTS.values())


class Oracle:
    """Decides what is not known; ``taken`` says what was decided, of how many."""

    def __init__(self) -> None:
        self.reads: dict[str, Any] = {}
        """Of the memory: each variable that was read, with its value."""
        self.looks: dict[str, Any] = {}
        """Of where the talk stands: the same."""
        self.taken: list[tuple[int, int]] = []
        self._script: tuple[int, ...] = ()
        self._facts: dict[str, bool] = {}

    def begin(self, script: tuple[int, ...], facts: dict[str, bool]) -> None:
        """A new turn: decide as ``script`` says, then always the first; ``facts`` are given."""
        self.taken = []
        self._script = script
        self._facts = dict(facts)

    def choose(self, among: int) -> int:
        n = len(self.taken)
        chosen = self._script[n] if n < len(self._script) else 0
        self.taken.append((chosen, among))
        return chosen

    def fact(self, name: str) -> bool:
        """Decided once a turn."""
        if name not in self._facts:
            self._facts[name] = self.choose(2) == 1
        return self._facts[name]

    def learn(self, name: str, holds: bool) -> None:
        self._facts[name] = holds

    def others(self) -> Iterator[tuple[int, ...]]:
        """The scripts that decide otherwise where this turn followed none."""
        for n in range(len(self._script), len(self.taken)):
            before = tuple(chosen for chosen, _ in self.taken[:n])
            for other in range(1, self.taken[n][1]):
                yield (*before, other)


class Now(float):
    """A time of which only is known whether it is past the cap, once somebody asks."""

    oracle: Oracle

    def __ge__(self, other: object) -> bool:
        return self.oracle.fact("late")


class Cleared:
    """The clear screens, looked at one by one."""

    def __init__(self, oracle: Oracle, base: frozenset[str], changed: dict[str, bool]) -> None:
        self._oracle = oracle
        self._base = base
        self.changed = changed

    def __contains__(self, name: str) -> bool:
        if name in self.changed:
            return self.changed[name]
        self._oracle.reads[CLEAR + name] = name in self._base
        return name in self._base

    def __sub__(self, names: Iterable[str]) -> Cleared:
        return self._with(names, False)

    def __or__(self, names: Iterable[str]) -> Cleared:
        return self._with(names, True)

    def _with(self, names: Iterable[str], value: bool) -> Cleared:
        changed = {**self.changed, **dict.fromkeys(names, value)}
        return Cleared(self._oracle, self._base, changed)


class Queue:
    """The sentences still to be heard: are there any is one question, which ones another."""

    __slots__ = ("_lines", "_looks")

    def __init__(self, lines: tuple[Line, ...], looks: dict[str, Any]) -> None:
        self._lines = lines
        self._looks = looks

    def __bool__(self) -> bool:
        self._looks["speaking"] = bool(self._lines)
        return bool(self._lines)

    def __iter__(self) -> Iterator[Line]:
        return iter(self._read())

    def __getitem__(self, key: Any) -> Any:
        return self._read()[key]

    def __add__(self, lines: tuple[Line, ...]) -> tuple[Line, ...]:
        return self._read() + lines

    def __eq__(self, other: object) -> bool:
        return self._read() == other

    __hash__ = None  # type: ignore[assignment]

    def _read(self) -> tuple[Line, ...]:
        self._looks["queue"] = self._lines
        return self._lines


def stands(state: State, looks: Iterable[tuple[str, Any]]) -> bool:
    """Whether a state looks like this."""
    fields = state.__dict__
    for name, value in looks:
        if name == "speaking":
            if bool(fields["queue"]) != value:
                return False
        elif fields[name] != value:
            return False
    return True


class Watched(State):
    """A state that notes which of its variables are read."""

    oracle: Oracle
    written: frozenset[str]

    @classmethod
    def of(cls, state: State, oracle: Oracle) -> Watched:
        values = state.__dict__.copy()
        values["oracle"] = oracle
        values["written"] = frozenset()
        values["cleared"] = Cleared(oracle, state.cleared, {})
        values["queue"] = Queue(state.queue, oracle.looks)
        return cls._with(values)

    def changed(self, changes: dict[str, Any]) -> Watched:
        values = self.__dict__.copy()
        values.update(changes)
        values["written"] = self.written | changes.keys()
        return self._with(values)

    @classmethod
    def _with(cls, values: dict[str, Any]) -> Watched:
        new = object.__new__(cls)
        object.__setattr__(new, "__dict__", values)
        return new

    def writes(self, screens: Iterable[str]) -> dict[str, Any]:
        """The variables that were written, by their names in the space."""
        values: dict[str, Any] = {}
        values.update({name: self.__dict__[name] for name in _KEPT if name in self.written})
        changed = self.__dict__["cleared"].changed
        values.update({CLEAR + name: changed[name] for name in screens if name in changed})
        return values


def _noted(name: str) -> property:
    def read(self: Watched) -> Any:
        value = self.__dict__[name]
        if name not in self.written:
            self.oracle.reads[name] = value
        return value

    return property(read)


def _looked(name: str) -> property:
    def read(self: Watched) -> Any:
        value = self.__dict__[name]
        if name not in self.written:
            self.oracle.looks[name] = value
        return value

    return property(read)


def _hidden(name: str) -> property:
    def read(_: Watched) -> NoReturn:
        raise AssertionError(f"the proof does not know `{name}`: ask its oracle instead")

    return property(read)


for _name in _KEPT:
    setattr(Watched, _name, _noted(_name))
for _name in _STANDS:
    setattr(Watched, _name, _looked(_name))
for _name in _ASKED:
    setattr(Watched, _name, _hidden(_name))


class WatchedTurn(Turn):
    """The mechanics of a turn, with what is not known decided by the oracle."""

    state: Watched

    def __init__(
        self, protocol: Protocol, state: Watched, fields: dict[str, str], screens: tuple[str, ...]
    ) -> None:
        super().__init__(protocol, state, {**fields, "cramped": "cramped", "good": "good"})
        self._oracle = state.oracle
        self._screens = screens

    def set(self, **changes: Any) -> None:
        if type(changes.get("cleared")) is frozenset:  # all of them anew
            changes["cleared"] = self.state.cleared - self._screens  # type: ignore[operator]
        if not _LEARNT.isdisjoint(changes):
            for fact, (name, holds) in _FACTS.items():
                if name in changes:
                    self._oracle.learn(fact, holds(changes[name]))
        self.state = self.state.changed(changes)

    def holds(self, case: Case) -> bool:
        if case.when == "gate_open":  # looks no further than to the first open screen
            return any(name not in self.state.cleared for name in self.protocol.gate.screens)
        return self._oracle.fact(case.when) if case.when in _FACTS else super().holds(case)

    def _target(self, reaction: Reaction) -> str:
        if isinstance(reaction.to, str):
            return reaction.to
        return reaction.to[self._oracle.choose(len(reaction.to))]

    def _filled(self, text: str, **fields: str) -> str:
        return text.format_map({**self.fields, **fields})


@dataclass(frozen=True)
class WatchedDialogue(Dialogue):
    """The dialogue whose turns are watched."""

    oracle: Oracle = field(default_factory=Oracle)
    screens: tuple[str, ...] = ()

    def _turn(self, state: State) -> Turn:
        plain = super()._turn(state)
        watched = state if isinstance(state, Watched) else Watched.of(state, self.oracle)
        return WatchedTurn(self.protocol, watched, plain.fields, self.screens)


def plain(state: State) -> State:
    """A watched state as an ordinary one; what is not known has its first value."""
    values = {f.name: state.__dict__[f.name] for f in fields(State)}
    unknown = {"position": None, "side": None, "severe": False, "pressed": False, "counts": ()}
    queue = tuple(state.queue)
    return State(**{**values, **unknown, "cleared": frozenset(), "queue": queue})
