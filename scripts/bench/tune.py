"""Finds the model's prices and thresholds of rejection on the dev speakers.

One price after another is varied while the others stay at the best found so far; with each, all
thresholds are tried, which costs nothing, as they are applied to what was decoded. Prints and
writes a table, the best line first, and with ``--write`` the best values into the model folder's
``rejection.txt``.

    python -m scripts.bench.tune --data ../shared/data --work build/bench --model models/coach-en \\
        --table scripts/bench/rejection.csv --write
"""

from __future__ import annotations

import argparse
import csv
import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from scripts.bench.trials import Corpora, Stream, Trial, Utterance, streams, trials
from scripts.train.arrays import Array
from scripts.train.corpus import RATE
from voice_coach.audio.port import BLOCK, Block
from voice_coach.commands import setup
from voice_coach.commands.setup import Choices
from voice_coach.errors import ModelError
from voice_coach.listening.listener import Listener
from voice_coach.listening.model import SpeechModel, open_model
from voice_coach.listening.port import Grammar, Recognition
from voice_coach.listening.rejection import Belief, Evidence, GraphCosts, Rejection
from voice_coach.listening.speech import open_detector
from voice_coach.listening.vosk_recogniser import VoskRecogniser

TESTS: Final = (
    "6 commands, clean", "10 commands, clean", "10 commands, pink 10 dB", "10 commands, shouted",
    "10 commands, groaned", "10 commands, whispered",
    "L2 phrases, 150, clean", "sentences in a state of 12", "own phrases, new voices",
    "state which_leg", "state wake", "state eased", "state how_bad",
)  # fmt: skip
ANYTHING: Final = Belief(
    short=0.0, asked=0.0, long=0.0, shortest=0.0, longest=60.0, short_speech=0.0, long_speech=0.0
)
NOISE: Final = "noise"


@dataclass(frozen=True)
class Outcome:
    """One decoded utterance, before any threshold."""

    test: str
    kind: str
    """right, wrong or rejected of what was said; false or ignored of what was not; noise."""

    evidence: Evidence = field(default_factory=Evidence)

    def after(self, belief: Belief) -> str:
        """What becomes of it under these thresholds."""
        if self.kind in ("rejected", "ignored") or belief.accepts(self.evidence):
            return self.kind
        return "rejected" if self.kind in ("right", "wrong") else "ignored"


def outcomes(
    model: SpeechModel,
    costs: GraphCosts,
    tried: Sequence[tuple[Trial, Sequence[Utterance]]],
    heard: Sequence[Stream],
) -> Iterator[Outcome]:
    """All of them, decoded with these prices."""
    recogniser = VoskRecogniser(model, Rejection(costs, ANYTHING), open_detector())
    for trial, spoken in tried:
        phrases = tuple(p for p in trial.grammar.phrases if _knows(recogniser, p))
        recogniser.use(replace(trial.grammar, phrases=phrases))
        for one in spoken:
            recogniser.feed(pcm(one.samples))
            found = recogniser.finish()
            yield _outcome(trial, one.said, phrases, found, recogniser)
    for stream in heard:
        recogniser.use(stream.grammar)
        for sound in stream.sounds:
            for found in _overheard(recogniser, stream.grammar, sound):
                yield _with(found, NOISE, "false", recogniser, stream.grammar)


def pcm(samples: Array) -> Array:
    """As the microphone gives them."""
    return (samples.clip(-1.0, 1.0) * 32767).astype("int16")


def _outcome(
    trial: Trial,
    said: str,
    phrases: tuple[str, ...],
    found: Recognition,
    recogniser: VoskRecogniser,
) -> Outcome:
    if said not in phrases:
        kind = "false" if found.accepted else "ignored"
    elif not found.accepted:
        kind = "rejected"
    else:
        kind = "right" if trial.means(found.text) == trial.means(said) else "wrong"
    return _with(found, trial.test, kind, recogniser, trial.grammar)


def _with(
    found: Recognition, test: str, kind: str, recogniser: VoskRecogniser, grammar: Grammar
) -> Outcome:
    syllables, asked = recogniser.syllables(found.text), found.text in grammar.expected
    seconds = found.end - found.start
    return Outcome(test, kind, Evidence(syllables, found.confidence, seconds, found.speech, asked))


def _knows(recogniser: VoskRecogniser, phrase: str) -> bool:
    try:
        recogniser.check(Grammar("phrase", (phrase,)))
    except ModelError:
        return False
    return True


def _overheard(recogniser: VoskRecogniser, grammar: Grammar, sound: Array) -> Iterator[Recognition]:
    listener = Listener(recogniser)
    listener.listen(grammar)
    samples = pcm(sound)
    for at in range(0, len(samples) - BLOCK + 1, BLOCK):
        hearing = listener.process(Block(samples[at : at + BLOCK], (at + BLOCK) / RATE))
        if hearing is not None and hearing.recognition.accepted:
            yield hearing.recognition


