"""The conversation for review."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.commands.conftest import Call
from tests.proof.small import data
from voice_coach.audio import devices
from voice_coach.commands import protocol
from voice_coach.content import default_protocol_path, load_protocol
from voice_coach.content.loader import edges, sentences
from voice_coach.dialogue.protocol import Protocol, Reaction
from voice_coach.proof import seal
from voice_coach.proof.check import Finding, Verdict

PROTOCOL = load_protocol()


@pytest.fixture
def tiny(tmp_path: Path) -> Callable[..., Path]:
    """A small protocol as a file, with values changed."""

    def write(changes: dict[str, Any] | None = None) -> Path:
        path = tmp_path / "night.toml"
        path.write_text(toml_of(data(changes)), encoding="utf-8")
        return path

    return write


def toml_of(tables: dict[str, Any], prefix: str = "") -> str:
    """Enough of TOML for a protocol: every value inline, tables by their full names."""
    plain = [f"{k} = {_value(v)}" for k, v in tables.items() if not isinstance(v, dict)]
    inner = [toml_of(v, f"{prefix}{k}.") for k, v in tables.items() if isinstance(v, dict)]
    head = [f"[{prefix.rstrip('.')}]"] if prefix else []
    return "\n".join([*head, *plain, *inner]) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value)


def test_check_shows_every_rule_and_what_was_explored(
    call: Call, tiny: Callable[..., Path]
) -> None:
    done = call("protocol", "check", tiny())
    assert (done.code, done.err) == (0, "")
    first, *table, explored, last = done.out.splitlines()
    assert f"{len(data()['steps'])} steps, " in first
    lints = table[-4:]
    assert [row.split()[:2] for row in lints] == [[f"W{n}", "good"] for n in range(1, 5)]
    del table[-4:]
    assert {row.split()[0] for row in table} >= {f"S{n}" for n in range(1, 10)}
    assert all(row.split()[1] == "holds" for row in table)
    assert re.fullmatch(r"Explored: [\d,]+ states, [\d,]+ transitions, \d+ s\.", explored)
    assert last == f"All {len(table)} rules hold. No mistake found."


def test_a_broken_rule_is_shown_as_a_conversation(call: Call, tiny: Callable[..., Path]) -> None:
    done = call("protocol", "check", tiny({"anywhere.chest.to": "end_emergency"}))
    assert (done.code, done.err) == (1, "")
    lines = [line.strip() for line in done.out.splitlines()]
    at = next(i for i, line in enumerate(lines) if line.startswith("E1"))
    assert lines[at].split()[1] == "BROKEN"
    assert lines[at + 1 : at + 5] == [
        "The shortest conversation that breaks it:",
        "COACH: I am here. Stop moving. (cut off)",
        "PERSON: chest pain",
        "COACH: Stay on the line with them.",
    ]
    assert lines[-1].endswith("rules broken: not to be started.")


def test_check_as_json(call: Call, tiny: Callable[..., Path]) -> None:
    path = tiny({"anywhere.chest.to": "end_emergency"})
    done = call("protocol", "check", path, "--json")
    found = json.loads(done.out)
    assert (done.code, found["holds"], found["protocol"]) == (1, False, str(path))
    rules = {rule["id"]: rule for rule in found["rules"]}
    assert rules["S1"]["holds"]
    assert rules["E1"]["conversation"][-1] == "COACH: Stay on the line with them."
    assert found["states"] > 1000
    assert found["transitions"] > found["states"]


@pytest.mark.parametrize("command", [["talk"], ["now"], ["rehearse"], []])
def test_a_protocol_that_breaks_a_rule_is_not_started(
    call: Call, tiny: Callable[..., Path], command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "has_microphone", lambda: True)
    path = tiny({"anywhere.chest.to": "end_emergency"})
    done = call(*command, "--protocol", path)
    checking, refusal = done.err.splitlines()
    assert (done.code, done.out) == (6, "")
    assert checking.startswith("Checking the protocol")
    assert refusal == (
        f"voice-coach: {path}: breaks the safety rule E1 (emergency words lead to the emergency "
        f"number, within one turn from every state), so it is not started; to see how, run "
        f"`voice-coach protocol check {path}`."
    )


def test_a_wording_to_change_is_said_and_the_rules_hold(
    call: Call, tiny: Callable[..., Path]
) -> None:
    path = tiny({"steps.palm.say": ["Lay your palm on the lower leg."]})
    done = call("protocol", "check", path)
    assert (done.code, done.err) == (1, "")
    lines = done.out.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("W3"))
    assert lines[at].split()[1] == "CHANGE"
    assert lines[at + 1].strip() == 'steps.palm.say[0]: "lower leg"; say "calf"'
    assert lines[-1].endswith("rules hold, but the wording is to be changed.")
    found = json.loads(call("protocol", "check", path, "--json").out)
    assert found["holds"]
    assert [lint["id"] for lint in found["lints"] if lint["wrong"]] == ["W3"]


def test_a_page_to_print_and_pictures_are_written(call: Call, tmp_path: Path) -> None:
    page = tmp_path / "new" / "script.html"
    assert call("protocol", "show", "--html", page).out.startswith(f"{page}: open it")
    assert "Signature" in page.read_text(encoding="utf-8")
    done = call("protocol", "graph", "--svg", tmp_path / "svg", "--png", tmp_path / "png")
    assert done.code == 0
    svg = sorted(path.name for path in (tmp_path / "svg").iterdir())
    assert svg[:3] == ["0-overview.svg", "1-stop.svg", "2-stretch.svg"]
    for path in (tmp_path / "png").iterdir():
        assert path.read_bytes().startswith(b"\x89PNG")
    assert len(svg) == len(list((tmp_path / "png").iterdir()))
    assert len(done.out.splitlines()) == 2 * len(svg)


def test_what_cannot_be_written_is_one_sentence(call: Call, tmp_path: Path) -> None:
    (tmp_path / "in the way").write_text("x")
    folder = tmp_path / "in the way" / "pictures"
    assert "cannot be written" in call("protocol", "graph", "--svg", folder).refused(8)
    assert "cannot be written" in call("protocol", "show", "--html", tmp_path).refused(8)


def test_a_png_without_its_library_names_it(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    assert "pip install resvg-py" in call("protocol", "graph", "--png", tmp_path).refused(2)


@pytest.mark.parametrize(
    ("what", "option"),
    [("check", "--html"), ("show", "--svg"), ("show", "--png"), ("graph", "--listen")],
)
def test_an_option_of_another_word_is_refused(
    call: Call, tmp_path: Path, what: str, option: str
) -> None:
    value = [] if option == "--listen" else [tmp_path / "x"]
    assert option in call("protocol", what, option, *value).refused(2)


def test_show_has_every_sentence_step_and_source(call: Call) -> None:
    done = call("protocol", "show")
    assert done.code == 0
    for key, text in sentences(PROTOCOL):
        if key.startswith("steps.") and ".on." not in key:
            assert text in done.out, key
    for name, step in PROTOCOL.steps.items():
        assert re.search(rf"^{name} \({step.kind}", done.out, re.MULTILINE)
        assert step.source in done.out


def test_graph_draws_every_step_and_every_way(call: Call) -> None:
    lines = call("protocol", "graph").out.splitlines()
    assert lines[0] == "flowchart TD"
    drawn = {
        match.groups() for line in lines if (match := re.match(r"  (\w+) -->\|.+\| (\w+)$", line))
    }
    wanted = {(name, to) for name in PROTOCOL.steps for _, to in edges(PROTOCOL, name)}
    assert drawn == wanted
    boxes = {match[1] for line in lines if (match := re.match(r"    (\w+)\W", line))}
    assert boxes == set(PROTOCOL.steps)
    assert sum(line.startswith("  subgraph") for line in lines) == lines.count("  end")


@pytest.mark.parametrize("what", ["check", "show", "graph"])
def test_a_malformed_file_is_one_sentence(call: Call, tmp_path: Path, what: str) -> None:
    path = tmp_path / "night.toml"
    text = default_protocol_path().read_text(encoding="utf-8")
    path.write_text(text.replace('next = "eased"', 'next = "easd"', 1), encoding="utf-8")
    message = call("protocol", what, path).refused(6)
    assert message == (
        f'{path}: steps.stretch_hand.next: there is no step "easd"; did you mean "eased"?'
    )


def test_a_word_that_cannot_be_heard_is_found(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "night.toml"
    text = default_protocol_path().read_text(encoding="utf-8")
    path.write_text(text.replace('yes = ["yes"', 'yes = ["yes", "xylofonix"', 1), encoding="utf-8")
    message = call("protocol", "check", path).refused(6)
    assert message.startswith(f'{path}: intents.yes: the model does not know "xylofonix"')


@pytest.mark.parametrize(
    "command", [["talk"], ["now"], ["rehearse"], ["hear", "x.wav", "--state", "wake"]]
)
def test_every_command_refuses_a_malformed_protocol(
    call: Call, tmp_path: Path, command: list[str]
) -> None:
    path = tmp_path / "night.toml"
    path.write_text("title = ")
    assert "not valid TOML" in call(*command, "--protocol", path).refused(6)
    path.unlink()
    assert "there is no such file" in call(*command, "--protocol", path).refused(6)


def test_a_malformed_scenario_is_one_sentence(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "night.toml"
    path.write_text('title = "x"\n[person]\nvoice = "y"\n')
    assert 'unknown key "voice" in person; did you mean "voices"?' in call(
        "rehearse", path
    ).refused(6)


# -- with what the diary may make of it -----------------------------------------------------------


@pytest.mark.parametrize("holds", [True, False])
def test_learning_is_proven_too(call: Call, monkeypatch: pytest.MonkeyPatch, holds: bool) -> None:
    """The proof itself takes a minute: here only what is made of its verdicts."""
    proven: list[Protocol] = []

    def prove(one: Protocol) -> Verdict:
        proven.append(one)
        finding = Finding("S2", "no pressure", () if holds or len(proven) == 1 else ("wrong",))
        return Verdict((finding,))

    monkeypatch.setattr(protocol, "prove", prove)
    monkeypatch.setattr(seal, "remember", lambda _: None)
    done = call("protocol", "check", "--learning", "--json")
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [line["holds"] for line in lines] == [True, holds, holds]
    assert done.code == (0 if holds else 1)
    ways = [one.steps["position"].on["lying"] for one in proven]
    assert [isinstance(way, Reaction) and isinstance(way.to, tuple) for way in ways] == [
        False, True, True,
    ]  # fmt: skip
    assert [one.steps["ask_often"].kind for one in proven] == ["screen", "screen", "do"]


def test_learning_belongs_to_check(call: Call) -> None:
    assert "--learning goes with `voice-coach protocol check`" in call(
        "protocol", "show", "--learning"
    ).refused(2)
