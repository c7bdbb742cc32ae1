"""The witness sees each rule broken, from what was said and heard alone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dialogue.explore import PROTOCOL
from voice_coach.eventlog import Record
from voice_coach.simulation.witness import Witness

SCREENS = PROTOCOL.gate.screens


def record(kind: str, t: float = 1.0, **fields: Any) -> Record:
    return {"t": t, "type": kind, **fields}


def enter(step: str, t: float = 1.0) -> Record:
    return record("state", t, step=step)


def hear(intent: str, t: float = 1.0) -> Record:
    return record("heard", t, intent=intent, accepted=True, decided=t)


def saying(prompt: str, text: str = "So be it.", t: float = 1.0) -> Record:
    return record("saying", t, prompt=prompt, text=text)


def cleared() -> list[Record]:
    """Everything that must be answered before any pressure."""
    records = [enter("eased"), hear("better")]
    for name in SCREENS:
        reassuring = "yes" if "no" in PROTOCOL.steps[name].danger else "no"
        records += [enter(name), hear(reassuring)]
    return records


def rules(*records: Record) -> list[str]:
    witness = Witness(PROTOCOL)
    for one in records:
        witness.watch(one)
    return [complaint.split(" at ")[0] for complaint in witness.broken]


PRESS = saying("palm.say.0")


def test_a_night_as_it_should_be() -> None:
    advice = record("advice", level="self_care", reason="end")
    assert rules(*cleared(), PRESS, advice, record("end")) == []


def test_s1_pressure_before_relief() -> None:
    assert rules(*cleared()[2:], PRESS) == ["S1"]
    assert rules(*cleared(), hear("cramp"), PRESS) == ["S1"]
    assert rules(*cleared()[2:], enter("eased"), hear("yes"), PRESS) == []


@pytest.mark.parametrize("name", SCREENS)
def test_s2_pressure_with_a_question_open(name: str) -> None:
    assert rules(*cleared(), enter(name), PRESS) == ["S2"]


def test_s2_pressure_in_spite_of_a_flag() -> None:
    flag = record("advice", level="urgent", reason="signs")
    assert rules(*cleared(), flag, PRESS) == ["S2"]


def test_words_that_ease_or_explain_are_no_pressure() -> None:
    assert rules(saying("palm.why.0"), saying("knead.release.0"), saying("common.welcome")) == []


def test_s3_the_limit() -> None:
    advice = record("advice", 600.1, level="urgent", reason="limit")
    assert rules(saying("eased.say.0", t=602.0)) == ["S3"]
    assert rules(advice, saying("eased.say.0", t=602.0)) == []


def test_s4_speech_after_stop() -> None:
    said = {"prompt": "eased.say.0", "start": 1.0, "interrupted": True}
    assert rules(enter("eased"), hear("stop", 2.0), record("say", 2.05, end=2.05, **said)) == []
    assert rules(enter("eased"), hear("stop", 2.0), record("say", 2.5, end=2.5, **said)) == ["S4"]
    assert rules(enter("eased"), hear("stop", 2.0), saying("eased.say.0", t=3.0)) == ["S4"]
    assert rules(enter("eased"), hear("stop", 2.0), saying("stop_calm.say.0", t=3.0)) == []


def test_whoever_speaks_after_stop_may_be_answered() -> None:
    talk = [enter("eased"), hear("stop"), hear("injury", 2.0), saying("hands_off.say.0", t=3.0)]
    assert rules(*talk) == []


def test_s4_a_session_that_goes_on_after_stop() -> None:
    advice = record("advice", level="self_care", reason="end")
    assert rules(enter("eased"), hear("stop"), advice, record("end", 90.0)) == ["S4"]


def test_s5_what_follows_on_a_sharp_pain() -> None:
    begun = [*cleared(), enter("knead"), hear("sharp")]
    assert rules(*begun, saying("thumbs_more.why.0")) == ["S5"]
    assert rules(*begun, saying("ease_press.say.0")) == []
    assert rules(*begun, record("fault", what="voice", prompt="ease_press.say.0")) == []


def test_e1_the_number_comes_first() -> None:
    assert rules(enter("eased"), hear("chest"), saying("stop_calm.say.0")) == ["E1"]
    assert rules(enter("eased"), hear("chest"), saying("x.say.0", "Call one one two now.")) == []


def test_l1_advice_that_falls() -> None:
    advice = [record("advice", level=level, reason="end") for level in ("urgent", "soon")]
    assert rules(*advice) == ["L1"]


def test_s7_no_advice_and_no_end() -> None:
    assert rules(record("end")) == ["S7"]
    limit = record("advice", 600.0, level="urgent", reason="limit")
    assert rules(limit, saying("eased.say.0", t=1900.0)) == ["S7"]
    assert rules(limit, saying("hands_off.say.0", t=1900.0)) == [], "easing off is never too late"


def test_s9_a_long_sentence() -> None:
    assert rules(saying("eased.say.0", "word " * 21)) == ["S9"]
    assert rules(saying("eased.say.0", "word " * 20)) == []
