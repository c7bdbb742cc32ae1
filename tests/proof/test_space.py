"""Sets of memories as integers: the same as sets of dictionaries, only faster."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.proof.small import small
from voice_coach.proof.space import Memory, Space

SPACE = Space((("a", (False, True)), ("b", (1, 2, 3)), ("c", ("x", "y"))))
ALL: list[dict[str, Any]] = [
    {"a": a, "b": b, "c": c} for a, b, c in itertools.product((False, True), (1, 2, 3), "xy")
]

sets = st.integers(0, (1 << SPACE.size) - 1)
some = st.fixed_dictionaries(
    {}, optional={"a": st.booleans(), "b": st.sampled_from((1, 2, 3)), "c": st.sampled_from("xy")}
)


def members(bits: int) -> list[dict[str, Any]]:
    return [values for values in ALL if SPACE.bit(values) & bits]


@given(sets, some)
def test_where_keeps_those_with_the_values(bits: int, values: dict[str, Any]) -> None:
    kept = [m for m in members(bits) if values.items() <= m.items()]
    assert members(bits & SPACE.where(values)) == kept


@given(sets, some)
def test_after_sets_the_values(bits: int, values: dict[str, Any]) -> None:
    moved = [{**m, **values} for m in members(bits)]
    assert members(SPACE.after(bits, values)) == [m for m in ALL if m in moved]


@given(sets, some)
def test_before_is_everything_that_leads_there(bits: int, values: dict[str, Any]) -> None:
    origins = [m for m in ALL if {**m, **values} in members(bits)]
    assert members(SPACE.before(bits, values)) == origins


@given(sets.filter(bool))
def test_first_is_one_of_them(bits: int) -> None:
    assert SPACE.bit(SPACE.first(bits)) & bits


def test_later_only_grows_flags_level_and_clock() -> None:
    memory = Memory.of(small(), ("check_chest", "check_signs"))
    values = memory.space.first(memory.space.where({"level": 3, "limit": True}))
    after = memory.later(memory.space.bit(values))
    assert after & memory.space.where({"level": 4, "released": True})
    assert not after & memory.space.where({"level": 2})
    assert not after & memory.space.where({"limit": False})
    flagged = memory.space.bit({**values, "flags": memory.flags.alike({"chest"})})
    assert not memory.later(flagged) & memory.space.where({"flags": frozenset()})
