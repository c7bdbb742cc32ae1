"""Which phrases are asked, in which order, and what is heard with each."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby

import pytest

from voice_coach.content import load_protocol
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.protocol import Protocol
from voice_coach.listening.port import Recognition
from voice_coach.practice import course
from voice_coach.practice.course import END, Drill
from voice_coach.practice.script import load
from voice_coach.session import WAKE, grammar_for


@pytest.fixture(scope="module")
def protocol() -> Protocol:
    return load_protocol()


def phrases(drills: tuple[Drill, ...]) -> list[str]:
    return [drill.phrase for drill in drills]


def heard(text: str, *, accepted: bool = True, confidence: float = 0.9) -> Recognition:
    return Recognition(text, accepted, confidence)


def drill(protocol: Protocol, phrase: str) -> Drill:
    return next(d for d in course.plan(protocol, load().course) if d.phrase == phrase)


@pytest.mark.parametrize("count", [1, 2, 3, 14, 50, 120])
def test_a_course_has_the_length_asked_for_and_begins_with_the_call(
    protocol: Protocol, count: int
) -> None:
    drills = course.plan(protocol, load().course, count)
    assert len(drills) == len(set(phrases(drills))) == count
    assert (drills[0].intent, drills[0].state) == (WAKE, WAKE)


def test_the_short_course_is_pairs_of_synonyms_in_the_order_of_the_script(
    protocol: Protocol,
) -> None:
    script = load()
    drills = course.plan(protocol, script.course, script.phrases)
    asked = {d.intent: [p.phrase for p in drills if p.intent == d.intent] for d in drills}
    first = list(script.course)[: script.phrases // 2]
    assert asked == {intent: list(script.course[intent]) for intent in first}


def test_a_third_synonym_comes_only_when_every_intent_has_two(protocol: Protocol) -> None:
    pairs = sum(min(2, len(group)) for group in course._groups(protocol, load().course))
    for count, third in ((pairs, 0), (pairs + 1, 1)):
        drills = course.plan(protocol, load().course, count)
        sizes = [sum(d.intent == intent for d in drills) for intent in protocol.intents]
        assert sum(size > 2 for size in sizes) == third


def test_everything_is_every_phrase_once(protocol: Protocol) -> None:
    drills = course.plan(protocol, load().course)
    assert sorted(phrases(drills)) == sorted({p for g in protocol.intents.values() for p in g})
    runs = [intent for intent, _ in groupby(drill.intent for drill in drills)]
    assert len(runs) == len(set(runs)), "synonyms stand together"


def test_more_than_there_is_is_everything(protocol: Protocol) -> None:
    script = load()
    assert course.plan(protocol, script.course, 999) == course.plan(protocol, script.course)


def test_every_phrase_is_heard_where_it_is_really_valid(protocol: Protocol) -> None:
    dialogue = Dialogue(protocol)
    for one in course.plan(protocol, load().course):
        grammar, intents = grammar_for(dialogue, one.state)
        assert one.phrase in grammar.phrases
        assert intents[one.phrase] == one.intent, one


def test_plain_answers_are_tried_in_the_safety_check(protocol: Protocol) -> None:
    for phrase in ("yes", "no", "not sure"):
        assert drill(protocol, phrase).state == protocol.gate.screens[0]
    assert protocol.steps[drill(protocol, "done").state].kind == "do"
    assert drill(protocol, "left").state == "which_leg"


def test_the_script_may_name_what_the_protocol_lacks(protocol: Protocol) -> None:
    drills = course.plan(protocol, {"yes": ("jawohl", "yeah"), "sneeze": ("achoo",)}, 4)
    assert phrases(drills) == ["help", "help me", "yeah", "yes"]


def test_the_ear_of_a_drill_is_that_of_its_state_and_hears_how_to_end(protocol: Protocol) -> None:
    dialogue = Dialogue(protocol)
    for phrase in ("help calf cramp", "yes", "done"):
        one = drill(protocol, phrase)
        real, intents = grammar_for(dialogue, one.state)
        exercise = course.exercise(one, dialogue, ("cancel",))
        assert exercise.grammar == replace(real, decoys=(*real.decoys, "cancel"))
        assert exercise.intents == intents
        assert exercise.meaning(heard(phrase)) == one.intent
        assert exercise.meaning(heard("stop")) == END
        assert exercise.meaning(heard("cancel", accepted=False)) == END
        assert exercise.meaning(heard("bananas")) == ""
        assert exercise.meaning(heard("thank you", accepted=False)) == ""


def test_the_call_is_ended_by_a_decoy_that_is_sure(protocol: Protocol) -> None:
    exercise = course.exercise(drill(protocol, "help calf cramp"), Dialogue(protocol), ())
    assert "stop" in exercise.grammar.decoys
    assert exercise.meaning(heard("stop", accepted=False, confidence=course.SURE)) == END
    assert exercise.meaning(heard("stop", accepted=False, confidence=course.SURE - 0.01)) == ""


def test_where_stop_is_practised_only_the_other_words_end(protocol: Protocol) -> None:
    exercise = course.exercise(drill(protocol, "please stop"), Dialogue(protocol), ("cancel",))
    assert exercise.meaning(heard("stop")) == exercise.meaning(heard("stop it")) == "stop"
    assert exercise.meaning(heard("cancel", accepted=False)) == END
    assert exercise.meaning(heard("stop", accepted=False)) == ""


def test_a_word_that_ends_and_is_asked_for_is_an_answer(protocol: Protocol) -> None:
    exercise = course.exercise(drill(protocol, "yes"), Dialogue(protocol), ("yes", "no"))
    assert exercise.meaning(heard("yes")) == "yes"
    assert exercise.meaning(heard("no")) == END
