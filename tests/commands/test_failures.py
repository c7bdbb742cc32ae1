"""No device, no model, no voice, no place to write: the code and one sentence for each."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from tests.commands.conftest import Call
from voice_coach.audio import wav
from voice_coach.listening.model import find_model
from voice_coach.speaking.cache import CACHE_VARIABLE

ROOT = Path(__file__).parents[2]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """``voice-coach ARGUMENTS`` as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "voice_coach", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


# -- devices --------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [["now"], ["devices"], ["say", "Hello."]])
def test_no_sound_card(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 3, done.stderr
    assert done.stderr.startswith("voice-coach: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("option", [["--mic", "99"], ["--mic", "no such microphone"]])
def test_a_device_that_is_not_there(option: list[str]) -> None:
    done = run("now", *option)
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1


# -- the model ------------------------------------------------------------------------------------


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    shutil.copytree(find_model(None), folder)
    return folder


@pytest.mark.parametrize("command", [["model", "info"], ["protocol", "check"], ["now"]])
def test_no_model(call: Call, tmp_path: Path, command: list[str]) -> None:
    message = call(*command, "--model", tmp_path / "none").refused(4)
    assert str(tmp_path / "none") in message


def test_a_truncated_model(call: Call, broken: Path) -> None:
    acoustic = broken / "am" / "final.mdl"
    acoustic.write_bytes(acoustic.read_bytes()[:1000])
    assert "final.mdl" in call("now", "--model", broken).refused(4)


def test_a_model_with_a_fixed_graph(call: Call, broken: Path) -> None:
    (broken / "lexicon.txt").unlink()
    (broken / "graph" / "HCLG.fst").write_bytes(b"x")
    assert "fixed graph" in call("now", "--model", broken).refused(4)


def test_the_model_in_use(call: Call) -> None:
    assert call("model", "path").out == f"{find_model(None)}\n"
    assert "sha256" in call("model").out


# -- the voice ------------------------------------------------------------------------------------


def test_no_voice_engine(tmp_path: Path) -> None:
    """As on a machine on which the engine's library cannot be loaded."""
    (tmp_path / "sitecustomize.py").write_text(
        textwrap.dedent("""
            import ctypes
            def load(*_):
                raise OSError("cannot open shared object file")
            ctypes.cdll.LoadLibrary = load
        """)
    )
    environment = {
        "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", CACHE_VARIABLE: str(tmp_path / "clips"),
    }  # fmt: skip
    for arguments in (["say", "Hello.", "--wav", "x.wav"], ["now"]):
        done = run(*arguments, **environment)
        assert done.returncode == 5, done.stderr
        assert done.stderr.startswith("voice-coach: ")
        assert done.stderr.count("\n") == 1
        assert "Traceback" not in done.stderr


def test_a_voice_that_does_not_exist(call: Call, tmp_path: Path) -> None:
    done = call("say", "Hello.", "--voice", "no such voice", "--wav", tmp_path / "x.wav")
    assert "no such voice" in done.refused(5)


# -- audio files ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["missing", "empty", "text"])
def test_a_microphone_file_that_is_none(call: Call, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "mic.wav"
    if kind != "missing":
        path.write_text("" if kind == "empty" else "This is a text, not a sound.")
    assert str(path) in call("now", "--mic", path).refused(7)


def test_noise_for_a_rehearsal_from_a_file_that_is_none(call: Call, tmp_path: Path) -> None:
    done = call("rehearse", "silent", "--noise", tmp_path / "none.wav", "--snr", "10", "--json")
    assert "none.wav" in done.refused(7)


# -- places to write ------------------------------------------------------------------------------


def test_an_event_log_that_cannot_be_written(call: Call, tmp_path: Path) -> None:
    wav.save(tmp_path / "mic.wav", np.zeros(16_000, np.int16))
    for place in (tmp_path / "none" / "e.jsonl", tmp_path):
        done = call("--mic", tmp_path / "mic.wav", "--events", place)
        assert str(place) in done.refused(8)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_under_the_event_log(call: Call) -> None:
    done = call("rehearse", "stopped", "--json", "--events", "/dev/full")
    assert "/dev/full" in done.refused(8)


def test_a_recording_that_cannot_be_written(call: Call, tmp_path: Path) -> None:
    place = tmp_path / "none" / "out.wav"
    assert str(place.parent) in call("say", "Hello.", "--wav", place).refused(8)
    wav.save(tmp_path / "mic.wav", np.zeros(16_000, np.int16))
    done = call("--mic", tmp_path / "mic.wav", "--speaker", place)
    assert str(place.parent) in done.refused(8)


def test_a_rehearsal_notices_at_once_that_its_recording_cannot_be_written(
    call: Call, tmp_path: Path
) -> None:
    done = call("rehearse", "stopped", "--json", "--wav", tmp_path / "none" / "out.wav")
    assert str(tmp_path / "none") in done.refused(8)


def test_a_cache_that_cannot_be_written_stops_nobody(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "file" / "clips"))
    done = call("say", "Hello.", "--wav", tmp_path / "x.wav")
    assert done.code == 0
    assert len(wav.load(tmp_path / "x.wav")) > 4000


# -- what works -----------------------------------------------------------------------------------


def test_a_sentence_into_a_file(call: Call, tmp_path: Path) -> None:
    loud, soft = tmp_path / "loud.wav", tmp_path / "soft.wav"
    done = call("say", "Pull your toes.", "--wav", loud)
    assert done.code == 0
    assert done.out == f"{loud}: {len(wav.load(loud)) / 16_000:.2f} s\n"
    call("say", "Pull your toes.", "--wav", soft, "--volume", "50")
    ratio = np.abs(wav.load(soft)).max() / np.abs(wav.load(loud)).max()
    assert ratio == pytest.approx(0.5, abs=0.02)


def test_the_doctor_finds_everything_but_the_card(call: Call) -> None:
    done = call("doctor", "--json")
    findings = {finding["what"]: finding for finding in json.loads(done.out)}
    failed = [what for what, finding in findings.items() if finding["status"] == "failed"]
    assert (done.code, failed) == (0, [])
    assert findings["microphone"]["status"] == "warning"
    assert {"packages", "content", "model", "voice", "recognition", "cache"} <= {
        what for what, finding in findings.items() if finding["status"] == "ok"
    }


def test_the_doctor_says_what_is_wrong_and_goes_on(call: Call, tmp_path: Path) -> None:
    done = call("doctor", "--model", tmp_path / "none")
    assert done.code == 1
    assert "failed   model" in done.out
    assert "ok       voice" in done.out
