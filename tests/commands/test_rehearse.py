"""Rehearsals, and Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from tests.commands.conftest import Call
from tests.listening.speech import join, silence, speech
from tests.live.program import Program, entered
from voice_coach.audio import wav
from voice_coach.rehearsal import scenario
from voice_coach.speaking.cache import CACHE_VARIABLE


def test_list_names_every_scenario(call: Call) -> None:
    done = call("rehearse", "--list")
    assert done.code == 0
    assert [line.split()[0] for line in done.out.splitlines()] == list(scenario.names())


def test_a_rehearsal_in_figures_and_its_files(call: Call, tmp_path: Path) -> None:
    done = call("rehearse", "stopped", "--json", "--wav", "night.wav", "--events", "night.jsonl")
    assert (done.code, done.err) == (0, "")
    summary = json.loads(done.out)
    assert (summary["scenario"], summary["outcome"], summary["faults"]) == (
        "stopped",
        "stopped",
        [],
    )
    records = [json.loads(line) for line in (tmp_path / "night.jsonl").read_text().splitlines()]
    assert records[-1]["type"] == "end"
    recording = wav.load(tmp_path / "night.wav")
    assert len(recording) / 16_000 > summary["elapsed"] - 1
    assert np.abs(recording).max() > 1000


def test_a_rehearsal_that_goes_otherwise_says_so(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "night.toml"
    path.write_text(
        'title = "x"\n[person]\n[person.answers]\nposition = ["stop"]\n'
        '[expect]\noutcome = "relieved"\nlevel = "self_care"\n'
    )
    done = call("rehearse", path)
    assert done.code == 1
    assert "Not as the scenario says: " in done.out
    assert "Traceback" not in done.err


def test_without_a_microphone_the_main_command_rehearses(call: Call, tmp_path: Path) -> None:
    done = call()
    assert done.code == 0
    assert "There is no microphone here" in done.out
    assert (tmp_path / "rehearsal.wav").is_file()
    assert (tmp_path / "rehearsal.jsonl").is_file()


# -- Ctrl-C ---------------------------------------------------------------------------------------


def environment(clips: Path) -> Mapping[str, str]:
    return {CACHE_VARIABLE: str(clips), "PULSE_SERVER": "unix:/nowhere"}


def ends(program: Program, number: signal.Signals, code: int) -> None:
    """It ends at once, says nothing of its inside, and leaves no process behind."""
    os.kill(program.pid, number)
    assert program.wait(20) == code, program.errors
    assert "Traceback" not in program.errors
    assert "Error" not in program.errors
    assert program.family() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_in_a_conversation_from_a_file(
    tmp_path: Path, clips: Path, number: signal.Signals
) -> None:
    recording = join(silence(1), speech("help calf cramp"), silence(1500))
    wav.save(tmp_path / "mic.wav", recording)
    arguments = ("--mic", str(tmp_path / "mic.wav"), "--speaker", str(tmp_path / "out.wav"))
    with Program(*arguments, environment=environment(clips)) as program:
        program.wait_for_record(entered("stretch_hand"))
        ends(program, number, 0)
        assert "Good night." in program.errors
    assert {path.name for path in tmp_path.iterdir()} <= {"mic.wav", "out.wav"}, "no half file"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_in_a_rehearsal(clips: Path, number: signal.Signals) -> None:
    with Program("rehearse", "silent", environment=environment(clips)) as program:
        program.wait_for_record(entered("stretch_hand"))
        ends(program, number, 130)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_while_sentences_are_being_rendered(tmp_path: Path, number: signal.Signals) -> None:
    """The clip cache is empty, so that the voice is at work from the first moment."""
    wav.save(tmp_path / "mic.wav", silence(60))
    arguments = ("now", "--mic", str(tmp_path / "mic.wav"))
    with Program(*arguments, environment=environment(tmp_path / "clips")) as program:
        program.wait_for_record(entered("unload"))
        for _ in range(200):  # between two sentences none is
            if len(program.family()) > 1:
                break
            time.sleep(0.02)
        else:
            raise AssertionError("no voice is at work")
        ends(program, number, 0)
