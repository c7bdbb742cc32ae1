"""What the coach makes of the diary: ``content/diary.toml`` as typed data."""

from __future__ import annotations

import string
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from voice_coach.content import toml
from voice_coach.content.loader import MAX_WORDS
from voice_coach.errors import ContentError

PATH: Final = Path(__file__).parents[1] / "content" / "diary.toml"


class _Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of it all: an unknown key is an error."""


class Often(_Data, frozen=True, kw_only=True):
    """When cramps count as frequent, and what is said then."""

    step: str
    """The screen that asks for it, which the diary answers."""
    flag: str
    next: str
    cramps: int
    days: int
    nights: int
    within: int
    evening: int
    morning: int
    say_cramps: tuple[str, ...]
    """{count}, {days}: in words."""
    say_nights: tuple[str, ...]
    source: str


class Learning(_Data, frozen=True, kw_only=True):
    """Which stretch comes first."""

    on: bool
    step: str
    to: str
    least: int
    cramps: int
    say: str
    """{technique}"""
    enter: dict[str, str]


class Answers(_Data, frozen=True, kw_only=True):
    """Sentences for what is asked by voice."""

    first: str
    how_often: str
    last_one: str
    today: str
    yesterday: str
    before: str
    what_helped: str
    nothing_helped: str
    forget: str
    handover: str
    nothing_done: str
    stretched: str
    pressed: str
    locked: str
    released: str
    relieved: str
    clear: str
    flags: str
    emergency: str
    once_more: str
    """Between the two times that an emergency is told."""
    days: int
    source: str


class Ask(_Data, frozen=True, kw_only=True):
    """Phrases by what they ask for."""

    how_often: tuple[str, ...]
    last_one: tuple[str, ...]
    what_helped: tuple[str, ...]
    forget: tuple[str, ...]
    handover: tuple[str, ...]


class Script(_Data, frozen=True, kw_only=True):
    """The whole file."""

    often: Often
    learning: Learning
    ask: Ask
    answer: Answers

    @property
    def phrases(self) -> dict[str, tuple[str, ...]]:
        """Phrases by intent."""
        return msgspec.structs.asdict(self.ask)


@cache
def load(path: Path = PATH) -> Script:
    """Raises ContentError with the first mistake."""
    script = toml.convert(path, toml.read(path), Script)
    for key, text, allowed in _sentences(script):
        fields = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
        if fields - allowed or not text or len(text.split()) > MAX_WORDS:
            raise ContentError(
                f'{path}: {key}: "{text}" must have 1 to {MAX_WORDS} words and no {{name}} but '
                f"{', '.join(sorted(allowed)) or 'none'}."
            )
    often, learning = script.often, script.learning
    numbers = (often.cramps, often.days, often.nights, often.within, learning.least,
               learning.cramps, script.answer.days)  # fmt: skip
    if min(numbers) < 1 or max(numbers) > 59 or not 0 <= often.morning <= often.evening <= 24:
        raise ContentError(
            f"{path}: counts and days are 1 to 59, and the hours 0 to 24 with the morning before "
            f"the evening; correct them."
        )
    return script


_FIELDS: Final = {
    "say_cramps": {"count", "days"}, "say_nights": {"count", "days"}, "say": {"technique"},
    "how_often": {"count", "days"}, "last_one": {"when"}, "before": {"count"},
    "what_helped": {"technique"}, "handover": {"time", "done", "stands"}, "flags": {"flags"},
    "emergency": {"number"},
}  # fmt: skip


def _sentences(script: Script) -> Iterator[tuple[str, str, set[str]]]:
    for table in ("often", "learning", "answer"):
        for name, value in msgspec.structs.asdict(getattr(script, table)).items():
            if name in ("source", "step", "flag", "next", "to"):
                continue
            for text in (value,) if isinstance(value, str) else value if _texts(value) else ():
                yield f"{table}.{name}", text, _FIELDS.get(name, set())


def _texts(value: object) -> bool:
    return isinstance(value, tuple)
