"""Every rule can be broken, and then says so: for each, one turn or one change of the content."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.proof.small import data, small
from voice_coach.content import default_protocol_path, load_protocol
from voice_coach.content.toml import convert
from voice_coach.dialogue import actions as act
from voice_coach.dialogue.events import Event, Heard, NotUnderstood, TimerFired
from voice_coach.dialogue.protocol import Level, Protocol
from voice_coach.dialogue.state import Line, State
from voice_coach.proof.check import REACHED, check_data
from voice_coach.proof.data import DATA_RULES
from voice_coach.proof.rules import RULES, judge, required_screens
from voice_coach.proof.turn import Moment, Turn

PROTOCOL = small()
CLEAR = frozenset({"check_chest", "check_signs"})
CHEST, SIGNS = frozenset({"chest"}), frozenset({"signs"})
PRESS = act.Say("palm.say.0", "Lay your palm on the calf.", touch=True)
SPEAKING = (Line("x.say.0", "A sentence."),)
LISTENING = State("eased", mode="wait")
AT_PALM = State("palm", mode="wait", released=True, cleared=CLEAR)


def turn(
    before: State, event: Event, after: State, *actions: act.Action,
    timers: frozenset[str] = frozenset({"silence"}),
) -> Turn:  # fmt: skip
    return Turn(PROTOCOL, Moment(before, timers), event, Moment(after, timers), actions)


def heard(intent: str) -> Heard:
    return Heard(1.0, intent)


SILENCE, LIMIT, CAP = (TimerFired(1.0, name) for name in ("silence", "limit", "cap"))
SCREEN = State("check_signs", mode="wait", released=True)

BREAKS: dict[str, Turn] = {
    "S1": turn(AT_PALM, SILENCE, replace(AT_PALM, released=False, queue=SPEAKING), PRESS),
    "S1-word": turn(LISTENING, SILENCE, replace(LISTENING, released=True)),
    "S1-stay": turn(AT_PALM, heard("why"), replace(AT_PALM, released=False)),
    "S2": turn(AT_PALM, SILENCE, replace(AT_PALM, cleared=frozenset({"check_chest"})), PRESS),
    "S2-stretch": turn(
        LISTENING, heard("no"), State("stretch_hand", flags=SIGNS, queue=SPEAKING),
        act.Enter("stretch_hand"),
    ),
    "S2-clear": turn(SCREEN, SILENCE, replace(SCREEN, cleared=frozenset({"check_signs"}))),
    "S3": turn(LISTENING, LIMIT, replace(LISTENING, limit=True)),
    "S3-said": turn(
        replace(LISTENING, limit_unsaid=True), heard("no"),
        State("check_chest", limit_unsaid=True, queue=SPEAKING), act.Enter("check_chest"),
    ),
    "S3-heard": turn(replace(LISTENING, limit_unsaid=True), heard("why"), LISTENING),
    "S4": turn(LISTENING, heard("stop"), State("stretch_hand", queue=SPEAKING)),
    "S5": turn(AT_PALM, heard("sharp"), AT_PALM),
    "E1": turn(LISTENING, heard("chest"), LISTENING),
    "S6": turn(LISTENING, heard("why"), LISTENING, timers=frozenset()),
    "S6-out": turn(replace(LISTENING, attempts=1), SILENCE, LISTENING),
    "S6-timer": turn(LISTENING, heard("why"), LISTENING, timers=frozenset({"silence", "hold"})),
    "S7": turn(State("end_self"), SILENCE, State("end_self", mode="over"), act.End("stopped")),
    "S7-words": turn(
        LISTENING, heard("no"), State("end_self", level=Level.urgent), act.Enter("end_self")
    ),
    "S7-cap": turn(LISTENING, CAP, State("stretch_hand", queue=SPEAKING)),
    "S8": turn(SCREEN, NotUnderstood(1.0), State("palm", mode="wait", released=True)),
    "S8-again": turn(
        replace(SCREEN, attempts=1), NotUnderstood(1.0), State("hands_off", queue=SPEAKING)
    ),
    "S8-yes": turn(SCREEN, heard("yes"), State("press", mode="wait")),
    "L1": turn(replace(LISTENING, level=Level.urgent), heard("why"), LISTENING),
    "B1": turn(replace(LISTENING, queue=SPEAKING), heard("why"), LISTENING),
    "D1": turn(LISTENING, heard("pause"), LISTENING, act.CancelTimer("limit")),
    "T1": turn(LISTENING, heard("why"), LISTENING, act.StartTimer("silence", 0.0)),
}  # fmt: skip

DATA_BREAKS: dict[str, dict[str, Any]] = {
    "S9": {"steps.check_signs.say": ["Is it not warm?"]},
    "S9-words": {"intents.chest": ["chest pain", "nope"]},
    "Q1": {"steps.eased.on.no": None},
    "Q2": {"steps.eased.on.no": {"released": True, "to": "press"}},
    "Q3": {"steps.eased.on.unsure": {"released": True, "to": "press"}},
    "Q4": {"steps.check_signs.danger": ["no"]},
    "F1": {"flags.signs.level": "routine", "flags.signs.forbids": ["pressure"],
           "gate.screens": ["check_chest", "check_signs"]},
    "H1": {"steps.stretch_hand.seconds": 90.0},
    "N1": {"limits.limit": 480},
    "M1": {"intents.stop": ["stop", "chest pain"]},
    "S7-end": {"steps.emergency.next": "emergency"},
    "S6-self": {"steps.palm.next": "palm"},
}  # fmt: skip


@pytest.mark.parametrize("rule", BREAKS)
def test_a_turn_breaks_the_rule(rule: str) -> None:
    assert rule in judge(BREAKS[rule])


@pytest.mark.parametrize("rule", DATA_BREAKS)
def test_a_change_of_the_content_breaks_the_rule(rule: str) -> None:
    changed = _loose(DATA_BREAKS[rule])
    wrong = {finding.id: finding.wrong for finding in check_data(changed)}
    assert wrong[rule]
    assert all(text and not text.endswith(".") for text in wrong[rule])


def _loose(changes: dict[str, Any]) -> Protocol:
    """Without the loader: what it refuses by itself is another test."""
    return convert(default_protocol_path(), data(changes), Protocol)


def test_every_rule_has_something_that_breaks_it() -> None:
    assert set(BREAKS) == {rule.id for rule in RULES}
    assert set(DATA_BREAKS) == {rule.id for rule in DATA_RULES}
    assert REACHED not in set(BREAKS) | set(DATA_BREAKS), "it is decided by what was explored"


def test_ids_and_texts_are_a_table_to_read() -> None:
    table = [(r.id, r.text) for r in RULES] + [(r.id, r.text) for r in DATA_RULES]
    ids = [ident for ident, _ in table]
    assert len(ids) == len(set(ids))
    assert all(text == text.strip() and len(text) <= 100 for _, text in table)
    for n in range(1, 10):
        assert any(ident.split("-")[0] == f"S{n}" for ident in ids)


def test_the_shipped_and_the_small_content_keep_every_rule_about_data() -> None:
    for protocol in (load_protocol(), PROTOCOL):
        assert [finding for finding in check_data(protocol) if not finding.holds] == []


def test_every_question_about_a_danger_is_required_whatever_the_gate_says() -> None:
    assert set(required_screens(PROTOCOL)) == CLEAR
    protocol = load_protocol()
    assert set(required_screens(protocol)) == set(protocol.gate.screens)
