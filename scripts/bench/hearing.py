"""How well the ear hears people, beside PocketSphinx on exactly the same sound.

Each engine runs in a process of its own, the same utterances in the same order with the same
phrases. PocketSphinx has its bundled en-us model and a JSGF grammar, which knows no rejection;
Vosk runs as the coach runs it. Prints a table and writes everything, every phrase, every
confusion and every group of speakers, as JSON and as a picture.

    pip install ".[bench]"
    python -m scripts.bench.hearing --data ../shared/data --work build/bench \\
        [--model FOLDER] [--only TEXT] [--json hearing.json] [--png hearing.png]
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import vosk

from scripts.bench.engines import ENGINES, Engine
from scripts.bench.trials import Corpora, Stream, Trial, streams, trials
from scripts.train.corpus import RATE
from voice_coach.commands import setup
from voice_coach.commands.setup import Choices


@dataclass
class Score:
    """One engine in one test. What is said is right, wrong or rejected; talk that is none of the
    phrases is taken for one (false) or not."""

    right: int = 0
    wrong: int = 0
    rejected: int = 0
    others: int = 0
    false: int = 0
    hours: float = 0.0
    cpu_seconds: float = 0.0
    phrases: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    groups: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    confusions: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def said(self) -> int:
        return self.right + self.wrong + self.rejected

    def add(self, trial: Trial, said: str, group: str, heard: str) -> None:
        """One utterance's outcome."""
        if said not in trial.grammar.phrases:
            self.others += 1
            self.false += heard != ""
            outcome = "false" if heard else "ignored"
        else:
            right = heard != "" and trial.means(heard) == trial.means(said)
            outcome = "right" if right else "wrong" if heard else "rejected"
            setattr(self, outcome, getattr(self, outcome) + 1)
            self.phrases[said][outcome] += 1
        self.groups[group][outcome] += 1
        if outcome != "ignored":
            self.confusions[said, heard] += 1

    def figures(self) -> dict[str, Any]:
        """Percentages and counts, ready for JSON."""
        found: dict[str, Any] = {"audio_hours": round(self.hours, 4)}
        if self.said:
            found["said"] = self.said
            for name in ("right", "wrong", "rejected"):
                found[name] = round(100 * getattr(self, name) / self.said, 2)
        if self.others:
            found["others"] = self.others
            found["false"] = round(100 * self.false / self.others, 2)
        found["cpu_seconds_per_second"] = round(self.cpu_seconds / (3600 * self.hours), 5)
        found["phrases"] = {phrase: dict(counts) for phrase, counts in self.phrases.items()}
        found["groups"] = {group: dict(counts) for group, counts in self.groups.items()}
        found["confusions"] = [[*pair, count] for pair, count in self.confusions.most_common()]
        return found


def score(engine: Engine, tried: Iterable[Trial]) -> dict[str, dict[str, Any]]:
    """One engine's figures for every test."""
    scores: dict[str, Score] = defaultdict(Score)
    for trial in tried:
        engine.use(trial.grammar)
        here = scores[trial.test]
        for one in trial.utterances:
            started = time.process_time()
            heard = engine.hear(one.samples)
            here.cpu_seconds += time.process_time() - started
            here.hours += len(one.samples) / RATE / 3600
            here.add(trial, one.said, one.group, heard)
    return {test: found.figures() for test, found in scores.items()}


def overhear(engine: Engine, tried: Iterable[Stream]) -> dict[str, dict[str, Any]]:
    """How often an hour of sound without a word in it is taken for a phrase."""
    found: dict[str, dict[str, Any]] = {}
    for stream in tried:
        engine.use(stream.grammar)
        taken: Counter[str] = Counter()
        for sound in stream.sounds:
            taken.update(engine.overhear(sound))
        hours = sum(map(len, stream.sounds)) / RATE / 3600
        found[stream.test] = {
            "hours": round(hours, 3),
            "per_hour": round(sum(taken.values()) / hours, 2),
            "taken": dict(taken.most_common()),
        }
    return found


def measure(name: str, corpora: Corpora, model: Path | None, only: str = "") -> dict[str, Any]:
    """Everything about one engine; in a process of its own."""
    vosk.SetLogLevel(-1)
    dialogue = setup.dialogue(Choices(region="GB"))
    before, started = memory_mb(), time.perf_counter()
    engine = ENGINES[name](model)
    loaded = time.perf_counter() - started
    report = score(engine, (t for t in trials(corpora, dialogue) if only in t.test))
    report |= overhear(engine, (s for s in streams(corpora, dialogue) if only in s.test))
    return {"load_seconds": round(loaded, 3), "before_mb": before, "tests": report}


def memory_mb() -> float:
    """This process's resident memory; 0 where the system does not say."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) / 1000


def cell(figures: dict[str, Any]) -> str:
    """One test's figures in a few words."""
    parts = []
    if "said" in figures:
        parts.append(f"{figures['right']:.1f} / {figures['wrong']:.1f} (n = {figures['said']})")
    if "others" in figures:
        parts.append(f"{figures['false']:.1f} of {figures['others']} others")
    if "per_hour" in figures:
        parts.append(f"{figures['per_hour']:.1f} an hour (of {figures['hours']:.2f} h)")
    return "; ".join(parts)


def table(reports: dict[str, dict[str, Any]]) -> list[str]:
    """A Markdown table: a line a test, a column an engine; right / wrong in percent."""
    rows = ["| test | " + " | ".join(reports) + " |", "|---" * (len(reports) + 1) + "|"]
    first = next(iter(reports.values()))["tests"]
    for test in first:
        cells = [cell(report["tests"][test]) for report in reports.values()]
        rows.append(f"| {test} | " + " | ".join(cells) + " |")
    return rows


def compare(engines: Sequence[str], corpora: Corpora, model: Path | None, only: str) -> Any:
    """Each engine's figures, one engine after the other."""
    reports = {}
    for name in engines:
        with get_context("spawn").Pool(1) as pool:
            reports[name] = pool.apply(measure, (name, corpora, model, only))
    return reports


def main() -> None:
    """Print the table, write the JSON and the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, action="append", required=True, metavar="DIR")
    parser.add_argument("--work", type=Path, required=True, help="keeps the synthetic voices")
    parser.add_argument("--model", type=Path, help="model folder (default: the shipped one)")
    parser.add_argument("--engine", action="append", choices=list(ENGINES))
    parser.add_argument("--most", type=int, default=40, help="takes of one word or sentence")
    parser.add_argument("--only", default="", help="tests whose name holds this")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--png", type=Path)
    args = parser.parse_args()
    corpora = Corpora(args.data, args.work / "voices", args.most)
    reports = compare(args.engine or list(ENGINES), corpora, args.model, args.only)
    print("\n".join(table(reports)))
    if args.json:
        args.json.write_text(json.dumps(reports, indent=1) + "\n", encoding="utf-8")
    if args.png:
        from scripts.bench.chart import draw  # noqa: PLC0415 -- needs Matplotlib

        draw(reports, args.png)


if __name__ == "__main__":
    main()
