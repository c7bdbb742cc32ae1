"""What becomes of a running session when the sound fails: seven kinds of fault at random moments.

The real command coaches on the virtual card. Something is broken, and some time later it is mended.
Then somebody asks "how long", until that is heard and answered, aloud: the recording tells.

    python -m scripts.bench.faults [--each 50] [--seed 1] [--json FILE]

A fault counts as healed when the person is heard and answered again, as told when the coach has
said aloud that something was wrong. A hang is a program that does not answer within half a minute,
a lost session is one that ended.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np

from tests.live.hearing import activity
from tests.live.program import Program, Record, said
from tests.virtual_card import VirtualCard
from voice_coach.audio.port import Samples
from voice_coach.commands import setup
from voice_coach.commands.setup import Choices
from voice_coach.content import load_protocol
from voice_coach.speaking.cache import CACHE_VARIABLE, ClipCache, default_folder
from voice_coach.speaking.port import VoiceSettings
from voice_coach.speaking.pyttsx3_renderer import Pyttsx3Renderer
from voice_coach.speaking.voice import Voice

QUESTION: Final = "how long has it been"

PATIENCE: Final = 30.0
"""Seconds after the mending in which the person must be heard and answered."""

SESSION: Final = 90.0
"""Seconds after which another session is begun: nobody who asks is to meet an emergency."""


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong, and is put right."""

    name: str
    break_it: Callable[[VirtualCard, Program], None]
    mend_it: Callable[[VirtualCard, Program], None]
    shortest: float
    """Seconds until it is mended, from and to."""
    longest: float


@dataclass
class Trial:
    """What came of one fault. Seconds; None for never."""

    kind: str
    broken: float
    noticed: float | None = None
    """After the breaking or, when the program itself was asleep, the waking; None where the sound
    server gave it another device without a gap."""
    told: bool = False
    heard: float | None = None
    """After the mending: the person was understood."""
    asked: int = 0
    """Times until then."""
    answered: bool = False
    """Aloud, by the recording of the speaker."""
    lost: bool = False
    """The program ended."""

    @property
    def healed(self) -> bool:
        return self.heard is not None and self.answered


def _freeze(how: signal.Signals) -> Callable[[VirtualCard, Program], None]:
    def signal_family(_: VirtualCard, program: Program) -> None:
        for pid in program.family():
            with suppress(ProcessLookupError):
                os.kill(pid, how)

    return signal_family


def _suspend(chance: random.Random) -> Fault:
    parts = chance.choice([("source", "mic"), ("sink", "spk")]), ("source", "mic")

    def switch(card: VirtualCard, on: str) -> None:
        for kind, name in dict.fromkeys(parts):
            card.control(f"suspend-{kind}", name, on)

    return Fault(
        "suspend", lambda card, _: switch(card, "1"), lambda card, _: switch(card, "0"), 0.7, 6.0
    )


def _remove(chance: random.Random) -> Fault:
    parts = chance.choice([("mic",), ("spk",), ("mic", "spk")])

    def unplug(card: VirtualCard, _: Program) -> None:
        for part in parts:
            card.unplug(part)

    def plug(card: VirtualCard, _: Program) -> None:
        for part in reversed(parts):
            card.plug(part)

    return Fault("remove", unplug, plug, 0.5, 6.0)


def _rate(chance: random.Random) -> Fault:
    parts = chance.choice([("mic",), ("spk",), ("mic", "spk")])
    rate = chance.choice([16_000, 32_000, 44_100, 96_000])

    def change(card: VirtualCard, to: int) -> None:
        for part in parts:
            card.unplug(part)
            card.plug(part, to)

    return Fault(
        "rate", lambda card, _: change(card, rate), lambda card, _: change(card, 48_000), 2.0, 6.0
    )


FAULTS: Final[dict[str, Callable[[random.Random], Fault]]] = {
    "kill": lambda _: Fault(
        "kill", lambda card, _: card.stop(), lambda card, _: card.start(), 0.1, 6.0
    ),
    "hang": lambda _: Fault(
        "hang",
        lambda card, _: os.kill(card.pid, signal.SIGSTOP),
        lambda card, _: os.kill(card.pid, signal.SIGCONT),
        0.7,
        6.0,
    ),
    "suspend": _suspend,
    "sleep": lambda _: Fault("sleep", _freeze(signal.SIGSTOP), _freeze(signal.SIGCONT), 1.0, 6.0),
    "remove": _remove,
    "mute": lambda _: Fault(
        "mute",
        lambda card, _: _mute(card, "1"),
        lambda card, _: _mute(card, "0"),
        5.0,
        9.0,
    ),
    "rate": _rate,
}


def _mute(card: VirtualCard, on: str) -> None:
    card.control("set-source-mute", "mic", on)


