"""A server and a folder for installed models, new for each test."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.site import Site
from voice_coach.listening.model import find_model
from voice_coach.store.installed import MODELS_VARIABLE


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where installed models go; not there yet."""
    folder = tmp_path / "data" / "models"
    monkeypatch.setenv(MODELS_VARIABLE, str(folder))
    return folder


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """An archive of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def zipped_model(top: str, **changes: bytes | None) -> bytes:
    """The shipped model as an archive with one top folder; ``changes`` by file name, None for
    one to leave out."""
    folder = find_model()
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    files.update({name: data for name, data in changes.items() if data is not None})
    kept = {n: data for n, data in files.items() if changes.get(n, b"") is not None}
    return zipped({f"{top}/{name}": data for name, data in kept.items()})
