"""Putting models into the folder of the installed ones, and taking them out.

A kill at any moment leaves the whole model or none, and perhaps something in ``.incoming`` that
the next call goes on with or clears away.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from voice_coach.errors import ModelError, OutputError, StoreError, UsageError
from voice_coach.listening.model import open_model
from voice_coach.store.disk import delete, sync_folder, writing
from voice_coach.store.download import Archive, Progress, download, silent
from voice_coach.store.index import Offer
from voice_coach.store.installed import (
    MODELS_VARIABLE,
    InstalledModel,
    Source,
    check_name,
    find_installed,
    models_folder,
)
from voice_coach.store.unpack import unpack


def install(offer: Offer, index_url: str, progress: Progress = silent) -> InstalledModel:
    """Fetch, check and install a model; one that is there already is returned as it is.

    Raises StoreError, OutputError, and ModelError for one that the coach cannot use.
    """
    with workshop() as incoming:
        there = find_installed(offer.name)
        if there is not None:
            return there
        archive = download(offer, index_url, incoming, progress)
        source = Source(offer.url, offer.language, offer.md5, archive.sha256)
        return put_in_place(archive, offer.name, source)


def put_in_place(
    archive: Archive,
    name: str,
    source: Source,
    check: Callable[[Path], object] = open_model,
) -> InstalledModel:
    """Unpack an archive that lies in ``.incoming``, and install what ``check`` lets pass.

    The caller is in the `workshop`. The archive is gone afterwards, of use or not, as the same
    bytes would fail again; only where the disk is at fault it stays. Raises StoreError,
    OutputError and ModelError.
    """
    incoming = archive.path.parent
    target = incoming.parent / name
    try:
        model = unpack(archive.path, incoming / name)
        try:
            check(model)
        except ModelError as error:
            sentence = str(error).replace(str(model), name)
            raise ModelError(f"{name} is not installed: {sentence}") from error
        with writing(target):
            source.save(model)
            sync_folder(model)
            os.rename(model, target)
            sync_folder(target.parent)
    except (StoreError, ModelError):
        _discard_parts(incoming, name)
        raise
    _discard_parts(incoming, name)
    return InstalledModel(name, target, source)


def remove(name: str) -> None:
    """Remove an installed model, and what there is of an unfinished download of it.

    Raises UsageError when there is neither, StoreError and OutputError.
    """
    target = models_folder() / check_name(name)
    if not models_folder().is_dir():
        raise _not_installed(name)
    with workshop() as incoming, writing(models_folder()):
        parts = [path for path in _parts(incoming, name) if path.exists()]
        there = target.is_dir()
        if not there and not parts:
            raise _not_installed(name)
        if there:
            # Gone at once: the coach never sees half a model.
            os.rename(target, incoming / name)
            sync_folder(target.parent)
        _discard_parts(incoming, name)


def _not_installed(name: str) -> UsageError:
    return UsageError(
        f"{name} is not installed; `voice-coach model list` shows the models that are."
    )


@contextmanager
def workshop() -> Iterator[Path]:
    """The ``.incoming`` folder, for one process at a time; a folder in it is gone afterwards.

    Raises StoreError when another process has it, and OutputError.
    """
    folder = models_folder()
    incoming = folder / ".incoming"
    with writing(folder):
        incoming.mkdir(parents=True, exist_ok=True)
        lock = _locked(folder)
    try:
        _clear(incoming)  # of somebody who was killed
        yield incoming
    finally:
        try:
            _clear(incoming)
        finally:
            lock.release()


def _locked(folder: Path) -> filelock.BaseFileLock:
    lock = filelock.FileLock(folder / ".lock", timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise StoreError(
            "Another voice-coach is installing or removing a model right now; "
            "wait until it is done."
        ) from None
    except NotImplementedError:
        raise OutputError(
            f"The disk that holds {folder} knows no locks; name a folder on another one with "
            f"{MODELS_VARIABLE}."
        ) from None
    return lock


def _clear(incoming: Path) -> None:
    with writing(incoming):
        for path in incoming.iterdir():
            if path.is_dir() or path.is_symlink():
                delete(path)


def _parts(incoming: Path, name: str) -> tuple[Path, ...]:
    return tuple(incoming / f"{name}{ending}" for ending in (".zip.part", ".json", ".json.new"))


def _discard_parts(incoming: Path, name: str) -> None:
    with writing(incoming):
        for path in _parts(incoming, name):
            delete(path)
