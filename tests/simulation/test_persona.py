"""People are drawn from the file: each says what is true of them, in words the coach knows."""

from __future__ import annotations

import random

import pytest

from tests.dialogue.explore import PROTOCOL
from voice_coach.dialogue.protocol import Level
from voice_coach.rehearsal.scenario import Person
from voice_coach.simulation.persona import VISITS, Casting, Persona, personas

CASTING = Casting(PROTOCOL)
PERSONAS = personas().personas


def drawn(persona: Persona, seed: int = 1) -> Person:
    return CASTING.draw(persona, random.Random(seed)).person


def intents(person: Person, step: str) -> list[str]:
    """What is meant on each visit."""
    said = [visit[-1] for visit in person.answers[step]]
    return [PROTOCOL.vocabulary(step).get(text, "") for text in said]


@pytest.mark.parametrize("name", PERSONAS)
def test_every_persona_names_flags_and_words_that_there_are(name: str) -> None:
    persona = PERSONAS[name]
    assert {*persona.flags, *persona.unsure, *persona.mumbled} <= PROTOCOL.flags.keys()
    assert {s.intent for s in persona.says} <= {*PROTOCOL.intents, "any"}
    assert persona.lets_go[0] <= persona.lets_go[1]
    assert bool(persona.outcome) == (persona.level is not None)


@pytest.mark.parametrize("name", PERSONAS)
def test_a_persona_should_get_at_least_what_its_flags_ask_for(name: str) -> None:
    persona = PERSONAS[name]
    flags = (*persona.flags, *persona.unsure, *persona.mumbled)
    least = max((Level[PROTOCOL.flags[flag].level] for flag in flags), default=Level.self_care)
    assert persona.level is None or Level[persona.level] >= least


def test_mumbles_mean_nothing_anywhere() -> None:
    everything = {phrase for of in CASTING.vocabularies.values() for phrase in of}
    assert not everything & set(personas().mumbles)


def test_the_same_chance_draws_the_same_person() -> None:
    assert drawn(PERSONAS["contrary"], 5) == drawn(PERSONAS["contrary"], 5)
    assert drawn(PERSONAS["contrary"], 5) != drawn(PERSONAS["contrary"], 6)


@pytest.mark.parametrize("seed", range(5))
def test_answers_are_true(seed: int) -> None:
    healthy = drawn(Persona(title="x", lets_go=(2, 2), gone=(0, 0), severe=1.0), seed)
    assert intents(healthy, "eased")[:2] != ["yes", "yes"]
    assert intents(healthy, "eased")[2:] == ["yes"] * (VISITS - 2)
    assert intents(healthy, "gone_check") == ["yes"] * VISITS
    assert intents(healthy, "note_unresolved") == ["no"] * VISITS
    assert intents(healthy, "how_bad") == ["yes"] * VISITS
    assert intents(healthy, "check_signs") == ["no"] * VISITS
    assert intents(healthy, "check_push") == ["yes"] * VISITS, "whoever can push is well"
    assert intents(healthy, "palm") == ["done"] * VISITS


def test_flags_are_told_when_asked() -> None:
    ill = drawn(Persona(title="x", flags=("signs", "push"), unsure=("risk",), mumbled=("numb",)))
    assert intents(ill, "check_signs") == ["yes"] * VISITS
    assert intents(ill, "check_push") == ["no"] * VISITS
    assert intents(ill, "check_risk") == ["unsure"] * VISITS
    assert intents(ill, "ask_numb") == [""] * VISITS


def test_a_silent_person_says_nothing() -> None:
    silent = drawn(PERSONAS["silent"])
    assert (silent.answers, silent.during, silent.interrupts, silent.done) == ({}, {}, (), "")


def test_habits_come_before_the_answer() -> None:
    asking = drawn(Persona(title="x", habits={"hesitates": 1.0, "asks": 1.0}))
    first = asking.answers["check_signs"][0]
    assert (first[0], len(first)) == ("", 3)
    assert intents(asking, "check_signs")[0] == "no"


def test_what_is_said_under_pressure_is_said_only_there() -> None:
    sore = drawn(PERSONAS["sore"])
    assert sore.during
    assert all(PROTOCOL.steps[name].touch for name in sore.during)


def test_every_persona_is_met() -> None:
    chance = random.Random(1)
    assert {personas().pick(chance) for _ in range(2000)} == set(PERSONAS)
