"""Breaks the shipped conversation mechanically, and shows that every break is noticed.

Each mutant is the shipped content with one thing changed: a gate removed, "not sure" wired to
"no", a timer raised, a level lowered, ... Printed is what kills it: the loader, or the first rule
that the proof finds broken. A mutant that survives must be listed as harmless with its reason.

    python -m scripts.bench.mutants [--only WORD] [--json FILE]

Exit code 1: a mutant survives that is not known to be harmless.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from voice_coach.content import default_protocol_path
from voice_coach.content.loader import problems
from voice_coach.content.toml import convert, read
from voice_coach.dialogue.protocol import Protocol
from voice_coach.errors import ContentError
from voice_coach.proof.check import check

Data = dict[str, Any]

_KEPT: Final = "the core's gate leads to hands_off all the same: the flag is raised by then"

HARMLESS: Final[dict[str, str]] = {
    **{
        f"check_{what}: found leads to pressure": _KEPT
        for what in ("signs", "risk", "injury", "push")
    },
    "anywhere: injury goes on stretching": _KEPT,
    "press: gate not asked": "the core's own gate asks every open screen before any pressure",
    "flag numb: level lowered": "the guide names no urgency: a clinician, some time (A17)",
    "emergency: yes is not heard": '"okay" and silence lead on; a yes is asked again',
    "emergency: no is not heard": "the call is asked for again, as after anything not understood",
}
"""Mutants that may live, by name, with the reason."""


@dataclass(frozen=True)
class Mutant:
    name: str
    data: Data


@dataclass(frozen=True)
class Fate:
    """What became of a mutant."""

    mutant: str
    by: str
    """ "loader", a rule's id, or empty when it lives."""
    why: str
    seconds: float

    @property
    def justified(self) -> bool:
        return bool(self.by) or self.mutant in HARMLESS


def fate(mutant: Mutant) -> Fate:
    """Load and check it as a user's file would be."""
    began = time.process_time()
    by, why = _killer(mutant)
    return Fate(mutant.name, by, why, time.process_time() - began)


def _killer(mutant: Mutant) -> tuple[str, str]:
    path = default_protocol_path()
    try:
        protocol = convert(path, mutant.data, Protocol)
    except ContentError as error:
        return "loader", str(error)
    for problem in problems(protocol):
        return "loader", problem
    verdict = check(protocol, first_only=True, examples=False)
    for finding in verdict.broken:
        return finding.id, finding.wrong[0] if not finding.conversation else finding.text
    return "", HARMLESS.get(mutant.name, "NOBODY KNOWS WHY")


# -- the ways to break it -------------------------------------------------------------------------

Change = Callable[[Data], None]


def mutants(data: Data | None = None) -> Iterator[Mutant]:
    """Every mutant of the shipped content."""
    data = data or read(default_protocol_path())
    for name, change in _changes(data):
        changed = copy.deepcopy(data)
        change(changed)
        yield Mutant(name, changed)


def _changes(data: Data) -> Iterator[tuple[str, Change]]:
    for part in (_gate, _screens, _questions, _pressure, _flags, _limits, _anywhere, _targets,
                 _sentences, _words, _endings, _holds):  # fmt: skip
        yield from part(data)


def _set(*path: str, to: Any) -> Change:
    def change(data: Data) -> None:
        table = data
        for key in path[:-1]:
            table = table[key]
        table[path[-1]] = to

    return change


def _drop(*path: str) -> Change:
    def change(data: Data) -> None:
        table = data
        for key in path[:-1]:
            table = table[key]
        del table[path[-1]]

    return change


def _gate(data: Data) -> Iterator[tuple[str, Change]]:
    screens = data["gate"]["screens"]
    for name in screens:
        rest = [other for other in screens if other != name]
        yield f"gate: {name} removed", _set("gate", "screens", to=rest)
    yield "gate: empty", _set("gate", "screens", to=[])
    yield "gate: moved after pressure", _set("gate", "screens", to=["ask_pain", "ask_urine"])
    yield "gate: locked leads to pressure", _set("gate", "locked", to="palm")
    yield "gate: forbidden leads to pressure", _set("gate", "forbidden", to="knead")


