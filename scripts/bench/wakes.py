"""Does standby wake nobody, and hear who calls? PocketSphinx's keyphrase spotting beside it.

    .venv/bin/pip install -e '.[bench]'
    .venv/bin/python -m scripts.bench.wakes --data ../shared/data --work build/bench \\
        [--hours 32] [--jobs 2] [--tune] [--write] [--json OUT.json]

24 hours of a day (talk, a television, noise) and 8 of a bedroom, made by ``wake_sounds``, go
through the standby's ear, and every call, in synthetic voices kept out of training, in four rooms.
What was taken for a call is kept with its evidence, a line a piece, in WORK/wakes.jsonl: a run that
was cut off goes on there, and ``--hours`` does a part, every kind of sound in its share. Thresholds
are judged from it, so that ``--tune`` finds them (``--write``: into content/standby.toml) without
hearing anything again. After a change of the model, of the decoys or of the voice gate the file is
begun anew.

Each false start and each question that nobody asked for counts as a wake, by the coach's own rule
of the night; the ear listens on at once. Calls are made in a room that was quiet before.
PocketSphinx hears one piece in ``--peer-every``, with its bundled model, the same phrases and the
thresholds of ``Peer``. openWakeWord is not here: its wheel brings no models.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import math
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import msgspec

from scripts.bench.wake_sounds import DAY, NIGHT, PIECE, ROOMS, Library, Piece, calls, pieces
from scripts.train.corpus import RATE
from voice_coach.audio.port import BLOCK, Block, Samples
from voice_coach.commands import setup
from voice_coach.commands.setup import Choices
from voice_coach.content.standby import (
    LENGTHS,
    STANDBY,
    Certainty,
    Least,
    Standby,
    Verdict,
    length,
    load_standby,
)
from voice_coach.listening.model import open_model
from voice_coach.listening.sentry import Alarm, Sentry
from voice_coach.session import WAKE, grammar_for
from voice_coach.vigil import Move, Vigil

Row = dict[str, Any]

WAKES_AN_HOUR: Final = 0.1
MISSED_CLEAN: Final = 2.0
MISSED: Final = 5.0
"""Targets: wakes an hour of a day (none in a night), and percent of calls."""

PEER_CALLS: Final = 4
"""The peer, which costs five times as much, hears one call in so many, the same in each room."""


def phrases() -> tuple[str, ...]:
    """The calls."""
    return grammar_for(setup.dialogue(Choices(region="GB")), WAKE)[0].phrases


# -- the two ears ---------------------------------------------------------------------------------


class Coach:
    """The standby's ear, as the coach has it."""

    def __init__(self) -> None:
        dialogue = setup.dialogue(Choices(region="GB"))
        self._grammar, _ = grammar_for(dialogue, WAKE)
        self._recogniser = setup.recogniser(Choices(), dialogue.protocol)

    def hear(self, sound: Samples) -> Row:
        """Every alarm in it, whatever its verdict, and what hearing it cost."""
        sentry = Sentry(self._recogniser, load_standby())
        before = time.process_time()
        sentry.open(self._grammar)
        alarms = []
        for at in range(0, len(sound) - BLOCK + 1, BLOCK):
            alarm = sentry.process(Block(sound[at : at + BLOCK], (at + BLOCK) / RATE))
            if alarm is not None:
                alarms.append(_alarm(alarm))
        sentry.shut()
        gate = sentry.gate
        return {
            "alarms": alarms, "looks": gate.looks, "voices": gate.voices,
            "cpu": round(time.process_time() - before, 2),
        }  # fmt: skip


def _alarm(alarm: Alarm) -> Row:
    evidence = alarm.evidence
    return {
        "at": round(alarm.hearing.word_end, 2),
        "phrase": evidence.phrase,
        "first": round(evidence.first, 4),
        "margin": round(evidence.margin, 2),
        "voice": round(evidence.voice, 4),
        "restless": alarm.restless,
        "seconds": round(alarm.hearing.recognition.end - alarm.hearing.recognition.start, 2),
    }