def figures(found: Sequence[Outcome], belief: Belief, hours: float) -> dict[str, float]:
    """Percent right, wrong and false of each test, and false commands an hour of noise."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for one in found:
        counts[one.test][one.after(belief)] += 1
    result: dict[str, float] = {}
    for test, count in counts.items():
        said = count["right"] + count["wrong"] + count["rejected"]
        if test == NOISE:
            result["noise an hour"] = count["false"] / hours
        elif said:
            result[f"{test}: right"] = 100 * count["right"] / said
            result[f"{test}: wrong"] = 100 * count["wrong"] / said
        others = count["false"] + count["ignored"]
        if others and test != NOISE:
            result[f"{test}: false"] = 100 * count["false"] / others
    return {name: round(value, 2) for name, value in result.items()}


def worth(values: Mapping[str, float]) -> float:
    """One number to compare settings: what is right, less three times what is wrong or false."""
    signs = {"right": 1.0, "wrong": -3.0, "false": -3.0}
    total = sum(value * signs.get(name.split(": ")[-1], 0.0) for name, value in values.items())
    return round(total - values.get("noise an hour", 0.0), 1)


def beliefs(args: argparse.Namespace) -> list[Belief]:
    """All combinations of the thresholds asked for."""
    names = ("short", "asked", "long", "short_speech", "long_speech")
    tried = itertools.product(*(getattr(args, name) for name in names))
    return [Belief(**dict(zip(names, limits, strict=True))) for limits in tried]


Row = dict[str, float]


def search(
    start: GraphCosts,
    grid: Mapping[str, Sequence[float]],
    rows_of: Callable[[GraphCosts], list[Row]],
) -> list[Row]:
    """The rows of every price tried, best first."""
    tried: dict[GraphCosts, list[Row]] = {}
    best = start
    for name, values in grid.items():
        for value in (getattr(best, name), *values):
            price = replace(best, **{name: value})
            if price not in tried:
                tried[price] = rows_of(price)
        best = max(tried, key=lambda price: max(row["worth"] for row in tried[price]))
    return sorted((r for rows in tried.values() for r in rows), key=lambda row: -row["worth"])


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, action="append", required=True, metavar="DIR")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--most", type=int, default=12, help="takes of one word or sentence")
    parser.add_argument(
        "--every", type=int, default=5, help="of the synthetic voices' clips one in"
    )
    parser.add_argument("--phrase", type=float, nargs="*", default=[])
    parser.add_argument("--decoy", type=float, nargs="*", default=[])
    parser.add_argument("--unknown-phone", type=float, nargs="*", default=[-0.2, -0.4])
    parser.add_argument("--expected", type=float, nargs="*", default=[1.0, 2.0, 3.0])
    parser.add_argument("--unknown", type=float, nargs="*", default=[])
    parser.add_argument("--short", type=float, nargs="+", default=[0.4, 0.5, 0.6, 0.7, 0.8])
    parser.add_argument("--asked", type=float, nargs="+", default=[0.4, 0.5, 0.6, 0.7, 0.8])
    parser.add_argument("--long", type=float, nargs="+", default=[0.0, 0.3, 0.4, 0.5, 0.6])
    parser.add_argument("--short-speech", type=float, nargs="+", default=[0.3, 0.5, 0.7])
    parser.add_argument("--long-speech", type=float, nargs="+", default=[0.1, 0.3, 0.5])
    parser.add_argument("--table", type=Path)
    parser.add_argument("--lines", type=int, default=60, help="of the table, the best ones")
    parser.add_argument("--write", action="store_true")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Try everything, print the table."""
    args = arguments(argv)
    corpora = Corpora(args.data, args.work / "voices", args.most)
    dialogue = setup.dialogue(Choices(region="GB"))
    chosen = [t for t in trials(corpora, dialogue) if t.test.startswith(TESTS)]
    tried = [(t, t.utterances[:: args.every if "voices" in t.test else 1]) for t in chosen]
    heard = list(streams(corpora, dialogue))
    hours = sum(len(sound) for stream in heard for sound in stream.sounds) / RATE / 3600
    model = open_model(args.model)
    start = model.exact.rejection.costs if model.exact else GraphCosts()
    limits = beliefs(args)

    def rows_of(price: GraphCosts) -> list[Row]:
        found = list(outcomes(model, price, tried, heard))
        rows = []
        for belief in limits:
            values = figures(found, belief, hours)
            rows.append({"worth": worth(values), **Rejection(price, belief).values(), **values})
        print(max(rows, key=lambda row: row["worth"]), flush=True)
        return rows

    prices = ("expected", "phrase", "decoy", "unknown_phone", "unknown")
    grid = {name: getattr(args, name) for name in prices}
    rows = search(start, grid, rows_of)
    if args.table:
        _write_table(args.table, rows[: args.lines])
    if args.write:
        names = Rejection().values()
        lines = [f"{name} {rows[0][name]:.4g}" for name in names]
        head = "# Prices and thresholds of rejection, found with scripts/bench/tune.py"
        (model.folder / "rejection.txt").write_text("\n".join([head, *lines]) + "\n", "utf-8")


def _write_table(path: Path, rows: Sequence[Mapping[str, float]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, list(dict.fromkeys(key for row in rows for key in row)))
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
