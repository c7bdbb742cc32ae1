"""The diary in files: JSON with everything, CSV for spreadsheets.

What comes in may have been written by anybody: it is taken whole or not at all, every value has to
fit the schema, and notes lose whatever steers a terminal. What goes out to a spreadsheet cannot be
taken for a formula there.
"""

from __future__ import annotations

import csv
import io
import os
import tempfile
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from voice_coach.diary.episode import Episode, checked, clean
from voice_coach.diary.stretching import Stretching
from voice_coach.diary.stretching import checked as checked_stretch
from voice_coach.errors import ContentError, OutputError

LARGEST: Final = 200_000_000
"""Bytes of a file that is read; a life's diary has a tenth of that."""

FIELDS: Final = (
    "uid", "began", "seconds", "side", "position", "severe", "eased", "helped", "gone", "pressure",
    "level", "outcome", "note", "answers",
)  # fmt: skip
"""Columns of the CSV. The steps are in the JSON alone."""

_FORMULA: Final = ("=", "+", "-", "@", "'", "\t", "\r")
"""What a spreadsheet may take for the beginning of a formula, and the sign that it is none."""

_NAMESPACE: Final = uuid.UUID("6b0c7c1e-6a0b-4b5e-9a57-3f6f1d9f2a10")


class Bundle(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """The whole JSON file."""

    format: Literal["voice-coach-diary"]
    version: Literal[1]
    episodes: tuple[Episode, ...]
    stretches: tuple[Stretching, ...] = ()
    """Daily stretches. Left out where there are none, so that older programs read the file."""


# -- out ----------------------------------------------------------------------------------------


def to_json(episodes: Sequence[Episode], stretches: Sequence[Stretching] = ()) -> bytes:
    bundle = Bundle("voice-coach-diary", 1, tuple(episodes), tuple(stretches))
    return msgspec.json.encode(bundle) + b"\n"


def to_csv(episodes: Iterable[Episode]) -> bytes:
    """With a mark for UTF-8, without which Excel reads the notes wrongly."""
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(FIELDS)
    for episode in episodes:
        table.writerow([_cell(episode, name) for name in FIELDS])
    return out.getvalue().encode("utf-8-sig")


def _cell(episode: Episode, name: str) -> str:
    value = getattr(episode, name)
    if name == "answers":
        return "; ".join(f"{a.flag}={a.found}@{a.at:g}" for a in value)
    if name == "began":
        return str(value.isoformat())
    if name == "severe":
        return "yes" if value else "no"
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def write(path: Path, data: bytes) -> None:
    """Whole or not at all, for the person alone. Raises OutputError."""
    try:
        # A temporary file has mode 0600 from its first moment.
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                os.replace(file.name, path)
            except BaseException:
                os.unlink(file.name)
                raise
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written ({error.strerror or error}); choose another place."
        ) from None


# -- in -----------------------------------------------------------------------------------------


def read(path: Path) -> tuple[Episode, ...]:
    """The episodes of a file. Raises ContentError, naming what is wrong and where."""
    return bundle(path).episodes


def bundle(path: Path) -> Bundle:
    """Everything in a file. Raises ContentError, naming what is wrong and where."""
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise ContentError(
                f"{path} has {size / 1e6:.0f} MB, more than any diary ({LARGEST / 1e6:.0f} MB); "
                f"is it the right file?"
            )
        data = path.read_bytes()
    except OSError as error:
        raise ContentError(
            f"{path} cannot be read ({error.strerror or error}); check the path."
        ) from None
    data = data.removeprefix(b"\xef\xbb\xbf")
    if data.lstrip()[:1] != b"{":
        episodes = tuple(_cleaned(path, episode) for episode in _from_csv(path, data))
        return Bundle("voice-coach-diary", 1, episodes)
    found = _from_json(path, data)
    return Bundle(
        found.format,
        found.version,
        tuple(_cleaned(path, episode) for episode in found.episodes),
        tuple(_fitting(path, one) for one in found.stretches),
    )


def _from_json(path: Path, data: bytes) -> Bundle:
    try:
        return msgspec.json.decode(data, type=Bundle)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ContentError(f"{path} is no diary: {_short(error)}. Nothing was imported.") from None


def _from_csv(path: Path, data: bytes) -> list[Episode]:
    episodes = []
    line = 1
    try:
        text = io.StringIO(data.decode(), newline="")
        header = text.readline()
        text.seek(0)
        table = csv.DictReader(text, delimiter="," if "," in header else ";")
        unknown = set(table.fieldnames or ()) - set(FIELDS)
        if "began" not in (table.fieldnames or ()) or unknown:
            raise ValueError(
                f"the first line must name columns, began among them, out of: {', '.join(FIELDS)}"
            )
        for row in table:
            line = table.line_num
            episodes.append(_from_row(row))
    except (ValueError, csv.Error) as error:  # msgspec's and Unicode's errors are ValueErrors
        raise ContentError(f"{path}, line {line}: {_short(error)}. Nothing was imported.") from None
    return episodes


def _from_row(row: dict[str, Any]) -> Episode:
    if None in row or None in row.values():
        raise ValueError("it has not as many cells as the first line")
    values: dict[str, Any] = {
        name: text.removeprefix("'") for name, text in row.items() if text != ""
    }
    values.setdefault("uid", uuid.uuid5(_NAMESPACE, values.get("began", "")).hex)
    if "severe" in values:
        values["severe"] = _YES_NO.get(values["severe"].lower(), values["severe"])
    if "answers" in values:
        values["answers"] = [_answer(part) for part in values["answers"].split(";")]
    return msgspec.convert(values, Episode, strict=False)


_YES_NO: Final = {"yes": True, "no": False}


def _answer(text: str) -> dict[str, str]:
    flag, _, found = text.strip().partition("=")
    found, _, at = found.partition("@")
    return {"flag": flag, "found": found, "at": at or "0"}


def _cleaned(path: Path, episode: Episode) -> Episode:
    try:
        return checked(msgspec.structs.replace(episode, note=clean(episode.note)))
    except ValueError as error:
        raise ContentError(f"{path}: {_short(error)}. Nothing was imported.") from None


def _fitting(path: Path, one: Stretching) -> Stretching:
    try:
        return checked_stretch(one)
    except ValueError as error:
        raise ContentError(f"{path}: {_short(error)}. Nothing was imported.") from None


def _short(error: Exception) -> str:
    """The reason, with nothing in it that a hostile file could show on a terminal."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    try:
        text = clean(str(error)[:300])
    except ValueError:
        text = "it cannot be read"
    return text[:1].lower() + text[1:]
