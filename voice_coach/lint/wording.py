"""Sentences as a person in pain can follow them: short, plain, and one noun for one thing.

All of it is read off the text, in a moment. Syllables are counted by the speech model's lexicon,
which knows how every word of the conversation sounds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from voice_coach.content.loader import sentences
from voice_coach.dialogue.protocol import Protocol
from voice_coach.dialogue.words import digits
from voice_coach.lint.finding import Lint

LONGEST: Final = 15
"""Words of a sentence. The rule allows 20 (S9); most people follow half as many in pain."""

AVERAGE: Final = 8.0
"""Words a sentence, over all of them."""

GRADE: Final = 6.0
"""School years that all sentences together may ask for, as health texts are advised."""

HARDEST: Final = 10.0
"""School years for one sentence of ``_MEASURABLE`` words or more; shorter ones swing too far."""

_MEASURABLE: Final = 7
_FILLED: Final = {
    "number": digits("112"), "cramped": "left", "good": "right", "time": "ten seconds",
    "count": "five",
}  # fmt: skip
_WORD: Final = re.compile(r"[a-z']+")
_PAUSE: Final = re.compile(r"[.,:;?!]+")

Syllables = Callable[[str], int]
"""How many a word has."""


def lint_wording(protocol: Protocol, syllables: Syllables) -> list[Lint]:
    """Every lint about the text."""
    return [
        _length(protocol),
        _grade(protocol, syllables),
        _terms(protocol),
        _commands(protocol),
    ]


def grade(texts: list[str], syllables: Syllables) -> float:
    """Flesch and Kincaid's grade level (1975): school years that one needs to follow."""
    words = [word for text in texts for word in words_of(text)]
    return 0.39 * len(words) / len(texts) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def words_of(text: str) -> list[str]:
    """The words that are spoken, lower case."""
    return _WORD.findall(text.lower().format_map(_FILLED))


def vowel_groups(word: str) -> int:
    """Syllables of a word that no lexicon knows, as good as its spelling tells them."""
    return max(1, len(re.findall(r"[aeiouy]+", word.removesuffix("e"))))


def _length(protocol: Protocol) -> Lint:
    lengths = {key: len(words_of(text)) for key, text in sentences(protocol)}
    wrong = [f"{key}: {n} words" for key, n in lengths.items() if n > LONGEST]
    average = sum(lengths.values()) / len(lengths)
    if average > AVERAGE:
        wrong.append(f"{average:.1f} words a sentence on average")
    text = f"sentences have at most {LONGEST} words, and {AVERAGE:g} on average ({average:.1f})"
    return Lint("W1", text, tuple(wrong))


def _grade(protocol: Protocol, syllables: Syllables) -> Lint:
    texts = [text for _, text in sentences(protocol)]
    overall = grade(texts, syllables)
    wrong = [f"all sentences together: grade {overall:.1f}"] if overall > GRADE else []
    for key, text in sentences(protocol):
        if len(words_of(text)) >= _MEASURABLE and grade([text], syllables) > HARDEST:
            wrong.append(f'{key}: "{text}" is of grade {grade([text], syllables):.1f}')
    about = f"grade level at most {GRADE:g} ({overall:.1f}), of one sentence {HARDEST:g}"
    return Lint("W2", about, tuple(wrong))


def _terms(protocol: Protocol) -> Lint:
    wrong = [
        f'{key}: "{other}"; say "{term}"'
        for key, text in sentences(protocol)
        for term, others in protocol.terms.items()
        for other in others
        if re.search(rf"\b{re.escape(other)}\b", text, re.IGNORECASE)
    ]
    return Lint("W3", "the same noun for the same thing (terms)", tuple(wrong))


def _commands(protocol: Protocol) -> Lint:
    """Speech pauses at its punctuation: what stands between two pauses could be heard alone."""
    notes = []
    for key, text, words in in_their_state(protocol):
        for part in _PAUSE.split(text.lower()):
            intent = words.get(" ".join(words_of(part))) if part.strip() else None
            if intent is not None:
                notes.append(f'{key}: "{part.strip()}" means {intent} there')
    text = "what is said between two pauses is no word that is obeyed there (else: listen)"
    return Lint("W4", text, (), tuple(notes))


def urgent(protocol: Protocol, step_id: str) -> set[str]:
    """What the coach must never say to its own ear: the call, stop, the red flags, and to a safety
    question the answer that clears it."""
    flags = {name for name, reaction in protocol.anywhere.items() if reaction.flag}
    if protocol.asks_of_danger(step_id):
        flags |= {"yes", "no"} - set(protocol.steps[step_id].danger)
    return {"stop", "wake"} | flags


def in_their_state(protocol: Protocol) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Every sentence of a step, with the words that are obeyed while it is said; ``plain``, which
    names the answers, in every step that says it."""
    for key, text in sentences(protocol):
        if key.startswith("steps."):
            step = key.split(".")[1]
            yield key, text, protocol.vocabulary(step)
    for step in filter(protocol.asks_of_danger, protocol.steps):
        yield f"steps.{step}.plain", protocol.common.plain, protocol.vocabulary(step)