class Peer:
    """PocketSphinx, spotting the same phrases.

    Its thresholds, by number of words, are lower the longer the phrase, as its manual has it. Of
    those tried on 30 clean calls and five minutes of talk, television and noise, these woke least
    (5 times); others missed as many calls (11 or 12) and woke up to 16 times.
    """

    THRESHOLDS: Final = (1e-2, 1e-10, 1e-20)

    def __init__(self, work: Path) -> None:
        from pocketsphinx import Decoder  # noqa: PLC0415 - an extra

        lines = [f"{p} /{self.THRESHOLDS[min(3, len(p.split())) - 1]}/" for p in phrases()]
        listed = work / "keyphrases.txt"
        listed.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self._decoder: Any = Decoder(kws=str(listed), lm=None, samprate=RATE, loglevel="FATAL")

    def hear(self, sound: Samples) -> Row:
        """When it spotted what."""
        before = time.process_time()
        found = []
        self._decoder.start_utt()
        for at in range(0, len(sound) - BLOCK + 1, BLOCK):
            self._decoder.process_raw(sound[at : at + BLOCK].tobytes())
            if self._decoder.hyp() is not None:
                phrase = self._decoder.hyp().hypstr.strip()
                found.append({"at": round((at + BLOCK) / RATE, 2), "phrase": phrase})
                self._decoder.end_utt()
                self._decoder.start_utt()
        self._decoder.end_utt()
        return {"wakes": found, "cpu": round(time.process_time() - before, 2)}


# -- the work -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Work:
    """What a process needs to know."""

    data: Path
    folder: Path
    seed: int
    peer_every: int
    """One piece in so many is heard by the peer too; 0 for none."""


class Worker:
    """Hears pieces and calls; everything is loaded once."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._library = Library(work.data, frozenset(phrases()))
        self._coach = Coach()
        self._peer = Peer(work.folder) if work.peer_every else None

    def piece(self, piece: Piece) -> Row:
        """One piece's line."""
        before = time.process_time()
        sound = self._library.sound(piece, self._work.seed)
        row: Row = {
            "name": piece.name, "kind": piece.kind, "seconds": len(sound.samples) / RATE,
            "made": round(time.process_time() - before, 2), **self._coach.hear(sound.samples),
        }  # fmt: skip
        for alarm in row["alarms"]:
            heard = [text for at, text in sound.said if at <= alarm["at"]]
            alarm["said"] = heard[-1] if heard else ""
        if self._peer is not None and piece.number % self._work.peer_every == 0:
            row["peer"] = self._peer.hear(sound.samples)
        return row

    def calls(self, where: str) -> Row:
        """The line of all the calls in one room."""
        called = []
        every = calls(phrases(), self._work.folder / "calls", where)
        for number, call in enumerate(every):
            one: Row = {"phrase": call.phrase, "voice": call.voice}
            one["alarms"] = self._coach.hear(call.samples)["alarms"]
            if self._peer is not None and number % PEER_CALLS == 0:
                one["peer"] = [found["phrase"] for found in self._peer.hear(call.samples)["wakes"]]
            called.append(one)
        return {"name": f"calls, {where}", "where": where, "called": called}


_worker: Worker | None = None


def _begin(work: Work) -> None:
    global _worker  # noqa: PLW0603 - one for each process of the pool
    _worker = Worker(work)


def _do(task: Piece | str) -> Row:
    assert _worker is not None
    return _worker.calls(task) if isinstance(task, str) else _worker.piece(task)


def listen(tasks: Sequence[Piece | str], work: Work, jobs: int) -> Iterator[Row]:
    """Each task's line, as it is done."""
    if jobs > 1:
        with get_context("spawn").Pool(jobs, _begin, (work,)) as pool:
            yield from pool.imap_unordered(_do, tasks)
    elif tasks:
        _begin(work)
        yield from map(_do, tasks)


def conditions(work: Work) -> Row:
    """What lines of one file have in common, or they cannot be counted together."""
    standby = load_standby()
    model = hashlib.sha256()
    folder = open_model().folder
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        model.update(path.name.encode() + path.read_bytes())
    gate = standby.restless.share, standby.restless.voice
    heard = msgspec.json.encode([standby.decoys, gate, work.seed, work.peer_every])
    return {
        "model": model.hexdigest()[:16],
        "heard": hashlib.sha256(heard).hexdigest()[:16],
        "peer": list(Peer.THRESHOLDS),
    }


# -- judging --------------------------------------------------------------------------------------


def verdict(alarm: Row, standby: Standby) -> Verdict:
    """What the coach would make of it."""
    return standby.judge(alarm["phrase"], alarm["seconds"], *_evidence(alarm))


def _evidence(alarm: Row) -> tuple[float, float, float]:
    return alarm["first"], alarm["margin"], alarm["voice"]


