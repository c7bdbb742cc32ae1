"""The conversation for review."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.commands.conftest import Call
from voice_coach.content import default_protocol_path, load_protocol
from voice_coach.content.loader import edges, sentences

PROTOCOL = load_protocol()


def test_check_counts_what_it_has_checked(call: Call) -> None:
    done = call("protocol", "check")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"calf_cramp.toml: {len(PROTOCOL.steps)} steps, ")
    assert done.out.endswith("No mistake found.\n")


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
