"""Large letters for a terminal: three rows of blocks for each row of text.

pyfiglet draws them, in its font "pagga". Where it is missing, where a letter is none of that
font's, and where the text does not fit, there are none, and the text stays as small as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

_FONT: Final = "pagga"
_GROUND: Final = "░"
"""What that font fills its background with."""
_SPACE: Final = 3
"""Columns between two words; one between two letters comes with them."""

Row = tuple[str, ...]
"""A row of text, as rows of the terminal that are equally wide."""


def large(text: str, width: int, height: int) -> list[str]:
    """The text in at most ``height`` rows of at most ``width`` columns; empty if it cannot be."""
    words = [_drawn(word) for word in text.split()]
    if not words or not all(words) or max(len(word[0]) for word in words) > width:
        return []
    rows: list[str] = []
    for row in _filled(words, width):
        rows += [*row, ""]
    return rows[:-1] if len(rows) - 1 <= height else []


def _filled(words: list[Row], width: int) -> Iterator[Row]:
    """As many words in each row as go into it."""
    row, *rest = words
    for word in rest:
        if len(row[0]) + _SPACE + len(word[0]) > width:
            yield row
            row = word
        else:
            row = tuple(left + " " * _SPACE + right for left, right in zip(row, word, strict=True))
    yield row


@cache
def _drawn(word: str) -> Row:
    """Empty where it cannot be drawn: no letter is ever left out."""
    pen = _pen()
    if pen is None or not (word.isascii() and word.isprintable()):
        return ()
    rows = pen.renderText(word).replace(_GROUND, " ").rstrip("\n").split("\n")
    width = max(len(row) for row in rows)
    return tuple(row.ljust(width) for row in rows)


@cache
def _pen() -> Any:
    try:
        from pyfiglet import Figlet
    except ModuleNotFoundError:
        return None
    return Figlet(font=_FONT, width=10_000)
