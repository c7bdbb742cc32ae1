"""A person who speaks over a prompt at a chosen moment, and what the report says of it."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.nights import night
from voice_coach.content import emergency_number, load_protocol
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.errors import ContentError
from voice_coach.eventlog import Record
from voice_coach.rehearsal import scenario
from voice_coach.rehearsal.person import SyntheticPerson
from voice_coach.rehearsal.rehearsal import Report, differences, too_slow
from voice_coach.rehearsal.scenario import Expectation, Interruption, Person
from voice_coach.speaking.cache import ClipCache
from voice_coach.speaking.fake import FakeRenderer
from voice_coach.speaking.voice import Voice

DIALOGUE = Dialogue(load_protocol(), emergency_number("GB"))
TEXT = "Pull your toes slowly towards your knee."


def interruption(moment: str, within_ms: float | None = None) -> Interruption:
    return Interruption(
        prompt="pull.say.0", interrupt_after=moment, say="stop", within_ms=within_ms
    )


def record(kind: str, t: float, **fields: Any) -> Record:
    return {"type": kind, "t": t, **fields}


def person_who(*interrupts: Interruption) -> SyntheticPerson:
    """One who has been told to sit down at 10 s, and has said what they had to say since."""
    voice = Voice(FakeRenderer(), ClipCache())
    character = Person(interrupts=interrupts)
    person = SyntheticPerson(character, DIALOGUE, voice, random.Random(1))
    person.watch(record("state", 9.0, step="position"))
    person.watch(record("saying", 10.0, prompt="pull.say.0", text=TEXT))
    for t in np.arange(10.0, 20.0, 0.03):
        person.due(float(t))
    voice.close()
    return person


def answers(*accepted: bool) -> list[str]:
    """What somebody says who has three things to say, each being understood or not."""
    voice = Voice(FakeRenderer(), ClipCache())
    character = Person(answers={"eased": (("how long", "pause", "yes"),)})
    person = SyntheticPerson(character, DIALOGUE, voice, random.Random(1))
    person.watch(record("state", 9.0, step="eased"))
    for number, understood in enumerate(accepted):
        t = 10.0 + 10 * number
        person.watch(record("turn", t, step="eased", mode="wait"))
        for later in np.arange(t, t + 5.0, 0.03):
            person.due(float(later))
        person.watch(record("heard", t + 6.0, accepted=understood))
    voice.close()
    return [utterance.intent for utterance in person.said]


def test_who_is_not_understood_says_it_again_before_anything_else() -> None:
    assert answers(True, True, True) == ["elapsed", "pause", "yes"]
    assert answers(True, False, True, True) == ["elapsed", "pause", "pause", "yes"]


def test_seconds_into_a_prompt() -> None:
    assert interruption("1.5 s").moment(TEXT) == 1.5


def test_words_into_a_prompt() -> None:
    moments = [interruption(f"{n} words").moment(TEXT) for n in range(8)]
    assert moments == sorted(moments)
    assert moments[0] == 0.0
    assert moments[3] == pytest.approx(len("Pull your toes") / 15)


@pytest.mark.parametrize("moment", ["soon", "3", "words", "-1 s", "2.5 words", "1 s "])
def test_a_moment_that_cannot_be_understood_is_an_error_with_its_place(
    tmp_path: Path, moment: str
) -> None:
    path = tmp_path / "night.toml"
    path.write_text(
        f'title = "x"\n[person]\n[[person.interrupts]]\nprompt = "a"\nsay = "stop"\n'
        f'interrupt_after = "{moment}"\n[expect]\noutcome = "stopped"\nlevel = "self_care"\n'
    )
    with pytest.raises(ContentError, match="interrupt_after"):
        scenario.load(str(path), DIALOGUE.protocol)


def test_the_person_speaks_at_the_moment() -> None:
    (utterance,) = person_who(interruption("2 words")).said
    assert utterance.text == "stop"
    assert utterance.at == pytest.approx(10.0 + len("Pull your") / 15, abs=0.031)


@pytest.mark.parametrize(("end", "faults"), [(11.3, 0), (11.5, 1)])
def test_a_prompt_that_goes_on_too_long_is_a_fault(end: float, faults: int) -> None:
    person = person_who(interruption("1 s", within_ms=400))
    said = record("say", end, prompt="pull.say.0", start=10.0, end=end, interrupted=True)
    found = too_slow(person, [said])
    assert len(found) == faults
    assert all("pull.say.0 fell silent after" in fault for fault in found)


def test_a_prompt_that_was_over_before_is_a_fault() -> None:
    person = person_who(interruption("1 s", within_ms=400))
    said = record("say", 10.5, prompt="pull.say.0", start=10.0, end=10.5, interrupted=False)
    assert too_slow(person, [said]) == ["pull.say.0 was over before anybody spoke"]


@pytest.mark.parametrize(("back", "faults"), [(12.5, 0), (14.5, 1)])
def test_a_prompt_that_is_taken_up_too_late_is_a_fault(back: float, faults: int) -> None:
    said = Interruption(prompt="pull.say.0", interrupt_after="1 s", say="[cough]", resumed_ms=2000)
    person = person_who(said)
    (cough,) = person.said
    assert 11.0 <= cough.at < cough.until < 11.6
    floor = [
        record("floor", 11.2, who="person", onset=11.1, silent=11.2),
        record("floor", back, who="coach", onset=11.1, silent=11.2),
    ]
    assert len(too_slow(person, floor)) == faults


def test_a_prompt_that_did_not_give_way_need_not_be_taken_up() -> None:
    said = Interruption(prompt="pull.say.0", interrupt_after="1 s", say="[door]", resumed_ms=500)
    assert too_slow(person_who(said), []) == []


def test_nobody_can_make_a_sound_that_there_is_not(tmp_path: Path) -> None:
    path = tmp_path / "night.toml"
    path.write_text(
        'title = "x"\n[person]\n[[person.interrupts]]\nprompt = "a"\nsay = "[bark]"\n'
        'interrupt_after = "1 s"\n[expect]\noutcome = "stopped"\nlevel = "self_care"\n'
    )
    with pytest.raises(ContentError, match=r"\[bark\].*\[cough\]"):
        scenario.load(str(path), DIALOGUE.protocol)


def test_without_a_limit_it_may_take_its_time() -> None:
    assert too_slow(person_who(interruption("1 s")), []) == []


def test_what_must_never_be_heard_is_a_fault_when_it_is() -> None:
    report = Report("x", 1, "stopped", "self_care", 10.0, 1, 0, 0, 0.1)
    report.records = [
        record("heard", 1.0, text="stop", intent="stop", accepted=True),
        record("heard", 2.0, text="done", intent="", accepted=False),
    ]
    expect = Expectation(outcome="stopped", level="self_care", never=("stop", "done"))
    assert differences(expect, report) == ['heard "stop", which must not be heard']


def test_a_night_with_interruptions_goes_as_it_says() -> None:
    report = night("interrupting")
    assert report.faults == []
    assert [text for _, text in report.utterances][-2:] == ["sitting", "stop"]
