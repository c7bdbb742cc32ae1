"""Every scenario, with many seeds, in a quiet room and in noise: does it end as it must?

Two processes share the work. Prints a Markdown table, one row a scenario; exits with 1 when any
rehearsal had the wrong outcome, the wrong level, or any other fault against its scenario.

    python -m scripts.bench.scenarios [--seeds 20] [--snr 15] [--only NAME ...] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any, Final

from voice_coach.commands import rehearse as command
from voice_coach.commands import setup
from voice_coach.commands.setup import Choices
from voice_coach.errors import CoachError
from voice_coach.rehearsal import scenario
from voice_coach.rehearsal.rehearsal import Cast, Room, rehearse

PROCESSES: Final = 2


@dataclass(frozen=True)
class Job:
    """One rehearsal to run."""

    name: str
    seed: int
    snr: float | None


Result = dict[str, Any]
"""A rehearsal's summary, with "snr" and "expected" (outcome and level)."""


@cache
def _cast() -> Cast:
    """Ear, voice and dialogue of this process, for as long as it lives."""
    return command.make_cast(Choices(region="GB"), ExitStack())


def run(job: Job) -> Result:
    """Rehearse once. A session that fails altogether is a result as well."""
    cast = _cast()
    story = scenario.load(job.name, cast.dialogue.protocol)
    expected = [story.expect.outcome, story.expect.level]
    try:
        report = rehearse(job.name, story, cast, seed=job.seed, room=Room(job.snr))
    except CoachError as error:
        return _failed(job, f"{type(error).__name__}: {error}") | {"expected": expected}
    return report.summary() | {"snr": job.snr, "expected": expected}


def _failed(job: Job, why: str) -> Result:
    return {
        "scenario": job.name, "seed": job.seed, "snr": job.snr, "outcome": "", "level": "",
        "elapsed": 0.0, "turns": 0, "misheard": 0, "prompts": 0, "wall_seconds": 0.0,
        "faults": [why],
    }  # fmt: skip


def run_all(jobs: Sequence[Job], processes: int) -> Iterator[Result]:
    """The results, as they come."""
    # Fresh processes: threads of a voice do not survive a fork.
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap_unordered(run, jobs)
        pool.close()
        pool.join()


def right(result: Result) -> bool:
    """Whether outcome and level are as the scenario says."""
    return bool([result["outcome"], result["level"]] == result["expected"])


def table(results: Sequence[Result]) -> str:
    """One row a scenario, and one for all of them, in Markdown."""
    rooms = list(dict.fromkeys(result["snr"] for result in results))
    heads = [f"right, {_room(snr)}" for snr in rooms]
    lines = [
        f"| scenario | {' | '.join(heads)} | without any fault | misheard | seconds | speed |",
        "|---" * (5 + len(rooms)) + "|",
    ]
    names = sorted({result["scenario"] for result in results})
    for name in names:
        lines.append(_line(name, [r for r in results if r["scenario"] == name], rooms))
    if len(names) > 1:
        lines.append(_line("**all**", results, rooms))
    return "\n".join(lines)


def _room(snr: float | None) -> str:
    return "quiet" if snr is None else f"{snr:g} dB"


def _line(name: str, results: Sequence[Result], rooms: Sequence[float | None]) -> str:
    cells = [_share([right(r) for r in results if r["snr"] == snr]) for snr in rooms]
    turns = sum(r["turns"] for r in results)
    misheard = sum(r["misheard"] for r in results)
    took = sum(r["wall_seconds"] for r in results)
    speed = sum(r["elapsed"] for r in results) / took if took else 0.0
    cells += [
        _share([not r["faults"] for r in results]),
        f"{misheard} of {turns}",
        f"{median(r['elapsed'] for r in results):.0f}",
        f"{speed:.0f}x",
    ]
    return f"| {name} | {' | '.join(cells)} |"


def _share(good: Sequence[bool]) -> str:
    return f"{sum(good)} of {len(good)}"


def _progress(done: int, jobs: int, bad: int, began: float) -> None:
    left = (time.monotonic() - began) / done * (jobs - done)
    line = f"{done} of {jobs}, {bad} wrong, {left / 60:.1f} min left"
    print(f"\r{line:60s}", end="" if done < jobs else "\n", file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--seeds", type=int, default=20, help="seeds 1 to this (20)")
    parser.add_argument("--first", type=int, default=1, help="the first seed (1)")
    parser.add_argument("--snr", type=float, default=15.0, metavar="DB", help="of the noise (15)")
    parser.add_argument("--only", nargs="+", metavar="NAME", default=list(scenario.names()))
    parser.add_argument("--processes", type=int, default=PROCESSES, help=f"({PROCESSES})")
    parser.add_argument("--json", type=Path, metavar="FILE", help="every result")
    args = parser.parse_args()
    with ExitStack() as stack:  # render what all of them say once, before two processes want it
        voice = stack.enter_context(setup.voice(Choices(region="GB")))
        for text in setup.fixed_sentences(setup.dialogue(Choices(region="GB"))):
            voice.clip(text)
    jobs = [
        Job(name, seed, snr)
        for seed in range(args.first, args.seeds + 1)
        for name in args.only
        for snr in (None, args.snr)
    ]
    results: list[Result] = []
    began = time.monotonic()
    for result in run_all(jobs, args.processes):
        results.append(result)
        bad = [r for r in results if r["faults"] or not right(r)]
        _progress(len(results), len(jobs), len(bad), began)
    results.sort(key=lambda r: (r["scenario"], r["seed"], r["snr"] is not None))
    print(table(results))
    for r in (r for r in results if r["faults"] or not right(r)):
        print(f"{r['scenario']}, seed {r['seed']}, {_room(r['snr'])}: {'; '.join(r['faults'])}")
    if args.json:
        args.json.write_text(json.dumps(results, indent=1), encoding="utf-8")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
