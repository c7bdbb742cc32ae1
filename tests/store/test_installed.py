"""Looking at what is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from voice_coach.store.installed import (
    MODELS_VARIABLE,
    SOURCE_FILE,
    Source,
    find_installed,
    installed_models,
    models_folder,
)


def test_nothing_is_installed_where_there_is_no_folder(models: Path) -> None:
    assert installed_models() == []
    assert find_installed("vosk-small") is None
    assert not models.exists()


def test_only_whole_folders_count(models: Path) -> None:
    for name in (".incoming", "b-model", "a-model", "strange name"):
        (models / name).mkdir(parents=True)
    (models / "file").touch()
    assert [model.name for model in installed_models()] == ["a-model", "b-model"]


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".incoming", "../models", "a/b", "a\nb", "x" * 101]
)
def test_what_is_no_name_is_never_found(models: Path, name: str) -> None:
    (models / ".incoming").mkdir(parents=True)
    assert find_installed(name) is None


def test_where_it_came_from(models: Path) -> None:
    (models / "a").mkdir(parents=True)
    source = Source("https://models.example/a.zip", "Indian English", "0" * 32, "1" * 64)
    source.save(models / "a")
    found = find_installed("a")
    assert found is not None
    assert found.source == source


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff", b'{"language": 7, "more": 1}'])
def test_a_broken_note_says_nothing(models: Path, data: bytes) -> None:
    (models / "a").mkdir(parents=True)
    (models / "a" / SOURCE_FILE).write_bytes(data)
    assert Source.load(models / "a").url == ""


def test_the_usual_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(MODELS_VARIABLE, raising=False)
    monkeypatch.setattr("platformdirs.user_data_path", lambda *_args, **_more: tmp_path)
    assert models_folder() == tmp_path / "models"
