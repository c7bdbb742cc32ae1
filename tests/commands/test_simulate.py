"""``voice-coach simulate``: the same nights whoever plays them, and a report whatever happens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.commands.conftest import Call
from voice_coach.commands import simulate
from voice_coach.content import load_protocol
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.simulation.night import Stage
from voice_coach.simulation.simulation import Batch, Plan, play

NIGHTS = 12


def told(call: Call, *arguments: object) -> dict[str, Any]:
    """The closing object, without what depends on the machine."""
    done = call("simulate", *arguments, "--json")
    assert done.code == 0, done.err
    found: dict[str, Any] = json.loads(done.out)
    assert found.pop("seconds") > 0
    assert found.pop("cpu_seconds") > 0
    return found


def test_the_number_of_processes_changes_nothing(call: Call) -> None:
    one = told(call, NIGHTS, "--seed", 3, "--jobs", 1)
    assert one == told(call, NIGHTS, "--seed", 3, "--jobs", 2)
    assert (one["nights"], one["wanted"], one["violations"]) == (NIGHTS, NIGHTS, 0)
    assert one["right"] + one["more_careful"] + one["wrong"] == NIGHTS


def test_a_table_and_a_sum(call: Call) -> None:
    done = call("simulate", 4, "--persona", "quick", "--seed", 5, "--snr", 100)
    assert done.code == 0
    heads, _, quick, everybody, *_ = done.out.splitlines()
    assert heads.startswith("| persona ")
    assert quick.split("|")[1:3] == [" quick   ", " 4      "]
    assert everybody.startswith("| all ")
    assert "4 nights, " in done.out
    assert "; 0 violations; " in done.out


def test_one_night_is_told(call: Call) -> None:
    done = call("simulate", "--show", 3, "--persona", "chest", "--seed", 5)
    assert done.code == 0
    assert done.out.startswith("chest: Chest pain")
    assert "call nine nine nine" in done.out.lower()
    assert "emergency at emergency" in done.out


def test_a_violation_is_exit_code_1(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    protocol = load_protocol()
    unload = msgspec.structs.replace(protocol.steps["unload"], say=("and so on " * 7,))
    wordy = msgspec.structs.replace(protocol, steps={**protocol.steps, "unload": unload})
    monkeypatch.setattr(simulate, "make_stage", lambda *_: Stage(Dialogue(wordy)))
    done = call("simulate", "--show", 3, "--persona", "chest")
    assert done.code == 1
    assert "Violation: S9" in done.out


def test_an_unknown_persona_is_named(call: Call) -> None:
    assert 'did you mean "silent"?' in call("simulate", 3, "--persona", "silnet").refused(2)
    assert "ordinary, severe" in call("simulate", 3, "--persona", "x").refused(2)


def test_a_broken_content_file_is_refused_before_anything_starts(
    call: Call, tmp_path: Path
) -> None:
    path = tmp_path / "bad.toml"
    path.write_text("title = 3\n")
    assert str(path) in call("simulate", 3, "--protocol", path).refused(6)


def test_ctrl_c_reports_what_is_known(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(plan: Plan, *_: object) -> Iterator[Batch]:
        yield play(plan, Stage(Dialogue(load_protocol())), range(2))
        raise KeyboardInterrupt

    monkeypatch.setattr(simulate, "simulate", interrupted)
    done = call("simulate", 9)
    assert done.code == 130
    assert "Stopped after 2 of 9 nights." in done.out
    found = json.loads(call("simulate", 9, "--json").out)
    assert (found["nights"], found["wanted"]) == (2, 9)
