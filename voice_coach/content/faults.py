"""What is said about the sound itself, and instead of a sentence that cannot be made."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from voice_coach.content import toml
from voice_coach.content.loader import MAX_WORDS
from voice_coach.errors import ContentError

_FILE = Path(__file__).with_name("faults.toml")


class Remarks(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One remark for each thing that a person must know about."""

    back: str
    """The sound is there again."""
    muted: str
    """The microphone gives nothing at all."""
    clipping: str
    """The microphone is overdriven."""
    emergency: str
    """{number}. The plain sentence of an emergency, when another could not be spoken."""


def load_remarks(path: Path = _FILE) -> Remarks:
    """Raises ContentError with the first mistake."""
    remarks = toml.convert(path, toml.read(path), Remarks)
    for key, text in msgspec.structs.asdict(remarks).items():
        sentences = [part.split() for part in re.split(r"[.?!]", text)]
        if not any(sentences) or max(map(len, sentences)) > MAX_WORDS:
            raise ContentError(f"{path}: {key}: a sentence has 1 to {MAX_WORDS} words; correct it.")
        wanted = ["{number}"] if key == "emergency" else []
        if re.findall(r"\{[^}]*\}|[{}]", text) != wanted:
            raise ContentError(
                f"{path}: {key}: it must hold {'{number} once' if wanted else 'no braces'}."
            )
    return remarks
