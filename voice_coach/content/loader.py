"""Loads a protocol and refuses one that is malformed or unsafe by construction.

Every mistake is one sentence: the file, the key, and what to do.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from voice_coach.content import toml
from voice_coach.dialogue.protocol import CONTROLS, Protocol, Reaction, Step
from voice_coach.errors import ContentError

MAX_WORDS: Final = 20
"""Rule S9."""

MAX_LIMIT: Final = 600.0
"""Rule S3, seconds: a protocol may give its advice earlier, never later."""

MAX_CAP: Final = 3600.0
"""Rule S7, seconds: the longest session that a protocol may allow."""

_REQUIRED_INTENTS: Final = ("wake", "yes", "no", "unsure", "done", *CONTROLS)
_PLACEHOLDERS: Final = {"number", "cramped", "good"}
_COMMON_PLACEHOLDERS: Final = {
    "elapsed": {"time"}, "announce": {"time"}, "hold_left": {"time"}, "step_time": {"time"},
    "count": {"count"},
}  # fmt: skip
_PHRASE = re.compile(r"[a-z']+( [a-z']+)*")

Problem = str


def default_protocol_path() -> Path:
    """The content file that comes with the package."""
    return Path(__file__).with_name("calf_cramp.toml")


def load_protocol(path: Path | None = None) -> Protocol:
    """Read, check and return a protocol. Raises ContentError with the first mistake."""
    path = path or default_protocol_path()
    protocol = toml.convert(path, toml.read(path), Protocol)
    for problem in problems(protocol):
        raise ContentError(f"{path}: {problem}")
    return protocol


def check_words(path: Path, protocol: Protocol, known: Callable[[str], bool]) -> None:
    """Raises ContentError naming the first phrase with a word that the model cannot hear."""
    for intent, phrases in protocol.intents.items():
        for phrase in phrases:
            missing = [word for word in phrase.split() if not known(word)]
            if missing:
                raise ContentError(
                    f'{path}: intents.{intent}: the model does not know "{missing[0]}" in '
                    f'"{phrase}"; choose another word, or add its pronunciation to the model\'s '
                    f"lexicon.txt."
                )


def problems(protocol: Protocol) -> Iterator[Problem]:
    """Every mistake of the first part that has any: the later parts rely on the earlier."""
    for part in (
        _words, _targets, _steps, _sentences, _reachability, _routes, _times, _gate, _safety,
    ):  # fmt: skip
        found = list(part(protocol))
        yield from found
        if found:
            return


# -- words ------------------------------------------------------------------------------------


def _words(protocol: Protocol) -> Iterator[Problem]:
    for intent in _REQUIRED_INTENTS:
        if not protocol.intents.get(intent):
            yield f"intents.{intent}: there is no phrase for it; add at least one."
    for intent, phrases in protocol.intents.items():
        for phrase in phrases:
            if not _PHRASE.fullmatch(phrase):
                yield (
                    f'intents.{intent}: "{phrase}" must be lower-case words with single spaces '
                    f"and no punctuation but apostrophes."
                )
    opposites = (("yes", "no"), ("yes", "unsure"), ("no", "unsure"), ("done", "stop"))
    for one, other in opposites:
        both = set(protocol.intents.get(one, ())) & set(protocol.intents.get(other, ()))
        if both:
            yield f'intents.{one}: "{min(both)}" stands under {other} too; keep it in one of them.'


# -- where things lead ----------------------------------------------------------------------------


def targets(reaction: str | tuple[str, ...] | Reaction) -> tuple[str, ...]:
    """Where an entry of a step's table may lead; empty when it stays."""
    to = reaction.to if isinstance(reaction, Reaction) else reaction
    if isinstance(to, str):
        return (to,) if to else ()
    return to


def edges(protocol: Protocol, name: str) -> Iterator[tuple[str, str]]:
    """Every (key, target) of a step."""
    step = protocol.steps[name]
    for key in ("next", "found"):
        if getattr(step, key):
            yield key, getattr(step, key)
    for intent, reaction in step.on.items():
        for target in targets(reaction):
            yield f"on.{intent}", target
    for i, case in enumerate(step.cases):
        yield f"cases[{i}].to", case.to


