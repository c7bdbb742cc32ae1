"""A broken rule is shown as the shortest conversation that breaks it. (One copy for each rule:
``test_broken_copies``.)"""

from __future__ import annotations

from typing import Any

from tests.proof.small import small
from voice_coach.proof.check import Finding, judged


def broken(rule: str, changes: dict[str, Any]) -> Finding:
    verdict = judged(small(changes))[1]
    finding = next(f for f in verdict.findings if f.id == rule)
    assert not finding.holds
    assert finding.real
    return finding


def test_a_question_left_out_of_the_gate() -> None:
    changes = {
        "gate.screens": ["check_chest", "ask_leg"],
        "steps.ask_leg": {
            "kind": "screen", "phase": "check", "flag": "signs", "found": "hands_off",
            "say": ["Is it warm?"], "again": ["Warm?"], "next": "press", "care": ["E2", "E3"],
        },
        "steps.check_chest.next": "ask_leg",
        "steps.eased.on.yes": {"released": True, "to": "press"},
        "steps.ask_leg.next": "press",
        "steps.check_signs.next": "advice",
        "steps.hands_off.next": "check_signs",
    }  # fmt: skip
    finding = broken("S2", changes)
    lines = finding.wrong
    assert lines[0].startswith("COACH: I am here. Stop moving.")
    assert lines[-1] == "COACH: Lay your palm on the calf, or flat knuckles."
    assert not any("more swollen" in line for line in lines), "that question was never asked"
    assert "PERSON: no" in lines


def test_stopped_at_the_first_broken_rule_no_conversation_is_looked_for() -> None:
    changes = {"anywhere.chest.to": "end_emergency"}
    _, verdict = judged(small(changes), first_only=True)
    assert [(finding.id, finding.real) for finding in verdict.broken] == [("E1", False)]
