"""The conversation for review: as a table, checked, or as a picture."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from tqdm import tqdm

from voice_coach.commands import output, setup
from voice_coach.commands.setup import Choices
from voice_coach.content import default_protocol_path, load_protocol
from voice_coach.content.loader import edges, sentences
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.protocol import Protocol, Reaction
from voice_coach.diary.informed import variants
from voice_coach.diary.script import load
from voice_coach.errors import UsageError
from voice_coach.lint.finding import Lint
from voice_coach.lint.hearing import HearingLint
from voice_coach.lint.wording import Syllables, in_their_state, lint_wording, vowel_groups
from voice_coach.listening.model import open_model
from voice_coach.listening.port import Recogniser
from voice_coach.picture import png as pictures
from voice_coach.picture.pages import pages
from voice_coach.picture.table import table
from voice_coach.proof import seal
from voice_coach.proof.check import REACHED, Finding, Verdict
from voice_coach.proof.check import check as prove
from voice_coach.session import grammar_for


def show(path: Path | None, page: Path | None = None) -> int:
    """Every step with its sentences, answers, times and sources; or as a ``page`` to print, HTML.

    Raises ContentError and OutputError.
    """
    protocol = load_protocol(path)
    if page is not None:
        output.save(page, table(protocol).encode())
        print(f"{page}: open it in a browser, and print it for review and signature.")
        return 0
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


_FOR: Final = {
    "html": "show",
    "svg": "graph",
    "png": "graph",
    "listen": "check",
    "learning": "check",
}


def refuse(args: argparse.Namespace) -> None:
    """Raises UsageError for an option that belongs to another word than it was given with."""
    for option, what in _FOR.items():
        if getattr(args, option) and args.what != what:
            raise UsageError(f"--{option} goes with `voice-coach protocol {what}`.")


def check(choices: Choices, *, as_json: bool = False, listen: bool = False) -> int:
    """Load, validate, prove every rule, look at the wording and print what was found.

    0 when every rule and every lint holds, 1 when one does not. ``listen``: every sentence is
    spoken and heard as well. Raises ContentError and ModelError, and VoiceError if it listens.
    """
    protocol = load_protocol(choices.protocol)
    ear = setup.recogniser(choices, protocol)
    name = str(choices.protocol or default_protocol_path().name)
    if not as_json:
        print(f"{name}: {_contents(protocol)}", flush=True)
    verdict = prove(protocol)
    if verdict.holds:
        seal.remember(protocol)
    if not as_json:
        _print_rules(verdict)
    lints = lint_wording(protocol, _syllables(choices))
    if listen:
        lints += _listened(choices, protocol, ear)
    if as_json:
        found = {"protocol": name, **verdict.as_json(), "lints": [asdict(lint) for lint in lints]}
        print(json.dumps(found))
    else:
        _print_lints(lints, notes=listen)
        _print_summary(verdict, lints)
    return 0 if verdict.holds and all(lint.holds for lint in lints) else 1


_VARIANTS: Final = (
    "With any stretch first, as the diary may have learned",
    "The same, and with cramps that the diary knows to come often",
)


def check_learning(choices: Choices, *, as_json: bool = False) -> int:
    """Prove all that the diary may make of the protocol; 0 when every rule holds, else 1. What was
    proven is used from then on. Raises ContentError."""
    protocol = load_protocol(choices.protocol)
    holds = True
    for variant, what in zip(variants(protocol, load()), _VARIANTS, strict=True):
        verdict = _used(prove(variant))
        holds &= verdict.holds
        if verdict.holds:
            seal.remember(variant)
        if as_json:
            print(json.dumps({"protocol": what, **verdict.as_json()}))
        else:
            print(f"\n{what}:")
            _print_rules(verdict)
            _print_summary(verdict, [])
    return 0 if holds else 1


def _used(verdict: Verdict) -> Verdict:
    """That a step is left out, because the diary answers for the person, breaks no rule."""
    findings = tuple(
        replace(one, wrong=()) if one.id == REACHED else one for one in verdict.findings
    )
    return replace(verdict, findings=findings)


def _syllables(choices: Choices) -> Syllables:
    """By the model's lexicon; by the spelling where there is none."""
    exact = open_model(choices.model).exact
    if exact is None:
        return vowel_groups
    lexicon = exact.lexicon
    return lambda word: (
        lexicon.syllables(word) if lexicon.pronunciations(word) else vowel_groups(word)
    )


