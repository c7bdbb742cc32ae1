"""Which phrases of a step do not wait for the end of what is being said."""

from __future__ import annotations

import pytest

from voice_coach.content import load_protocol
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.session import WAKE, grammar_for

PROTOCOL = load_protocol()


@pytest.mark.parametrize("step", ["position", "check_signs", "find_knot", "end_self"])
def test_stop_pain_and_emergencies_are_urgent_and_nothing_else(step: str) -> None:
    grammar, intents = grammar_for(Dialogue(PROTOCOL), step)
    emergencies = {
        intent
        for intent, reaction in PROTOCOL.anywhere.items()
        if reaction.flag and PROTOCOL.flags[reaction.flag].level == "emergency"
    }
    assert emergencies
    assert {intents[phrase] for phrase in grammar.urgent} == {"stop", "sharp", *emergencies}


def test_a_call_is_not_urgent() -> None:
    assert grammar_for(Dialogue(PROTOCOL), WAKE)[0].urgent == frozenset()
