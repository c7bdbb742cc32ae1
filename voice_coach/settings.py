"""What a person may set once: one table of keys for the file, the environment and the flags.

``Settings`` is that table. A key ``volume`` is ``volume = 80`` in the settings file,
``VOICE_COACH_VOLUME=80`` in the environment and ``--volume 80`` where a command has that flag; a
flag goes before the environment, that before the file, and that before the default.
"""

from __future__ import annotations

import os
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from voice_coach.content import toml
from voice_coach.errors import UsageError
from voice_coach.places import CONFIG_VARIABLE, STATE_VARIABLE, config_file

PREFIX: Final = "VOICE_COACH_"

Source = Literal["flag", "environment", "file", "default"]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Every key, its kind, its default, and what it is for."""

    mic: Annotated[str, Meta(description="microphone: number, part of a name, or a .wav file")] = ""
    speaker: Annotated[str, Meta(description="speaker: likewise")] = ""
    headset: Annotated[
        bool, Meta(description="the coach's voice does not reach the microphone")
    ] = False
    half_duplex: Annotated[bool, Meta(description="do not listen while the coach speaks")] = False
    voice: Annotated[str, Meta(description="id or part of the name of a voice")] = ""
    rate: Annotated[int, Meta(ge=80, le=300, description="words a minute")] = 155
    volume: Annotated[int, Meta(ge=1, le=400, description="loudness in percent")] = 100
    model: Annotated[str, Meta(description="a Vosk model: its folder, or its name")] = ""
    region: Annotated[
        str, Meta(description="country code for the emergency number, such as GB")
    ] = ""
    protocol: Annotated[str, Meta(description="another content file")] = ""
    resume: Annotated[bool, Meta(description="go on after a crash or a power cut")] = True
    log: Annotated[bool, Meta(description="keep a log of states and times, never of words")] = True
    keep_days: Annotated[
        int, Meta(ge=0, le=3650, description="days that recordings of a practice are kept")
    ] = 30
    cache: Annotated[str, Meta(description="folder for rendered sentences")] = ""
    models: Annotated[str, Meta(description="folder of the installed models")] = ""
    state: Annotated[str, Meta(description="folder for journal, lock and log")] = ""
    diary: Annotated[str, Meta(description="folder of the diary")] = ""
    keep_diary: Annotated[
        bool, Meta(description="keep each cramp and each daily stretch in the diary")
    ] = True
    learning: Annotated[
        bool, Meta(description="what helped fastest before comes first; else the usual order")
    ] = True


FOLDERS: Final = ("cache", "models", "state", "diary")
"""Keys that other parts read from the environment, when they need them."""


@dataclass(frozen=True)
class Key:
    """One row of the table."""

    name: str
    kind: type
    default: Any
    about: str
    least: int | None = None
    most: int | None = None

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return PREFIX + self.name.upper()


@dataclass(frozen=True)
class Loaded:
    """The settings that hold, and where each of them comes from."""

    settings: Settings
    sources: Mapping[str, Source]


def keys() -> dict[str, Key]:
    """The table, by name, in its order."""
    hints = typing.get_type_hints(Settings, include_extras=True)
    found = {}
    for field in msgspec.structs.fields(Settings):
        kind, meta = typing.get_args(hints[field.name])
        found[field.name] = Key(
            field.name, kind, field.default, meta.description or "", meta.ge, meta.le
        )
    return found


def load(flags: Mapping[str, Any] | None = None, environ: Mapping[str, str] = os.environ) -> Loaded:
    """Put the layers over each other. A flag that is None or absent was not given.

    Raises ContentError for a mistake in the file and UsageError for one in the environment.
    """
    return _layered(
        ("file", from_file(config_file(), environ)),
        ("environment", from_environment(environ)),
        ("flag", _given(flags or {})),
    )


def defaults(flags: Mapping[str, Any]) -> Loaded:
    """What holds where the file and the environment cannot be used."""
    return _layered(("flag", _given(flags)))


def _given(flags: Mapping[str, Any]) -> dict[str, Any]:
    return {name: v for name, v in flags.items() if name in keys() and v is not None}


def _layered(*layers: tuple[Source, dict[str, Any]]) -> Loaded:
    values: dict[str, Any] = {}
    sources: dict[str, Source] = dict.fromkeys(keys(), "default")
    for source, layer in layers:
        values |= {name: str(v) if isinstance(v, Path) else v for name, v in layer.items()}
        sources |= dict.fromkeys(layer, source)
    return Loaded(msgspec.convert(values, Settings), sources)


def from_file(path: Path, environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """The keys that the settings file sets; none when there is no such file. Raises ContentError.

    A file that the environment names must be there.
    """
    if not environ.get(CONFIG_VARIABLE) and not os.path.exists(path):  # no path is too long for it
        return {}
    data = toml.read(path)
    toml.convert(path, data, Settings)
    return data


def from_environment(environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """The keys that the environment sets. Raises UsageError for a value that does not fit.

    An empty variable sets nothing: that is how a shell takes one back.
    """
    found = {}
    for key in keys().values():
        text = environ.get(key.variable, "")
        if text:
            try:
                whole = msgspec.convert({key.name: text}, Settings, strict=False)
            except msgspec.ValidationError as error:
                what = str(error).partition(" - at ")[0]
                raise UsageError(
                    f'{key.variable} is "{text}": {what[0].lower()}{what[1:]}; correct it.'
                ) from None
            found[key.name] = getattr(whole, key.name)
    return found


def strangers(environ: Mapping[str, str] = os.environ) -> list[str]:
    """One sentence for each variable that looks like ours and sets nothing."""
    known = {key.variable for key in keys().values()} | {CONFIG_VARIABLE, STATE_VARIABLE}
    return [
        f"{name} sets nothing{toml.nearest(name, known) or '; take it back.'}"
        for name in sorted(environ)
        if name.startswith(PREFIX) and name not in known
    ]


def export(loaded: Loaded) -> None:
    """Tell the folders to the parts that look them up in the environment."""
    for name in FOLDERS:
        if loaded.sources[name] == "file":
            os.environ[keys()[name].variable] = getattr(loaded.settings, name)
