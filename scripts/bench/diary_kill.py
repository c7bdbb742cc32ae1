"""Kills the diary's writer in the middle of its work, again and again, and counts what is left.

A child lives through night after night and says after each write, on a pipe, what it has written.
During a write drawn by chance it is killed as by ``kill -9``. Whatever it had said must then be in
the diary: no episode lost, none doubled, none older than what was said of it, and the file whole.

    python -m scripts.bench.diary_kill [--times 200] [--seed 1]
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, NoReturn

from voice_coach.content.loader import load_protocol
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.playthrough import Playthrough
from voice_coach.dialogue.protocol import Protocol
from voice_coach.diary.episode import Episode
from voice_coach.diary.recorder import Recorder, overheard
from voice_coach.diary.store import Diary

WRITE: Final = 0.0006
"""Seconds from the word that a write begins, within which the writer is killed."""


@dataclass
class Outcome:
    """What came of it."""

    killed: int = 0
    inside: int = 0
    """Kills that fell into a write: begun, and not yet said to be done."""
    writes: int = 0
    episodes: int = 0
    faults: list[str] = field(default_factory=list)


class _Telling(Diary):
    """Says before and after each write which episode it was, and how far that had come."""

    pipe: BinaryIO

    def add(self, episodes: object) -> int:
        (episode,) = list(episodes)  # type: ignore[call-overload]
        self._tell("begin", episode)
        done = super().add([episode])
        self._tell("done", episode)
        return done

    def update(self, episode: Episode, *, note: bool = False) -> bool:
        self._tell("begin", episode)
        done = super().update(episode, note=note)
        self._tell("done", episode)
        return done

    def _tell(self, what: str, episode: Episode) -> None:
        self.pipe.write(f"{what} {episode.uid} {progress(episode)}\n".encode())
        self.pipe.flush()


def progress(episode: Episode) -> int:
    """Grows with every write but one that only changes what is known already."""
    return len(episode.steps) + sum(len(taken.heard) for taken in episode.steps)


def kill_repeatedly(folder: Path, times: int, seed: int) -> Outcome:
    """Kill a writer over the same diary until so many kills fell into a write.

    Needs a system that can fork.
    """
    chance = random.Random(seed)
    protocol = load_protocol()
    outcome = Outcome()
    expected: dict[str, int] = {}
    while outcome.inside < times:
        said = _live_and_die(folder, protocol, chance)
        outcome.killed += 1
        outcome.writes += sum(what == "done" for what, _, _ in said)
        outcome.inside += bool(said) and said[-1][0] == "begin"
        for what, uid, reached in said:
            if what == "done":
                expected[uid] = max(expected.get(uid, 0), reached)
        outcome.faults += [f"kill {outcome.killed}: {f}" for f in _faults(folder, expected, said)]
    outcome.episodes = len(expected)
    return outcome


def _live_and_die(
    folder: Path, protocol: Protocol, chance: random.Random
) -> list[tuple[str, str, int]]:
    """A writer that is killed in one of its first writes; what it has said."""
    writes, moment, seed = chance.randint(1, 40), chance.uniform(0, WRITE), chance.random()
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
            writes -= lines[-1].startswith(b"begin")
        time.sleep(moment)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        lines += pipe.readlines()
    said = []
    for line in lines:
        if line.endswith(b"\n"):
            what, uid, reached = line.decode().split()
            said.append((what, uid, int(reached)))
    return said


def _write_for_ever(folder: Path, protocol: Protocol, pipe: int, seed: float) -> NoReturn:
    def fail(why: str) -> None:
        print(why, file=sys.stderr)
        os._exit(3)

    chance = random.Random(seed)
    diary = _Telling(folder, busy=20.0)
    diary.pipe = os.fdopen(pipe, "wb")
    writer = Recorder(diary, complain=fail, clock=lambda: datetime.now().astimezone())
    dialogue = overheard(Dialogue(protocol), writer)
    while True:
        talk = Playthrough(dialogue)
        while not talk.over:
            talk.listen()
            words = sorted(set(talk.dialogue.vocabulary(talk.state.step)) - {"stop", "pause"})
            talk.hear(chance.choice(words))


def _faults(folder: Path, expected: dict[str, int], said: list[tuple[str, str, int]]) -> list[str]:
    faults = []
    with Diary(folder) as diary:
        if diary.mended is not None:
            faults.append(str(diary.mended))
        if diary.check() != "ok":
            faults.append(diary.check())
        kept = [episode for _, episode in diary.whole()]
    found = {episode.uid: progress(episode) for episode in kept}
    if len(found) != len(kept):
        faults.append("an episode is there twice")
    faults += [f"{uid} is lost" for uid in expected if uid not in found]
    faults += [
        f"{uid} is at {found[uid]}, and was at {reached}"
        for uid, reached in expected.items()
        if found.get(uid, reached) < reached
    ]
    # The write that was cut off is whole or not there at all.
    begun = {uid for _, uid, _ in said}
    faults += [
        f"{uid} came from nowhere" for uid in found if uid not in expected | dict.fromkeys(begun)
    ]
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        done = kill_repeatedly(Path(folder), args.times, args.seed)
    print(
        f"{done.killed} kills, {done.inside} of them inside a write; {done.writes} writes of "
        f"{done.episodes} episodes; {len(done.faults)} faults"
    )
    for fault in done.faults:
        print(fault)
    return 1 if done.faults else 0


if __name__ == "__main__":
    sys.exit(main())