def _targets(protocol: Protocol) -> Iterator[Problem]:
    named = {
        "start": protocol.start,
        "stop": protocol.stop,
        "limits.limit_step": protocol.limits.limit_step,
        "limits.cap_step": protocol.limits.cap_step,
        "gate.locked": protocol.gate.locked,
        "gate.forbidden": protocol.gate.forbidden,
        **{f"gate.screens[{i}]": s for i, s in enumerate(protocol.gate.screens)},
    }
    for name in protocol.steps:
        named.update({f"steps.{name}.{key}": to for key, to in edges(protocol, name)})
    for intent, reaction in protocol.anywhere.items():
        named.update({f"anywhere.{intent}": to for to in targets(reaction)})
        if intent not in protocol.intents:
            yield f"anywhere.{intent}: there is no such intent; add its phrases to [intents]."
    for key, target in named.items():
        if target not in protocol.steps:
            hint = toml.nearest(target, protocol.steps)
            yield f'{key}: there is no step "{target}"{hint or "; add it or name another."}'
    for key, flag in _flags(protocol):
        if flag not in protocol.flags:
            hint = toml.nearest(flag, protocol.flags)
            yield f'{key}: there is no flag "{flag}"{hint or "; add it to [flags]."}'


def _flags(protocol: Protocol) -> Iterator[tuple[str, str]]:
    for name, step in protocol.steps.items():
        if step.flag:
            yield f"steps.{name}.flag", step.flag
        for intent, reaction in step.on.items():
            if isinstance(reaction, Reaction) and reaction.flag:
                yield f"steps.{name}.on.{intent}.flag", reaction.flag
    for intent, reaction in protocol.anywhere.items():
        if reaction.flag:
            yield f"anywhere.{intent}.flag", reaction.flag


# -- one step -------------------------------------------------------------------------------------

_NEEDS: Final = {
    "do": ("say", "next"),
    "ask": ("say", "again", "next"),
    "screen": ("say", "again", "flag", "found", "next"),
    "hold": ("say", "seconds", "next", "release"),
    "route": ("next",),
    "end": ("say",),
}


def _steps(protocol: Protocol) -> Iterator[Problem]:
    for name, step in protocol.steps.items():
        yield from _step(protocol, name, step)


def _step(protocol: Protocol, name: str, step: Step) -> Iterator[Problem]:
    for key in _NEEDS[step.kind]:
        if not getattr(step, key):
            yield f'steps.{name}: a step of kind "{step.kind}" needs "{key}"; add it.'
    for intent in step.on:
        if intent not in protocol.intents and intent != "silence":
            hint = toml.nearest(intent, protocol.intents)
            yield f'steps.{name}.on: there is no intent "{intent}"{hint or "; add it."}'
    least = 1 if step.kind in ("ask", "screen") else 0  # nobody answers in no time
    if not least <= step.wait <= 60:
        yield f"steps.{name}.wait: {step.wait:g} is not between {least} and 60 seconds."
    if step.kind == "hold" and not 0 < step.every <= step.seconds <= 120:
        yield f"steps.{name}: a hold needs 0 < every <= seconds <= 120."
    if step.kind == "end" and step.phase != "end":
        yield f'steps.{name}.phase: an end step belongs to the phase "end".'
    if step.kind == "screen":
        yield from _screen(name, step)


def _screen(name: str, step: Step) -> Iterator[Problem]:
    answers = {"yes", "no", "unsure", "silence"} & set(step.on)
    if answers:
        yield (
            f"steps.{name}.on.{min(answers)}: a screen reads yes, no, not sure and silence by "
            f'itself (S8); remove it and use "danger", "found" and "next".'
        )
    if len(set(step.danger)) != 1:
        yield f'steps.{name}.danger: give exactly one of "yes" and "no" (S9).'


# -- sentences ------------------------------------------------------------------------------------


