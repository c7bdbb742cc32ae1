"""What the engine guards by itself, whatever a content file says: tiny conversations."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.dialogue.explore import PROTOCOL
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.events import Heard
from voice_coach.dialogue.playthrough import Playthrough
from voice_coach.dialogue.protocol import Level, Protocol

INTENTS = {
    **PROTOCOL.intents, "now": ("now",), "lock": ("lock",), "tear": ("tear",), "hum": ("hum",),
}  # fmt: skip


def tiny(steps: dict[str, Any], **changes: Any) -> Playthrough:
    """A conversation of a few steps that begins with "first"."""
    shipped = msgspec.to_builtins(PROTOCOL)
    end = {"kind": "end", "phase": "end", "say": ["Good night."]}
    safe = {"kind": "do", "phase": "x", "say": ["Hands off."], "wait": 1.0, "next": "end"}
    locked = {"kind": "do", "phase": "x", "say": ["Stretch first."], "wait": 1.0, "next": "end"}
    clear = {
        "kind": "screen", "phase": "x", "say": ["Swollen?"], "again": ["Swollen?"],
        "flag": "signs", "found": "safe", "next": "end",
    }  # fmt: skip
    data = {
        **shipped,
        "start": "first",
        "stop": "end",
        "anywhere": {},
        "intents": INTENTS,
        "limits": {**shipped["limits"], "limit_step": "locked", "cap_step": "end"},
        "gate": {**shipped["gate"], "screens": ["clear"], "locked": "locked", "forbidden": "safe"},
        **changes,
        "steps": {"end": end, "safe": safe, "locked": locked, "clear": clear, **steps},
    }
    return Playthrough(Dialogue(msgspec.convert(data, Protocol)))


def asks(**on: Any) -> dict[str, Any]:
    return {
        "kind": "ask", "phase": "x", "say": ["Well?"], "again": ["Well?"], "next": "end", "on": on,
    }  # fmt: skip


PRESS = {
    "kind": "do", "phase": "x", "touch": True, "say": ["Press."], "again": ["Press."], "wait": 5.0,
    "next": "end",
}  # fmt: skip


def test_a_locked_muscle_leads_to_the_stretch_instead() -> None:
    talk = tiny({"first": asks(now="press"), "press": PRESS})
    talk.answer("now")
    assert talk.state.step == "locked"


def test_an_open_screen_is_asked_first_and_a_flag_leads_away() -> None:
    talk = tiny({"first": asks(now={"released": True, "to": "press"}), "press": PRESS})
    talk.answer("now")
    assert talk.state.step == "clear"
    talk.answer("yes")
    assert talk.state.step == "safe"
    talk = tiny({
        "first": asks(now={"released": True, "flag": "signs", "to": "press"}), "press": PRESS,
    })  # fmt: skip
    talk.answer("now")
    assert talk.state.step == "safe"


def test_a_flag_against_stretching_leads_away_from_a_stretch() -> None:
    stretch = {**PRESS, "touch": False, "stretch": True}
    talk = tiny({"first": asks(tear={"flag": "injury", "to": "pull"}), "pull": stretch})
    talk.answer("tear")
    assert talk.state.step == "safe"


@pytest.mark.parametrize(
    ("reaction", "then"),
    [
        ({"released": False, "say": ["I see."]}, "locked"),
        ({"flag": "signs", "say": ["I see."]}, "safe"),
    ],
)
def test_an_answer_that_shuts_the_step_it_is_given_in_leads_out_of_it(
    reaction: dict[str, Any], then: str
) -> None:
    press = {**PRESS, "on": {"hum": reaction}}
    clear = {"kind": "screen", "phase": "x", "say": ["Swollen?"], "again": ["Swollen?"],
             "flag": "signs", "found": "safe", "next": "press"}  # fmt: skip
    talk = tiny(
        {"first": asks(now={"released": True, "to": "press"}), "press": press, "clear": clear}
    )
    talk.answer("now")
    talk.answer("no")
    talk.listen()
    assert talk.state.step == "press"
    talk.hear("hum")
    assert talk.said[-1].text == "I see."
    assert not talk.said[-1].touch
    while talk.state.mode == "leave":
        talk.wait(0.2)
    assert talk.state.step == then
    assert talk.said[-1].text != "Press."


def test_routes_that_lead_in_a_circle_are_an_error_and_no_hang() -> None:
    one = {"kind": "route", "phase": "x", "next": "two"}
    two = {"kind": "route", "phase": "x", "next": "one"}
    talk = tiny({"first": asks(now="one"), "one": one, "two": two})
    with pytest.raises(ValueError, match="circle"):
        talk.answer("now")


@pytest.mark.parametrize("when", ["released", "relieved", "severe", "standing", "far", "limit"])
def test_a_route_takes_its_case_or_goes_on(when: str) -> None:
    fact: dict[str, Any] = {
        "standing": {"position": "standing"}, "far": {"position": "far"}, "limit": {},
    }.get(when, {when: True})  # fmt: skip
    way = {"kind": "route", "phase": "x", "cases": [{"when": when, "to": "safe"}], "next": "end"}
    talk = tiny({"first": asks(now={**fact, "to": "way"}, hum="way"), "way": way})
    talk.answer("now")
    assert talk.state.step == ("end" if when == "limit" else "safe")
    talk = tiny({"first": asks(hum="way"), "way": way})
    talk.answer("hum")
    assert talk.state.step == "end"


def test_placeholders_are_filled_wherever_a_sentence_may_stand() -> None:
    shipped = msgspec.to_builtins(PROTOCOL.common)
    hold = {
        "kind": "hold", "phase": "x", "say": ["Hold."], "seconds": 9.0, "every": 3.0,
        "cues": ["The {cramped} one."], "release": ["Call {number}."], "next": "end",
    }  # fmt: skip
    common = {**shipped, "paused": "Call {number} at need."}
    talk = tiny({"first": asks(left={"side": "left", "to": "hold"}), "hold": hold}, common=common)
    talk.answer("left")
    talk.wait(5)
    assert talk.said[-1].text == "The left one."
    talk.hear("pause")
    assert talk.said[-1].text == "Call one one two at need."


def test_flags_raise_the_level_and_nothing_lowers_it() -> None:
    talk = tiny({
        "first": asks(now={"flag": "urine", "to": "second"}),
        "second": asks(hum={"flag": "often", "to": "end"}),
    })  # fmt: skip
    talk.answer("now")
    talk.answer("hum")
    talk.to_end()
    assert talk.state.level is Level.urgent
    assert talk.outcome == "urgent"


def test_an_emergency_is_the_outcome_even_of_an_ending_that_names_none() -> None:
    talk = tiny({"first": asks(now={"flag": "chest", "to": "end"})})
    talk.answer("now")
    talk.to_end()
    assert talk.outcome == "emergency"


def test_content_that_keeps_talking_for_ever_is_ended_by_the_cap() -> None:
    one = {"kind": "do", "phase": "x", "say": ["Tick."], "wait": 0.0, "next": "two"}
    two = {"kind": "do", "phase": "x", "say": ["Tock."], "wait": 0.0, "next": "first"}
    talk = tiny({"first": one, "two": two})
    talk.to_end()
    assert talk.said[-1].text == "Good night."
    assert talk.now < PROTOCOL.limits.cap + 10


def test_what_a_step_does_not_know_is_asked_again_and_in_a_pause_ignored() -> None:
    talk = tiny({"first": asks()})
    talk.answer("pause")
    talk.listen()
    state, actions = talk.dialogue.advance(talk.state, _heard(talk, "lock"))
    assert (state.mode, actions) == ("pause", ())
    talk.hear("go on")
    talk.listen()
    state, actions = talk.dialogue.advance(talk.state, _heard(talk, "lock"))
    assert state.queue[0].prompt == "common.nomatch_0"


def _heard(talk: Playthrough, intent: str) -> Heard:
    return Heard(talk.now, intent)
