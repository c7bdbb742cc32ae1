"""The simulation report: many nights in words, then many on audio in noise.

Prints both tables as Markdown, with what was aimed at: no rule broken in any night; in words, ten
thousand nights in two minutes of processor time; on audio, at least 98 of a hundred people get what
they should; more care than they need is not that. Exits with 1 when any of that was missed.

``--missed``: nights in words, as many as ``--words``, in which nothing goes wrong but that this
share of the answers is not understood: what the questions asked again are worth.

    python -m scripts.bench.nights [--words 10000] [--audio 300] [--snr 15] [--seed 1] [--jobs 2]
                                   [--json FILE]
    python -m scripts.bench.nights --missed 0.05 0.09 [--words 10000] [--seed 1]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any, Final

from voice_coach.commands import setup, simulate
from voice_coach.commands.setup import Choices
from voice_coach.simulation.hearing import Hearing
from voice_coach.simulation.night import Stage
from voice_coach.simulation.report import Report
from voice_coach.simulation.simulation import Plan, play

CPU_SECONDS: Final = 0.012
"""Of processor time for a night in words: 10,000 in a minute on two cores."""

RIGHT: Final = 0.98
"""Share of the nights on audio that end as they should; more careful is not that."""

CHOICES: Final = Choices(region="GB")


def run(plan: Plan, audio: bool, jobs: int) -> tuple[Report, dict[str, Any]]:
    """Play the nights; the results, and everything about them as one object."""
    began, cpu, results = time.monotonic(), 0.0, []
    for batch in simulate.batches(CHOICES, simulate.Wanted(plan, audio, jobs)):
        results += batch.results
        cpu += batch.cpu_seconds
    report = Report(sorted(results, key=lambda result: result.night))
    took = {"seconds": round(time.monotonic() - began, 1), "cpu_seconds": round(cpu, 1)}
    return report, {"audio": audio, "snr_db": plan.snr_db, "seed": plan.seed, **took,
                    **report.as_json()}  # fmt: skip


def unheard(nights: int, seed: int, share: float) -> Report:
    """Nights in words with this share of the answers not understood, and none mistaken."""
    stage = Stage(setup.dialogue(CHOICES), hearing=Hearing(wrong=0.0, missed=share, alarms=0.0))
    return Report(play(Plan(nights, seed), stage, range(nights)).results)


def tell(report: Report, found: dict[str, Any]) -> None:
    """The table, and one line below it."""
    room = f"audio at {found['snr_db']:g} dB" if found["audio"] else "words alone"
    print(f"\n{found['nights']} nights, {room}: {found['seconds']:.0f} s, of processor time "
          f"{found['cpu_seconds']:.0f} s.\n")  # fmt: skip
    print("\n".join(report.table()), flush=True)
    for result in report.notable():
        if result.violations or found["audio"]:
            print(f"night {result.night}, {result.persona}: {result.outcome} at {result.level}; "
                  f"{'; '.join(result.violations)}", flush=True)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--words", type=int, default=10_000, help="nights in words (10000)")
    parser.add_argument("--audio", type=int, default=300, help="nights on audio (300)")
    parser.add_argument("--snr", type=float, default=15.0, metavar="DB", help="on audio (15)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2, help="processes (2)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="every figure")
    parser.add_argument(
        "--missed", type=float, nargs="+", metavar="SHARE", default=[],
        help="only nights in words, with so many answers not understood",
    )  # fmt: skip
    args = parser.parse_args()
    broken = 0
    for share in args.missed:
        report = unheard(args.words, args.seed, share)
        print(f"{share:.0%} not understood: {report.share('right') / args.words:.1%} right, "
              f"{report.share('more careful') / args.words:.1%} more careful than needed, "
              f"{report.violations} violations", flush=True)  # fmt: skip
        broken += report.violations
    if args.missed:
        return 1 if broken else 0
    told, missed = [], []
    if args.words:
        report, found = run(Plan(args.words, args.seed), audio=False, jobs=args.jobs)
        tell(report, found)
        told.append(found)
        if found["cpu_seconds"] > CPU_SECONDS * args.words:
            missed.append("the nights in words take too long")
    if args.audio:
        plan = Plan(args.audio, args.seed, args.snr)
        report, found = run(plan, audio=True, jobs=args.jobs)
        tell(report, found)
        told.append(found)
        if found["right"] < RIGHT * args.audio:
            missed.append("too many people do not get what they should")
    if any(found["violations"] for found in told):
        missed.append("a rule was broken")
    if args.json:
        args.json.write_text(json.dumps(told, indent=1), encoding="utf-8")
    print(f"\nMissed: {'; '.join(missed)}." if missed else "\nEverything that was aimed at holds.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
