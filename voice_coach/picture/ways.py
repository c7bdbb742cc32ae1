"""Where a step leads and by which words, as a reviewer reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from voice_coach.content.loader import targets
from voice_coach.dialogue.protocol import Protocol, Reaction, Step

_WHEN: Final = {
    "standing": "the person stands",
    "far": "the foot is out of reach",
    "released": "the cramp is letting go",
    "relieved": "the cramp is gone",
    "severe": "it is very severe",
    "pressed": "the calf was pressed",
    "side_known": "the leg is known",
    "no_pressure": "a red flag forbids pressure",
    "gate_open": "a question of the gate is open",
    "routine": "the advice is routine or more",
    "soon": "the advice is soon or more",
    "urgent": "the advice is urgent or more",
    "emergency": "it is an emergency",
    "limit": "the limit has passed",
}


@dataclass(frozen=True)
class Way:
    """One way on from a step."""

    said: tuple[str, ...]
    """What the person says, or what happens."""
    to: tuple[str, ...]
    """The step it leads to; of several, the first time the first. Empty: it stays."""
    note: str = ""
    """What else it does."""

    @property
    def cause(self) -> str:
        return ", ".join(self.said)


@dataclass
class Numbers:
    """The steps by number, so that a page can name a step of another: phase, then place in it."""

    protocol: Protocol
    phases: list[str] = field(init=False)
    of: dict[str, str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        steps = self.protocol.steps
        self.phases = list(dict.fromkeys(step.phase for step in steps.values()))
        seen: dict[str, int] = {}
        for name, step in steps.items():
            seen[step.phase] = seen.get(step.phase, 0) + 1
            self.of[name] = f"{self.phases.index(step.phase) + 1}.{seen[step.phase]}"

    def titled(self, step: str) -> str:
        return f"{self.of[step]} {step.replace('_', ' ')}"

    def file(self, phase: str) -> str:
        return f"{self.phases.index(phase) + 1}-{phase}"


def spoken(texts: Iterable[str]) -> str:
    """Sentences as one text, their placeholders in words."""
    fields = {"number": "(the emergency number)", "cramped": "cramped", "good": "good"}
    return " ".join(texts).format_map({**fields, "time": "(a time)", "count": "(a number)"})


def ways(protocol: Protocol, name: str) -> list[Way]:
    """Every way on, those with the same result as one."""
    merged: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for way in _ways(protocol, name, protocol.steps[name]):
        merged.setdefault((way.to, way.note), []).extend(way.said)
    return [Way(tuple(said), to, note) for (to, note), said in merged.items()]


def anywhere(protocol: Protocol) -> list[Way]:
    """What is heard in every step."""
    found = [
        Way((_quoted(protocol, intent),), targets(reaction), _note(protocol, reaction))
        for intent, reaction in protocol.anywhere.items()
    ]
    limits = protocol.limits
    return [
        *found,
        Way((_quoted(protocol, "stop"),), (protocol.stop,)),
        Way((f"{limits.limit / 60:g} minutes", "not gone yet"), (limits.limit_step,),
            f"advice: {limits.limit_level}"),
        Way((f"{limits.cap / 60:g} minutes",), (limits.cap_step,)),
    ]  # fmt: skip


def kind(step: Step) -> str:
    """What sort of step it is, with its times."""
    if step.kind == "hold":
        cues = "a cue" if step.cues else "counts"
        return f"hold {step.seconds:g} s, {cues} every {step.every:g} s"
    return {
        "do": "instruction", "ask": "question", "screen": "safety question",
        "route": "crossroads", "end": "ending",
    }[step.kind]  # fmt: skip


def _ways(protocol: Protocol, name: str, step: Step) -> Iterator[Way]:
    if step.kind == "screen":
        yield from _screen(protocol, step)
    for intent in step.on:
        reaction = protocol.reaction(name, intent)
        assert reaction is not None
        yield Way((_quoted(protocol, intent),), targets(reaction), _note(protocol, reaction))
    for case in step.cases:
        yield Way((f"if {_WHEN[case.when]}",), (case.to,))
    if step.next and step.kind != "screen":
        yield from _on(protocol, step)


def _screen(protocol: Protocol, step: Step) -> Iterator[Way]:
    flag = protocol.flags[step.flag]
    danger = step.danger[0]
    clear = "no" if danger == "yes" else "yes"
    raised = (_quoted(protocol, danger), _quoted(protocol, "unsure"), "no answer")
    yield Way(raised, (step.found,), f"flag {step.flag}: {flag.level}")
    yield Way((_quoted(protocol, clear),), (step.next,), "clear")


def _on(protocol: Protocol, step: Step) -> Iterator[Way]:
    """The way on without any answer of the step's own."""
    done = () if "done" in step.on else (_quoted(protocol, "done"),)
    if step.kind == "route":
        yield Way(("else" if step.cases else "always",), (step.next,))
    elif step.kind == "hold":
        yield Way((f"after {step.seconds:g} s", *done), (step.next,))
    elif step.kind == "do":
        after = f"after {step.wait:g} s" if step.wait else "then"
        yield Way((after, *(done if step.wait else ())), (step.next,))
    elif "silence" not in step.on:
        yield Way(("no answer",), (step.next,))


def _quoted(protocol: Protocol, intent: str) -> str:
    if intent == "silence":
        return "no answer"
    return f"“{protocol.intents[intent][0]}”"


def _note(protocol: Protocol, reaction: Reaction) -> str:
    notes = [f"says “{spoken(reaction.say)}”"] if reaction.say else []
    if reaction.flag:
        notes.append(f"flag {reaction.flag}: {protocol.flags[reaction.flag].level}")
    return "; ".join(notes)
