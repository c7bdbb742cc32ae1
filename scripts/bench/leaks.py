"""Does a night leave anything behind? Many sessions in one process, with the real ear and voice.

Synthetic people are led through short scenarios in virtual time. After every session the threads,
children and open files of this process are counted, and the files in its temporary folder; its
memory is compared after the 20th session and after the last.

    python -m scripts.bench.leaks [--sessions 200] [--json FILE]
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from voice_coach.commands.rehearse import make_cast
from voice_coach.commands.setup import Choices
from voice_coach.rehearsal import scenario
from voice_coach.rehearsal.rehearsal import Cast, rehearse
from voice_coach.speaking.cache import ClipCache
from voice_coach.speaking.memory import ClipMemory

SCENARIOS: Final = ("stopped", "interrupting", "popped", "chest-pain")
"""Short nights, with much starting and stopping."""

SETTLED: Final = 20
"""Sessions after which memory counts: by then every sentence has been said."""

GROWTH: Final = 0.05
"""Share by which memory may have grown at the end."""


@dataclass(frozen=True)
class Left:
    """What this process holds."""

    threads: int
    children: int
    files: int
    """Open descriptors."""
    scratch: int
    """Entries in the temporary folder."""
    megabytes: float
    """Resident memory, 10^6 bytes."""

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """All but the memory."""
        return self.threads, self.children, self.files, self.scratch


def left() -> Left:
    """What this process holds now."""
    gc.collect()
    own = os.getpid()
    children = Path(f"/proc/{own}/task/{own}/children").read_text().split()
    pages = int(Path(f"/proc/{own}/statm").read_text().split()[1])
    return Left(
        threading.active_count(),
        len(children),
        len(os.listdir(f"/proc/{own}/fd")),
        len(os.listdir(tempfile.gettempdir())),
        pages * os.sysconf("SC_PAGE_SIZE") / 1e6,
    )


def nights(count: int, cast: Cast) -> Iterator[Left]:
    """One session after another, each by another person; what is held after each."""
    names = itertools.cycle(SCENARIOS)
    for seed, name in enumerate(itertools.islice(names, count), 1):
        rehearse(name, scenario.load(name, cast.dialogue.protocol), cast, seed=seed)
        yield left()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    with ExitStack() as stack:
        tempfile.tempdir = stack.enter_context(tempfile.TemporaryDirectory())
        cast = make_cast(Choices(region="GB"), stack)
        # Every night has another person: their voices are no part of the coach.
        cast.cache = ClipCache(memory=ClipMemory(limit=1_000_000))
        held = []
        for number, now in enumerate(nights(args.sessions, cast), 1):
            held.append(now)
            if number % 20 == 0:
                print(f"{number:4d} {now}", file=sys.stderr, flush=True)
    first, last = held[min(SETTLED, len(held)) - 1], held[-1]
    growth = last.megabytes / first.megabytes - 1
    print("| after session | threads | children | open files | temporary files | memory, MB |")
    print("|---|---|---|---|---|---|")
    for number, now in ((1, held[0]), (min(SETTLED, len(held)), first), (len(held), last)):
        print(f"| {number} | {' | '.join(map(str, now.counts))} | {now.megabytes:.1f} |")
    print(f"\nMemory grew by {100 * growth:.1f} %.")
    if args.json:
        args.json.write_text(json.dumps([asdict(now) for now in held], indent=1))
    return 0 if first.counts == last.counts and growth <= GROWTH else 1


if __name__ == "__main__":
    sys.exit(main())
