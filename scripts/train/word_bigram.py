"""The phone bigram of [unk]: how phones follow each other within words that people say.

Each word of the transcripts counts by its first pronunciation, ``|`` standing for both its ends.
Words that the lexicon lacks are left out. Counts are smoothed by adding a tenth to each pair.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from voice_coach.listening.graph import EDGE
from voice_coach.listening.lexicon import Lexicon


def count(texts: Iterable[str], lexicon: Lexicon) -> Counter[tuple[str, str]]:
    """How often one phone follows another within a word."""
    words = Counter(word for text in texts for word in text.lower().split())
    pairs: Counter[tuple[str, str]] = Counter()
    for word, times in words.items():
        for phones in lexicon.pronunciations(word)[:1]:
            for pair in pairwise((EDGE, *phones, EDGE)):
                pairs[pair] += times
    return pairs


def costs(pairs: Counter[tuple[str, str]], phones: list[str]) -> dict[tuple[str, str], float]:
    """-log P(second | first) in nats; an empty word is impossible and left out."""
    table = {}
    for first in (EDGE, *phones):
        seconds = [p for p in (*phones, EDGE) if (first, p) != (EDGE, EDGE)]
        total = sum(pairs[first, second] + 0.1 for second in seconds)
        for second in seconds:
            table[first, second] = -math.log((pairs[first, second] + 0.1) / total)
    return table


def write(folder: Path, texts: Iterable[str]) -> None:
    """Count and write ``phone_bigram.txt`` beside the folder's ``lexicon.txt``."""
    lexicon = Lexicon.load(folder / "lexicon.txt")
    table = costs(count(texts, lexicon), sorted(lexicon.phones()))
    with (folder / "phone_bigram.txt").open("w", encoding="utf-8") as out:
        out.write("# -log P(second | first), phones within a word; | is a word's edge\n")
        out.writelines(f"{a} {b} {cost:.3f}\n" for (a, b), cost in table.items())
