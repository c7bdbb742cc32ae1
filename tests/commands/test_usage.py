"""Wrong use of the command line: exit code 2, and what to do instead."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.conftest import Call
from voice_coach import __version__
from voice_coach.content import default_protocol_path

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["sing"], "invalid choice: 'sing'"),
        (["--rate", "79"], "79 is not a number from 80 to 300"),
        (["--rate", "fast"], "fast is not a number from 80 to 300"),
        (["--volume", "0", "talk"], "0 is not a number from 1 to 400"),
        (["hear", "x.wav"], "one of the arguments --state --phrases is required"),
        (["hear", "x.wav", "--state", "wake", "--phrases", "yes"], "not allowed with argument"),
        (["hear", "--phrases", "yes"], "the following arguments are required: FILE"),
        (["say"], "the following arguments are required: text"),
        (["protocol"], "the following arguments are required: what"),
        (["protocol", "sing"], "invalid choice: 'sing'"),
        (["rehearse", "--seed", "x"], "argument --seed: x is not a number from 0 to"),
        (["rehearse", "--seed", "-5"], "argument --seed: -5 is not a number from 0 to"),
        (["rehearse", "--snr", "nan"], "nan is not a number of decibels from -100 to 100"),
        (["rehearse", "--echo", "loud"], "loud is not a number of decibels from -100 to 100"),
        (["talk", "--mic", "3"], "unrecognized arguments: --mic 3"),
    ],
)
def test_what_the_parser_refuses(call: Call, arguments: list[str], says: str) -> None:
    done = call(*arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("usage: ")
    assert says in done.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["talk", "--region", "GBR"], '"GBR" is no country code; give two letters, such as GB or'),
        (["rehearse", "sliepy"], 'There is no scenario "sliepy"'),
        (["rehearse", "silnt"], 'There is no scenario "silnt"; did you mean "silent"?'),
        (["hear", "x.wav", "--state", "stretch_hnd"], 'no state "stretch_hnd"; did you mean "str'),
        (["hear", "x.wav", "--state", "press"], 'There is no state "press"'),
        (["hear", "x.wav", "--phrases", "|"], "No phrases given; write them like --phrases"),
        (["say", " "], "There is nothing to say; give a sentence."),
        (["now", "--mic", "x.wav", "--speaker", "3"], "A file as microphone runs in virtual time"),
    ],
)
def test_what_cannot_be_meant(call: Call, arguments: list[str], says: str) -> None:
    assert says in call(*arguments).refused(2)


def test_version_and_help(call: Call) -> None:
    assert call("--version").out == f"voice-coach {__version__}\n"
    done = call("--help")
    assert done.code == 0
    for command in ("now", "rehearse", "hear", "say", "talk", "protocol", "devices", "doctor"):
        assert command in done.out
    assert "Exit codes:" in done.out


def test_options_may_stand_before_or_after_the_command(call: Call) -> None:
    for arguments in (["--region", "XYZ", "talk"], ["talk", "--region", "XYZ"]):
        assert '"XYZ" is no country code' in call(*arguments).refused(2)


def test_help_needs_none_of_the_heavy_libraries() -> None:
    script = (
        "import sys\nfrom voice_coach.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print([m for m in ('vosk', 'pyttsx3', 'sounddevice', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.endswith("\n[]\n")


def test_a_reader_who_leaves_early_is_no_error() -> None:
    """``voice-coach protocol show | head -1``"""
    program = subprocess.Popen(
        [sys.executable, "-m", "voice_coach", "protocol", "show", str(default_protocol_path())],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert program.stdout is not None
    assert program.stderr is not None
    program.stdout.close()
    errors = program.stderr.read()
    assert (program.wait(timeout=30), errors) == (0, b"")
    program.stderr.close()
