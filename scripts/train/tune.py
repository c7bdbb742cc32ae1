"""What should [unk] cost? Tries several prices on the dev split and prints a table.

    python -m scripts.train.tune --data ../shared/data --work build/train --model models/coach-en

Only the decoding graph is built anew for each price; the acoustic model stays.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

if __package__ in (None, ""):  # started as a file
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scripts.train.bigram import Bigram, estimate_bigram
from scripts.train.corpus import Clip
from scripts.train.evaluate import build_tests, evaluate, noises
from scripts.train.graph import Rejection, write_graph
from scripts.train.lexicon import dictionary, read_lexicon
from scripts.train.prepare import corpora, usable
from scripts.train.report import table
from scripts.train.wording import content_phrases

PRICES = (-0.4, -0.7, -1.0, -1.3)
TESTS = ("10 commands", "6 commands", "L2 phrases, 150", "sentences", "held-out voices clean")


def training_bigram(clips: Sequence[Clip]) -> Bigram:
    """The bigram of the transcripts that training uses."""
    source = dictionary()
    return estimate_bigram((c.transcript.split() for c in clips if usable(c, source)), source)


def try_prices(
    model: Path, clips: Sequence[Clip], prices: Sequence[float], most: int = 25
) -> dict[str, dict[str, dict[str, object]]]:
    """The tests' figures for every price."""
    tests = [t for t in build_tests(clips, content_phrases(), most) if t.name.startswith(TESTS)]
    tests = [t for t in tests if not t.name.endswith(("ed", "-30")) and "pink 10" not in t.name]
    sounds = noises(clips)
    bigram, lexicon = training_bigram(clips), read_lexicon(model / "lexicon.txt")
    found = {}
    with tempfile.TemporaryDirectory() as name:
        trial = Path(name)
        for part in ("am", "conf"):
            shutil.copytree(model / part, trial / part)
        for price in prices:
            write_graph(trial, lexicon, bigram, Rejection(phone=price))
            found[f"{price:g} a phone"] = evaluate(trial, tests, sounds)
    return found


def worth(figures: Mapping[str, Mapping[str, object]]) -> float:
    """One number to compare prices: hits less five times what is wrong or false."""
    total = 0.0
    for values in figures.values():
        hit, wrong, false = (float(str(values.get(k, 0.0))) for k in ("right", "wrong", "false"))
        total += hit - 5 * (wrong + false)
        total -= 0.2 * float(str(values.get("per_hour", 0.0)))
    return total


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table and the best price; ``--json`` keeps the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, action="append", required=True, metavar="DIR")
    parser.add_argument("--work", type=Path, required=True, metavar="DIR")
    parser.add_argument("--model", type=Path, required=True, metavar="DIR")
    parser.add_argument("--price", type=float, action="append", help="may be given several times")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args(argv)
    clips = corpora([*args.data, args.work / "tts"])
    found = try_prices(args.model, clips, args.price or PRICES)
    print("\n".join(table(found)))
    best = max(found, key=lambda price: worth(found[price]))
    print(f"best: {best}")
    if args.json is not None:
        args.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
