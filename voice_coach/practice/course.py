"""The course: which phrases are asked, in which order, and with which grammar each is heard.

Pure. A phrase is listened to with the grammar of a state in which it is really valid, so that what
the practice finds is what a night would find.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.protocol import Protocol
from voice_coach.listening.port import Grammar, Recognition
from voice_coach.session import WAKE, grammar_for

END: Final = "end"
"""Intent of a word that ends the practice; no content can ask for it."""

SURE: Final = 0.5
"""Confidence from which a decoy that ends the practice is believed: as for any short word."""

PAIR: Final = 2
"""Phrases of an intent that a short course asks for: enough to say which suits better."""

_PLAIN: Final = ("yes", "no", "unsure")


@dataclass(frozen=True)
class Drill:
    """One phrase to be said."""

    phrase: str
    intent: str
    state: str
    """The step whose grammar it is heard with, or ``WAKE``."""


@dataclass(frozen=True)
class Exercise:
    """A drill with its ear."""

    drill: Drill
    grammar: Grammar
    intents: Mapping[str, str]
    """What each phrase of the grammar means here."""
    ends: frozenset[str] = frozenset()
    """What ends the practice when it is said here; some of it are decoys of the grammar."""

    def meaning(self, recognition: Recognition) -> str:
        """The intent of what was heard: END for what ends the practice, empty for no phrase."""
        sure = recognition.accepted or recognition.confidence >= SURE
        if recognition.text in self.ends and sure:
            return END
        return self.intents.get(recognition.text, "") if recognition.accepted else ""


def plan(
    protocol: Protocol, first: Mapping[str, Sequence[str]], count: int | None = None
) -> tuple[Drill, ...]:
    """``count`` drills, or all there are; an intent's synonyms stand together.

    ``first``: by intent, in order of importance, the phrases to ask for first. What the protocol
    lacks is left out. Two phrases of each intent come into the course before any third one.
    """
    groups = _groups(protocol, first)
    if count is None:
        return tuple(drill for group in groups for drill in group)
    rounds: list[Drill] = [drill for group in groups for drill in group[:PAIR]]
    deepest = max((len(group) for group in groups), default=0)
    for depth in range(PAIR, deepest):
        rounds += [group[depth] for group in groups if depth < len(group)]
    chosen = set(rounds[:count])
    return tuple(drill for group in groups for drill in group if drill in chosen)


def exercise(drill: Drill, dialogue: Dialogue, ends: Collection[str]) -> Exercise:
    """The drill's ear: the grammar of its state, with ``ends`` as further decoys.

    ``ends``: words of the practice alone, all known to the model. Nothing else is changed, so that
    the practice hears exactly what a conversation would hear. "Stop" ends the practice too, but
    where it is practised itself it is an answer.
    """
    grammar, intents = grammar_for(dialogue, drill.state)
    known = {*grammar.phrases, *grammar.decoys}
    more = tuple(word for word in ends if word not in known)
    stops = dialogue.protocol.intents.get("stop", ())
    own = dialogue.protocol.intents[drill.intent]
    return Exercise(
        drill,
        replace(grammar, decoys=(*grammar.decoys, *more)),
        intents,
        frozenset({*ends, *stops} - set(own)),
    )


def _groups(protocol: Protocol, first: Mapping[str, Sequence[str]]) -> list[list[Drill]]:
    """The drills of each intent; a phrase with several meanings is asked once, as the first."""
    order = [intent for intent in first if intent in protocol.intents]
    if WAKE in protocol.intents:
        order.insert(0, WAKE)
    taken: set[str] = set()
    groups = []
    states = _States(protocol)
    for intent in dict.fromkeys([*order, *protocol.intents]):
        known = protocol.intents[intent]
        named = [phrase for phrase in first.get(intent, ()) if phrase in known]
        group = [
            Drill(phrase, intent, state)
            for phrase in dict.fromkeys([*named, *known])
            if phrase not in taken and (state := states.of(intent, phrase))
        ]
        taken.update(drill.phrase for drill in group)
        if group:
            groups.append(group)
    return groups


class _States:
    """Finds the state in which a phrase is best tried."""

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol
        self._vocabularies = {
            name: protocol.vocabulary(name)
            for name, step in protocol.steps.items()
            if step.kind != "route"
        }

    def of(self, intent: str, phrase: str) -> str:
        """The first of the steps that fit best; empty when it has this meaning nowhere."""
        if intent == WAKE:
            return WAKE
        fitting = [n for n, words in self._vocabularies.items() if words.get(phrase) == intent]
        return min(fitting, key=lambda name: self._rank(name, intent), default="")

    def _rank(self, name: str, intent: str) -> int:
        """How far a step is from the place where this intent matters most; 0 is that place."""
        return next(i for i, fits in enumerate(self._places(name, intent)) if fits)

    def _places(self, name: str, intent: str) -> Iterator[bool]:
        step = self._protocol.steps[name]
        # A plain answer taken wrongly costs most in the check before any pressure.
        yield intent in _PLAIN and name in self._protocol.gate.screens
        yield intent == "done" and step.kind == "do" and step.wait > 0
        # Where yes and no may be said as well, a word has the most rivals.
        hardest = step.kind == "ask" and "yes" in step.on
        yield intent in step.on and hardest
        yield intent in step.on and step.kind == "ask"
        yield intent in step.on and step.kind != "end"
        yield hardest
        yield step.kind != "end"
        yield True
