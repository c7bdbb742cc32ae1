"""Many random nights on the command line, with a report at the end."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from voice_coach.commands import rehearse, setup
from voice_coach.commands.setup import Choices
from voice_coach.content import toml
from voice_coach.errors import UsageError
from voice_coach.eventlog import EventLog
from voice_coach.simulation.night import Result, Stage
from voice_coach.simulation.persona import personas
from voice_coach.simulation.report import MOST_LISTED, Report
from voice_coach.simulation.simulation import Batch, Plan, simulate
from voice_coach.transcript import Transcript

REGION: Final = "GB"
"""Where no other is given: the same nights on every machine."""

_BATCH: Final = 50
"""Nights without sound that a process takes at a time; on audio, one."""


@dataclass(frozen=True)
class Wanted:
    """Which nights, and how they are told."""

    plan: Plan
    audio: bool = False
    jobs: int = 0
    """Processes; 0 for one for each core."""
    show: int | None = None
    """Only this night, as a conversation."""
    json: bool = False


def run(choices: Choices, wanted: Wanted) -> int:
    """0 when no rule was broken, else 1. On Ctrl-C, what is known by then is reported first."""
    _check(wanted.plan)
    choices = replace(choices, region=choices.region or REGION)
    if wanted.show is not None:
        return _show(make_stage(choices, wanted.audio), wanted.plan, wanted.show)
    began, cpu, results = time.monotonic(), 0.0, list[Result]()

    def tell() -> Report:
        report = Report(sorted(results, key=lambda result: result.night))
        _tell(report, wanted, time.monotonic() - began, cpu)
        return report

    try:
        for batch in batches(choices, wanted):
            results += batch.results
            cpu += batch.cpu_seconds
    except KeyboardInterrupt:
        tell()
        raise
    return 1 if tell().violations else 0


def _check(plan: Plan) -> None:
    known = personas().personas
    if plan.persona and plan.persona not in known:
        hint = toml.nearest(plan.persona, known) or f"; there are: {', '.join(known)}."
        raise UsageError(f'There is no persona "{plan.persona}"{hint}')


def make_stage(choices: Choices, audio: bool) -> Stage:
    """Where nights are played. Raises ContentError, ModelError and UsageError."""
    if not audio:
        return Stage(setup.dialogue(choices))
    cast = rehearse.make_cast(choices, ExitStack())  # as long as the process lives
    return Stage(cast.dialogue, cast)


def _prepare(choices: Choices, audio: bool) -> None:
    """Find out here what may be wrong, and say once what all processes will want to hear."""
    dialogue = setup.dialogue(choices)
    if not audio:
        return
    setup.recogniser(choices, dialogue.protocol)
    with setup.voice(choices) as voice:
        for text in setup.fixed_sentences(dialogue):
            voice.clip(text)


def batches(choices: Choices, wanted: Wanted) -> Iterator[Batch]:
    """Play the nights in processes of their own, with a bar on stderr where that is a terminal."""
    from tqdm import tqdm  # noqa: PLC0415 - takes its time, and only this command needs it

    _prepare(choices, wanted.audio)
    stage = partial(make_stage, choices, wanted.audio)
    jobs = wanted.jobs or os.cpu_count() or 1
    played = simulate(wanted.plan, stage, jobs, 1 if wanted.audio else _BATCH)
    with tqdm(total=wanted.plan.nights, unit=" nights", disable=None) as bar:
        for batch in played:
            bar.update(len(batch.results))
            yield batch


def _show(stage: Stage, plan: Plan, number: int) -> int:
    night = plan.draw(stage, number)
    print(f"{night.persona}: {night.scenario.title}")
    log = EventLog()
    log.watch(Transcript().watch)
    result = stage.play(night, log)
    print(_ending(result))
    for violation in result.violations:
        print(f"Violation: {violation}")
    return 1 if result.violations else 0


def _tell(report: Report, wanted: Wanted, seconds: float, cpu: float) -> None:
    done, plan = len(report.results), wanted.plan
    if wanted.json:
        told = {
            "wanted": plan.nights, "seed": plan.seed, "audio": wanted.audio, "snr_db": plan.snr_db,
            "seconds": round(seconds, 1), "cpu_seconds": round(cpu, 1), **report.as_json(),
        }  # fmt: skip
        print(json.dumps(told), flush=True)
        return
    if not done:
        return
    print("\n".join(report.table()))
    if done < plan.nights:
        print(f"\nStopped after {done} of {plan.nights} nights.")
    print(
        f"\n{done} nights, {_percent(report.share('right'), done)} right, "
        f"{_percent(report.share('more careful'), done)} more careful than needed, "
        f"{_percent(report.share('wrong'), done)} wrong; {report.violations} violations; "
        f"{seconds:.0f} s, {cpu:.0f} s of processor time."
    )
    notable = report.notable()
    for result in notable[:MOST_LISTED]:
        print(f"night {result.night}, {result.persona}: {_ending(result)}")
        for violation in result.violations[:1]:
            print(f"    {violation}")
    if notable:
        print("`voice-coach simulate --show NIGHT`, with the same options, tells one of them.")
    sys.stdout.flush()


def _ending(result: Result) -> str:
    due = personas().personas[result.persona]
    expected = f", {'/'.join(due.outcome)} at {due.level} was due" if due.level else ""
    return f"{result.outcome} at {result.level} after {result.elapsed:.0f} s{expected}"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %"
