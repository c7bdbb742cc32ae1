"""Sets of what the conversation remembers beyond its present step, as the bits of one integer.

Released, relieved, the limit, the advice level, the red flags, the screens that are clear: each is
a variable with a few values. Every combination of values is one bit, so a set of combinations is an
integer, and "the same with `released` true" is a shift: thousands of states in one operation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from voice_coach.dialogue.protocol import Level, Protocol
from voice_coach.dialogue.state import State

Values = dict[str, Any]
"""A value by variable."""

CLEAR: Final = "clear:"
"""Before the name of a screen: whether it has a clear reassuring answer."""

_BOOLEAN: Final = ("released", "relieved", "limit", "limit_unsaid")


@dataclass(frozen=True)
class Space:
    """Every combination of the variables' values."""

    variables: tuple[tuple[str, tuple[Any, ...]], ...]
    """Name and values. The first value is the one at the call."""

    @cached_property
    def size(self) -> int:
        """How many combinations there are."""
        size = 1
        for _, values in self.variables:
            size *= len(values)
        return size

    @cached_property
    def _strides(self) -> dict[str, int]:
        strides, stride = {}, 1
        for name, values in self.variables:
            strides[name] = stride
            stride *= len(values)
        return strides

    @cached_property
    def _values(self) -> dict[str, tuple[Any, ...]]:
        return dict(self.variables)

    @cached_property
    def _masks(self) -> dict[str, tuple[int, ...]]:
        """By variable, for each value: the combinations that have it."""
        masks = {}
        for name, values in self.variables:
            stride = self._strides[name]
            period = stride * len(values)
            run = (1 << stride) - 1
            whole = 0
            for start in range(0, self.size, period):
                whole |= run << start
            masks[name] = tuple(whole << (i * stride) for i in range(len(values)))
        return masks

    @cached_property
    def everything(self) -> int:
        return (1 << self.size) - 1

    def where(self, values: Mapping[str, Any]) -> int:
        """The set of combinations with these values."""
        bits = self.everything
        for name, value in values.items():
            bits &= self._masks[name][self._values[name].index(value)]
        return bits

    @cached_property
    def _moves(self) -> dict[str, dict[Any, tuple[int, list[tuple[int, int]]]]]:
        """By variable and new value: those that have it, and how far to shift the others."""
        moves: dict[str, dict[Any, tuple[int, list[tuple[int, int]]]]] = {}
        for name, values in self.variables:
            masks, stride = self._masks[name], self._strides[name]
            moves[name] = {
                value: (
                    masks[to],
                    [(mask, (to - i) * stride) for i, mask in enumerate(masks) if i != to],
                )
                for to, value in enumerate(values)
            }
        return moves

    def after(self, bits: int, values: Mapping[str, Any]) -> int:
        """``bits`` with the variables set to these values."""
        for name, value in values.items():
            kept, others = self._moves[name][value]
            moved = bits & kept
            if moved != bits:
                for mask, shift in others:
                    part = bits & mask
                    if part:
                        moved |= part << shift if shift >= 0 else part >> -shift
            bits = moved
        return bits

    def before(self, bits: int, values: Mapping[str, Any]) -> int:
        """Everything that ``after`` with these values brings into ``bits``."""
        for name, value in values.items():
            masks, stride = self._masks[name], self._strides[name]
            to = self._values[name].index(value)
            bits &= masks[to]
            spread = 0
            for i in range(len(masks)):
                shift = (i - to) * stride
                spread |= bits << shift if shift >= 0 else bits >> -shift
            bits = spread
        return bits

    def first(self, bits: int) -> Values:
        """The values of one combination in ``bits``."""
        index = (bits & -bits).bit_length() - 1
        return {
            name: values[index // self._strides[name] % len(values)]
            for name, values in self.variables
        }

    def bit(self, values: Mapping[str, Any]) -> int:
        """The set of this one combination: a value for every variable."""
        index = 0
        for name, of in self.variables:
            index += of.index(values[name]) * self._strides[name]
        return 1 << index


class Flags:
    """Sets of red flags that nothing can tell apart, each by one of them."""

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol
        self._known: dict[tuple[bool, ...], frozenset[str]] = {}
        todo: list[frozenset[str]] = [frozenset()]
        while todo:
            flags = todo.pop(0)
            if self._known.setdefault(self._signature(flags), flags) is flags:
                todo += [flags | {flag} for flag in protocol.flags if flag not in flags]

    def alike(self, flags: Iterable[str]) -> frozenset[str]:
        """The set that stands for ``flags``."""
        return self._known[self._signature(flags)]

    @property
    def all(self) -> tuple[frozenset[str], ...]:
        return tuple(self._known.values())

    def _signature(self, flags: Iterable[str]) -> tuple[bool, ...]:
        """What a conversation can see of its flags: what they forbid. Their level is a variable of
        its own, and the name of the outcome, which depends on them too, leads nowhere."""
        of = [self._protocol.flags[flag] for flag in flags]
        return (
            any("pressure" in flag.forbids for flag in of),
            any("stretch" in flag.forbids for flag in of),
        )


@dataclass(frozen=True)
class Memory:
    """The space of a protocol, and how a state lies in it."""

    protocol: Protocol
    space: Space
    flags: Flags
    screens: tuple[str, ...]
    """Whose answers are remembered exactly: the others open no gate."""

    @classmethod
    def of(cls, protocol: Protocol, screens: Iterable[str]) -> Memory:
        flags, names = Flags(protocol), tuple(dict.fromkeys(screens))
        variables: list[tuple[str, tuple[Any, ...]]] = [(n, (False, True)) for n in _BOOLEAN]
        variables.append(("level", tuple(Level)))
        variables.append(("flags", flags.all))
        variables += [(CLEAR + name, (False, True)) for name in names]
        return cls(protocol, Space(tuple(variables)), flags, names)

    def values(self, state: State) -> Values:
        """What a state remembers."""
        values: Values = {name: getattr(state, name) for name in _BOOLEAN}
        values["level"] = state.level
        values["flags"] = self.flags.alike(state.flags)
        for name in self.screens:
            values[CLEAR + name] = name in state.cleared
        return values

    def later(self, bits: int) -> int:
        """Every memory that may follow on these: flags, level and clock as they are or more."""
        space = self.space
        for name, of in space.variables:
            for low in of:
                part = bits & space.where({name: low})
                for high in of if part else ():
                    if self._may_become(name, low, high):
                        bits |= space.after(part, {name: high})
        return bits

    def _may_become(self, name: str, low: Any, high: Any) -> bool:
        if name == "flags":
            return bool(self.flags.alike(low | high) == high)
        return name not in ("level", "limit") or bool(low <= high)

    def fields(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The other way: fields of a state."""
        fields = {name: values[name] for name in (*_BOOLEAN, "level", "flags")}
        fields["cleared"] = frozenset(n for n in self.screens if values[CLEAR + n])
        return fields
