"""A diary of rehearsed nights on audio: every cramp and every stretch in it was spoken and heard.

People from the simulation call at night, in their noise, and the coach leads them with this diary
joined, so that it also learns and counts. Then the daily stretch is rehearsed on some of the days.
The dates are drawn by chance, with no link between stretch and cramps: what the page says of them
shows how it says it, not what stretching does.

    python -m scripts.bench.diary_heard --into build/heard [--cramps 36] [--stretches 24]
"""

from __future__ import annotations

import argparse
import random
import sys
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Final

from tqdm import tqdm

from voice_coach.commands.rehearse import make_cast
from voice_coach.commands.setup import Choices
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.protocol import Protocol
from voice_coach.diary import script
from voice_coach.diary.informed import informed
from voice_coach.diary.knowledge import Known
from voice_coach.diary.recorder import Overheard, Recorder, tonight
from voice_coach.diary.store import Diary
from voice_coach.diary.stretch_recorder import StretchRecorder
from voice_coach.rehearsal import scenario
from voice_coach.rehearsal.rehearsal import Cast, Room, rehearse
from voice_coach.routine.led import Led
from voice_coach.simulation.night import Stage

UNTIL: Final = datetime(2026, 11, 1, tzinfo=timezone.utc)
DAYS: Final = 84
"""Days that the diary goes back; the stretch is done in the second half of them."""

_CALLERS: Final = ("ordinary", "ordinary", "severe", "quick", "hesitant", "curious", "")
"""Kinds of people, one of them for each night; the empty name is anybody."""
_STRETCHES: Final = ("stretch-standing", "stretch-sitting", "stretch-silent")


def heard(folder: Path, cramps: int, stretches: int, seed: int = 1) -> None:
    """Fill the diary in ``folder``. The same seed gives the same nights."""
    chance = random.Random(seed)
    with ExitStack() as stack:
        diary = stack.enter_context(Diary(folder))
        cast = make_cast(Choices(region="GB"), stack)
        nights = sorted(_night(chance) for _ in range(cramps))
        for n, when in enumerate(tqdm(nights, "cramps", file=sys.stderr, disable=None)):
            _cramp(cast, diary, n, when, chance.choice(_CALLERS), seed)
        days = sorted(chance.sample(range(1, DAYS // 2), stretches))
        for n, day in enumerate(tqdm(days, "stretches", file=sys.stderr, disable=None)):
            when = (UNTIL - timedelta(days=day)).replace(hour=20, minute=chance.randrange(20))
            _stretch(cast, diary, when, _STRETCHES[n % len(_STRETCHES)], seed + n)
        diary.settle()


def _night(chance: random.Random) -> datetime:
    day = UNTIL - timedelta(days=chance.randrange(1, DAYS))
    hour = int(chance.gauss(27, 2.6)) % 24 if chance.random() < 0.85 else chance.randrange(24)
    return day.replace(hour=hour) + timedelta(seconds=chance.randrange(3600))


def _cramp(cast: Cast, diary: Diary, n: int, when: datetime, caller: str, seed: int) -> None:  # noqa: PLR0913
    plain = cast.dialogue.protocol
    told = script.load()
    recorder = Recorder(diary, complain=_complain, clock=lambda: when)

    def prepare() -> Protocol:
        return tonight(diary, plain, told, when)

    joined: Dialogue = Overheard(
        informed(plain, told, Known()), cast.dialogue.number, listener=recorder.hear,
        prepare=prepare,
    )  # fmt: skip
    night = Stage(cast.dialogue).draw(n, seed, persona=caller)
    rehearse(
        night.persona, night.scenario, replace(cast, dialogue=joined), seed=night.seed,
        room=Room(night.room.snr_db),
    )  # fmt: skip


def _stretch(cast: Cast, diary: Diary, when: datetime, name: str, seed: int) -> None:
    recorder = StretchRecorder(diary, complain=_complain, clock=lambda: when)
    assert isinstance(cast.routine, Led)
    led = replace(cast.routine, listener=recorder.hear)
    story = scenario.load(name, cast.dialogue.protocol)
    report = rehearse(name, story, replace(cast, routine=led), seed=seed)
    if report.faults:
        raise RuntimeError(f"{name}, seed {seed}: {report.faults[0]}")


def _complain(why: str) -> None:
    raise RuntimeError(why)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--into", type=Path, default=Path("build", "heard"))
    parser.add_argument("--cramps", type=int, default=36)
    parser.add_argument("--stretches", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    heard(args.into, args.cramps, args.stretches, args.seed)
    with Diary(args.into) as diary:
        print(f"{len(diary)} cramps and {len(diary.stretchings())} stretches in {args.into}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
