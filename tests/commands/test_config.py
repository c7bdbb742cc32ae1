"""`voice-coach config show|path|check`, and that a setting reaches the command it is for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands.conftest import Call
from voice_coach.audio import wav
from voice_coach.places import CONFIG_VARIABLE


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "settings.toml"
    path.write_text('volume = 50\nregion = "GB"\n', encoding="utf-8")
    monkeypatch.setenv(CONFIG_VARIABLE, str(path))
    return path


def test_what_holds_and_where_it_comes_from(
    call: Call, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOICE_COACH_REGION", "US")
    rows = {row["key"]: row for row in json.loads(call("config", "show", "--json").out)}
    assert (rows["volume"]["value"], rows["volume"]["source"]) == (50, "file")
    assert (rows["region"]["value"], rows["region"]["source"]) == ("US", "environment")
    assert (rows["rate"]["value"], rows["rate"]["source"]) == (155, "default")
    shown = call("config", "show").out
    assert str(config) in shown
    assert "words a minute (80 to 300)" in shown


def test_where_the_file_is(call: Call, config: Path) -> None:
    assert call("config", "path").out == f"{config}\n"


def test_a_place_that_is_too_long_for_a_path(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VOICE_COACH_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", f"/tmp/{'x' * 300}")
    done = call("config", "show")
    assert (done.code, done.err) == (0, "")
    assert "(not there)" in done.out


def test_no_mistake(call: Call, config: Path) -> None:
    assert f"{config}: no mistake found; set: volume, region" in call("config", "check").out


def test_a_wrong_key(call: Call, config: Path) -> None:
    config.write_text("volum = 3")
    for command in (["config", "check"], ["config", "show"], ["say", "Hello."]):
        assert 'did you mean "volume"?' in call(*command).refused(6)


def test_a_variable_that_sets_nothing(
    call: Call, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del config
    monkeypatch.setenv("VOICE_COACH_VOLUM", "3")
    assert 'did you mean "VOICE_COACH_VOLUME"?' in call("config", "check").refused(2)


def test_a_setting_reaches_its_command_and_a_flag_goes_before_it(
    call: Call, config: Path, tmp_path: Path
) -> None:
    del config
    loud, soft = tmp_path / "loud.wav", tmp_path / "soft.wav"
    call("say", "Pull your toes.", "--wav", soft)
    call("say", "Pull your toes.", "--wav", loud, "--volume", "100")
    ratio = abs(wav.load(soft)).max() / abs(wav.load(loud)).max()
    assert ratio == pytest.approx(0.5, abs=0.02)


def test_a_service_does_not_stay_away_because_of_a_wrong_setting(call: Call, config: Path) -> None:
    config.write_text("volum = 3")
    done = call("standby")
    assert done.code == 3  # it went on, until there was no microphone
    assert 'did you mean "volume"? Until then the defaults hold.' in done.err
