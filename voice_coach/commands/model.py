"""Speech models: the one in use, those that are here, and those that can be installed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voice_coach.commands.setup import Choices
from voice_coach.errors import ModelError, UsageError
from voice_coach.listening.model import DEFAULT_NAME, SpeechModel, find_model, open_model
from voice_coach.store.installed import (
    InstalledModel,
    Source,
    check_name,
    find_installed,
    installed_models,
)

if TYPE_CHECKING:
    from voice_coach.store.index import Offer

# The parts that can open a network connection are imported by the commands that do.

_SHIPPED_LANGUAGE: Final = "English"


def path(choices: Choices) -> int:
    """Print the model's folder. Raises ModelError."""
    print(find_model(choices.model))
    return 0


def info(choices: Choices) -> int:
    """Print what the model is. Raises ModelError for one that cannot be used."""
    _describe(open_model(choices.model))
    return 0


def list_models(choices: Choices, index: str | None, online: bool) -> int:
    """Print the models that are here, the one in use with a star, and with ``online`` those of
    the list at ``index`` (None: the official one) too. Raises StoreError and UsageError."""
    here = list(_here())
    used = _resolved(choices.model)
    if used is not None and used not in [row.folder for row in here]:
        here.append(_Row(used.name, _folder_size(used), Source.load(used).language, "", used))
    rows = [row.line(row.folder == used) for row in here]
    if index is None and not online:
        _print_table(rows)
        print("\n`voice-coach model list --online` asks which others can be installed.")
        return 0
    from voice_coach.store.index import fetch_index  # noqa: PLC0415

    names = {row.name for row in here}
    offers = [offer for offer in fetch_index(index).offers if offer.name not in names]
    rows += [_Row(o.name, o.size, o.language, o.use).line(False) for o in offers]
    _print_table(rows)
    print("\n`voice-coach model install NAME` fetches one; the size is that of the download.")
    return 0


def install(name: str, index: str | None) -> int:
    """Fetch the model ``name`` of the list at ``index`` (None: the official one), check it and
    install it. Raises UsageError, StoreError, OutputError and ModelError."""
    if check_name(name) == DEFAULT_NAME:
        print(f"{name} came with the program; there is nothing to install.")
        return 0
    there = find_installed(name)
    if there is not None:
        return _already_there(there)
    from voice_coach.store.index import fetch_index  # noqa: PLC0415
    from voice_coach.store.install import install as install_model  # noqa: PLC0415

    listed = fetch_index(index)
    installed = install_model(listed.find(name), listed.url, _bar)
    _describe(open_model(installed.folder))
    print(f"sha256  {installed.source.sha256} (the archive)")
    print(f"Use it with --model {name}")
    return 0


def remove(name: str) -> int:
    """Remove an installed model. Raises UsageError, StoreError and OutputError."""
    if check_name(name) == DEFAULT_NAME and find_installed(name) is None:
        raise UsageError(f"{name} came with the program and stays; only installed models can go.")
    from voice_coach.store.install import remove as remove_model  # noqa: PLC0415

    remove_model(name)
    print(f"{name} is removed.")
    return 0


def _already_there(model: InstalledModel) -> int:
    try:
        open_model(model.folder)
    except ModelError as error:
        raise ModelError(
            f"{model.name} is installed, but: {error} To fetch it again, first do "
            f"`voice-coach model remove {model.name}`."
        ) from error
    print(f"{model.name} is installed already; use it with --model {model.name}")
    return 0


@contextmanager
def _bar(offer: Offer, kept: int) -> Iterator[Callable[[int], object]]:
    """Progress on stderr, where that is a terminal."""
    from tqdm import tqdm  # noqa: PLC0415

    with tqdm(
        total=offer.size, initial=kept, desc=offer.name, unit="B", unit_scale=True, disable=None
    ) as bar:
        yield bar.update


# -- what is printed ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Row:
    """A model in the list."""

    name: str
    size: int
    """Bytes."""

    language: str
    use: str
    folder: Path | None = None

    def line(self, used: bool) -> tuple[str, ...]:
        mark = "*" if used else " "
        return mark, self.name, f"{self.size / 1e6:.1f} MB", self.language, self.use


def _here() -> Iterator[_Row]:
    shipped = _resolved(None)
    if shipped is not None:
        yield _Row(DEFAULT_NAME, _folder_size(shipped), _SHIPPED_LANGUAGE, "shipped", shipped)
    for model in installed_models():
        folder = model.folder.resolve()
        yield _Row(model.name, _folder_size(folder), model.source.language, "installed", folder)


def _resolved(model: Path | None) -> Path | None:
    """The folder that ``model`` means; None if there is none."""
    try:
        folder = find_model(model).resolve()
    except ModelError:
        return None
    return folder if folder.is_dir() else None


def _folder_size(folder: Path) -> int:
    return SpeechModel(folder, None).size


def _print_table(rows: Iterable[tuple[str, ...]]) -> None:
    table = list(rows)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for mark, name, size, language, use in table:
        line = f"{mark} {name:{widths[1]}}  {size:>{widths[2]}}  {language:{widths[3]}}  {use}"
        print(line.rstrip())


def _describe(model: SpeechModel) -> None:
    print(f"{model.folder.name}: {model.size / 1e6:.1f} MB, {_kind(model)}")
    print(f"folder  {model.folder}")
    print(f"sha256  {_digest(model)} (am/final.mdl)")


def _kind(model: SpeechModel) -> str:
    if model.exact is None:
        return "a foreign Vosk model with a runtime grammar"
    return f"an exact graph for each state, {len(model.exact.lexicon)} words"


def _digest(model: SpeechModel) -> str:
    acoustic = next(model.folder.rglob("final.mdl"))
    return hashlib.sha256(acoustic.read_bytes()).hexdigest()