def moves(alarms: Iterable[Row], standby: Standby) -> list[Move]:
    """What the coach would do about each of them, were the first one the first of a night."""
    vigil = Vigil(standby)
    return [vigil.call(verdict(one, standby), one["at"], one["restless"]) for one in alarms]


@dataclass
class Tally:
    """One kind of sound."""

    hours: float = 0.0
    starts: int = 0
    questions: int = 0
    peer_hours: float = 0.0
    peer: int = 0
    cpu: float = 0.0
    """Seconds."""

    def add(self, row: Row, standby: Standby) -> None:
        self.hours += row["seconds"] / 3600
        self.cpu += row["cpu"]
        found = moves(row["alarms"], standby)
        self.starts += found.count("start")
        self.questions += found.count("ask")
        if "peer" in row:
            self.peer_hours += row["seconds"] / 3600
            self.peer += len(row["peer"]["wakes"])


@dataclass
class Answered:
    """One phrase's calls in one room."""

    started: int = 0
    asked: int = 0
    missed: int = 0
    peer_heard: int = 0
    peer_count: int = 0

    def add(self, called: Row, standby: Standby) -> None:
        found = {verdict(alarm, standby) for alarm in called["alarms"]}
        if "certain" in found:
            self.started += 1
        elif "doubtful" in found:
            self.asked += 1
        else:
            self.missed += 1
        self.peer_count += "peer" in called
        self.peer_heard += bool(called.get("peer"))

    @property
    def count(self) -> int:
        return self.started + self.asked + self.missed

    def percent(self, number: int) -> float:
        """Of all these calls."""
        return 100 * number / self.count if self.count else 0.0


@dataclass
class Report:
    """All of it under one set of thresholds."""

    kinds: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    calls: dict[tuple[str, str], Answered] = field(default_factory=lambda: defaultdict(Answered))
    """By room and phrase; "" for all the phrases."""

    def total(self, kinds: Iterable[str]) -> Tally:
        """Several kinds of sound together."""
        total = Tally()
        for kind in kinds:
            for name, value in vars(self.kinds.get(kind, Tally())).items():
                setattr(total, name, getattr(total, name) + value)
        return total

    @property
    def met(self) -> bool:
        """Whether the targets are, whatever part was heard."""
        day, night = self.total(DAY), self.total(NIGHT)
        missed = {
            where: answered.percent(answered.missed)
            for (where, phrase), answered in self.calls.items()
            if phrase == "help calf cramp"
        }
        return (
            day.starts + day.questions <= WAKES_AN_HOUR * day.hours
            and not night.starts + night.questions
            and all(p <= (MISSED_CLEAN if w == "clean" else MISSED) for w, p in missed.items())
        )


def judge(rows: Iterable[Row], standby: Standby) -> Report:
    """What came of it."""
    report = Report()
    for row in rows:
        if "kind" in row:
            report.kinds[row["kind"]].add(row, standby)
        for called in row.get("called", ()):
            for phrase in ("", called["phrase"]):
                report.calls[row["where"], phrase].add(called, standby)
    return report


def table(report: Report) -> list[str]:
    """In Markdown."""
    lines = [
        "| nobody calls | hours | started | asked | PocketSphinx | processor, % of a core |",
        "|---|---|---|---|---|---|",
    ]
    groups: dict[str, Sequence[str]] = {kind: (kind,) for kind in (*DAY, *NIGHT)}
    groups |= {"**the day**": tuple(DAY), "**the night**": tuple(NIGHT)}
    for name, kinds in groups.items():
        one = report.total(kinds)
        if one.hours:
            peer = f"{one.peer} in {one.peer_hours:.1f} h" if one.peer_hours else "-"
            share = 100 * one.cpu / 3600 / one.hours
            lines.append(
                f"| {name} | {one.hours:.1f} | {one.starts} | {one.questions} | {peer} "
                f"| {share:.2f} |"
            )
    lines += [
        "",
        "| a call: started / asked / missed, % | " + " | ".join(ROOMS) + " |",
        "|---" * (len(ROOMS) + 1) + "|",
    ]
    for phrase in ("", *phrases()):
        cells = [_cell(report.calls.get((where, phrase), Answered())) for where in ROOMS]
        lines.append(f"| {phrase or '**all calls**'} | " + " | ".join(cells) + " |")
    peers = [report.calls.get((where, ""), Answered()) for where in ROOMS]
    heard = [
        f"{one.percent(one.count - one.peer_heard):.1f}" if one.count else "-" for one in peers
    ]
    return [*lines, "| missed by PocketSphinx | " + " | ".join(heard) + " |"]


