"""From a trained network to the model folder: exported, checked, tuned, measured, described."""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Sequence
from typing import Any

from scripts.bench import tune
from scripts.bench.engines import ENGINES
from scripts.bench.hearing import compare
from scripts.bench.trials import Corpora
from scripts.train import check, prepare, pronouncing, report, word_bigram
from scripts.train.bigram import Bigram
from scripts.train.corpus import Clip
from scripts.train.export import rounded, write_acoustics
from scripts.train.graph import Rejection, write_graph
from scripts.train.lexicon import Lexicon
from scripts.train.network import Network, folded
from scripts.train.wording import vocabulary

log = logging.getLogger("train")

TAKES = 15
"""Of one word or sentence, at most, that the figures come from."""


def finish(
    args: argparse.Namespace,
    network: Network,
    bigram: Bigram,
    source: Lexicon,
    clips: Sequence[Clip],
) -> None:
    """Write ``args.out``; ``args`` are those of train.py, ``clips`` all that may be learnt from."""
    weights = rounded(folded(network))
    lexicon = vocabulary(source)
    write_acoustics(args.out, weights)
    rejection = Rejection(args.unk_word, args.unk_phone)
    write_graph(args.out, lexicon, bigram, rejection, weights.shape.own)
    pronouncing.write(args.out / "lexicon.txt")
    said = (c.transcript for c in prepare.corpora(args.data) if c.split == "train")
    word_bigram.write(args.out, (words for words in said if words))
    gap = check.worst_gap(args.out, weights, lexicon)
    log.info("training and Vosk differ by at most %.5f a frame", gap)
    if not args.no_tuning:
        of = [part for folder in args.data for part in ("--data", str(folder))]
        tune.main([*of, "--work", str(args.work), "--model", str(args.out), "--write"])
    reports: dict[str, Any] = {}
    if args.figures:
        reports = json.loads(args.figures.read_text(encoding="utf-8"))
    elif not args.no_figures:
        people = Corpora(args.data, args.work / "voices", TAKES)
        reports = compare(list(ENGINES), people, args.out, only="")
    report.write(args, clips, weights, gap, reports)
