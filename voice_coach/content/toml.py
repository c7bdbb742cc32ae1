"""Reading a TOML file into typed data, with one clear sentence for each kind of mistake."""

from __future__ import annotations

import difflib
import re
import sys
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from voice_coach.errors import ContentError

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover - one of the two runs, by the version
    import tomli as tomllib

T = TypeVar("T")


def read(path: Path) -> dict[str, Any]:
    """The file's tables. Raises ContentError when it is missing or not TOML."""
    try:
        text = path.read_bytes().decode("utf-8-sig")  # Notepad writes a mark first
    except FileNotFoundError:
        raise ContentError(f"{path}: there is no such file; check the path.") from None
    except IsADirectoryError:
        raise ContentError(f"{path} is a folder; give the .toml file in it.") from None
    except UnicodeDecodeError as error:
        raise ContentError(
            f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8."
        ) from None
    except OSError as error:
        raise ContentError(f"{path}: cannot be read ({error.strerror}).") from None
    try:
        tables: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ContentError(f"{path}: not valid TOML: {error}. Correct that line.") from None
    except (RecursionError, ValueError):  # what TOML allows and no program can read
        raise ContentError(
            f"{path}: a number or a list in it is longer than any that makes sense; correct it."
        ) from None
    return tables


def convert(path: Path, data: dict[str, Any], kind: type[T]) -> T:
    """``data`` as ``kind``. Raises ContentError naming the file, the key and what to do."""
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise ContentError(f"{path}: {_explain(str(error), data, kind)}") from None


def nearest(word: str, known: Any) -> str:
    """A hint such as ``; did you mean "wait"?``, or nothing."""
    close = difflib.get_close_matches(word, set(known) - {word}, n=1)
    return f'; did you mean "{close[0]}"?' if close else ""


def _explain(message: str, data: dict[str, Any], kind: type) -> str:
    what, _, where = message.partition(" - at `")
    where = _named(where.rstrip("`"), message, data, kind).removeprefix("$").removeprefix(".")
    where = where or "the top level"
    unknown = re.search(r"unknown field `(.+)`", what)
    if unknown:
        hint = nearest(unknown.group(1), _fields(kind)) or "; remove it."
        return f'unknown key "{unknown.group(1)}" in {where}{hint}'
    missing = re.search(r"missing required field `(.+)`", what)
    if missing:
        return f'the key "{missing.group(1)}" is missing in {where}; add it.'
    return f"{where}: {what[0].lower()}{what[1:]}; correct the value."


def _named(where: str, message: str, data: dict[str, Any], kind: type) -> str:
    """``where`` with the names of the tables, which msgspec writes as ``[...]``."""
    while "[...]" in where:
        before, _, after = where.partition("[...]")
        steps = re.findall(r"[^.\[\]$]+", before)
        # The table that is wrong is wrong alone, too.
        alone = (
            (name, _with(data, steps, {name: value})) for name, value in _at(data, steps).items()
        )
        name = next(name for name, one in alone if _refused(one, kind, message))
        where = f"{before}.{name}{after}"
    return where


def _refused(data: dict[str, Any], kind: type, message: str) -> bool:
    """Whether just this is wrong with it."""
    try:
        msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        return str(error) == message
    return False


def _at(data: Any, steps: list[str]) -> Any:
    for step in steps:
        data = data[int(step) if isinstance(data, list) else step]
    return data


def _with(data: Any, steps: list[str], value: Any) -> Any:
    """A copy of ``data`` with ``value`` at the end of ``steps``."""
    if not steps:
        return value
    key = int(steps[0]) if isinstance(data, list) else steps[0]
    copy = data.copy()
    copy[key] = _with(data[key], steps[1:], value)
    return copy


def _fields(kind: type) -> set[str]:
    """Field names of a struct and of every struct inside it."""
    found: set[str] = set()
    seen: set[type] = set()

    def visit(info: msgspec.inspect.Type) -> None:
        if isinstance(info, msgspec.inspect.StructType):
            if info.cls in seen:
                return
            seen.add(info.cls)
            for field in info.fields:
                found.add(field.encode_name)
                visit(field.type)
        for name in ("item_type", "value_type"):
            inner = getattr(info, name, None)
            if inner is not None:
                visit(inner)
        for inner in getattr(info, "types", ()):
            visit(inner)

    visit(msgspec.inspect.type_info(kind))
    return found
