"""Estimates the phone bigram of [unk] from transcripts, and writes it into the model folder.

A manifest has one JSON object a line; those with ``transcript`` and ``split`` "train" are
counted, each word by its first pronunciation, ``|`` standing for both ends of a word. Words that
the lexicon lacks are left out. Counts are smoothed by adding a tenth to each pair.

    python scripts/model/count_phone_bigram.py models/coach-en ../shared/data/manifest.jsonl
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from voice_coach.listening.graph import EDGE
from voice_coach.listening.lexicon import Lexicon


def transcripts(manifest: Path) -> Iterator[str]:
    """What was said in each training recording."""
    with manifest.open(encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            if entry.get("split") == "train" and entry.get("transcript"):
                yield entry["transcript"]


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


def main() -> None:
    """Count and write ``phone_bigram.txt``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("manifest", type=Path)
    arguments = parser.parse_args()
    lexicon = Lexicon.load(arguments.model / "lexicon.txt")
    table = costs(count(transcripts(arguments.manifest), lexicon), sorted(lexicon.phones()))
    with (arguments.model / "phone_bigram.txt").open("w", encoding="utf-8") as out:
        out.write("# -log P(second | first), phones within a word; | is a word's edge\n")
        out.writelines(f"{a} {b} {cost:.3f}\n" for (a, b), cost in table.items())
    print(f"{len(table)} pairs")


if __name__ == "__main__":
    main()
