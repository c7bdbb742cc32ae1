"""How fast the diary is with a lifetime of cramps: 10,000 episodes.

Each figure is the median of fresh processes running the real command, or of calls in this one.
Beside the time on the wall stands the processor's: on a busy machine only that means anything.

    python -m scripts.bench.diary [--episodes 10000] [--runs 5]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from statistics import median
from typing import Final

from scripts.bench.diary_nights import nights
from voice_coach.diary.store import FILE, Diary

LISTING: Final = 0.100
"""Seconds that reading the list may take."""
REPORT: Final = 3.0
"""Seconds for the whole command that writes the page, HTML and PDF together."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--episodes", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "diary")
        episodes = list(nights(args.episodes, years=20, until=datetime.now(timezone.utc)))
        with Diary(folder) as diary:
            began = time.perf_counter()
            diary.add(episodes)
            diary.settle()
            added = time.perf_counter() - began
        size = (folder / FILE).stat().st_size / 1e6
        print(f"{args.episodes} episodes, {size:.1f} MB, added in {added:.2f} s\n")
        print("| | median | range | processor |\n|---|---|---|---|")
        listing = _row("opening the diary and reading the list of all", args.runs, _lists(folder))
        _row("the same with every answer", args.runs, _reads(folder))
        command = [sys.executable, "-m", "voice_coach", "diary", "--diary", str(folder)]
        _row("`diary list --all`, the whole command", args.runs, _runs([*command, "list", "--all"]))
        _row("`diary`, the newest 20", args.runs, _runs(command))
        page = [*command, "report", "--html", f"{place}/r.html"]
        _row("`diary report --html`", args.runs, _runs(page))
        both = _row(
            "`diary report --html --pdf`", args.runs, _runs([*page, "--pdf", f"{place}/r.pdf"])
        )
    return 0 if listing <= LISTING and both <= REPORT else 1


def _row(name: str, runs: int, work: Callable[[], None]) -> float:
    work()  # what is on the disk is in memory then
    wall, busy = [], []
    for _ in range(runs):
        began, used = time.perf_counter(), _processor()
        work()
        wall.append(time.perf_counter() - began)
        busy.append(_processor() - used)
    print(
        f"| {name} | {1000 * median(wall):.0f} ms | {1000 * min(wall):.0f} - "
        f"{1000 * max(wall):.0f} | {1000 * median(busy):.0f} ms |",
        flush=True,
    )
    return median(wall)


def _processor() -> float:
    """Seconds of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _lists(folder: Path) -> Callable[[], None]:
    def work() -> None:
        with Diary(folder, check=False) as diary:
            diary.latest()

    return work


def _reads(folder: Path) -> Callable[[], None]:
    def work() -> None:
        with Diary(folder, check=False) as diary:
            diary.whole(steps=False)

    return work


def _runs(command: list[str]) -> Callable[[], None]:
    def work() -> None:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    return work


if __name__ == "__main__":
    sys.exit(main())
