"""A broken rule is shown as the shortest conversation that breaks it."""

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


def test_an_emergency_without_its_number() -> None:
    finding = broken("E1", {"anywhere.chest.to": "end_emergency"})
    assert finding.wrong == (
        "COACH: I am here. Stop. (cut off)",
        "PERSON: chest pain",
        "COACH: Stay on the line with them.",
    )


def test_silence_that_leads_nowhere() -> None:
    finding = broken("S6-out", {"steps.eased.on.silence": {"say": ["I wait."]}})
    assert finding.wrong[-4:] == (
        "COACH: Is it letting go?",
        "(silence 5 s)",
        "COACH: I wait.",
        "COACH: Is it letting go?",
    ) or finding.wrong[-2:] == ("(silence 5 s)", "COACH: I wait.")
    assert sum(line == "(silence 5 s)" for line in finding.wrong) == 2


def test_silence_taken_for_letting_go() -> None:
    finding = broken("S1-word", {"steps.eased.on.silence": {"released": True, "to": "press"}})
    assert finding.wrong[-3:] == (
        "COACH: Has the cramp started to let go? (cut off)",
        "PERSON: skip",  # counts as silence, and is shorter
        "COACH: Any chest pain, trouble breathing, coughing blood, or fainting?",
    )


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
    assert lines[0].startswith("COACH: I am here. Stop.")
    assert lines[-1] == "COACH: Lay your palm on the calf, or flat knuckles."
    assert not any("more swollen" in line for line in lines), "that question was never asked"
    assert "PERSON: no" in lines


def test_an_ending_without_its_advice() -> None:
    finding = broken("S7-words", {"steps.end_urgent.say": ["Good night."]})
    assert finding.conversation
    assert finding.wrong[-1] == "COACH: Good night."


def test_stopped_at_the_first_broken_rule_no_conversation_is_looked_for() -> None:
    changes = {"anywhere.chest.to": "end_emergency"}
    _, verdict = judged(small(changes), first_only=True)
    assert [(finding.id, finding.real) for finding in verdict.broken] == [("E1", False)]