def _cell(one: Answered) -> str:
    if not one.count:
        return "-"
    shares = (one.percent(n) for n in (one.started, one.asked, one.missed))
    return " / ".join(f"{share:.1f}" for share in shares) + f" (n = {one.count})"


def _peer(one: Answered) -> str:
    """What percentage of the calls that the peer heard it missed."""
    if not one.peer_count:
        return "-"
    return f"{100 - 100 * one.peer_heard / one.peer_count:.1f} (n = {one.peer_count})"


# -- tuning ---------------------------------------------------------------------------------------

FIRST: Final = (0.5, 0.7, 0.9)
MARGIN: Final = (1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 12.0, 15.0, 20.0)
VOICE: Final = (0.3, 0.5)
"""Few: a call that the second look takes for none is no call, and few hours fit fine grids."""

FALSE_START, FALSE_QUESTION, IN_THE_NIGHT = 4.0, 0.5, 10.0
"""What one costs, in 24 hours, in percent of calls missed; tenfold in the bedroom. A question is
soft, short, and not asked more than three times in ten minutes."""

NOT_AT_ONCE: Final[dict[str, float]] = {
    "one_word": 0.1,
    "two_words": 0.3,
    "more_words": 1.0,
    "sentence": 0.5,
}
"""What a call that does not start the coach costs against one that is not even asked about."""


TAIL: Final = 1.5
"""Nats. A false alarm stands for those that another day brings: every 1.5 nats of margin e times
fewer, as far as a few hours show. Else a setting a hair above the worst of one run were best."""


def tune(rows: Sequence[Row], standby: Standby) -> Standby:
    """The thresholds that do best on this evidence."""
    best = {name: _best(name, rows, standby) for name in LENGTHS}
    return msgspec.structs.replace(standby, **best)


def _best(name: str, rows: Sequence[Row], standby: Standby) -> Certainty:
    missed = _missed(name, rows)
    wakes, asks = (
        _wakes_a_day(name, rows, standby.slowest, again) for again in (None, standby.restless.again)
    )
    # Of settings that do equally well the strictest: what was not heard here may still come.
    grid = sorted(
        itertools.product(FIRST, MARGIN, VOICE), key=lambda one: -one[0] - one[1] / 20 - one[2]
    )
    every = [Least(first=a, margin=b, voice=c) for a, b, c in grid]
    worth = NOT_AT_ONCE[name]
    certain = standby.one_word.certain
    if name != "one_word":  # which starts nothing, whatever a few hours of television say
        certain = min(every, key=lambda one: FALSE_START * wakes(one) + worth * missed(one))
    looser = [one for one in every if one.within(certain)]
    already = asks(certain)
    doubtful = min(looser, key=lambda one: FALSE_QUESTION * (asks(one) - already) + missed(one))
    return Certainty(certain=certain, doubtful=doubtful)


def _wakes_a_day(
    name: str, rows: Sequence[Row], slowest: float, again: float | None
) -> Callable[[Least], float]:
    """How many wakes in 24 hours thresholds let through, those of the night counting for more.

    ``again``: only those count that in a restless room another alarm preceded by so many seconds.
    """
    heard = [row for row in rows if "kind" in row]
    days = sum(row["seconds"] for row in heard) / 3600 / 24
    false = [
        (*_evidence(alarm), IN_THE_NIGHT if row["kind"] in NIGHT else 1.0)
        for row in heard
        for alarm in row["alarms"]
        if length(alarm["phrase"]) == name and alarm["margin"] > 0
        if alarm["seconds"] <= slowest * len(alarm["phrase"].split())
        if again is None or not alarm["restless"] or _repeats(alarm, row["alarms"], again)
    ]

    def wakes(least: Least) -> float:
        each = (
            weight * math.exp(min(0.0, margin - least.margin) / TAIL)
            for first, margin, voice, weight in false
            if first >= least.first and voice >= least.voice
        )
        total: float = sum(each) / max(days, 0.01)
        return total

    return wakes


def _repeats(alarm: Row, alarms: Sequence[Row], again: float) -> bool:
    return any(
        alarm["at"] - again <= one["at"] < alarm["at"] and one["margin"] > 0 for one in alarms
    )