def sentences(protocol: Protocol) -> Iterator[tuple[str, str]]:
    """Every (key, sentence) that may be spoken."""
    for name, step in protocol.steps.items():
        for part in ("say", "again", "why", "release", "cues"):
            yield from _numbered(f"steps.{name}.{part}", getattr(step, part))
        for intent, reaction in step.on.items():
            if isinstance(reaction, Reaction):
                yield from _numbered(f"steps.{name}.on.{intent}.say", reaction.say)
    for intent, reaction in protocol.anywhere.items():
        yield from _numbered(f"anywhere.{intent}.say", reaction.say)
    yield from _numbered("limits.limit_say", protocol.limits.limit_say)
    for name in protocol.common.__struct_fields__:
        value = getattr(protocol.common, name)
        yield from _numbered(f"common.{name}", (value,) if isinstance(value, str) else value)


def _numbered(key: str, texts: Iterable[str]) -> Iterator[tuple[str, str]]:
    for i, text in enumerate(texts):
        yield f"{key}[{i}]", text


def _sentences(protocol: Protocol) -> Iterator[Problem]:
    for key, text in sentences(protocol):
        words = len(text.split())
        if not text.strip():
            yield f"{key}: the sentence is empty; write it or remove it."
        elif words > MAX_WORDS:
            yield f"{key}: {words} words; at most {MAX_WORDS} can be followed in pain, split it."
        else:
            yield from _placeholders(key, text)


def _placeholders(key: str, text: str) -> Iterator[Problem]:
    name = key.removeprefix("common.").split("[")[0]
    known = _PLACEHOLDERS | (_COMMON_PLACEHOLDERS.get(name, set()) if "common." in key else set())
    try:
        parts = [part for part in string.Formatter().parse(text) if part[1] is not None]
    except ValueError:
        yield f"{key}: a brace stands alone; write placeholders as {{number}}."
        return
    if any(form or conversion for _, _, form, conversion in parts):
        yield f"{key}: a placeholder is a name in braces and nothing else, such as {{number}}."
    for field in sorted({str(field) for _, field, _, _ in parts} - known):
        yield f"{key}: there is no placeholder {{{field}}}; here are {sorted(known)}."


# -- the whole ------------------------------------------------------------------------------------


def reachable(protocol: Protocol) -> set[str]:
    """Steps that some path leads to."""
    roots = [
        protocol.start, protocol.stop, protocol.limits.limit_step, protocol.limits.cap_step,
        protocol.gate.locked, protocol.gate.forbidden, *protocol.gate.screens,
    ]  # fmt: skip
    for reaction in protocol.anywhere.values():
        roots += targets(reaction)
    seen: set[str] = set()
    while roots:
        name = roots.pop()
        if name in seen or name not in protocol.steps:
            continue
        seen.add(name)
        roots += [to for _, to in edges(protocol, name)]
    return seen


def _reachability(protocol: Protocol) -> Iterator[Problem]:
    for name in sorted(set(protocol.steps) - reachable(protocol)):
        yield f"steps.{name}: no path leads to it; link it or remove it."


def _routes(protocol: Protocol) -> Iterator[Problem]:
    """Routes and silent steps must not lead in a circle without a spoken step between."""
    for name, step in protocol.steps.items():
        seen, todo = set(), [name] if step.kind == "route" else []
        while todo:
            for _, to in edges(protocol, todo.pop()):
                if to == name:
                    yield f"steps.{name}: its routes lead in a circle; let one lead to a step."
                    return
                if to in protocol.steps and protocol.steps[to].kind == "route" and to not in seen:
                    seen.add(to)
                    todo.append(to)


