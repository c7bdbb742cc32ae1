"""The dialogue typed in a terminal."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from voice_coach.commands import talk
from voice_coach.commands.setup import Choices

ROOT = Path(__file__).parents[2]


def typed(text: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert talk.run(Choices(region="GB"), io.StringIO(text)) == 0
    return capsys.readouterr().out


def test_the_end_of_the_input_is_silence_to_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    out = typed("", capsys)
    assert "Ten minutes have passed." in out
    assert out.endswith("s.\n")
    assert "Outcome: not_resolved, advice: urgent" in out


def test_answers_are_taken_as_a_person_types_them(capsys: pytest.CaptureFixture[str]) -> None:
    out = typed("Sitting!\nIt's letting go...\nchest  PAIN\n okay \n", capsys)
    assert "(not understood)" not in out
    assert "Call nine nine nine now." in out
    assert "Outcome: emergency, advice: emergency" in out


def test_an_empty_line_is_silence_and_other_words_are_said_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = typed("\nbananas\nstop\n", capsys)
    assert "Sitting, lying, or standing?" in out
    assert "(not understood)" in out
    assert "Outcome: stopped" in out


def test_piped_into_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "voice_coach", "talk"], input="stop\n", text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    assert "Outcome: stopped, advice: self_care" in done.stdout
    assert "> " not in done.stdout, "a prompt is for a terminal"


def test_in_a_terminal_it_asks_for_an_answer(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = io.StringIO("stop\n")
    monkeypatch.setattr(lines, "isatty", lambda: True)
    talk.run(Choices(), lines)
    assert "> " in capsys.readouterr().out
