"""Installing and removing whole models: all of it or nothing, whatever happens."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.store.conftest import zipped
from tests.store.site import Site
from voice_coach.errors import ModelError, StoreError, UsageError
from voice_coach.store import install as module
from voice_coach.store.download import Archive
from voice_coach.store.index import fetch_index
from voice_coach.store.install import install, put_in_place, remove, workshop
from voice_coach.store.installed import Source, find_installed, installed_models

NAME = "vosk-small"
FILES = {f"{NAME}/am/final.mdl": b"model" * 100, f"{NAME}/conf/mfcc.conf": b"--x=1\n"}
ARCHIVE = zipped(FILES)
SOURCE = Source("https://models.example/x.zip", "US English", "0" * 32, "1" * 64)


@pytest.fixture(autouse=True)
def any_model_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Vosk makes of the files is for other tests."""
    monkeypatch.setattr(module.put_in_place, "__defaults__", (lambda _: None,))


def get(site: Site, name: str = NAME) -> Any:
    listed = fetch_index(site.url())
    return install(listed.find(name), listed.url)


def left_over(models: Path) -> list[str]:
    return [path.name for path in (models / ".incoming").iterdir()]


def test_a_model_is_installed(site: Site, models: Path) -> None:
    site.offer(NAME, ARCHIVE)
    model = get(site)
    assert (model.name, model.folder) == (NAME, models / NAME)
    assert (model.folder / "am" / "final.mdl").read_bytes() == FILES[f"{NAME}/am/final.mdl"]
    assert installed_models() == [model]
    assert model.source == Source(
        site.url(f"/{NAME}.zip"), "US English",
        hashlib.md5(ARCHIVE).hexdigest(), hashlib.sha256(ARCHIVE).hexdigest(),
    )  # fmt: skip
    assert left_over(models) == []


@pytest.mark.usefixtures("models")
def test_one_that_is_there_is_left_alone(site: Site) -> None:
    site.offer(NAME, ARCHIVE)
    assert get(site) == get(site)
    assert len(site.asked(f"/{NAME}.zip")) == 1


def test_an_archive_that_means_harm(site: Site, models: Path) -> None:
    site.offer(NAME, zipped({f"{NAME}/a": b"a", "../../../out": b"harm"}))
    with pytest.raises(StoreError, match="could be written anywhere"):
        get(site)
    assert installed_models() == []
    assert left_over(models) == []
    assert not (models.parent.parent / "out").exists()


def test_what_the_coach_cannot_use_is_not_kept(models: Path) -> None:
    def refuse(folder: Path) -> None:
        raise ModelError(f"The model {folder} has a fixed graph; use another.")

    with workshop() as incoming, pytest.raises(ModelError) as caught:
        put_in_place(_archive(incoming), NAME, SOURCE, refuse)
    says = f"{NAME} is not installed: The model {NAME} has a fixed graph; use another."
    assert str(caught.value) == says
    assert installed_models() == []
    assert left_over(models) == []


def test_removing(site: Site, models: Path) -> None:
    site.offer(NAME, ARCHIVE)
    get(site)
    remove(NAME)
    assert installed_models() == []
    assert left_over(models) == []
    with pytest.raises(UsageError, match="is not installed"):
        remove(NAME)


def test_removing_a_link_leaves_what_it_leads_to(models: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    models.mkdir(parents=True)
    os.symlink(tmp_path / "mine", models / NAME)
    remove(NAME)
    assert installed_models() == []
    assert (tmp_path / "mine").is_dir()


def test_removing_an_unfinished_download(site: Site, models: Path) -> None:
    site.offer(NAME, ARCHIVE)
    site.change(f"/{NAME}.zip", breaks_after=100)
    with pytest.raises(StoreError, match="stopped"):
        get(site)
    assert left_over(models) != []
    remove(NAME)
    assert left_over(models) == []


@pytest.mark.parametrize("name", ["../data", "..", ".incoming", "", "/", "a/b", "a\\b"])
def test_removing_what_is_no_name(models: Path, name: str) -> None:
    models.mkdir(parents=True)
    with pytest.raises(UsageError, match="is not a model's name"):
        remove(name)


def test_removing_where_nothing_is_makes_nothing(models: Path) -> None:
    with pytest.raises(UsageError, match="is not installed"):
        remove(NAME)
    assert not models.exists()


@pytest.mark.usefixtures("models")
def test_two_at_once(site: Site) -> None:
    site.offer(NAME, ARCHIVE)
    holder = subprocess.Popen(
        [sys.executable, "-c",
         "import sys\nfrom voice_coach.store.install import workshop\n"
         "with workshop():\n print('in', flush=True)\n sys.stdin.read()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "in\n"
        for change in (lambda: get(site), lambda: remove(NAME)):
            with pytest.raises(StoreError, match="Another voice-coach is installing"):
                change()
        holder.kill()
    # A lock does not outlive its holder.
    assert get(site).name == NAME


# -- killed ---------------------------------------------------------------------------------------


class Killed(BaseException):
    """The process is no more: from here on nothing that it does has any effect."""


class Death:
    """Kills at the ``step``-th call that changes the disk."""

    CALLS = ("mkdir", "rename", "replace", "unlink", "rmdir", "fsync")

    def __init__(self, patch: pytest.MonkeyPatch, step: int) -> None:
        self.left = step
        for name in self.CALLS:
            patch.setattr(f"os.{name}", self._mortal(getattr(os, name)))
        patch.setattr("shutil.rmtree", self._mortal(shutil.rmtree))

    def _mortal(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **more: Any) -> Any:
            self.left -= 1
            if self.left < 0:
                raise Killed
            return call(*args, **more)

        return wrapped


def _archive(incoming: Path) -> Archive:
    path = incoming / f"{NAME}.zip.part"
    path.write_bytes(ARCHIVE)
    return Archive(path, "1" * 64)


def _whole(models: Path) -> bool:
    folder = models / NAME
    return all((folder.parent / name).read_bytes() == data for name, data in FILES.items())


def test_a_kill_while_installing_leaves_all_or_nothing(models: Path) -> None:
    seen = set()
    for step in range(100):
        shutil.rmtree(models, ignore_errors=True)
        models.joinpath(".incoming").mkdir(parents=True)
        archive = _archive(models / ".incoming")
        with pytest.MonkeyPatch.context() as patch:
            death = Death(patch, step)
            with contextlib.suppress(Killed), workshop():
                put_in_place(archive, NAME, SOURCE)
        there = find_installed(NAME) is not None
        assert not there or _whole(models)
        assert there or archive.path.read_bytes() == ARCHIVE
        if death.left >= 0:
            break
        seen.add(there)
        if not there:
            with workshop():
                put_in_place(archive, NAME, SOURCE)
        else:
            with workshop():
                pass
        assert _whole(models)
        assert [n for n in left_over(models) if n != archive.path.name] == []
    else:
        pytest.fail("it never came to its end")
    assert seen == {True, False}


def test_a_kill_while_removing_leaves_all_or_nothing(models: Path) -> None:
    seen = set()
    for step in range(100):
        shutil.rmtree(models, ignore_errors=True)
        for name, data in FILES.items():
            (models / name).parent.mkdir(parents=True, exist_ok=True)
            (models / name).write_bytes(data)
        with pytest.MonkeyPatch.context() as patch:
            death = Death(patch, step)
            with contextlib.suppress(Killed):
                remove(NAME)
        there = find_installed(NAME) is not None
        assert not there or _whole(models)
        if death.left >= 0:
            break
        seen.add(there)
    else:
        pytest.fail("it never came to its end")
    assert seen == {True, False}
