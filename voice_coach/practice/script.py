"""What the coach says in a practice, and which words it asks for first: data, not code."""

from __future__ import annotations

import string
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from voice_coach.content import toml
from voice_coach.errors import ContentError

SCRIPT: Final = Path(__file__).parents[1] / "content" / "practice.toml"
"""The script that comes with the package, beside the content."""

MAX_WORDS: Final = 20
"""The longest sentence, as in the conversation itself."""

_FIELDS: Final = {
    "please": {"phrase"}, "again": {"phrase"}, "aloud": {"phrase"},
    "clear": {"heard"}, "unclear": {"heard"}, "mistaken": {"heard"},
    "total": {"understood", "asked"}, "prefer": {"prefer", "over"},
    "try_instead": {"prefer", "over"},
}  # fmt: skip
"""What must, and alone may, be filled into a sentence."""


class _Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Immutable, and an unknown key is an error."""


class Remarks(_Data, frozen=True, kw_only=True):
    """One sentence for each thing there is to say of a microphone."""

    good: str
    quiet: str
    clipped: str
    noisy: str
    silent: str
    dead: str


class Sentences(_Data, frozen=True, kw_only=True):
    """Everything that is said but the phrases themselves."""

    welcome: tuple[str, ...]
    please: str
    again: str
    """After an answer that was not understood."""
    aloud: str
    """After silence."""
    clear: str
    unclear: str
    mistaken: str
    missed: str
    silent: str
    stopped: str
    total: str
    none_asked: str
    prefer: str
    try_instead: str
    none_better: str
    good_night: str
    microphone: Remarks


class Script(_Data, frozen=True, kw_only=True):
    """A whole practice file."""

    phrases: int
    """Length of the short course."""
    wait: float
    """Seconds of silence before the reprompt, then before the next phrase."""
    end: tuple[str, ...]
    """Words that end the practice, beside those that mean "stop" in the content."""
    course: dict[str, tuple[str, ...]]
    """By intent, in order of importance: the phrases to ask for first."""
    say: Sentences


def load(path: Path = SCRIPT) -> Script:
    """Raises ContentError with the first mistake."""
    script = toml.convert(path, toml.read(path), Script)
    for problem in _problems(script):
        raise ContentError(f"{path}: {problem}")
    return script


def _problems(script: Script) -> Iterator[str]:
    if script.phrases < 1 or not 1.0 <= script.wait <= 60.0:
        yield "phrases must be at least 1, and wait from 1 to 60 seconds; correct the value."
    for key, text in _sentences(script.say):
        try:
            fields = {
                field for _, field, _, _ in string.Formatter().parse(text) if field is not None
            }
        except ValueError:
            yield f"say.{key}: a brace without its partner; write names like {{phrase}}."
            return
        wanted = _FIELDS.get(key, set())
        if fields != wanted:
            names = ", ".join(f"{{{name}}}" for name in sorted(wanted)) or "nothing in braces"
            yield f"say.{key}: it must hold {names}, each once; correct it."
        if not text.strip() or len(text.split()) > MAX_WORDS:
            yield f"say.{key}: a sentence has 1 to {MAX_WORDS} words; shorten it or fill it in."


def _sentences(say: Sentences) -> Iterator[tuple[str, str]]:
    for key, value in msgspec.structs.asdict(say).items():
        if isinstance(value, str):
            yield key, value
        elif isinstance(value, tuple):
            yield from ((key, text) for text in value)
    for key, text in msgspec.structs.asdict(say.microphone).items():
        yield f"microphone.{key}", text
