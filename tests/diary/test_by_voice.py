"""The diary by voice: a rehearsal on audio, with what was before in the diary."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests import nights
from tests.diary.nights import NIGHT
from tests.diary.test_informed import joined
from tests.diary.test_knowledge import relief
from tests.diary.test_store import episode
from voice_coach.diary.store import Diary
from voice_coach.diary.stretch_recorder import StretchRecorder
from voice_coach.rehearsal import scenario
from voice_coach.rehearsal.rehearsal import Report, rehearse
from voice_coach.rehearsal.scenario import Scenario
from voice_coach.routine.led import Led


def lived(diary: Diary, name: str, person: dict[str, Any], expect: dict[str, Any]) -> Report:
    """A night of that person, heard and spoken, with the diary joined."""
    story = msgspec.convert(
        {
            "title": name,
            "person": {"answers": person},
            "expect": {"outcome": "relieved", "level": "routine", **expect},
        },
        Scenario,
    )
    cast = replace(nights.cast(), dialogue=joined(diary))
    return rehearse(name, story, cast, seed=1)


@pytest.mark.slow
def test_a_night_with_a_past(tmp_path: Path) -> None:
    """Two cramps this week, and the ankle helped before: all of it is said, asked and answered."""
    with Diary(tmp_path) as diary:
        diary.add(
            msgspec.structs.replace(
                relief("lying", "ankle", 10.0), uid=f"{n:032x}", began=NIGHT - timedelta(days=n)
            )
            for n in (2, 4)
        )
        diary.add([episode(9, began=NIGHT - timedelta(days=90))])
        report = lived(
            diary, "past",
            {
                "position": [["how often", "when was the last one", "lying down"]],
                "eased": [["what helped last time", "yes"]],
                "gone_check": ["yes"],
                "check_push": ["yes"],
                "how_bad": ["no"],
                "tender": [["tell my partner", "no"]],
                "tight": ["no"],
            },
            {
                "said": ["position.how_often", "position.last_one", "position.lying", "ankle.say",
                         "eased.what_helped", "tender.handover", "ask_often.say", "end_routine"],
                "heard": ["how_often", "last_one", "lying", "what_helped", "handover"],
                "never": ["stretch_hand", "ask_often.again"],
            },
        )  # fmt: skip
        kept = diary.recent(NIGHT - timedelta(hours=1), 1)[0]
    assert report.faults == []
    said = nights.said(report)
    assert "With this one, three in the last thirty days." in said
    assert "The last one was two days ago." in said
    assert "Last time, moving the ankle helped." in said
    assert "This is cramp number three in seven days." in said
    assert any(text.startswith("The calf seized up ") for text in said)
    assert (kept.helped, kept.position, kept.level) == ("ankle", "lying", "routine")


@pytest.mark.slow
def test_forgotten_by_voice(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        report = lived(
            diary, "forgotten",
            {"position": [["forget this one", "lying down"]], "eased": [["yes", "stop"]],
             "check_chest": ["stop"]},
            {"outcome": "stopped", "level": "self_care", "heard": ["forget", "stop"],
             "said": ["position.forget"]},
        )  # fmt: skip
        assert report.faults == []
        assert len(diary) == 0


@pytest.mark.slow
def test_a_stretch_that_became_a_cramp_is_both(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        hear = StretchRecorder(diary, complain=fail, clock=lambda: NIGHT).hear
        cast = nights.cast()
        assert isinstance(cast.routine, Led)
        cast = replace(cast, dialogue=joined(diary), routine=replace(cast.routine, listener=hear))
        story = scenario.load("stretch-cramp", cast.dialogue.protocol)
        report = rehearse("stretch-cramp", story, cast, seed=1)
        assert report.faults == []
        (stretch,) = diary.stretchings()
        (cramp,) = [one for _, one in diary.whole()]
    assert (stretch.held, stretch.outcome) == (("wall_left",), "cramp")
    assert (cramp.outcome, cramp.position, cramp.began) == ("relieved", "standing", NIGHT)


@pytest.mark.slow
def test_an_hour_by_voice_is_the_hour_that_is_set() -> None:
    asked: list[time | None] = []

    def remind(at: time | None) -> bool:
        asked.append(at)
        return True

    cast = nights.cast()
    assert isinstance(cast.routine, Led)
    cast = replace(cast, routine=replace(cast.routine, remind=remind))
    for name, hours in (("stretch-standing", [time(20)]), ("stretch-too-far", [time(21)])):
        asked.clear()
        report = rehearse(name, scenario.load(name, cast.dialogue.protocol), cast, seed=3)
        assert report.faults == []
        assert asked == hours


def fail(why: str) -> None:
    raise AssertionError(why)
