"""What must be true of the content itself: sentences, numbers, times. A rule says what is not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from voice_coach.content.loader import MAX_WORDS, sentences, targets
from voice_coach.dialogue.protocol import CONTROLS, Level, Protocol, Step
from voice_coach.dialogue.words import digits, duration, number

Find = Callable[[Protocol], Iterator[str]]

LONGEST_PRESS: Final = 15.0
"""Seconds of still pressure: the guides say 10 to 15."""

LONGEST_STRETCH: Final = 30.0
"""Seconds: published stretches are held for 10 to 30."""

_FILLED: Final = {
    "number": digits("10177"), "cramped": "cramped", "good": "right", "time": "fifty five seconds",
    "count": "twenty five",
}  # fmt: skip
_YES_OR_NO = re.compile(
    r"(is|are|was|were|has|have|do|does|did|can|could|shall|should|will|any|lately)\b", re.I
)
_NEGATED = re.compile(r"\b(not|never|no longer)\b|n't\b")
_UNITS: Final = {"second": 1.0, "seconds": 1.0, "minute": 60.0, "minutes": 60.0}
_WORDS: Final = {number(n): n for n in range(60)}


@dataclass(frozen=True)
class DataRule:
    id: str
    text: str
    find: Find


DATA_RULES: Final[list[DataRule]] = []


def _rule(ident: str, text: str) -> Callable[[Find], Find]:
    def note(find: Find) -> Find:
        DATA_RULES.append(DataRule(ident, text, find))
        return find

    return note


def spoken(protocol: Protocol) -> Iterator[tuple[str, Step]]:
    return ((n, s) for n, s in protocol.steps.items() if s.kind != "route")


@_rule("S9", "no sentence over 20 words, filled in; a question is one question, put last")
def _short(protocol: Protocol) -> Iterator[str]:
    for key, text in sentences(protocol):
        if len(text.format_map(_FILLED).split()) > MAX_WORDS:
            yield f"{key} is over {MAX_WORDS} words when it is filled in"
    for name, step in spoken(protocol):
        if step.kind not in ("ask", "screen") or step.phase == "end":
            continue
        if [t.endswith("?") for t in step.say] != [False] * (len(step.say) - 1) + [True]:
            yield f"steps.{name}.say does not end with its one question"
        for text in (*step.say, *step.again):
            if text in step.say and text.endswith("?") and _NEGATED.search(text):
                yield f'steps.{name}: "{text}" could be agreed to with yes and with no'


@_rule("S9-words", "no phrase means both yes and no")
def _plain(protocol: Protocol) -> Iterator[str]:
    for name, step in spoken(protocol):
        words = protocol.vocabulary(name)
        answers = ("yes", "no", "unsure") if step.kind == "screen" else tuple(step.on)
        for intent in {"yes", "no", "unsure"}.intersection(answers):
            for phrase in protocol.intents[intent]:
                if words[phrase] not in (intent, "stop"):
                    yield f'steps.{name}: "{phrase}" is taken for {words[phrase]}, not {intent}'


@_rule("Q1", "every question can be answered by what it offers: yes, no and not sure, or its words")
def _answerable(protocol: Protocol) -> Iterator[str]:
    for name, step in spoken(protocol):
        heard = set(protocol.vocabulary(name).values())
        for intent in step.on:
            if intent not in heard and intent != "silence":
                yield f"steps.{name}.on.{intent} can never be said"
        if step.kind == "ask" and step.say[-1].endswith("?"):
            yield from _unanswered(protocol, name, step)


def _unanswered(protocol: Protocol, name: str, step: Step) -> Iterator[str]:
    question = step.say[-1]
    wanted = _offered(protocol, question) | _offered(protocol, step.again[0])
    if len(wanted) < 2:
        wanted = {"yes", "no", "unsure"} if _YES_OR_NO.match(question) else wanted
    if not wanted:
        yield f'steps.{name}: "{question}" offers no answer'
    if step.phase != "end":
        for intent in sorted(wanted - set(step.on)):
            yield f'steps.{name}: "{question}" cannot be answered by {intent}'


def _offered(protocol: Protocol, question: str) -> set[str]:
    """The answers that a question names: "sitting, lying, or standing"."""
    parts = re.split(r",\s*(?:or\s+)?|\s+or\s+", question.lower().rstrip("?"))
    if len(parts) < 2:
        return set()
    found = set()
    for part in parts:
        words = part.split()
        for intent in ("sitting", "lying", "standing", "left", "right", "severe", "mild"):
            if words and words[-1] in protocol.intents.get(intent, ()):
                found.add(intent)
    return found


_TROUBLE = re.compile(r"\b(still|left|pain|tender|swollen|sore|tight|hurts?)\b")
_ABILITY = re.compile(r"(can you|shall we)\b", re.I)


@_rule("Q2", "yes means what the question says, no does not, and who is not sure is led with care")
def _yes_means_it(protocol: Protocol) -> Iterator[str]:
    for name, step in spoken(protocol):
        if step.kind != "ask" or not {"yes", "no"} <= set(step.on):
            continue
        refused = protocol.reaction(name, "no")
        if step.repeats and refused is not None and refused.to:
            yield f"steps.{name}.on.no: an emergency is not over because of a no"
        if step.say[-1].endswith("?"):
            yield from _named(protocol, name, step)
            yield from _meant(protocol, name, step)


def _named(protocol: Protocol, name: str, step: Step) -> Iterator[str]:
    """A question that names an answer ("Is it softer?") is agreed to by that answer."""
    yes, no = protocol.reaction(name, "yes"), protocol.reaction(name, "no")
    for intent in ("better", "softer", "gone", "still", "severe", "worse"):
        same = protocol.reaction(name, intent)
        if same is None or not any(_names(protocol, intent, t) for t in (*step.say, *step.again)):
            continue
        if same == no:
            yield f'steps.{name}: "no" does what "{intent}" does, and the question says it'
        elif same.released != (yes and yes.released):
            yield f'steps.{name}: "yes" does not do what "{intent}" does'


def _meant(protocol: Protocol, name: str, step: Step) -> Iterator[str]:
    """A question about trouble is agreed to by trouble, one about relief by relief."""
    does = {intent: protocol.reaction(name, intent) for intent in (*step.on, "unsure")}
    if _ABILITY.match(step.say[-1]):
        if does["unsure"] != does["no"]:
            yield f'steps.{name}: "not sure" does not do what "no" does'
    elif _TROUBLE.search(step.say[-1]):
        if does["unsure"] != does["yes"]:
            yield f'steps.{name}: "not sure" does not do what "yes" does'
    else:
        relief = [does[intent] for intent in ("better", "softer", "gone") if intent in does]
        if relief and does["yes"] not in relief:
            yield f'steps.{name}: "yes" does what no word of relief does'


def _names(protocol: Protocol, intent: str, question: str) -> bool:
    plain = f" {re.sub('[^a-z ]', '', question.lower())} "
    phrases = (p for p in protocol.intents.get(intent, ()) if p != "right")
    return question.endswith("?") and any(f" {phrase} " in plain for phrase in phrases)


@_rule("Q3", "not sure is never taken for the better answer")
def _not_sure(protocol: Protocol) -> Iterator[str]:
    for name, step in spoken(protocol):
        for intent in ("unsure", "silence", "still", "worse", "cramp"):
            reaction = protocol.reaction(name, intent)
            if reaction is None:
                continue
            if reaction.released or reaction.relieved:
                yield f'steps.{name}.on.{intent} counts as "it lets go"'
        flags = {
            intent: getattr(protocol.reaction(name, intent), "flag", "")
            for intent in ("yes", "no", "unsure", "silence", "still")
        }
        if (flags["yes"] or flags["no"]) and step.kind == "ask":
            for intent in ("unsure", "silence"):
                if flags[intent] != (flags["yes"] or flags["no"]):
                    yield f"steps.{name}.on.{intent} does not raise the flag that is asked for"


@_rule("Q4", "the dangerous answer is the one that the question means: 'can you' no, any other yes")
def _danger(protocol: Protocol) -> Iterator[str]:
    for name, step in spoken(protocol):
        if step.kind != "screen":
            continue
        meant = "no" if step.say[-1].lower().startswith("can you") else "yes"
        if step.danger != (meant,):
            yield f'steps.{name}: "{step.say[-1]}" takes "{step.danger[0]}" for the danger'


@_rule("F1", "every red flag can be raised, and chest, leg and injury are asked before pressure")
def _flags(protocol: Protocol) -> Iterator[str]:
    raised = {step.flag for step in protocol.steps.values() if step.flag}
    for name in protocol.steps:
        for intent in protocol.steps[name].on:
            raised.add(getattr(protocol.reaction(name, intent), "flag", ""))
    raised |= {reaction.flag for reaction in protocol.anywhere.values()}
    for flag in sorted(set(protocol.flags) - raised):
        yield f"flags.{flag}: nothing raises it"
    rows = {row for name in protocol.gate.screens for row in protocol.steps[name].care}
    for row in ("E1", "E2", "E3"):
        if row not in rows:
            yield f"gate.screens: no question of it has {row} among its care"
    if Level[protocol.limits.limit_level] < Level.urgent:
        yield "limits.limit_level: who is not helped in ten minutes needs help today (A15)"
    for name, step in spoken(protocol):
        yield from _flag(protocol, name, step)


_LEAST: Final = {"E1": 4, "E2": 3, "E3": 3, "A16": 3, "E4": 2, "B10": 2}
"""The least advice level of what a row of the care list asks for."""


def _flag(protocol: Protocol, name: str, step: Step) -> Iterator[str]:
    rows = set(step.care)
    if step.kind == "screen":
        flag = protocol.flags[step.flag]
        if rows & {"E1", "E2"} and set(flag.forbids) != {"pressure", "stretch"}:
            yield f"flags.{step.flag}.forbids: {step.care[0]} forbids pressure and stretching"
        if flag.level == "emergency" and protocol.steps[step.found].phase != "end":
            yield f"steps.{name}.found: an emergency must lead to the advice"
    raised = {getattr(protocol.reaction(name, intent), "flag", "") for intent in step.on}
    for raises in sorted((raised | {step.flag}) - {""}):
        for row in sorted(rows & _LEAST.keys()):
            if Level[protocol.flags[raises].level] < _LEAST[row]:
                least = Level(_LEAST[row]).name
                yield f"flags.{raises}.level: {row} of steps.{name} is {least} at least"


@_rule("H1", "a still press lasts at most 15 s, a stretch at most 30 s")
def _holds(protocol: Protocol) -> Iterator[str]:
    for name, step in spoken(protocol):
        if step.kind != "hold":
            continue
        if step.touch and not step.cues and step.seconds > LONGEST_PRESS:
            yield f"steps.{name}.seconds: {step.seconds:g} s of pressure"
        if (step.touch or step.stretch) and step.seconds > LONGEST_STRETCH:
            yield f"steps.{name}.seconds: {step.seconds:g} s"


@_rule("N1", "every number that is spoken agrees with the data")
def _numbers(protocol: Protocol) -> Iterator[str]:
    limit = protocol.limits.limit
    for key, text in sentences(protocol):
        for word, unit in re.findall(r"\b([a-z]+) (seconds?|minutes?)\b", text.lower()):
            if word in _WORDS and _WORDS[word] * _UNITS[unit] != limit:
                yield f'{key}: "{word} {unit}", but limits.limit is {limit:g} s'
    said = " ".join(protocol.steps[protocol.limits.limit_step].say).lower()
    for where, text in (("limit step", said), ("limit_say", " ".join(protocol.limits.limit_say))):
        if duration(limit) not in text.lower():
            yield f'the {where} does not say "{duration(limit)}"'
    for seconds in protocol.limits.announce:
        if _seconds(duration(seconds)) != seconds:
            yield f'limits.announce: {seconds:g} s would be said as "{duration(seconds)}"'
    for name, step in spoken(protocol):
        if step.kind == "hold" and not step.cues and step.every != int(step.every):
            yield f"steps.{name}.every: {step.every:g} s cannot be counted in whole seconds"


def _seconds(text: str) -> float:
    word, unit = text.rsplit(" ", 1)
    return _WORDS[word] * _UNITS[unit]


@_rule("M1", "every control and every red flag has a phrase that no step takes for something else")
def _controls(protocol: Protocol) -> Iterator[str]:
    safety = [name for name, reaction in protocol.anywhere.items() if reaction.flag]
    for name, step in spoken(protocol):
        words = protocol.vocabulary(name)
        for phrase in protocol.intents["stop"]:
            if words[phrase] != "stop":
                yield f'steps.{name}: "{phrase}" is taken for {words[phrase]}, not stop'
        for intent in safety:
            for phrase in protocol.intents.get(intent, ()):
                if words.get(phrase) != intent:
                    yield f'steps.{name}: "{phrase}" is taken for {words.get(phrase)}'
        if step.touch and not any(words.get(p) == "sharp" for p in protocol.intents["sharp"]):
            yield f"steps.{name}: no word is heard as sharp"
    yield from _unused(protocol)
    if not any(reaction.released is False for reaction in protocol.anywhere.values()):
        yield "anywhere: no word says in every step that the muscle has locked again"


def _unused(protocol: Protocol) -> Iterator[str]:
    used = {*CONTROLS, *protocol.anywhere, "wake", "done", "yes", "no", "unsure"}
    used |= {intent for step in protocol.steps.values() for intent in step.on}
    for intent in sorted(set(protocol.intents) - used):
        yield f"intents.{intent}: no step hears it"
    for intent in sorted(used - {"silence"}):
        if not protocol.intents.get(intent):
            yield f"intents.{intent}: there is no phrase for it"


@_rule("S6-self", "no step leads to itself")
def _selves(protocol: Protocol) -> Iterator[str]:
    for name, step in protocol.steps.items():
        silence = protocol.reaction(name, "silence")
        if name in (step.next, step.found) or (silence and name in targets(silence)):
            yield f"steps.{name} leads to itself"


@_rule("S7-end", "in the last phase silence leads to the end, without a circle")
def _ends(protocol: Protocol) -> Iterator[str]:
    for name, step in protocol.steps.items():
        if step.phase == "end" and step.kind != "end" and _circles(protocol, name):
            yield f"steps.{name}: silence never leads to the end from here"


def _circles(protocol: Protocol, name: str) -> bool:
    """Whether some way of silence from here comes back, or leaves the last phase."""
    todo: list[tuple[str, tuple[str, ...]]] = [(name, (name,))]
    seen = 0
    while todo:
        here, way = todo.pop()
        seen += 1
        for to in _silent(protocol, here):
            step = protocol.steps[to]
            if to in way or step.phase != "end" or seen > 1000:
                return True
            if step.kind != "end":
                todo.append((to, (*way, to)))
    return False


def _silent(protocol: Protocol, name: str) -> Iterator[str]:
    step = protocol.steps[name]
    if step.kind == "route":
        yield from (case.to for case in step.cases)
    reaction = protocol.reaction(name, "silence")
    yield from targets(reaction) if reaction is not None else (step.next,)
