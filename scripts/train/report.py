"""What is written beside the model: a card for people, settings and figures for programs."""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scripts.bench.hearing import table
from scripts.train.corpus import Clip
from scripts.train.prepare import held_out_noise
from scripts.train.weights import Weights


def data_list(clips: Sequence[Clip]) -> list[dict[str, object]]:
    """Sources with licence, number of clips and hours, train and dev apart."""
    sums: dict[tuple[str, str, str, str], list[float]] = defaultdict(lambda: [0, 0.0])
    for clip in clips:
        split = clip.split
        if clip.kind == "noise" and held_out_noise(clip):
            split = "dev"
        entry = sums[(clip.kind, clip.source, split, clip.licence)]
        entry[0] += 1
        entry[1] += clip.seconds / 3600
    return [
        {
            "kind": kind,
            "source": source,
            "split": split,
            "licence": licence,
            "clips": int(count),
            "hours": round(hours, 3),
        }
        for (kind, source, split, licence), (count, hours) in sorted(sums.items())
    ]


def groups(figures: Mapping[str, Mapping[str, object]]) -> list[str]:
    """A Markdown table: for each test the groups of speakers, percent right of what they said."""
    rows = ["| test | who | said | right | wrong |", "|---|---|---|---|---|"]
    for test, values in figures.items():
        found = values.get("groups")
        if not isinstance(found, dict) or len(found) < 2:
            continue
        for who, counts in sorted(found.items()):
            said = sum(counts.get(kind, 0) for kind in ("right", "wrong", "rejected"))
            if said:
                right, wrong = (100 * counts.get(kind, 0) / said for kind in ("right", "wrong"))
                rows.append(f"| {test} | {who} | {said} | {right:.1f} % | {wrong:.1f} % |")
    return rows


def card(settings: Mapping[str, object], data: Sequence[Mapping[str, object]]) -> list[str]:
    """The model card's text, but for the figures."""
    lines = [
        "# An ear for one conversation",
        "",
        "A small English acoustic model for Vosk, trained from a flat start on the speech listed",
        "below. It knows the words of `lexicon.txt` and is meant for short closed grammars, not",
        "for dictation.",
        "",
        f"{settings['parameters']} parameters; seed {settings['seed']}; PyTorch and Vosk agree",
        f"within {settings['gap_per_frame']} a frame.",
        "",
        "## Data",
        "",
        "| kind | source | split | licence | clips | hours |",
        "|---|---|---|---|---|---|",
    ]
    for row in data:
        lines.append("| " + " | ".join(str(value) for value in row.values()) + " |")
    lines += [
        "",
        "Speech Commands: P. Warden. LibriSpeech: V. Panayotov and others. ESC-10: K. Piczak.",
        "Synthetic speech: espeak-ng, flite, festival, SVOX Pico and hibari.",
        "",
        "## What it is bad at",
        "",
        "Words of one syllable that no person said in the training data (calf, cramp, numb, skip),",
        "whispering and groaning, adults who learnt English late, long words of other languages,",
        "and noise with the rhythm of speech when no energy gate stands in front.",
        "",
        "## Figures on the dev split",
        "",
        "Right / wrong in percent of what was said; of other speech, the percentage taken for a",
        "phrase. The tests are those of `scripts/bench/hearing.py`.",
        "",
    ]
    return lines


def _brief(reports: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The figures without every phrase and confusion, which fill half a megabyte."""
    long = ("phrases", "confusions")
    return {
        engine: {
            test: {name: value for name, value in found.items() if name not in long}
            for test, found in report["tests"].items()
        }
        for engine, report in reports.items()
    }


def _epochs(args: argparse.Namespace) -> list[int]:
    """Of each part, those of the folder that this training began with first."""
    if args.again is None:
        return [args.epochs, args.polish]
    record = json.loads((args.work / (args.run + "-again") / "before.json").read_text("utf-8"))
    return [*record["epochs"], args.polish]


def write(
    args: argparse.Namespace,
    clips: Sequence[Clip],
    weights: Weights,
    gap: float,
    reports: Mapping[str, Mapping[str, Any]],
) -> None:
    """``MODEL_CARD.md`` and ``training.json`` in the model folder.

    ``reports``: what scripts/bench/hearing.py measured, by engine; may be empty.
    """
    out: Path = args.out
    data = data_list(clips)
    binary = (out / "am" / "final.mdl").read_bytes()
    settings: dict[str, object] = {
        "seed": args.seed,
        "epochs": _epochs(args),
        "shape": weights.shape.as_dict(),
        "parameters": weights.parameters,
        "gap_per_frame": round(gap, 6),
        "sha256": hashlib.sha256(binary).hexdigest(),
        "rejection": {"word": args.unk_word, "phone": args.unk_phone},
    }
    text = card(settings, data)
    if reports:
        text += [*table(reports), "", "By group of speakers:", ""]
        text += groups(next(iter(reports.values()))["tests"])
    (out / "MODEL_CARD.md").write_text("\n".join(text) + "\n", encoding="utf-8")
    everything = {**settings, "data": data, "figures": _brief(reports)}
    (out / "training.json").write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")