def _times(protocol: Protocol) -> Iterator[Problem]:
    limits = protocol.limits
    if not 0 < limits.limit <= MAX_LIMIT:
        yield f"limits.limit: {limits.limit:g} s; the advice is due at {MAX_LIMIT:g} s or before."
    elif not limits.limit <= limits.cap <= MAX_CAP:
        yield f"limits.cap: {limits.cap:g} s; give {limits.limit:g} (limits.limit) to {MAX_CAP:g}."
    for i, seconds in enumerate(limits.announce):
        if not 0 < seconds < limits.cap:
            yield f"limits.announce[{i}]: {seconds:g} s is not between 0 and limits.cap."
    if not 1 <= protocol.pause_seconds <= 120:
        yield f"pause_seconds: {protocol.pause_seconds:g} is not between 1 and 120 seconds."
    if not 0 <= protocol.pause_reminders <= 10:
        yield f"pause_reminders: {protocol.pause_reminders} is not between 0 and 10."
    if not 0 <= protocol.gap <= 3:
        yield f"gap: {protocol.gap:g} is not between 0 and 3 seconds."


# -- safety by construction -----------------------------------------------------------------------


def _safety(protocol: Protocol) -> Iterator[Problem]:
    limit = protocol.steps[protocol.limits.limit_step]
    if limit.kind not in ("do", "ask") or limit.touch or limit.stretch:
        yield (
            'limits.limit_step: must be a step of kind "ask" or "do" that asks for no pressure and '
            "no stretch (S3)."
        )
    for key, last in (("stop", protocol.stop), ("limits.cap_step", protocol.limits.cap_step)):
        if any(not _ends(protocol.steps[to]) for to in _behind(protocol, last)):
            yield f'{key}: must lead to nothing but steps of the phase "end" (S4, S7).'
    yield from _emergency(protocol)
    for name, step in protocol.steps.items():
        if step.touch:
            yield from _pressure(protocol, name)
        if step.kind == "end" and step.touch:
            yield f"steps.{name}.touch: an end step asks for no pressure."


def _emergency(protocol: Protocol) -> Iterator[Problem]:
    """Rule E1: emergency words act everywhere, and lead to the advice."""
    intents = [
        intent
        for intent, reaction in protocol.anywhere.items()
        if reaction.flag and protocol.flags[reaction.flag].level == "emergency"
    ]
    if not intents:
        yield "anywhere: no intent raises an emergency flag; emergency words must act everywhere."
    for intent in intents:
        leads = targets(protocol.anywhere[intent])
        if not leads or any(protocol.steps[to].phase != "end" for to in leads):
            yield f'anywhere.{intent}.to: an emergency must lead to a step of the phase "end" (E1).'


def _gate(protocol: Protocol) -> Iterator[Problem]:
    levels = set()
    for i, name in enumerate(protocol.gate.screens):
        step = protocol.steps[name]
        if step.kind != "screen":
            yield f'gate.screens[{i}]: "{name}" is no screen; only a screen can guard pressure.'
            continue
        flag = protocol.flags[step.flag]
        levels.add(flag.level)
        if "pressure" not in flag.forbids:
            yield f'flags.{step.flag}.forbids: a flag of the gate must forbid "pressure" (S2).'
    if not {"emergency", "urgent"} <= levels:
        yield "gate.screens: needs an emergency screen and an urgent one before any pressure (S2)."
    forbidden = protocol.steps[protocol.gate.forbidden]
    if forbidden.kind == "route" or forbidden.touch or forbidden.stretch:
        yield "gate.forbidden: must be a step that is no route and asks for no pressure or stretch."
    if any(protocol.steps[name].touch for name in _behind(protocol, protocol.gate.locked)):
        yield "gate.locked: must not lead to pressure, on no route."


def _ends(step: Step) -> bool:
    return step.kind == "route" or step.phase == "end"


def _behind(protocol: Protocol, name: str) -> set[str]:
    """The steps that entering ``name`` may end in: itself, or what its routes lead to."""
    seen, todo = set(), [name]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            if protocol.steps[name].kind == "route":
                todo += [to for _, to in edges(protocol, name)]
    return seen


def _pressure(protocol: Protocol, name: str) -> Iterator[Problem]:
    """Rule S5: during pressure, "sharp" leads to a step that eases off, every time."""
    reaction = protocol.steps[name].on.get("sharp")
    leads = targets(reaction) if reaction is not None else ()
    if not leads or any(not protocol.steps[to].eases for to in leads if to in protocol.steps):
        yield f'steps.{name}.on.sharp: must lead to a step with "eases = true" (S5).'
