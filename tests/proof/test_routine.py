"""The daily stretch is proven as the cramp is, and one rule more: nothing is stretched unasked."""

from __future__ import annotations

from functools import cache

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_coach.content.loader import load_protocol
from voice_coach.dialogue import actions as act
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.playthrough import Playthrough
from voice_coach.dialogue.protocol import Protocol
from voice_coach.proof import seal
from voice_coach.proof.check import check, check_data
from voice_coach.proof.explorer import Explorer
from voice_coach.proof.rules import required_screens
from voice_coach.proof.turn import Turn
from voice_coach.routine.content import ROUTINE, load, settled, unset


@cache
def routine() -> Protocol:
    return load_protocol(ROUTINE)


def unasked(turn: Turn) -> list[str]:
    """A stretch begins although a safety question has no reassuring answer."""
    if not any(turn.protocol.steps[name].stretch for name in turn.entered):
        return []
    cleared = turn.after.state.cleared
    return [] if all(name in cleared for name in turn.protocol.gate.screens) else ["asked"]


def explored(protocol: Protocol) -> Explorer:
    explorer = Explorer(protocol, required_screens(protocol), unasked)
    explorer.run()
    return explorer


def without_back(protocol: Protocol) -> Protocol:
    """Nobody says "go back": the proof keeps no trail, and lets it lead to any step."""
    intents = {name: phrases for name, phrases in protocol.intents.items() if name != "back"}
    return msgspec.structs.replace(protocol, intents=intents)


@pytest.mark.parametrize("known", [False, True])
def test_it_comes_proven(known: bool) -> None:
    protocol = settled(routine(), load()) if known else routine()
    assert seal.proven(protocol), "renew it: python -m voice_coach.proof"
    assert check(protocol).holds


def test_what_is_said_instead_of_a_promise_keeps_the_rules_for_sentences() -> None:
    wrong = [f.id for f in check_data(unset(routine(), load())) if not f.holds]
    assert wrong == []


def test_nothing_is_stretched_before_every_safety_question_was_answered() -> None:
    explorer = explored(without_back(routine()))
    assert not explorer.broken
    assert {n for n, s in routine().steps.items() if s.stretch} <= explorer.steps()


SAID = ["no", "no", "yes", "go back", "skip", "start over", "done", ""]


@given(st.lists(st.sampled_from(SAID), max_size=60))
def test_nor_by_going_back(said: list[str]) -> None:
    """What the proof leaves open, in real conversations with a real trail."""
    talk = Playthrough(Dialogue(routine()))
    for text in said:
        talk.listen()
        if talk.over:
            break
        before = len(talk.actions)
        if text:
            talk.hear(text)
        else:
            talk.wait(21.0)
        for _, action in talk.actions[before:]:
            if isinstance(action, act.Enter) and routine().steps[action.step].stretch:
                assert set(routine().gate.screens) <= talk.state.cleared


def test_a_routine_that_skips_a_question_would_be_found() -> None:
    steps = dict(routine().steps)
    steps["free"] = msgspec.structs.replace(
        steps["free"], on={**steps["free"].on, "no": "check_signs"}
    )
    skipping = msgspec.structs.replace(routine(), steps=steps)
    assert "asked" in explored(without_back(skipping)).broken


def test_it_presses_nowhere() -> None:
    assert not any(step.touch for step in routine().steps.values())