def _screens(data: Data) -> Iterator[tuple[str, Change]]:
    for name, step in data["steps"].items():
        if step["kind"] != "screen":
            continue
        other = ["no"] if step.get("danger", ["yes"]) == ["yes"] else ["yes"]
        yield f"{name}: danger is the other answer", _set("steps", name, "danger", to=other)
        yield (
            f"{name}: not sure wired to no",
            _set("steps", name, "on", to={**step.get("on", {}), "unsure": step["next"]}),
        )
        yield (
            f"{name}: silence wired to no",
            _set("steps", name, "on", to={**step.get("on", {}), "silence": step["next"]}),
        )
        if name in data["gate"]["screens"]:
            yield f"{name}: found leads to pressure", _set("steps", name, "found", to="press")
        yield f"{name}: not asked again", _set("steps", name, "again", to=[])
    yield "plain: names no answer", _set("common", "plain", to="")


def _questions(data: Data) -> Iterator[tuple[str, Change]]:
    for name, step in data["steps"].items():
        on = step.get("on", {})
        if step["kind"] != "ask" or not {"yes", "no"} <= on.keys():
            continue
        swapped = {**on, "yes": on["no"], "no": on["yes"]}
        yield f"{name}: yes and no swapped", _set("steps", name, "on", to=swapped)
        for intent in ("yes", "no"):
            yield f"{name}: {intent} is not heard", _drop("steps", name, "on", intent)
    for intent in ("no", "still", "worse", "unsure", "silence"):
        yield (
            f"eased: {intent} counts as letting go",
            _set("steps", "eased", "on", intent, to={"released": True, "to": "press"}),
        )
    yield (
        "gone_check: not sure counts as gone",
        _set("steps", "gone_check", "on", "unsure", to={"relieved": True, "to": "after"}),
    )
    yield (
        "note_unresolved: silence raises nothing",
        _drop("steps", "note_unresolved", "on", "silence"),
    )
    yield (
        "eased: silence stays for ever",
        _set("steps", "eased", "on", "silence", to={"say": ["I wait."]}),
    )


def _pressure(data: Data) -> Iterator[tuple[str, Change]]:
    for name, step in data["steps"].items():
        if not step.get("touch"):
            continue
        yield (
            f"{name}: sharp goes on to the next",
            _set("steps", name, "on", "sharp", to=step["next"]),
        )
        yield f"{name}: sharp is not heard", _drop("steps", name, "on", "sharp")
    yield "ease_press: does not ease", _set("steps", "ease_press", "eases", to=False)
    yield (
        "stretch_hand: worse counts as letting go",
        _set("steps", "stretch_hand", "on", "worse", to={"released": True, "to": "press"}),
    )


def _flags(data: Data) -> Iterator[tuple[str, Change]]:
    for name, flag in data["flags"].items():
        if flag["level"] != "routine":
            yield f"flag {name}: level lowered", _set("flags", name, "level", to="routine")
        if flag.get("forbids"):
            yield f"flag {name}: forbids nothing", _set("flags", name, "forbids", to=[])
        if "stretch" in flag.get("forbids", ()):
            yield (
                f"flag {name}: allows the stretch",
                _set("flags", name, "forbids", to=["pressure"]),
            )


def _limits(_: Data) -> Iterator[tuple[str, Change]]:
    yield "limit raised to 15 minutes", _set("limits", "limit", to=900)
    yield "limit lowered to 9 minutes, still said as ten", _set("limits", "limit", to=540)
    yield "limit leads on to a stretch", _set("limits", "limit_step", to="stretch_hand")
    yield "limit leads on to pressure", _set("limits", "limit_step", to="palm")
    yield (
        "limit says eleven minutes",
        _set("limits", "limit_say", to=["Eleven minutes have passed.", "Get medical help today."]),
    )
    yield "limit level lowered", _set("limits", "limit_level", to="soon")
    yield "cap raised to two hours", _set("limits", "cap", to=7200)
    yield "cap leads back to the start", _set("limits", "cap_step", to="unload")
    yield "announcement that rounds", _set("limits", "announce", to=[150])
    yield "pause for ever", _set("pause_seconds", to=3600.0)


def _anywhere(data: Data) -> Iterator[tuple[str, Change]]:
    for intent in data["anywhere"]:
        yield f"anywhere: {intent} not heard", _drop("anywhere", intent)
    yield "anywhere: chest leads to hands off", _set("anywhere", "chest", "to", to="hands_off")
    yield (
        "anywhere: chest leads to the advice only",
        _set("anywhere", "chest", "to", to="end_emergency"),
    )
    yield "anywhere: chest raises a lower flag", _set("anywhere", "chest", "flag", to="numb")
    yield (
        "anywhere: cramp counts as letting go",
        _set("anywhere", "cramp", to={"released": True, "to": "press"}),
    )
    yield "anywhere: injury goes on stretching", _set("anywhere", "injury", "to", to="stretch_hand")
    yield "stop unwired", _set("stop", to="palm")
    yield "stop leads to the start", _set("stop", to="unload")
    yield "stop leads to a question", _set("stop", to="emergency")


