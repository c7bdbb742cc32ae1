"""`protocol check --learning` with a person's own file: proven for real, and used from then on."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import platformdirs
import pytest

from tests.commands.conftest import Call
from tests.commands.test_protocol import toml_of
from tests.proof.small import data
from voice_coach.content.loader import load_protocol
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.diary.informed import variants
from voice_coach.diary.recorder import Overheard, kept
from voice_coach.diary.script import load
from voice_coach.proof import seal

_ANKLE = {
    "kind": "hold", "phase": "stretch", "stretch": True, "say": ["Point the toes down, then up."],
    "seconds": 12.0, "every": 3.0, "cues": ["Down.", "Up."], "release": ["Let the foot rest."],
    "next": "eased", "source": "our clinic",
}  # fmt: skip
_POSITION = {
    "kind": "ask", "phase": "stop", "say": ["Are you sitting, or standing?"],
    "again": ["Sitting, or standing?"], "wait": 4.0, "next": "stretch", "source": "our clinic",
    "on": {
        "sitting": {"position": "sitting", "to": "stretch"},
        "standing": {"position": "standing", "to": "stretch"},
    },
}  # fmt: skip
_OFTEN = {
    "kind": "screen", "phase": "flags", "flag": "often", "say": ["Do cramps come often?"],
    "again": ["Often?"], "found": "advice", "next": "advice", "source": "our clinic",
}  # fmt: skip
_OWN: dict[str, Any] = {
    "title": "Our clinic",
    "intents.sitting": ["sitting"],
    "intents.standing": ["standing"],
    "flags.often": {"level": "routine", "says": "frequent cramps", "source": "our clinic"},
    "steps.unload.next": "position",
    "steps.position": _POSITION,
    "steps.stretch": {"kind": "route", "phase": "stretch", "next": "stretch_hand",
                      "cases": [{"when": "standing", "to": "ankle"}]},
    "steps.ankle": _ANKLE,
    "steps.palm.next": "ask_often",
    "steps.ask_often": _OFTEN,
    "steps.end_self.say": ["Tell a doctor if it comes back.", "Good night."],
    "steps.stop_calm.say": ["I am stopping.", "Tell a doctor if it comes back."],
}  # fmt: skip


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """A file of one's own, with values changed, and a cache in which nothing is proven yet."""
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_, **__: tmp_path / "cache")

    def write(changes: dict[str, Any] | None = None) -> Path:
        path = tmp_path / "own.toml"
        path.write_text(toml_of(data({**_OWN, **(changes or {})})), encoding="utf-8")
        return path

    return write


def check(call: Call, path: Path) -> tuple[int, list[dict[str, Any]]]:
    done = call("protocol", "check", path, "--learning", "--json")
    assert done.err == ""
    return done.code, [json.loads(line) for line in done.out.splitlines()]


def joins(path: Path, folder: Path) -> bool:
    """Whether the diary may speak in the conversation of that file."""
    with ExitStack() as stack:
        dialogue = kept(Dialogue(load_protocol(path)), folder, stack, lambda _: True)
        assert isinstance(dialogue, Overheard), "it is kept in any case"
        return dialogue.prepare is not None


def test_proven_once_and_used_from_then_on(
    call: Call, own: Callable[..., Path], tmp_path: Path
) -> None:
    path = own()
    assert not joins(path, tmp_path / "diary"), "nothing that was not proven is ever said"
    code, found = check(call, path)
    assert code == 0, [rule for one in found for rule in one["rules"] if not rule["holds"]]
    plain, first, often = found
    assert plain["states"] > 1000
    assert first["states"] > plain["states"], "another order is more that can happen"
    assert "any stretch first" in first["protocol"]
    assert "come often" in often["protocol"]
    protocol = load_protocol(path)
    assert all(seal.proven(variant) for variant in variants(protocol, load()))
    assert joins(path, tmp_path / "diary")


def test_one_changed_word_and_it_must_be_proven_again(
    call: Call, own: Callable[..., Path], tmp_path: Path
) -> None:
    check(call, own())
    assert not joins(own({"steps.ankle.say": ["Toes down, then up."]}), tmp_path / "diary")


def test_a_broken_rule_is_found_with_learning_too(
    call: Call, own: Callable[..., Path], tmp_path: Path
) -> None:
    """Whose cramps come often is sent to bed without a word of a doctor."""
    path = own({"steps.end_self.say": ["Good night."]})
    code, found = check(call, path)
    assert code == 1
    for one in found:
        assert [rule["id"] for rule in one["rules"] if not rule["holds"]] == ["S7-words"]
    assert not joins(path, tmp_path / "diary")


def test_a_question_that_the_diary_answers_may_leave_a_step_unused(
    call: Call, own: Callable[..., Path], tmp_path: Path
) -> None:
    """Only who says no comes by: harmless, so no reason to do without the diary."""
    cheer = {"kind": "do", "phase": "flags", "say": ["Good to hear."], "wait": 0.0,
             "next": "advice", "source": "our clinic"}  # fmt: skip
    path = own({"steps.ask_often": {**_OFTEN, "next": "cheer"}, "steps.cheer": cheer})
    code, _ = check(call, path)
    assert code == 0
    assert joins(path, tmp_path / "diary")


def test_a_file_that_names_its_steps_otherwise(call: Call, own: Callable[..., Path]) -> None:
    """The diary's rules name steps of the shipped file: where one is missing they do nothing."""
    tables = data(_OWN)
    text = (
        toml_of(tables).replace('"advice"', '"verdict"').replace("[steps.advice", "[steps.verdict")
    )
    path = own()
    path.write_text(text, encoding="utf-8")
    code, found = check(call, path)
    assert code == 0
    assert len(found) == 3
