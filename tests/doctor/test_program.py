"""The parts that need no card, each with what can be wrong with it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import NoReturn

import pytest

from voice_coach.audio.echo import NoCanceller
from voice_coach.commands.coach import Sound
from voice_coach.commands.setup import Choices
from voice_coach.doctor import program
from voice_coach.doctor.finding import Check, Finding, Patient, tried
from voice_coach.places import CONFIG_VARIABLE


def found(check: Check, choices: Choices | None = None, sound: Sound | None = None) -> Finding:
    return tried("x", check, Patient(choices or Choices(region="GB"), sound or Sound()))


def test_a_package_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(program.packages).status == "ok"

    def none(name: str) -> NoReturn:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(program, "version", none)
    finding = found(program.packages)
    assert (finding.status, "pip install vosk" in finding.detail) == ("failed", True)


def test_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "settings.toml"
    monkeypatch.setenv(CONFIG_VARIABLE, str(path))
    for text, status in (("volume = 50", "ok"), ("volum = 50", "failed")):
        path.write_text(text)
        assert found(program.configuration).status == status
    path.write_text("")
    monkeypatch.setenv("VOICE_COACH_VOLUM", "3")
    assert found(program.configuration).status == "warning"


def test_a_broken_model(tmp_path: Path) -> None:
    (tmp_path / "am").mkdir()
    (tmp_path / "am" / "final.mdl").write_bytes(b"junk")
    finding = found(program.model, Choices(model=tmp_path))
    assert finding.status == "failed"
    assert "restore the model folder" in finding.detail


def test_the_model_is_named_by_its_hash() -> None:
    finding = found(program.model)
    assert finding.status == "ok"
    assert "sha256" in finding.detail


def test_a_voice_that_is_missing() -> None:
    for check in (program.voice, program.recognition):
        finding = found(check, Choices(voice="no such voice"))
        assert finding.status == "failed"
        assert "no such voice" in finding.detail


def test_whether_one_may_speak_over_the_coach(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(program.turn_taking, sound=Sound(headset=True)).status == "ok"
    assert found(program.turn_taking, sound=Sound(half_duplex=True)).status == "ok"
    monkeypatch.setattr(program, "canceller", lambda _: NoCanceller("There is none: install it."))
    finding = found(program.turn_taking)
    assert finding.status == "warning"
    assert finding.detail == "half duplex: There is none: install it."
