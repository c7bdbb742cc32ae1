"""One table of keys; flag before environment before file before default; mistakes named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from voice_coach import settings
from voice_coach.errors import ContentError, UsageError
from voice_coach.places import (
    CONFIG_VARIABLE,
    STATE_VARIABLE,
    config_file,
    ensure_home,
    private_folder,
    state_folder,
)
from voice_coach.settings import Settings, keys, load


def written(folder: Path, text: str) -> dict[str, str]:
    """An environment with this settings file."""
    path = folder / "settings.toml"
    path.write_text(text, encoding="utf-8")
    return {CONFIG_VARIABLE: str(path)}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def write(text: str) -> dict[str, str]:
        environ = written(tmp_path, text)
        monkeypatch.setenv(CONFIG_VARIABLE, environ[CONFIG_VARIABLE])
        return environ

    return write


@pytest.mark.parametrize(
    ("file", "variable", "flag", "wins"),
    [
        ("", "", None, (100, "default")),
        ("volume = 80", "", None, (80, "file")),
        ("volume = 80", "90", None, (90, "environment")),
        ("volume = 80", "90", 70, (70, "flag")),
        ("", "", 70, (70, "flag")),
        ("volume = 80", "", 100, (100, "flag")),
    ],
)
def test_the_order_of_the_layers(
    config: Any, file: str, variable: str, flag: int | None, wins: tuple[int, str]
) -> None:
    environ = {**config(file), "VOICE_COACH_VOLUME": variable}
    loaded = load({"volume": flag, "command": "now"}, environ)
    assert (loaded.settings.volume, loaded.sources["volume"]) == wins


def test_every_key_is_a_variable_and_has_an_explanation() -> None:
    texts = {str: "x", int: "120", bool: "true"}
    for key in keys().values():
        assert key.about
        environ = {key.variable: texts[key.kind], CONFIG_VARIABLE: ""}
        found = getattr(load(environ=environ).settings, key.name)
        assert found == {str: "x", int: 120, bool: True}[key.kind], key.name


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("volum = 3", 'unknown key "volum" in the top level; did you mean "volume"?'),
        ("volume = 1000", "volume: expected `int` <= 400"),
        ("rate = 'fast'", "rate: expected `int`, got `str`"),
        ("volume = ", "not valid TOML"),
    ],
)
def test_a_mistake_in_the_file_is_named(config: Any, text: str, says: str) -> None:
    environ = config(text)
    with pytest.raises(ContentError) as error:
        load(environ=environ)
    assert str(config_file()) in str(error.value)
    assert says in str(error.value)


def test_a_file_that_the_environment_names_must_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CONFIG_VARIABLE, str(tmp_path / "none.toml"))
    with pytest.raises(ContentError, match="no such file"):
        load()


@pytest.mark.parametrize(
    ("variable", "text", "says"),
    [
        ("VOICE_COACH_RATE", "79", "expected `int` >= 80"),
        ("VOICE_COACH_RATE", "fast", "expected `int`"),
        ("VOICE_COACH_HEADSET", "perhaps", "expected `bool`"),
    ],
)
def test_a_mistake_in_the_environment_is_named(
    config: Any, variable: str, text: str, says: str
) -> None:
    with pytest.raises(UsageError, match=f'{variable} is "{text}"') as error:
        load(environ={**config(""), variable: text})
    assert says in str(error.value)


def test_a_variable_that_sets_nothing_is_named_with_its_neighbour() -> None:
    environ = {
        "VOICE_COACH_VOLUM": "3",
        "VOICE_COACH_RATE": "150",
        CONFIG_VARIABLE: "x",
        "HOME": "/",
    }
    assert settings.strangers(environ) == [
        'VOICE_COACH_VOLUM sets nothing; did you mean "VOICE_COACH_VOLUME"?'
    ]


def test_folders_of_the_file_reach_those_who_look_them_up(
    config: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STATE_VARIABLE, "")
    environ = config(f'state = "{tmp_path.as_posix()}/state"')
    settings.export(load(environ=environ))
    assert state_folder() == tmp_path / "state"


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(AttributeError):
        Settings().volume = 3  # type: ignore[misc]


def test_a_private_folder_is_private_even_if_it_was_not(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True, mode=0o755)
    assert private_folder(folder).stat().st_mode & 0o777 == 0o700


def test_a_user_without_a_home_gets_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", CONFIG_VARIABLE, STATE_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "~")
    ensure_home()
    assert config_file().is_absolute()
    assert state_folder().is_absolute()
    monkeypatch.setenv("HOME", "/somewhere")
    ensure_home()
    assert str(config_file()).startswith("/somewhere/")


def test_where_the_file_is_wrong_the_flags_hold_over_the_defaults(config: Any) -> None:
    config("volum = 3")
    loaded = settings.defaults({"rate": 120, "volume": None})
    assert (loaded.settings.rate, loaded.settings.volume) == (120, 100)