def _targets(_: Data) -> Iterator[tuple[str, Change]]:
    yield (
        "press: gate not asked",
        _set("steps", "press", "cases", to=[{"when": "relieved", "to": "after"}]),
    )
    yield "check_push: leads to itself", _set("steps", "check_push", "next", to="check_push")
    yield "press: routes in a circle", _set("steps", "press", "next", to="press")
    yield "emergency: goes on stretching", _set("steps", "emergency", "next", to="stretch_hand")
    yield "emergency: repeats itself for ever", _set("steps", "emergency", "next", to="emergency")
    yield "how_bad: cut off", _set("steps", "press", "next", to="palm")
    yield "eased: silence leads to itself", _set("steps", "eased", "on", "silence", to="eased")
    yield "position: leads to itself", _set("steps", "position", "next", to="position")


def _sentences(_: Data) -> Iterator[tuple[str, Change]]:
    long = "Pull " + "very " * 20 + "gently."
    yield "a sentence of 22 words", _set("steps", "stretch_hand", "say", to=[long])
    yield (
        "a question that ends in an order",
        _set("steps", "check_signs", "say", to=["Is it swollen?", "Answer me."]),
    )
    yield "a question with not", _set("steps", "check_signs", "say", to=["Is it not swollen?"])
    yield "the number is not said", _set("steps", "emergency", "say", to=["This is serious."])
    yield "ends without today", _set("steps", "end_urgent", "say", to=["You can rest now."])


def _words(data: Data) -> Iterator[tuple[str, Change]]:
    intents = data["intents"]
    yield "no means yes too", _set("intents", "yes", to=[*intents["yes"], "no"])
    yield "stop means done", _set("intents", "done", to=[*intents["done"], "stop"])
    yield "stop has no phrase", _set("intents", "stop", to=[])
    yield "chest has no phrase", _set("intents", "chest", to=[])
    yield "sharp has no phrase", _set("intents", "sharp", to=[])
    yield "injury says no", _set("intents", "injury", to=[*intents["injury"], "nope"])
    yield "chest pain means stop", _set("intents", "stop", to=[*intents["stop"], "chest pain"])


def _endings(data: Data) -> Iterator[tuple[str, Change]]:
    for name in ("advice", "stopping"):
        cases = data["steps"][name]["cases"]
        for i in range(len(cases) - 1):
            swapped = copy.deepcopy(cases)
            swapped[i]["to"], swapped[i + 1]["to"] = cases[i + 1]["to"], cases[i]["to"]
            yield (
                f"{name}: targets {i} and {i + 1} swapped",
                _set("steps", name, "cases", to=swapped),
            )
            yield (
                f"{name}: case {i} removed",
                _set("steps", name, "cases", to=[c for c in cases if c is not cases[i]]),
            )


def _holds(data: Data) -> Iterator[tuple[str, Change]]:
    for name, step in data["steps"].items():
        if step["kind"] == "hold":
            yield f"{name}: held for 100 s", _set("steps", name, "seconds", to=100.0)
            yield f"{name}: never counts", _set("steps", name, "every", to=0.0)
    yield "stretch_hand: counts in halves", _set("steps", "stretch_hand", "every", to=2.5)


# -- the command ----------------------------------------------------------------------------------


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--only", metavar="WORD", default="", help="mutants whose name has it")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    fates = []
    for mutant in mutants():
        if args.only not in mutant.name:
            continue
        done = fate(mutant)
        fates.append(done)
        by = f"killed by {done.by}" if done.by else "survives" if done.justified else "SURVIVES"
        print(f"{done.mutant:48s} {by:22s} {done.why[:90]}", flush=True)
    killed = Counter(done.by for done in fates if done.by)
    bad = [done.mutant for done in fates if not done.justified]
    print(
        f"\n{len(fates)} mutants: {sum(killed.values())} killed, {killed['loader']} by the loader; "
        f"{sum(not d.by for d in fates)} survive, {len(bad)} of them unexplained; "
        f"{sum(d.seconds for d in fates):.0f} s"
    )
    if args.json:
        args.json.write_text(json.dumps([vars(done) for done in fates], indent=1), encoding="utf-8")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
