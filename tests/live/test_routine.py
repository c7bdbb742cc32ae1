"""The daily stretch through a sound card: a cramp comes, and the reminder's hour."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.person import Person
from tests.live.program import ROOT, Program, Record, entered
from tests.virtual_card import VirtualCard
from voice_coach.content.loader import load_protocol
from voice_coach.diary.store import DIARY_VARIABLE, Diary
from voice_coach.places import STATE_VARIABLE
from voice_coach.routine.content import ROUTINE
from voice_coach.speaking.voice import Voice

pytestmark = [pytest.mark.card, pytest.mark.slow]

ANSWERS: dict[str, str | tuple[float, str]] = {
    "free": "no|not at all",
    "check_chest": "no|nope|not at all",
    "check_signs": "no|nope|not at all",
    "check_injury": "no|nope|not at all",
    "can_stand": "yes i can|yeah",
    "wall_left": (3.0, "calf cramp|i have a cramp"),
}


def test_a_cramp_in_the_stretch_is_coached_at_once(
    card: VirtualCard, environment: dict[str, str], somebody: Voice, tmp_path: Path
) -> None:
    person = Person(card, somebody, load_protocol(ROUTINE), ANSWERS)
    environment = {**environment, DIARY_VARIABLE: str(tmp_path / "diary")}
    with Program("routine", environment=environment) as program:
        person.converse(program, 180.0)  # to the end of the routine
        end = program.wait_for_record(_is_end)
        assert program.records[end]["outcome"] == "cramp"
        at = program.wait_for_record(entered("unload"), after=end)
        assert program.records[at]["t"] < 0.5, "its clock is its own"
        for _ in range(5):
            program.wait_for_record(lambda record: record["type"] == "say", after=at)
            person.call("please stop")
            try:
                program.wait_for_record(_is_end, 8.0, after=at)
                break
            except TimeoutError:
                continue
        assert program.wait() == 0
        assert "Traceback" not in program.errors
    with Diary(tmp_path / "diary") as diary:
        assert len(diary) == 1


def _is_end(record: Record) -> bool:
    return bool(record["type"] == "end")


def test_at_the_hour_the_coach_that_listens_is_told(
    card: VirtualCard, environment: dict[str, str], tmp_path: Path
) -> None:
    """The timer's command finds the microphone taken; the service asks, and listens on."""
    del card
    environment = {**environment, STATE_VARIABLE: str(tmp_path / "state")}
    with Program("standby", environment=environment) as program:
        program.wait_for_output("Listening")
        told = subprocess.run(
            [sys.executable, "-m", "voice_coach", "routine", "--reminded"],
            env={**os.environ, **environment, "PYTHONPATH": str(ROOT)}, cwd=tmp_path,
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert (told.returncode, told.stderr) == (0, "")
        assert "The coach that is listening" in told.stdout
        hello = program.wait_for_record(entered("hello"), 30.0)
        end = program.wait_for_record(_is_end, 60.0, after=hello)
        assert program.records[end]["outcome"] == "missed"
        program.wait_for_output("Listening", times=1)
        assert program.interrupt() == 0
        assert "Traceback" not in program.errors
