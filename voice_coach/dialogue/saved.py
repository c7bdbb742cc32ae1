"""A state as bytes and back: what lets a conversation go on after its process has died.

The bytes are one line of JSON, the same for equal states. They belong to the protocol they were
saved under: a state whose steps or flags that protocol does not know is refused, not guessed at.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Final

import msgspec

from voice_coach.dialogue.protocol import Protocol
from voice_coach.dialogue.state import State

_ALL: Final = frozenset(field.name for field in fields(State))


def encode(state: State) -> bytes:
    """One line, without its end."""
    return msgspec.json.encode(state, order="deterministic")


def decode(data: bytes, protocol: Protocol) -> State:
    """The state that was encoded. Raises ValueError for anything else, or for a state that
    ``protocol`` cannot be in."""
    try:
        state = msgspec.json.decode(data, type=State)
        missing = _ALL - msgspec.json.decode(data, type=dict[str, msgspec.Raw]).keys()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"not a saved state: {error}") from None
    if missing:  # never filled with a default: whether a flag was raised is not ours to assume
        raise ValueError(f"not a saved state: {min(missing)} is missing")
    for name in {state.step, *state.trail, *state.cleared, *filter(None, [state.target])}:
        if name not in protocol.steps:
            raise ValueError(f'not a state of this protocol: it has no step "{name}"')
    if protocol.steps[state.step].kind == "route":
        raise ValueError(f'not a state of this protocol: nobody stays in the route "{state.step}"')
    for flag in state.flags - protocol.flags.keys():
        raise ValueError(f'not a state of this protocol: it has no flag "{flag}"')
    return state