class Session:
    """A program that coaches, and the person who asks it how long it has been."""

    def __init__(self, card: VirtualCard, environment: dict[str, str], question: Samples) -> None:
        self.card = card
        self._question = question
        self._steps = load_protocol().steps
        self._stack = ExitStack()
        self.program = self._stack.enter_context(Program("now", environment=environment))
        self.program.wait_for_record(said("unload.say.0"))
        self.began = time.monotonic()

    def close(self) -> None:
        self._stack.close()

    def suffer(self, fault: Fault, chance: random.Random) -> Trial:
        """Break, wait, mend, ask."""
        time.sleep(chance.uniform(0.2, 6.0))
        first = len(self.program.records)
        trial = Trial(fault.name, round(chance.uniform(fault.shortest, fault.longest), 2))
        fault.break_it(self.card, self.program)
        asleep = fault.name == "sleep"
        mend = threading.Timer(trial.broken, fault.mend_it, (self.card, self.program))
        mend.start()
        if asleep:  # whoever sleeps can only notice on waking
            mend.join()
        began = time.monotonic()
        with suppress(TimeoutError):
            self._wait(_is_fault, 2.0 if asleep else max(2.0, trial.broken), first)
            trial.noticed = round(time.monotonic() - began, 2)
        mend.join()
        self._ask(trial)
        trial.told = any(r.get("prompt") == "fault.remark" for r in self.program.records[first:])
        trial.lost = not self.program.running()
        return trial

    def _ask(self, trial: Trial) -> None:
        """Ask until it is answered; a recording tells whether the answer was aloud."""
        began = time.monotonic()
        after = len(self.program.records)
        with self.card.record() as recording, suppress(TimeoutError):
            while trial.heard is None:
                # A person asks when the coach has finished, as far as one can tell.
                pause = self._wait(self._invites, began + PATIENCE - time.monotonic(), after) + 1
                if time.monotonic() - began > PATIENCE:
                    return
                time.sleep(0.5)
                self.card.speak(self._question)
                trial.asked += 1
                with suppress(TimeoutError):
                    after = self._wait(_heard, 4.0, after)
                    trial.heard = round(time.monotonic() - began, 2)
                after = max(after, pause)
            start = len(recording.samples())
            self._wait(_answer, PATIENCE, after)
            time.sleep(0.3)
            trial.answered = bool(np.count_nonzero(activity(recording.samples()[start:])) > 30)

    def _invites(self, record: Record) -> bool:
        """Whether the coach has just said something after which it listens."""
        step, _, part = str(record.get("prompt")).partition(".")
        last = f"say.{len(self._steps[step].say) - 1}" if step in self._steps else ""
        pauses = ("again.", "count_", "cue.")
        return record["type"] == "say" and (part.startswith(pauses) or part == last)

    def _wait(self, wanted: Callable[[Record], bool], seconds: float, after: int) -> int:
        return self.program.wait_for_record(wanted, seconds, after)


def _is_fault(record: Record) -> bool:
    return record.get("what") in ("card lost", "microphone muted")


def _answer(record: Record) -> bool:
    prompt = str(record.get("prompt"))
    return record["type"] == "say" and prompt.startswith("common.") and not record["interrupted"]


def _heard(record: Record) -> bool:
    return record.get("intent") == "elapsed"


def run(each: int, seed: int, of: Sequence[str] = tuple(FAULTS)) -> list[Trial]:
    """Each of these kinds of fault so many times, in random order, at random moments."""
    chance = random.Random(seed)
    kinds = [kind for kind in of for _ in range(each)]
    chance.shuffle(kinds)
    trials: list[Trial] = []
    with VirtualCard() as card:
        # On a machine where the coach has been before: nothing is left to be rendered.
        home = {"HOME": os.environ.get("HOME", "")}  # where it is noted that the protocol is proven
        environment = {**card.environment, **home, CACHE_VARIABLE: str(default_folder())}
        with Voice(Pyttsx3Renderer(), ClipCache()) as voice:
            ahead = setup.fixed_sentences(setup.dialogue(Choices()))
            for future in [voice.request(text) for text in ahead]:
                future.result()
        with Voice(Pyttsx3Renderer(), ClipCache(), VoiceSettings("en-us+f2", 145)) as voice:
            question = voice.clip(QUESTION)
        session: Session | None = None
        for kind in kinds:
            if session is None or time.monotonic() - session.began > SESSION:
                if session is not None:
                    session.close()
                session = Session(card, environment, question)
            trial = session.suffer(FAULTS[kind](chance), chance)
            trials.append(trial)
            print(f"{len(trials)}/{len(kinds)} {trial}", file=sys.stderr, flush=True)
            if trial.lost or not trial.healed:
                print(session.program.errors[-2_000:], file=sys.stderr)
                for record in session.program.records[-12:]:
                    print(record, file=sys.stderr)
                session.close()
                session = None
        if session is not None:
            session.close()
    return trials


def table(trials: Sequence[Trial]) -> str:
    """The results in Markdown."""
    rows = [
        "| fault | n | healed | told | neither | hangs | lost | noticed, s | heard again, s |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for kind in (*FAULTS, "all"):
        some = [trial for trial in trials if kind in (trial.kind, "all")]
        rows.append(
            f"| {kind} | {len(some)} | {sum(t.healed for t in some)} | {sum(t.told for t in some)} "
            f"| {sum(not (t.healed or t.told) for t in some)} "
            f"| {sum(not t.healed and not t.lost for t in some)} | {sum(t.lost for t in some)} "
            f"| {_spread([t.noticed for t in some])} | {_spread([t.heard for t in some])} |"
        )
    return "\n".join(rows)


def _spread(values: Sequence[float | None]) -> str:
    """Median and greatest of what there is."""
    known = [value for value in values if value is not None]
    return f"{np.median(known):.1f} (max {max(known):.1f})" if known else "-"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--each", type=int, default=50, metavar="N", help="faults of each kind")
    parser.add_argument("--kind", choices=FAULTS, action="append", help="of these kinds only")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE", help="every fault")
    args = parser.parse_args()
    trials = run(args.each, args.seed, args.kind or tuple(FAULTS))
    print(table(trials))
    if args.json:
        args.json.write_text(json.dumps([asdict(trial) for trial in trials], indent=1))
    return 0 if all(trial.healed and not trial.lost for trial in trials) else 1


if __name__ == "__main__":
    sys.exit(main())
