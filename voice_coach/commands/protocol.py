"""The conversation for review: as a table, checked, or as a picture."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from voice_coach.commands import setup
from voice_coach.commands.setup import Choices
from voice_coach.content import default_protocol_path, load_protocol
from voice_coach.content.loader import edges, sentences
from voice_coach.dialogue.protocol import Protocol, Reaction
from voice_coach.diary.informed import variants
from voice_coach.diary.script import load
from voice_coach.proof import seal
from voice_coach.proof.check import Finding, Verdict
from voice_coach.proof.check import check as prove


def show(path: Path | None) -> int:
    """Every step with its sentences, answers, times and sources."""
    protocol = load_protocol(path)
    print(f"{protocol.title}, version {protocol.version}, {len(protocol.steps)} steps\n")
    phase = ""
    for name, step in protocol.steps.items():
        if step.phase != phase:
            phase = step.phase
            print(f"== {phase} ==\n")
        print(f"{name} ({step.kind}{', pressure' if step.touch else ''})")
        for part in ("say", "again", "release", "cues", "why"):
            for text in getattr(step, part):
                print(f"    {part:8s} {text}")
        if step.kind == "hold":
            print(f"    holds    {step.seconds:g} s, a cue every {step.every:g} s")
        for line in _answers(protocol, name):
            print(f"    {line}")
        if step.source:
            print(f"    source   {step.source}")
        print()
    return 0


def _answers(protocol: Protocol, name: str) -> Iterator[str]:
    step = protocol.steps[name]
    if step.kind == "screen":
        yield f"{'/'.join(step.danger)}, not sure, no answer -> flag {step.flag} -> {step.found}"
    for intent, entry in step.on.items():
        reaction = entry if isinstance(entry, Reaction) else Reaction(to=entry)
        to = reaction.to if isinstance(reaction.to, str) else ", then ".join(reaction.to)
        yield f"{intent} -> {to or 'stays'}" + "".join(f' "{text}"' for text in reaction.say)
    for case in step.cases:
        yield f"if {case.when} -> {case.to}"
    if step.next:
        yield f"else -> {step.next}"


def check(choices: Choices, *, as_json: bool = False, learning: bool = False) -> int:
    """Load, validate, prove every rule and print what was found. ``learning``: also with all that
    the diary may make of the protocol.

    0 when every rule holds, 1 when one does not. Raises ContentError and ModelError.
    """
    protocol = load_protocol(choices.protocol)
    setup.recogniser(choices, protocol)
    name = str(choices.protocol or default_protocol_path().name)
    if not as_json:
        print(f"{name}: {_contents(protocol)}", flush=True)
    verdict = _proven(protocol)
    wanted = variants(protocol, load()) if learning and verdict.holds else ()
    others = [_proven(variant) for variant in wanted]
    if as_json:
        more = {"learning": [other.as_json() for other in others]} if learning else {}
        print(json.dumps({"protocol": name, **verdict.as_json(), **more}))
    else:
        _print_verdict(verdict)
        for other, what in zip(others, _VARIANTS, strict=False):
            print(f"\n{what}:")
            _print_verdict(other)
    return 0 if all(one.holds for one in (verdict, *others)) else 1


_VARIANTS = (
    "With any stretch first, as the diary may have learned",
    "The same, and with cramps that the diary knows to come often",
)


def _proven(protocol: Protocol) -> Verdict:
    verdict = prove(protocol)
    if verdict.holds:
        seal.remember(protocol)
    return verdict


def _contents(protocol: Protocol) -> str:
    phrases = {phrase for group in protocol.intents.values() for phrase in group}
    spoken = list(sentences(protocol))
    longest = max(len(text.split()) for _, text in spoken)
    return (
        f"{len(protocol.steps)} steps, {len(spoken)} sentences of at most {longest} words, "
        f"{len(phrases)} phrases, {len(protocol.flags)} red flags."
    )


def _print_verdict(verdict: Verdict) -> None:
    for finding in verdict.findings:
        print(f"{finding.id:10s} {'holds ' if finding.holds else 'BROKEN'}  {finding.text}")
        for line in _shown(finding):
            print(f"{'':12s}{line}")
    if verdict.states:
        print(
            f"Explored: {verdict.states:,} states, {verdict.transitions:,} transitions, "
            f"{verdict.seconds:.0f} s."
        )
    if verdict.holds:
        print(f"All {len(verdict.findings)} rules hold. No mistake found.")
    else:
        print(f"{len(verdict.broken)} of {len(verdict.findings)} rules broken: not to be started.")


def _shown(finding: Finding) -> Iterator[str]:
    if finding.holds:
        return
    if finding.conversation and finding.real:
        yield "The shortest conversation that breaks it:"
    elif finding.conversation:
        yield "Cannot be excluded; no whole conversation was found that leads to this turn:"
    yield from finding.wrong


def graph(path: Path | None) -> int:
    """The conversation as a Mermaid flowchart, a box a phase."""
    protocol = load_protocol(path)
    print("flowchart TD")
    phases = dict.fromkeys(step.phase for step in protocol.steps.values())
    for phase in phases:
        print(f'  subgraph phase_{phase}["{phase}"]')
        for name, step in protocol.steps.items():
            if step.phase == phase:
                print(f"    {name}{_box(step.kind, name)}")
        print("  end")
    for name in protocol.steps:
        for key, target in dict.fromkeys(edges(protocol, name)):
            label = key.removeprefix("on.").replace("[", " ").replace("]", "").replace(".to", "")
            print(f"  {name} -->|{label}| {target}")
    gate = protocol.gate.screens[0]
    for name, step in protocol.steps.items():
        if step.touch:
            print(f"  {gate} -.->|gate| {name}")
    return 0


def _box(kind: str, name: str) -> str:
    left, right = {
        "ask": ("{{", "}}"), "screen": ("{", "}"), "hold": ("([", "])"), "route": (">", "]"),
        "end": ("[[", "]]"),
    }.get(kind, ("[", "]"))  # fmt: skip
    return f'{left}"{name}"{right}'
