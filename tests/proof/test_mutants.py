"""Breaking the shipped content is noticed. The whole table: `python -m scripts.bench.mutants`."""

from __future__ import annotations

from typing import Final

import pytest

from scripts.bench.mutants import HARMLESS, Mutant, fate, mutants

ALL: Final = {mutant.name: mutant for mutant in mutants()}

AT_ONCE: Final = (
    "gate: check_chest removed", "gate: moved after pressure", "gate: locked leads to pressure",
    "check_signs: danger is the other answer", "check_push: danger is the other answer",
    "check_chest: not sure wired to no", "check_risk: silence wired to no",
    "eased: yes and no swapped", "thumbs_ask: yes and no swapped", "can_stand: yes and no swapped",
    "eased: silence counts as letting go", "eased: no counts as letting go",
    "note_unresolved: silence raises nothing", "knead: sharp goes on to the next",
    "flag signs: level lowered", "flag injury: allows the stretch", "limit raised to 15 minutes",
    "limit level lowered", "anywhere: injury not heard", "stop unwired", "no means yes too",
    "chest pain means stop", "knot: held for 100 s", "stretch_hand: counts in halves",
)  # fmt: skip
"""Killed by the loader or by a rule about data: nothing has to be explored."""

EXPLORED: Final = {"anywhere: chest leads to the advice only": "E1", "the number is not said": "E1"}
"""Killed by a rule that is broken soon after the call."""


@pytest.mark.parametrize("name", AT_ONCE)
def test_a_mutant_is_killed_at_once(name: str) -> None:
    assert fate(ALL[name]).by


@pytest.mark.parametrize("name", EXPLORED)
def test_a_mutant_is_killed_by_exploring(name: str) -> None:
    assert fate(ALL[name]).by == EXPLORED[name]


def test_there_are_many_mutants_and_all_differ_from_the_shipped_content() -> None:
    assert len(ALL) >= 60
    original = next(iter(mutants())).data
    texts = {repr(mutant.data) for mutant in ALL.values()}
    assert len(texts) == len(ALL)
    assert original


def test_whatever_may_live_is_a_mutant_and_has_a_reason() -> None:
    assert set(HARMLESS) <= set(ALL)
    assert all(HARMLESS.values())


def test_a_survivor_without_a_reason_is_not_justified() -> None:
    lives = fate(Mutant("no such name", next(iter(ALL.values())).data))
    assert lives.justified  # this one is killed
    assert not type(lives)("unknown", "", "", 0.0).justified
