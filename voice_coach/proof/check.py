"""Every rule decided for one protocol."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

from voice_coach.dialogue.protocol import Protocol
from voice_coach.proof.counterexample import MOST, CounterExample, counterexample
from voice_coach.proof.data import DATA_RULES
from voice_coach.proof.explorer import Explorer
from voice_coach.proof.rules import RULES, judge, required_screens

REACHED: Final = "R1"
"""The rule that is decided by what was explored."""

_REACHED_TEXT: Final = "every step can be reached"


@dataclass(frozen=True)
class Finding:
    """One rule: it holds, or what shows that it does not."""

    id: str
    text: str
    wrong: tuple[str, ...] = ()
    """What is wrong with the content, or the conversation that breaks the rule."""
    conversation: bool = False
    real: bool = True
    """False: the rule may be broken, but no real conversation that does so was found."""

    @property
    def holds(self) -> bool:
        return not self.wrong


@dataclass(frozen=True)
class Verdict:
    """What checking a protocol has shown."""

    findings: tuple[Finding, ...]
    places: int = 0
    states: int = 0
    transitions: int = 0
    turns: int = 0
    """Runs of the core; each stands for many transitions."""
    seconds: float = 0.0
    """Of processor time."""

    @property
    def holds(self) -> bool:
        return all(finding.holds for finding in self.findings)

    @property
    def broken(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if not finding.holds)

    def as_json(self) -> dict[str, Any]:
        return {
            "holds": self.holds,
            "rules": [
                {
                    "id": f.id, "text": f.text, "holds": f.holds,
                    **({} if f.holds else {_kind(f): list(f.wrong), "real": f.real}),
                }
                for f in self.findings
            ],
            "places": self.places, "states": self.states, "transitions": self.transitions,
            "turns": self.turns, "seconds": round(self.seconds, 2),
        }  # fmt: skip


def _kind(finding: Finding) -> str:
    return "conversation" if finding.conversation else "wrong"


def check_data(protocol: Protocol) -> list[Finding]:
    """The rules about the content alone: no exploring needed."""
    return [Finding(rule.id, rule.text, tuple(rule.find(protocol))) for rule in DATA_RULES]


def check(
    protocol: Protocol, *, seconds: float = float("inf"), first_only: bool = False,
    examples: bool = True,
) -> Verdict:  # fmt: skip
    """Decide every rule. Raises TooLarge when exploring takes more than ``seconds``.

    ``first_only``: stop at the first broken rule; those not decided by then count as held.
    ``examples``: look for the shortest conversation that breaks each broken rule; not with
    ``first_only``.
    """
    began = time.process_time()
    data = check_data(protocol)
    if first_only and any(not finding.holds for finding in data):
        return Verdict(tuple(data), seconds=time.process_time() - began)
    return judged(protocol, seconds=seconds, first_only=first_only, examples=examples)[1]


def judged(
    protocol: Protocol, *, seconds: float = float("inf"), first_only: bool = False,
    examples: bool = True,
) -> tuple[Explorer, Verdict]:  # fmt: skip
    """As ``check``, together with what was explored."""
    began = time.process_time()
    explorer = Explorer(protocol, required_screens(protocol), judge)
    explorer.run(seconds=seconds, first_only=first_only)
    most = MOST if examples and not first_only else 0  # the search needs all that was explored
    found = {
        rule: counterexample(explorer, broken, most) for rule, broken in explorer.broken.items()
    }
    findings = [_finding(rule.id, rule.text, found.get(rule.id)) for rule in RULES]
    findings += [_reached(explorer, first_only), *check_data(protocol)]
    return explorer, Verdict(
        tuple(findings), len(explorer.places) - 1, explorer.states, explorer.transitions(),
        explorer.turns, time.process_time() - began,
    )  # fmt: skip


def _finding(ident: str, text: str, example: CounterExample | None) -> Finding:
    if example is None:
        return Finding(ident, text)
    return Finding(ident, text, example.lines, conversation=True, real=example.real)


def _reached(explorer: Explorer, first_only: bool) -> Finding:
    if first_only and explorer.broken:
        return Finding(REACHED, _REACHED_TEXT)
    spoken = [name for name, step in explorer.protocol.steps.items() if step.kind != "route"]
    missing = tuple(
        f"steps.{name}: nothing that can be said leads there"
        for name in spoken
        if name not in explorer.steps()
    )
    return Finding(REACHED, _REACHED_TEXT, missing)
