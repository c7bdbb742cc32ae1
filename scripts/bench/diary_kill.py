"""Kills the diary's writer in the middle of its work, again and again, and counts what is left.

A child lives through night after night and says before and after each write, on a pipe, what it
writes. During a write drawn by chance it is killed as by ``kill -9``, until so many kills fell into
each kind of write. Whatever it had said must then be in the diary: no episode lost, none doubled,
none older than what was said of it, none back that was forgotten, an import whole or not at all,
and the file whole.

    python -m scripts.bench.diary_kill [--times 200] [--seed 1] [--kind KIND ...]
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, NoReturn

from voice_coach.content.loader import load_protocol
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.playthrough import Playthrough
from voice_coach.dialogue.protocol import Protocol
from voice_coach.diary.episode import Episode
from voice_coach.diary.recorder import Recorder, overheard
from voice_coach.diary.store import Diary
from voice_coach.diary.stretching import Stretching

KINDS: Final = {
    "add": 0.0006,
    "update": 0.0006,
    "settle": 0.003,
    "forget": 0.003,
    "stretch": 0.0006,
    "import": 0.0008,
}
"""Kinds of writes: the first of an episode, one more turn of it, its end, "forget this one", a
daily stretch, a file taken in. With the seconds from the word that it begins, within which the
writer is killed: about as long as it takes."""

BATCH: Final = 20
"""Episodes of an import."""

_STARTS: Final = {"update": 40}
"""Writes of that kind, at most, before the one in which the writer is killed."""


class Word(NamedTuple):
    """What the child has said."""

    what: str
    """"begin" or "done"."""
    kind: str
    uid: str
    """Of the episode, the stretch or the import."""
    reached: int
    """How far that had come."""


@dataclass
class Outcome:
    """What came of one kind of write."""

    killed: int = 0
    inside: int = 0
    """Kills that fell into such a write: begun, and not yet said to be done."""
    writes: int = 0
    """Of all kinds."""
    episodes: int = 0
    faults: list[str] = field(default_factory=list)


@dataclass
class Said:
    """What must be in the diary, by all that was said."""

    reached: dict[str, int] = field(default_factory=dict)
    """By uid: written for certain, and at least so far."""
    begun: set[str] = field(default_factory=set)
    """It is there or not, nobody knows: the writer was killed."""
    forgotten: set[str] = field(default_factory=set)
    batches: set[str] = field(default_factory=set)

    def take(self, words: Iterable[Word]) -> None:
        for word in words:
            known = self.batches if word.kind == "import" else self.reached
            if word.kind == "settle":
                continue
            if word.kind == "forget":
                self.reached.pop(word.uid, None)
                (self.forgotten if word.what == "done" else self.begun).add(word.uid)
            elif word.what == "begin":
                self.begun |= {word.uid} - set(known)
            elif word.kind == "import":
                self.batches.add(word.uid)
            else:
                self.reached[word.uid] = max(self.reached.get(word.uid, 0), word.reached)


class _Telling(Diary):
    """Says before and after each write what it is."""

    pipe: BinaryIO

    def add(self, episodes: Iterable[Episode]) -> int:
        ones = list(episodes)
        kind, uid = ("import", ones[0].note) if len(ones) > 1 else ("add", ones[0].uid)
        self._tell("begin", kind, uid, progress(ones[0]))
        done = super().add(ones)
        self._tell("done", kind, uid, progress(ones[0]))
        return done

    def update(self, episode: Episode, *, note: bool = False) -> bool:
        self._tell("begin", "update", episode.uid, progress(episode))
        done = super().update(episode, note=note)
        self._tell("done", "update", episode.uid, progress(episode))
        return done

    def settle(self) -> None:
        self._tell("begin", "settle", "-", 0)
        super().settle()
        self._tell("done", "settle", "-", 0)

    def forget(self, uid: str) -> None:
        self._tell("begin", "forget", uid, 0)
        super().forget(uid)
        self._tell("done", "forget", uid, 0)

    def stretched(self, ones: Iterable[Stretching]) -> int:
        (one,) = ones
        self._tell("begin", "stretch", one.uid, len(one.held))
        done = super().stretched([one])
        self._tell("done", "stretch", one.uid, len(one.held))
        return done

    def _tell(self, what: str, kind: str, uid: str, reached: int) -> None:
        self.pipe.write(f"{what} {kind} {uid} {reached}\n".encode())
        self.pipe.flush()


def progress(episode: Episode) -> int:
    """Grows with every write but one that only changes what is known already."""
    return len(episode.steps) + sum(len(taken.heard) for taken in episode.steps)


def kill_repeatedly(folder: Path, kind: str, times: int, seed: int) -> Outcome:
    """Kill a writer over the same diary until so many kills fell into a write of that kind.

    Needs a system that can fork.
    """
    chance = random.Random(f"{seed} {kind}")
    protocol = load_protocol()
    outcome, said = Outcome(), Said()
    while outcome.inside < times:
        words = _live_and_die(folder, protocol, kind, chance)
        outcome.killed += 1
        outcome.writes += sum(word.what == "done" for word in words)
        outcome.inside += bool(words) and words[-1][:2] == ("begin", kind)
        said.take(words)
        outcome.faults += [f"kill {outcome.killed}: {fault}" for fault in _faults(folder, said)]
    outcome.episodes = len(said.reached) + BATCH * len(said.batches)
    return outcome


def _live_and_die(folder: Path, protocol: Protocol, kind: str, chance: random.Random) -> list[Word]:
    """A writer that is killed in one of its first writes of that kind; what it has said."""
    writes, moment = chance.randint(1, _STARTS.get(kind, 2)), chance.uniform(0, KINDS[kind])
    seed = chance.random()
    reading, writing = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _write_for_ever(folder, protocol, writing, seed)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        lines = []
        while writes:
            lines.append(pipe.readline())
            if not lines[-1]:
                raise RuntimeError("the writer has ended by itself; it says why above")
            writes -= lines[-1].startswith(f"begin {kind} ".encode())
        time.sleep(moment)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        lines += pipe.readlines()
    whole = [line.decode().split() for line in lines if line.endswith(b"\n")]
    return [Word(what, kind, uid, int(reached)) for what, kind, uid, reached in whole]


def _write_for_ever(folder: Path, protocol: Protocol, pipe: int, seed: float) -> NoReturn:
    def fail(why: str) -> None:
        print(why, file=sys.stderr)
        os._exit(3)

    chance = random.Random(seed)
    diary = _Telling(folder, busy=20.0)
    diary.pipe = os.fdopen(pipe, "wb")
    writer = Recorder(diary, complain=fail, clock=lambda: datetime.now().astimezone())
    dialogue = overheard(Dialogue(protocol), writer)
    try:
        while True:
            talk = Playthrough(dialogue)
            while not talk.over:
                talk.listen()
                words = sorted(set(talk.dialogue.vocabulary(talk.state.step)) - {"stop", "pause"})
                talk.hear(chance.choice(words))
            if chance.random() < 0.5:
                diary.forget(diary.latest(1)[0][1].uid)
            _stretch(diary, chance)
            _take_in(diary, chance)
    except BaseException as error:  # a forked child must not return into its parent's code
        fail(repr(error))
        raise


def _stretch(diary: Diary, chance: random.Random) -> None:
    uid, now = f"{chance.getrandbits(128):032x}", datetime.now(timezone.utc).replace(microsecond=0)
    for held in (("wall_left",), ("wall_left", "wall_right")):
        diary.stretched([Stretching(uid=uid, began=now, held=held)])


def _take_in(diary: Diary, chance: random.Random) -> None:
    """Old episodes, all of them with the same note."""
    name = f"{chance.getrandbits(128):032x}"
    then = datetime(2020, 1, 1, tzinfo=timezone.utc)
    diary.add(
        Episode(
            uid=f"{chance.getrandbits(128):032x}", began=then + timedelta(days=n), note=name
        )
        for n in range(BATCH)
    )  # fmt: skip


def _faults(folder: Path, said: Said) -> list[str]:
    with Diary(folder) as diary:
        faults = [str(diary.mended)] if diary.mended is not None else []
        whole = diary.check()
        kept = [episode for _, episode in diary.whole()]
        stretches = diary.stretchings()
    faults += [whole] if whole != "ok" else []
    lived = [episode for episode in kept if not episode.note]
    found = {episode.uid: progress(episode) for episode in lived}
    found |= {one.uid: len(one.held) for one in stretches}
    if len({episode.uid for episode in kept}) != len(kept) or len(found) != len(lived) + len(
        stretches
    ):
        faults.append("something is there twice")
    faults += [f"{uid} is lost" for uid in said.reached if uid not in found]
    faults += [
        f"{uid} is at {found[uid]}, and was at {reached}"
        for uid, reached in said.reached.items()
        if found.get(uid, reached) < reached
    ]
    faults += [f"{uid} was forgotten, and is there" for uid in said.forgotten & set(found)]
    # The write that was cut off is whole or not there at all.
    faults += [f"{uid} came from nowhere" for uid in set(found) - set(said.reached) - said.begun]
    return faults + _torn(Counter(one.note for one in kept if one.note), said)


def _torn(batches: Counter[str], said: Said) -> list[str]:
    """Imports of which a part is there, or nothing."""
    faults = [f"import {name} has {n}" for name, n in batches.items() if n != BATCH]
    faults += [f"import {name} is lost" for name in said.batches - set(batches)]
    nowhere = set(batches) - said.batches - said.begun
    return faults + [f"import {name} came from nowhere" for name in nowhere]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--times", type=int, default=200, help="kills inside a write of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", nargs="+", choices=tuple(KINDS), default=tuple(KINDS))
    args = parser.parse_args(arguments)
    print("| write | kills | inside it | writes of all kinds | episodes | faults |")
    print("|---|---|---|---|---|---|")
    faults = []
    for kind in args.kind:
        with tempfile.TemporaryDirectory() as folder:
            done = kill_repeatedly(Path(folder), kind, args.times, args.seed)
        print(
            f"| {kind} | {done.killed} | {done.inside} | {done.writes} | {done.episodes} "
            f"| {len(done.faults)} |",
            flush=True,
        )
        faults += [f"{kind}, {fault}" for fault in done.faults]
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