def _listened(choices: Choices, protocol: Protocol, ear: Recogniser) -> list[Lint]:
    dialogue = Dialogue(protocol)
    with setup.voice(choices) as voice:
        voice.prefetch(setup.fixed_sentences(dialogue))
        lint = HearingLint(protocol, voice.clip, ear, lambda step: grammar_for(dialogue, step)[0])
        spoken = tqdm(list(in_their_state(protocol)), "own words", file=sys.stderr, disable=None)
        clear = tqdm(lint.sentences, "clear", file=sys.stderr, disable=None)
        return [lint.obeyed(spoken), lint.clear(clear)]


def _print_lints(lints: list[Lint], *, notes: bool) -> None:
    for lint in lints:
        print(f"{lint.id:10s} {'good  ' if lint.holds else 'CHANGE'}  {lint.text}")
        for line in (*lint.wrong, *(lint.notes if notes else ())):
            print(f"{'':12s}{line}")


def _contents(protocol: Protocol) -> str:
    phrases = {phrase for group in protocol.intents.values() for phrase in group}
    spoken = list(sentences(protocol))
    longest = max(len(text.split()) for _, text in spoken)
    return (
        f"{len(protocol.steps)} steps, {len(spoken)} sentences of at most {longest} words, "
        f"{len(phrases)} phrases, {len(protocol.flags)} red flags."
    )


def _print_rules(verdict: Verdict) -> None:
    for finding in verdict.findings:
        print(f"{finding.id:10s} {'holds ' if finding.holds else 'BROKEN'}  {finding.text}")
        for line in _shown(finding):
            print(f"{'':12s}{line}")


def _print_summary(verdict: Verdict, lints: list[Lint]) -> None:
    if verdict.states:
        print(
            f"Explored: {verdict.states:,} states, {verdict.transitions:,} transitions, "
            f"{verdict.seconds:.0f} s."
        )
    change = sum(not lint.holds for lint in lints)
    if not verdict.holds:
        print(f"{len(verdict.broken)} of {len(verdict.findings)} rules broken: not to be started.")
    elif change:
        print(f"All {len(verdict.findings)} rules hold, but the wording is to be changed.")
    else:
        print(f"All {len(verdict.findings)} rules hold. No mistake found.")


def _shown(finding: Finding) -> Iterator[str]:
    if finding.holds:
        return
    if finding.conversation and finding.real:
        yield "The shortest conversation that breaks it:"
    elif finding.conversation:
        yield "Cannot be excluded; no whole conversation was found that leads to this turn:"
    yield from finding.wrong


def graph(path: Path | None, svg: Path | None = None, png: Path | None = None) -> int:
    """The conversation as a Mermaid flowchart, a box a phase; or as pictures in a folder.

    Raises ContentError, OutputError, and UsageError where nothing can draw a PNG.
    """
    protocol = load_protocol(path)
    if svg is not None or png is not None:
        return _draw(protocol, svg, png)
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


def _draw(protocol: Protocol, svg: Path | None, png: Path | None) -> int:
    painter = pictures.painter() if png is not None else None
    for page in pages(protocol):
        if svg is not None:
            output.save(svg / f"{page.name}.svg", page.svg.encode())
            print(svg / f"{page.name}.svg")
        if png is not None and painter is not None:
            output.save(png / f"{page.name}.png", painter(page.svg))
            print(png / f"{page.name}.png")
    return 0


def _box(kind: str, name: str) -> str:
    left, right = {
        "ask": ("{{", "}}"), "screen": ("{", "}"), "hold": ("([", "])"), "route": (">", "]"),
        "end": ("[[", "]]"),
    }.get(kind, ("[", "]"))  # fmt: skip
    return f'{left}"{name}"{right}'
