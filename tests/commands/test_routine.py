"""The daily stretch and its reminder on the command line."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.commands.conftest import Call
from tests.commands.test_service import Manager
from tests.listening.speech import join, silence, speech
from voice_coach.audio import wav
from voice_coach.cli import main
from voice_coach.commands import coach
from voice_coach.commands.coach import Keeping
from voice_coach.content import load_protocol
from voice_coach.diary.store import Diary
from voice_coach.instance import microphone_taken
from voice_coach.places import CONFIG_VARIABLE, STATE_VARIABLE
from voice_coach.routine import reminder
from voice_coach.screen import Board


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def manager(tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> Manager:
    del state
    made = Manager(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return made


def recording(*said: tuple[float, str]) -> None:
    """A microphone file: each text so many seconds after the one before."""
    parts = [part for gap, text in said for part in (silence(gap), speech(text))]
    wav.save(Path("mic.wav"), join(*parts, silence(3)))


FILES = ("--mic", "mic.wav", "--speaker", "out.wav")


def test_it_begins_at_once_and_ends_when_asked(call: Call, state: Path) -> None:
    del state
    recording((7.5, "no"), (3, "stop"))
    done = call("routine", *FILES, "--diary", "mine")
    assert (done.code, done.err) == (0, "")
    assert "Time to stretch your calves." in done.out
    assert "Is there a cramp in your calf right now?" in done.out
    assert "(stopped)" in done.out
    with Diary(Path("mine")) as diary:
        assert diary.stretchings() == [], "nothing was stretched"


def test_whoever_watches_sees_the_stretch() -> None:
    board = Board(coach._both(load_protocol()))
    board.watch({"type": "state", "t": 1.0, "step": "wall_left", "phase": "stretch"})
    board.watch({"type": "cue", "t": 2.0, "name": "tick"})
    shown = " ".join(line for _, line in board.lines(60, 16, 5.0))
    assert "stop" in shown
    assert "#" in shown, "the hold's countdown"


def test_nobody_there(call: Call, state: Path) -> None:
    del state
    wav.save(Path("mic.wav"), silence(2))
    done = call("routine", *FILES)
    assert done.code == 0
    assert "We stretch another time." in done.out
    assert "(missed)" in done.out


def test_started_by_the_system_it_shows_no_words(call: Call, state: Path) -> None:
    del state
    wav.save(Path("mic.wav"), silence(2))
    done = call("routine", "--reminded", *FILES)
    assert (done.code, done.out, done.err) == (0, "", "")


def test_a_cramp_leads_over_at_once(call: Call, state: Path) -> None:
    del state
    recording((7.5, "yes"), (12, "stop"))
    done = call("routine", *FILES, "--diary", "mine")
    assert done.code == 0
    after = done.out[done.out.index("Now we look after the cramp.") :]
    assert "(cramp)" in after
    assert "I am here. Stop moving." in after
    with Diary(Path("mine")) as diary:
        assert len(diary) == 1, "the cramp is in the diary"


def test_called_for_by_voice_while_it_waits(call: Call, state: Path) -> None:
    del state
    recording((1, "stretch with me"), (12, "stop"), (12, "help calf cramp"), (12, "stop"))
    done = call(*FILES)
    assert done.code == 0
    out = done.out
    assert out.index("Time to stretch your calves.") < out.index("I am here. Stop moving.")


def test_where_another_coach_listens_it_is_told(call: Call, state: Path) -> None:
    with microphone_taken():
        done = call("routine", "--reminded", "--speaker", "out.wav")
        assert (done.code, done.err) == (0, "")
        assert (state / "reminder.due").exists()
        assert reminder.note_taken()
        said = call("routine", "--speaker", "out.wav").refused(10)
    assert "A coach is listening already" in said


@pytest.mark.skipif(sys.platform != "linux", reason="the manager here is systemd")
def test_the_reminder(call: Call, manager: Manager, tmp_path: Path) -> None:
    assert "There is no reminder" in call("reminder").out
    done = call("reminder", "20:00")
    timer = tmp_path / "config" / "systemd" / "user" / "voice-coach-reminder.timer"
    assert done.out == f"Every day at 20:00: {timer}\n"
    assert call("reminder").out == "Every day at 20:00.\n"
    manager.behave(active=3)
    assert "does not run: set it again" in call("reminder").out
    assert call("reminder", "off").out == "No reminder any more.\n"
    assert not timer.exists()
    assert call("reminder", "off").out == "There was no reminder.\n"


@pytest.mark.skipif(sys.platform != "linux", reason="the manager here is systemd")
def test_a_reminder_that_cannot_be(call: Call, manager: Manager) -> None:
    said = call("reminder", "8 pm").refused(2)
    assert said == '"8 pm" is no time; write it like 20:00, or "off".'
    manager.behave(code=1)
    assert "daemon-reload` failed" in call("reminder", "08:00").refused(11)
    assert "There is no reminder" in call("reminder").out


@pytest.mark.parametrize(
    ("arguments", "file", "variable", "off"),
    [
        ([], "", "", False),
        (["--no-diary"], "", "", True),
        (["--no-keep-diary"], "", "", True),
        ([], "keep_diary = false", "", True),
        ([], "", "false", True),
        (["--keep-diary"], "keep_diary = false", "false", False),
        (["--diary", "mine"], "keep_diary = false", "false", False),
        (["--diary", "mine", "--no-keep-diary"], "", "", True),
        ([], "keep_diary = false", "true", False),
    ],
)
@pytest.mark.parametrize("command", [[], ["now"], ["standby"], ["routine"]])
def test_the_diary_switched_off(  # noqa: PLR0913 - the layers of the settings
    monkeypatch: pytest.MonkeyPatch,
    command: list[str],
    arguments: list[str],
    file: str,
    variable: str,
    off: bool,
) -> None:
    """By flag, environment or file; a diary that is named on the command line is meant."""
    monkeypatch.setenv("VOICE_COACH_KEEP_DIARY", variable)
    assert chosen([*command, *arguments], file, monkeypatch).off is off


@pytest.mark.parametrize(
    ("arguments", "file", "variable", "learning"),
    [
        ([], "", "", True),
        (["--no-learning"], "", "", False),
        ([], "learning = false", "", False),
        ([], "", "false", False),
        (["--learning"], "learning = false", "false", True),
    ],
)
def test_learning_switched_off(
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    file: str,
    variable: str,
    learning: bool,
) -> None:
    monkeypatch.setenv("VOICE_COACH_LEARNING", variable)
    assert chosen(arguments, file, monkeypatch).learning is learning


def chosen(arguments: list[str], file: str, monkeypatch: pytest.MonkeyPatch) -> Keeping:
    """What the coach is told about the diary."""
    Path("settings.toml").write_text(file)
    monkeypatch.setenv(CONFIG_VARIABLE, str(Path("settings.toml").absolute()))
    told: list[Keeping] = []

    def run(*given: Any) -> int:
        told.append(given[4])
        return 0

    monkeypatch.setattr(coach, "run", run)
    assert main(arguments) == 0
    return told[0]
