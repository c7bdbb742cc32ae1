"""The conversation for review: as a table, checked, or as a picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from voice_coach.commands import setup
from voice_coach.commands.setup import Choices
from voice_coach.content import default_protocol_path, load_protocol
from voice_coach.content.loader import edges, sentences
from voice_coach.dialogue.protocol import Protocol, Reaction


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


def check(choices: Choices) -> int:
    """Load, validate and count. Raises ContentError and ModelError."""
    protocol = load_protocol(choices.protocol)
    setup.recogniser(choices, protocol)
    phrases = {phrase for group in protocol.intents.values() for phrase in group}
    spoken = list(sentences(protocol))
    longest = max(len(text.split()) for _, text in spoken)
    print(
        f"{choices.protocol or default_protocol_path().name}: {len(protocol.steps)} steps, "
        f"{len(spoken)} sentences of at most {longest} words, {len(phrases)} phrases, "
        f"{len(protocol.flags)} red flags. No mistake found."
    )
    return 0


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
