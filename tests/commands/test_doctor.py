"""The self-test: what it finds on a machine with a card, without one, and without the extra."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.commands.conftest import Call
from voice_coach.audio import wav


def findings(call: Call, *arguments: object) -> dict[str, dict[str, Any]]:
    """What the doctor finds; nothing that is needed may be missing."""
    done = call("doctor", *arguments, "--json")
    assert done.code == 0, done.out
    return {finding["what"]: finding for finding in json.loads(done.out)}


@pytest.fixture
def no_canceller(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the extra were not installed."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "livekit"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "livekit", None)


def test_it_says_that_the_echo_is_cancelled(call: Call) -> None:
    found = findings(call)["turn-taking"]
    assert (found["status"], found["detail"]) == (
        "ok",
        "barge-in: The coach's own echo is cancelled.",
    )


@pytest.mark.usefixtures("no_canceller")
def test_without_the_extra_it_says_what_is_missing_and_how_to_get_it(call: Call) -> None:
    found = findings(call)["turn-taking"]
    assert found["status"] == "warning"
    assert found["detail"].startswith("half duplex: The echo canceller is not installed")
    assert 'pip install "voice-coach[echo]"' in found["detail"]


@pytest.mark.usefixtures("no_canceller")
def test_a_headset_needs_no_canceller(call: Call) -> None:
    found = findings(call, "--headset")["turn-taking"]
    assert (found["status"], found["detail"]) == (
        "ok",
        "headset: The coach's voice stays in the headset.",
    )


def test_half_duplex_that_was_asked_for_is_no_warning(call: Call) -> None:
    found = findings(call, "--half-duplex")["turn-taking"]
    assert (found["status"], found["detail"]) == ("ok", "half duplex: Half duplex was asked for.")


# -- with the extra uninstalled everything works --------------------------------------------------


@pytest.mark.usefixtures("no_canceller")
@pytest.mark.parametrize("how", [(), ("--headset",), ("--half-duplex",)])
def test_without_the_extra_a_call_from_a_file_is_answered(
    call: Call, tmp_path: Path, how: tuple[str, ...]
) -> None:
    clip = tmp_path / "call.wav"
    assert call("say", "help calf cramp", "--wav", clip).code == 0
    quiet = np.zeros(16_000, np.int16)
    wav.save(tmp_path / "mic.wav", np.concatenate([quiet, wav.load(clip), quiet]))
    done = call("--mic", tmp_path / "mic.wav", "--events", tmp_path / "events.jsonl", *how)
    assert done.code == 0, done.err
    records = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert records[0]["type"] == "heard"
    assert records[-1]["type"] == "end"
    assert "position.say.0" in [r["prompt"] for r in records if r["type"] == "say"]