def _missed(name: str, rows: Sequence[Row]) -> Callable[[Least], float]:
    """What percentage of the calls of this length in all the rooms thresholds do not let through.

    What such a call was taken for may be of another length: that does not count here.
    """
    called = [
        [_evidence(alarm) for alarm in one["alarms"] if length(alarm["phrase"]) == name]
        for row in rows
        for one in row.get("called", ())
        if length(one["phrase"]) == name
    ]

    def missed(least: Least) -> float:
        lost = sum(not any(least.reached(*found) for found in alarms) for alarms in called)
        return 100 * lost / max(1, len(called))

    return missed


def write(standby: Standby, path: Path = STANDBY) -> None:
    """Put the thresholds into the content file; everything else in it stays as it is."""
    lines = path.read_text(encoding="utf-8").splitlines()
    section = ""
    for number, line in enumerate(lines):
        if line.startswith("["):
            section = line[1:].partition("]")[0]
        key = line.split(" = ")[0]
        if section in LENGTHS and key in ("certain", "doubtful"):
            least: Least = getattr(getattr(standby, section), key)
            values = (
                f"{name} = {value:g}" for name, value in msgspec.structs.asdict(least).items()
            )
            lines[number] = f"{key} = {{ {', '.join(values)} }}"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


# -- the command ----------------------------------------------------------------------------------


def read(path: Path, wanted: Row) -> list[Row]:
    """The lines of an earlier run; none when it was under other conditions, or is no file.

    A line that was cut off is taken out of the file.
    """
    if not path.exists():
        return []
    whole, _, rest = path.read_text(encoding="utf-8").rpartition("\n")
    if rest:
        path.write_text(whole + "\n" if whole else "", encoding="utf-8")
    rows = [json.loads(line) for line in whole.splitlines()]
    if not rows or rows[0] != wanted:
        print(f"{path} was made with another model or other settings: begun anew.", file=sys.stderr)
        path.unlink()
        return []
    return rows[1:]


def run(args: argparse.Namespace) -> list[Row]:
    """What is known already, and the rest."""
    args.work.mkdir(parents=True, exist_ok=True)
    work = Work(args.data, args.work, args.seed, args.peer_every)
    wanted, path = conditions(work), args.work / "wakes.jsonl"
    rows = read(path, wanted)
    known = {row["name"] for row in rows}
    chosen = pieces(args.hours)
    tasks: list[Piece | str] = [one for one in chosen if one.name not in known]
    tasks[:0] = [where for where in ROOMS if f"calls, {where}" not in known]
    begun, done = time.perf_counter(), 0
    with path.open("a", encoding="utf-8") as out:
        put = partial(print, file=out, flush=True)
        if not rows:
            put(json.dumps(wanted))
        for row in listen(tasks, work, args.jobs):
            put(json.dumps(row))
            rows.append(row)
            done += "kind" in row
            seconds = time.perf_counter() - begun
            speed = f", {done * PIECE / seconds:.0f} times real time" if done else ""
            print(f"{row['name']} ({len(rows)} known{speed})", file=sys.stderr)
    asked = {one.name for one in chosen} | {f"calls, {where}" for where in ROOMS}
    return [row for row in rows if row["name"] in asked]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--work", type=Path, required=True, help="keeps the voices and the lines")
    parser.add_argument("--hours", type=float, default=32.0, help="of the 24 and the 8")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--peer-every", type=int, default=8, help="pieces; 0: without the peer")
    parser.add_argument("--tune", action="store_true", help="find the thresholds")
    parser.add_argument("--write", action="store_true", help="... and keep them")
    parser.add_argument("--json", type=Path, help="the figures")
    args = parser.parse_args()
    rows = run(args)
    standby = load_standby()
    if args.tune:
        standby = tune(rows, standby)
        for name in LENGTHS:
            print(f"{name}: {msgspec.json.encode(getattr(standby, name)).decode()}")
        if args.write:
            write(standby)
    report = judge(rows, standby)
    print("\n".join(table(report)))
    if args.json:
        args.json.write_text(json.dumps(_figures(report), indent=1) + "\n", encoding="utf-8")
    return 0 if report.met else 1


def _figures(report: Report) -> Row:
    return {
        "sound": {kind: vars(tally) for kind, tally in report.kinds.items()},
        "calls": [
            {"where": where, "phrase": phrase or "all", **vars(answered)}
            for (where, phrase), answered in report.calls.items()
        ],
    }


if __name__ == "__main__":
    sys.exit(main())
