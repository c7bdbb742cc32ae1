"""A night in words: whoever is heard well gets what they should, and who watches sees a mistake."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import msgspec
import pytest

from tests.dialogue.explore import DIALOGUE, PROTOCOL
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.protocol import Level, Protocol
from voice_coach.eventlog import EventLog, Record
from voice_coach.simulation.hearing import Hearing
from voice_coach.simulation.night import Played, Result, Stage, verdict
from voice_coach.simulation.persona import Persona, personas

SEED = 7
PERFECT = Hearing(0.0, 0.0, 0.0)
AWFUL = Hearing(0.2, 0.3, 200.0)


@cache
def nights(hearing: Hearing | None, count: int = 90) -> tuple[Result, ...]:
    stage = Stage(DIALOGUE, hearing=hearing)
    return tuple(stage.play(stage.draw(n, 7)) for n in range(count))


def test_whoever_is_heard_well_gets_what_they_should() -> None:
    found = {r.verdict for r in nights(PERFECT)}
    assert found == {"right"}, [r for r in nights(PERFECT) if r.verdict != "right"]
    assert len({r.persona for r in nights(PERFECT)}) > 12


@pytest.mark.parametrize("hearing", [PERFECT, AWFUL, None])
def test_no_rule_is_broken_however_badly_it_hears(hearing: Hearing | None) -> None:
    assert [r.violations for r in nights(hearing) if r.violations] == []


def test_bad_ears_are_noticed() -> None:
    assert sum(r.misheard for r in nights(AWFUL)) > 5 * sum(r.misheard for r in nights(PERFECT))


def test_the_same_night_goes_the_same_way() -> None:
    stage = Stage(DIALOGUE)
    for number in (3, 44):
        assert stage.play(stage.draw(number, 7)) == nights(None)[number]
    assert stage.draw(3, 8) != stage.draw(3, 7)


def test_relief_is_timed() -> None:
    times = [r.relieved_at for r in nights(PERFECT) if r.persona == "ordinary"]
    assert times
    assert all(time is not None and 60 < time < 600 for time in times)
    assert all(r.relieved_at is None for r in nights(PERFECT) if r.persona == "silent")


def test_a_night_leaves_the_records_of_a_session() -> None:
    records: list[Record] = []
    log = EventLog()
    log.watch(records.append)
    stage = Stage(DIALOGUE, hearing=PERFECT)
    stage.play(stage.draw(0, 7), log)
    kinds = {record["type"] for record in records}
    assert kinds >= {"state", "turn", "saying", "say", "heard", "advice", "end"}
    times = [record["t"] for record in records if record["type"] != "saying"]
    assert times == sorted(times)


# -- what is wrong is seen ------------------------------------------------------------------------


def broken(**changes: Any) -> Protocol:
    """The shipped content with some keys of its steps changed: "step.key" and the new value."""
    data = msgspec.to_builtins(PROTOCOL)
    for path, value in changes.items():
        step, key = path.split("__")
        data["steps"][step][key] = value
    return msgspec.convert(data, Protocol)


def few(protocol: Protocol, persona: str, count: int = 8) -> list[Result]:
    stage = Stage(Dialogue(protocol), hearing=PERFECT)
    return [stage.play(stage.draw(n, 7, persona=persona)) for n in range(count)]


def violations(protocol: Protocol, persona: str) -> set[str]:
    """The rules that are broken, by whoever sees it."""
    return {v.split(" at ")[0] for result in few(protocol, persona) for v in result.violations}


def test_a_question_left_out_before_pressure_is_seen() -> None:
    gate = msgspec.structs.replace(PROTOCOL.gate, screens=PROTOCOL.gate.screens[:1])
    protocol = msgspec.structs.replace(PROTOCOL, gate=gate)
    protocol = msgspec.structs.replace(
        protocol,
        steps={**PROTOCOL.steps, "check_chest": msgspec.structs.replace(
            PROTOCOL.steps["check_chest"], next="press"
        )},
    )  # fmt: skip
    assert "S2" in violations(protocol, "ordinary")


def test_pressure_after_a_sharp_pain_is_seen() -> None:
    knead = {**msgspec.to_builtins(PROTOCOL.steps["knead"].on), "sharp": "thumbs_more"}
    assert "S5" in violations(broken(knead__on=knead), "sore")


def test_a_sentence_that_is_too_long_is_seen() -> None:
    assert "S9" in violations(broken(unload__say=["and so on " * 8]), "quick")


def test_what_should_have_been_urgent_is_wrong() -> None:
    data = msgspec.to_builtins(PROTOCOL)
    data["flags"]["signs"]["level"] = "soon"
    results = few(msgspec.convert(data, Protocol), "clot")
    assert {result.verdict for result in results} == {"wrong"}


def test_a_night_that_fails_is_a_violation_and_wrong() -> None:
    class Failing(Hearing):
        def hear(self, *_: object) -> str | None:
            raise OSError("no ears")

    stage = Stage(DIALOGUE, hearing=Failing(0.0, 0.0, 0.0))
    result = stage.play(stage.draw(0, 7))
    assert (result.verdict, result.violations) == ("wrong", ("failed: OSError: no ears",))


# -- what is right --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "level", "least", "expected"),
    [
        ("relieved", "soon", Level.self_care, "right"),
        ("relieved", "urgent", Level.self_care, "more careful"),
        ("relieved", "routine", Level.self_care, "wrong"),
        ("stopped", "soon", Level.self_care, "wrong"),
        ("not_resolved", "urgent", Level.urgent, "right"),
        ("relieved", "soon", Level.urgent, "wrong"),
        ("urgent", "urgent", Level.urgent, "more careful"),
        ("", "", Level.self_care, "wrong"),
    ],
)
def test_verdicts(outcome: str, level: str, least: Level, expected: str) -> None:
    numb = Persona(title="x", outcome=("relieved",), level="soon")
    assert verdict(numb, Played(outcome, level, 1.0, 1, 0), least) == expected


def test_of_whoever_says_anything_everything_is_right() -> None:
    played = Played("stopped", "self_care", 1.0, 1, 0)
    assert verdict(personas().personas["contrary"], played, Level.self_care) == "right"


def test_one_persona_alone_may_be_asked_for() -> None:
    assert {result.persona for result in few(PROTOCOL, "chest")} == {"chest"}
    assert {result.outcome for result in few(PROTOCOL, "chest")} == {"emergency"}


def test_the_room_is_drawn_too() -> None:
    stage = Stage(DIALOGUE)
    rooms = [stage.draw(n, 7).room for n in range(40)]
    assert len({room.snr_db for room in rooms}) == 5
    assert len({room.echo_db for room in rooms}) > 20
    assert {stage.draw(n, 7, 15.0).room.snr_db for n in range(9)} == {15.0}
    assert replace(stage.draw(3, 7, 15.0), room=rooms[3]) == stage.draw(3, 7)
