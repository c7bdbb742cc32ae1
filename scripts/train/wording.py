"""What is said in this conversation, and the words the model knows."""

from __future__ import annotations

from pathlib import Path

from scripts.train.lexicon import Lexicon, choose, read_words

HERE = Path(__file__).resolve().parent
PHRASES = HERE / "phrases.txt"
VOCABULARY = HERE / "vocabulary.txt"


def content_phrases() -> list[str]:
    """phrases.txt without its last section, which holds words of no state."""
    text = PHRASES.read_text(encoding="utf-8").split("# -- neighbours")[0]
    return [line.strip() for line in text.splitlines() if line.strip() and line[0] != "#"]


def all_phrases() -> list[str]:
    """Every phrase once, in the order of phrases.txt."""
    return list(dict.fromkeys(read_words(PHRASES)))


def vocabulary(source: Lexicon) -> Lexicon:
    """The words of the model's graph."""
    words = {word for phrase in all_phrases() for word in phrase.split()}
    return choose([*words, *read_words(VOCABULARY)], source)
