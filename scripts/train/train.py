"""One command from corpora to a Vosk model folder. Started again it continues where it was.

    python -m scripts.train.train --data ../shared/data --work build/train --out models/coach-en

``--work`` keeps what is costly (synthetic speech, features, checkpoints); ``--out`` gets the model.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

# Many small matrix products: threads would only wait for each other, eight times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

HERE = Path(__file__).resolve().parent
if __package__ in (None, ""):  # started as a file
    sys.path.insert(0, str(HERE.parents[1]))

import numba  # noqa: E402
import torch  # noqa: E402

from scripts.train import features, prepare, synth  # noqa: E402
from scripts.train.augment import synthetic_noises  # noqa: E402
from scripts.train.bigram import Bigram, estimate_bigram  # noqa: E402
from scripts.train.graph import Rejection  # noqa: E402
from scripts.train.lexicon import Lexicon, dictionary, read_words  # noqa: E402
from scripts.train.network import Network, restored  # noqa: E402
from scripts.train.own import OwnPhones, well_known  # noqa: E402
from scripts.train.restart import read_weights, settle_norms, trainable  # noqa: E402
from scripts.train.sampling import Diet, Sampler  # noqa: E402
from scripts.train.training import Schedule, Trainer, statistics  # noqa: E402
from scripts.train.weights import Shape  # noqa: E402
from scripts.train.wording import VOCABULARY, all_phrases  # noqa: E402

log = logging.getLogger("train")


HANDED_OVER = 0.6
"""The share of the highest rate at which the words get phones of their own."""


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--data",
        type=Path,
        action="append",
        required=True,
        metavar="DIR",
        help="a folder with manifest.jsonl; may be given several times",
    )
    parser.add_argument(
        "--work", type=Path, required=True, metavar="DIR", help="caches, checkpoints"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the model folder")
    parser.add_argument("--run", default="main", help="name of the run's folder in --work")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=5, help="of the first part")
    parser.add_argument("--polish", type=int, default=7, help="epochs of the second part")
    parser.add_argument("--noise", type=float, default=0.7, help="in it, share of clips with noise")
    parser.add_argument("--again-rate", type=float, default=1e-3, help="highest, with --again")
    parser.add_argument("--rate", type=float, default=2e-3, help="highest learning rate")
    parser.add_argument("--width", type=int, default=320)
    parser.add_argument("--depth", type=int, default=6, help="layers at the 30 ms rate")
    parser.add_argument("--back", type=int, default=3, help="layers after them that look back only")
    parser.add_argument("--copies", type=int, default=4, help="cached copies of every utterance")
    parser.add_argument("--takes", type=int, default=16, help="synthetic takes of every phrase")
    parser.add_argument("--silences", type=int, default=1200, help="noise stretches in an epoch")
    parser.add_argument(
        "--synthetic", type=float, default=0.5, help="share of synthetic clips used"
    )
    parser.add_argument("--alike", type=int, default=900, help="most recordings of the same words")
    parser.add_argument(
        "--least", type=int, default=500, help="in it, rarer words are repeated up to this number"
    )
    parser.add_argument(
        "--plain", type=float, default=0.35, help="in it, share of clips without room or transform"
    )
    parser.add_argument("--rivals", type=int, default=12, help="for each short utterance")
    parser.add_argument("--first", type=Path, help="checkpoint to start from")
    parser.add_argument(
        "--trained", type=Path, metavar="FILE", help="a final.pt learnt elsewhere: go on from there"
    )
    parser.add_argument(
        "--again",
        type=Path,
        metavar="FOLDER",
        help="a model folder: another second part from there, when its checkpoints are gone",
    )
    parser.add_argument("--contrast", type=float, default=2.0, help="weight of the closed grammars")
    parser.add_argument("--drop", type=Path, help="file of clip keys to leave out, one a line")
    parser.add_argument(
        "--leave-out",
        default="",
        metavar="WORDS",
        help="no recording of a person saying these; comma-separated",
    )
    parser.add_argument("--unk-word", type=float, default=Rejection.word)
    parser.add_argument("--unk-phone", type=float, default=Rejection.phone)
    parser.add_argument(
        "--threads", type=int, default=1, help="that compute losses and, without a GPU, the network"
    )
    parser.add_argument(
        "--processes", type=int, default=0, metavar="N", help="that make batches; 0: one thread"
    )
    parser.add_argument("--frames", type=int, default=5000, help="padded frames (10 ms) in a batch")
    parser.add_argument(
        "--until",
        choices=("caches", "weights", "model"),
        default="model",
        help="how far to go: nothing before the last needs Vosk",
    )
    parser.add_argument(
        "--no-tuning", action="store_true", help="leave the prices and thresholds of rejection"
    )
    parser.add_argument(
        "--figures", type=Path, help="what scripts/bench/hearing.py measured, for the model card"
    )
    parser.add_argument("--no-figures", action="store_true", help="skip the dev figures")
    return parser.parse_args(argv)


def speak(folder: Path, takes: int, seed: int) -> None:
    """Render the synthetic corpus unless it is there."""
    if (folder / "manifest.jsonl").exists():
        return
    phrases = all_phrases()
    strings = synth.word_strings(read_words(VOCABULARY), 3500, seed + 1)
    plan = synth.plan(phrases, takes, seed) + synth.plan(strings, 1, seed + 2)
    synth.render(plan + synth.held_out_plan(phrases), folder)


def caches(args: argparse.Namespace, folders: Sequence[Path], source: Lexicon) -> list[Path]:
    """Build the cached copies that are missing; returns where all of them lie."""
    found: list[Path] = []
    for corpus in folders:
        folder = args.work / "cache" / corpus.resolve().name
        paths = [folder / f"copy{copy}" for copy in range(args.copies)]
        missing = [c for c, path in enumerate(paths) if not features.exists(path)]
        if missing:
            clips = prepare.corpora([corpus])
            responses = prepare.rooms(clips)
            prepare.build(clips, source, responses, folder, missing, args.processes)
        found += paths
    return found


def make_sampler(args: argparse.Namespace, paths: Sequence[Path], source: Lexicon) -> Sampler:
    """Epochs from the caches."""
    opened = [features.FeatureCache(path) for path in paths]
    recorded = [cache[e] for cache in opened for e in cache.entries if e.kind == "noise"]
    noises = recorded + synthetic_noises(args.seed)
    diet = Diet(
        rivals=args.rivals,
        most_alike=args.alike,
        synthetic=args.synthetic,
        silences=args.silences,
        frames=args.frames,
    )
    sampler = Sampler(opened, source, noises, args.seed, diet, args.processes)
    if args.drop is not None:
        sampler.drop(set(args.drop.read_text(encoding="utf-8").split()))
    if args.leave_out:
        sampler.leave_out(set(args.leave_out.split(",")))
    return sampler


def learn(
    args: argparse.Namespace, sampler: Sampler, bigram: Bigram, own: OwnPhones, source: Lexicon
) -> Network:
    """Train, or load what was trained, in one cycle of the learning rate with two parts.

    The second hears rare words more often and more noise, and gives the words that many people
    say phones of their own.
    """
    shape = Shape.deep(args.width, args.depth, args.back)
    if args.trained is not None:
        return restored(args.trained, replace(shape, own=own.names if args.polish else ()))
    schedule = Schedule(args.epochs, args.rate, contrast=args.contrast)
    if args.polish:
        schedule = replace(schedule, last=HANDED_OVER, averaged=1)
    folder = args.work / args.run
    network = Trainer(folder, sampler, shape, schedule, bigram).run(args.first)
    if not args.polish:
        return network
    second = second_part(args, args.rate * HANDED_OVER)
    heard = rarer(args, sampler).with_own(own, source)
    polish = args.work / (args.run + "-polish")
    shape = replace(shape, own=own.names)
    return Trainer(polish, heard, shape, second, bigram).run(folder / "final.pt")


def second_part(args: argparse.Namespace, top_rate: float) -> Schedule:
    """From ``top_rate`` down to nothing; large scores cost a tenth of what they cost before."""
    return Schedule(args.polish, top_rate, 0.02, output_l2=5e-5, contrast=args.contrast, averaged=2)


def rarer(args: argparse.Namespace, sampler: Sampler) -> Sampler:
    """With more of the rare words and more noise."""
    return sampler.with_diet(
        replace(sampler.diet, least_alike=args.least, plain=args.plain, noise=args.noise)
    )


def learn_again(
    args: argparse.Namespace, sampler: Sampler, bigram: Bigram, own: OwnPhones, source: Lexicon
) -> Network:
    """Another second part for a model folder's network."""
    weights = read_weights(args.again)
    if weights.shape.own != own.names:
        raise SystemExit(f"{args.again} has phones for other words than these corpora give.")
    folder = args.work / (args.run + "-again")
    folder.mkdir(parents=True, exist_ok=True)
    heard = rarer(args, sampler).with_own(own, source)
    first = folder / "first.pt"
    if not first.exists():
        network = trainable(weights, *statistics(heard, weights.shape))
        settle_norms(network, (b.feats for b in heard.epoch(10_001, weights.shape)[1]), 100)
        torch.save({"network": network.state_dict()}, first)
        shutil.copy(args.again / "training.json", folder / "before.json")
    second = second_part(args, args.again_rate)
    return Trainer(folder, heard, weights.shape, second, bigram).run(first)


def main(argv: Sequence[str] | None = None) -> int:
    """Run every stage that is not done."""
    args = arguments(argv)
    args.work.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(args.threads)
    numba.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    source = dictionary()
    speak(args.work / "tts", args.takes, args.seed)
    folders = [*args.data, args.work / "tts"]
    clips = prepare.corpora(folders)
    paths = caches(args, folders, source)
    if args.until == "caches":
        return 0
    sampler = make_sampler(args, paths, source)
    bigram = estimate_bigram(sampler.transcripts, source)
    own = OwnPhones.of(set(well_known(clips)) - set(args.leave_out.split(",")), source)
    teach = learn_again if args.again is not None else learn
    network = teach(args, sampler, bigram, own, source)
    if args.until == "model":
        # Only here are Vosk and OpenFst needed: learning can be done on a machine without.
        from scripts.train.finish import finish  # noqa: PLC0415

        finish(args, network, bigram, source, clips)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
