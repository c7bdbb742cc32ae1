"""Kill the coach at random moments, start it again, and see where it goes on.

    .venv/bin/python -m scripts.bench.kill --kills 100 --json out.json

Each time a process leads a scripted person through a cramp: the real loop, dialogue, journal and
clocks, with a stand-in for voice and ear. It hurries to a random second of the conversation, goes
on in real time from there, and is killed (SIGKILL): half of the times at any moment, half of them
within 20 ms after a turn, while the journal is being written. A second process then finds what is
there. Right are the step it goes on with, and the clock (the seconds since the call).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from voice_coach.audio.mixer import Mixer
from voice_coach.audio.port import BLOCK, RATE, Block, Samples, Source
from voice_coach.content import load_protocol
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.state import State
from voice_coach.eventlog import EventLog, Record
from voice_coach.listening.fake import FakeRecogniser, spoken
from voice_coach.listening.listener import Listener
from voice_coach.nights import Keep, Nights
from voice_coach.places import STATE_VARIABLE
from voice_coach.resume import resumption
from voice_coach.resume.journal import Journal
from voice_coach.session import Session
from voice_coach.speaking.cache import CACHE_VARIABLE, ClipCache
from voice_coach.speaking.fake import FakeRenderer
from voice_coach.speaking.port import VoiceSettings
from voice_coach.speaking.voice import Voice

ROOT: Final = Path(__file__).parents[2]

CLOCK_ERROR: Final = 0.25
"""Seconds by which the resumed clock may differ; a loaded machine wakes us late."""

ANSWERS: Final = {
    "position": "sitting", "stretch_hand": "better", "eased": "yes", "check_push": "yes",
    "how_bad": "not bad", "palm": "ready", "find_knot": "ready", "knot": "softer",
    "gone_check": "yes", "water": "okay", "prevent": "okay", "resumed": "yes",
}  # fmt: skip
"""What the person says; to everything else it is "no", and during the other holds nothing."""


class ScriptedPort:
    """A microphone in which a person answers; virtual time first, then real time."""

    def __init__(self, hurry: float) -> None:
        """The first ``hurry`` seconds take no time."""
        self._hurry = hurry
        self._blocks = 0
        self._source: Source | None = None
        self._due: tuple[float, Samples] | None = None
        self._began = 0.0

    def answer(self, text: str, delay: float) -> None:
        """The person will say this, in so many seconds."""
        self._due = (self.now() + delay, spoken(text))

    def start(self, source: Source) -> None:
        self._source = source

    def now(self) -> float:
        return self._blocks * BLOCK / RATE

    def read(self, timeout: float) -> Block | None:  # noqa: ARG002 - it never fails to come
        assert self._source is not None
        self._pace()
        played = self._source.next_block(self.now())
        self._blocks += 1
        return Block(self._heard(), self.now(), played)

    def close(self) -> None:
        self._source = None

    def _pace(self) -> None:
        ahead = self.now() - self._hurry
        if ahead <= 0:
            self._began = time.monotonic() - ahead
            return
        late = time.monotonic() - self._began - ahead
        if late < 0:
            time.sleep(-late)

    def _heard(self) -> Samples:
        block = np.zeros(BLOCK, np.int16)
        if self._due is not None and self.now() >= self._due[0]:
            part, rest = self._due[1][:BLOCK], self._due[1][BLOCK:]
            block[: len(part)] = part
            self._due = (0.0, rest) if len(rest) else None
        return block


def lead(hurry: float, seed: int) -> None:
    """The child: go on with what there is, or begin anew; a line for each state on stdout."""
    dialogue = Dialogue(load_protocol(), "112")
    chance = random.Random(seed)
    port, mixer, log = ScriptedPort(hurry), Mixer(), EventLog()
    log.watch(_person(port, dialogue, chance))
    port.start(mixer)
    with Journal(dialogue.protocol, "bench") as journal, _voice() as voice:

        def session(dialogue: Dialogue, keep: Keep | None) -> Session:
            elapsed = getattr(dialogue, "elapsed", 0.0)

            def show_and_keep(state: State) -> None:
                _show(state, elapsed)
                if keep is not None:
                    keep(state)

            return Session(
                port, mixer, voice, Listener(FakeRecogniser()), dialogue, log,
                virtual=True, keep=show_and_keep,
            )  # fmt: skip

        nights = Nights(dialogue, session, journal)
        if not nights.take_up():
            nights.coach()


def _person(
    port: ScriptedPort, dialogue: Dialogue, chance: random.Random
) -> Callable[[Record], None]:
    def watch(record: Record) -> None:
        if record["type"] == "turn" and record["mode"] in ("wait", "hold"):
            step = record["step"]
            kind = dialogue.protocol.steps[step].kind if step in dialogue.protocol.steps else "ask"
            text = ANSWERS.get(step, "" if kind == "hold" else "no")
            if text:
                port.answer(text, chance.uniform(0.4, 2.0))

    return watch


def _voice() -> Voice:
    return Voice(FakeRenderer(), ClipCache(), VoiceSettings("", 300))


def _show(state: State, elapsed: float) -> None:
    shown = {
        "step": state.step, "goal": resumption.goal(state), "now": max(state.now, elapsed),
        "mode": state.mode, "released": state.released, "cleared": sorted(state.cleared),
        "flags": sorted(state.flags), "at": time.monotonic(),
    }  # fmt: skip
    print(json.dumps(shown), flush=True)


@dataclass(frozen=True)
class Outcome:
    """One kill."""

    seed: int
    step: str
    """Where the conversation was."""
    resumed: bool
    right_step: bool
    """It went on with the last state, or with the one before, which was in the journal then."""
    behind: bool
    """It was the one before."""
    clock_error: float
    facts_kept: bool
    """What opens the gate is what it was."""
    junk: int
    """Files left behind beside the journal."""


def kill_once(seed: int) -> Outcome:
    """Lead, kill, start again."""
    chance = random.Random(f"kill/{seed}")
    with tempfile.TemporaryDirectory(prefix="kill-") as folder:
        hurry = chance.uniform(0.0, 110.0)
        states = _until_killed(folder, hurry, seed, chance)
        first = _resumed(folder, seed)
        junk = len(list(Path(folder, "state").iterdir())) - 1
    candidates = [s for s in states[-2:] if s["mode"] != "over"]
    last = candidates[-1]
    if first is None or first["now"] == 0.0:
        return Outcome(seed, last["step"], False, False, False, float("inf"), False, junk)
    facts = ("released", "cleared", "flags")
    matching = [s for s in candidates if first["goal"] in (s["goal"], "resumed")]
    error = min(abs(first["now"] - (s["now"] + first["at"] - s["at"])) for s in candidates)
    return Outcome(
        seed=seed,
        step=last["step"],
        resumed=True,
        right_step=bool(matching),
        behind=bool(matching) and matching[-1] is not last,
        clock_error=round(error, 3),
        facts_kept=any(
            all(first[fact] == s[fact] for fact in facts)
            or (first["step"] == s["goal"] and set(first["cleared"]) <= set(s["cleared"]))
            for s in candidates
        ),
        junk=max(0, junk),
    )


def _start(folder: str, hurry: float, seed: int) -> subprocess.Popen[str]:
    environment = {
        **os.environ, STATE_VARIABLE: f"{folder}/state", CACHE_VARIABLE: f"{folder}/cache",
        "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-m", "scripts.bench.kill", "--child", f"{hurry}", "--seed", f"{seed}"],
        stdout=subprocess.PIPE, env=environment, text=True, cwd=ROOT,
    )  # fmt: skip


def _until_killed(
    folder: str, hurry: float, seed: int, chance: random.Random
) -> list[dict[str, Any]]:
    """The states that the process showed before it died."""
    with _start(folder, hurry, seed) as child:
        assert child.stdout is not None
        states: list[dict[str, Any]] = []
        for line in child.stdout:
            states.append(json.loads(line))
            if sum(state["now"] > hurry for state in states) == 2:  # both in real time
                break
        if seed % 2:
            time.sleep(chance.uniform(0.0, 0.02))  # while the journal is being written
        else:
            time.sleep(chance.uniform(0.0, 4.0))
        child.send_signal(signal.SIGKILL)
        states += [json.loads(line) for line in child.stdout if line.endswith("}\n")]
    return states


def _resumed(folder: str, seed: int) -> dict[str, Any] | None:
    with _start(folder, 0.0, seed) as child:
        assert child.stdout is not None
        line = child.stdout.readline()
        child.kill()
    return json.loads(line) if line else None


def summary(outcomes: list[Outcome]) -> dict[str, Any]:
    """The closing figures."""
    errors = sorted(o.clock_error for o in outcomes if o.resumed)
    return {
        "kills": len(outcomes),
        "resumed": sum(o.resumed for o in outcomes),
        "right step": sum(o.right_step for o in outcomes),
        "of these one state behind": sum(o.behind for o in outcomes),
        "right clock": sum(o.clock_error <= CLOCK_ERROR for o in outcomes),
        "facts kept": sum(o.facts_kept for o in outcomes),
        "largest clock error, s": errors[-1] if errors else None,
        "median clock error, s": errors[len(errors) // 2] if errors else None,
        "steps": len({o.step for o in outcomes}),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--child", type=float, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child is not None:
        lead(args.child, args.seed)
        return 0
    outcomes = []
    for seed in range(args.seed, args.seed + args.kills):
        outcomes.append(kill_once(seed))
        print(outcomes[-1], flush=True)
    found = summary(outcomes)
    print(json.dumps(found, indent=2))
    if args.json:
        args.json.write_text(
            json.dumps({**found, "each": [asdict(o) for o in outcomes]}, indent=1) + "\n"
        )
    return 0 if found["right step"] == found["right clock"] == len(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
