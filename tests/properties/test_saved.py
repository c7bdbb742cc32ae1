"""A conversation may be saved and taken up again at any moment, and nobody can tell."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dialogue.explore import DIALOGUE, PROTOCOL
from tests.properties.streams import CHOICES, Choice, turns
from voice_coach.dialogue.saved import decode, encode
from voice_coach.dialogue.state import State

BEGUN = DIALOGUE.begin()[0]


@given(CHOICES)
@settings(max_examples=120, deadline=None)
def test_saving_at_any_point_changes_nothing(stream: list[Choice]) -> None:
    for turn in turns(DIALOGUE, stream):
        restored = decode(encode(turn.before.state), PROTOCOL)
        assert restored == turn.before.state
        assert DIALOGUE.advance(restored, turn.event) == (turn.after.state, turn.actions)


@given(CHOICES)
@settings(max_examples=40, deadline=None)
def test_what_is_restored_is_of_the_same_types(stream: list[Choice]) -> None:
    for turn in turns(DIALOGUE, stream):
        state = turn.after.state
        restored = decode(encode(state), PROTOCOL)
        for field in fields(State):
            assert type(getattr(restored, field.name)) is type(getattr(state, field.name))


def test_equal_states_are_the_same_bytes() -> None:
    one = replace(BEGUN, flags=frozenset(["pain", "often", "urine"]))
    other = replace(BEGUN, flags=frozenset(["urine", "pain", "often"]))
    assert encode(one) == encode(other)
    assert b"\n" not in encode(one)


@given(st.integers(0, len(encode(BEGUN)) - 1))
@settings(max_examples=60, deadline=None)
def test_a_state_that_was_cut_off_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="not a saved state"):
        decode(encode(BEGUN)[:length], PROTOCOL)


@given(st.binary(max_size=200))
def test_garbage_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a"):
        decode(data, PROTOCOL)


@pytest.mark.parametrize("field", [field.name for field in fields(State)])
def test_nothing_that_is_missing_is_assumed(field: str) -> None:
    data = json.loads(encode(BEGUN))
    del data[field]
    with pytest.raises(ValueError, match=field):
        decode(json.dumps(data).encode(), PROTOCOL)


@pytest.mark.parametrize(
    "wrong",
    [
        {"step": "gone"}, {"step": "press"}, {"target": "gone"}, {"trail": ("gone",)},
        {"cleared": frozenset(["gone"])}, {"flags": frozenset(["gone"])},
    ],
)  # fmt: skip
def test_a_state_of_another_protocol_is_refused(wrong: dict[str, object]) -> None:
    state = replace(BEGUN, **wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not a state of this protocol"):
        decode(encode(state), PROTOCOL)
