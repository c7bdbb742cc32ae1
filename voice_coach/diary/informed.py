"""The conversation of a night, with what the diary knows in it: a protocol from a protocol. Pure.

Three things change, and nothing else. The first stretch after the question about the position may
be another one; the question whether cramps come often is answered by the diary, and its flag
raised; and a few more questions are understood. Every gate, flag and clock is the protocol's own,
and the same machinery walks through it, so `protocol check --learning` proves what can come of it:
``variants``.
"""

from __future__ import annotations

from typing import Final

import msgspec

from voice_coach.dialogue.protocol import Level, Protocol, Reaction, Step
from voice_coach.dialogue.state import State
from voice_coach.dialogue.words import digits, duration
from voice_coach.diary.knowledge import Known
from voice_coach.diary.script import Script

HANDOVER: Final = "handover"
FORGET: Final = "forget"

_SEEN: Final = 1.5
"""Seconds of silence after the diary's word on how often, before the advice."""

_MOST: Final = 2
"""Red flags that are named to somebody else; the most urgent come first."""


def informed(protocol: Protocol, script: Script, known: Known) -> Protocol:
    """The protocol for a night of which this is known."""
    steps = dict(protocol.steps)
    _put_first(steps, script, known)
    _answer_often(steps, protocol, script, known)
    asked = {
        name: phrases for name, phrases in script.phrases.items() if name not in protocol.intents
    }
    # Where nothing is known the question is understood, and nothing is claimed.
    answers: dict[str, tuple[str, ...]] = {**dict.fromkeys(asked, ()), **known.answers}
    return msgspec.structs.replace(
        protocol,
        steps=steps,
        intents={**protocol.intents, **asked},
        anywhere={**protocol.anywhere, **{name: Reaction(say=answers[name]) for name in asked}},
    )


def variants(protocol: Protocol, script: Script) -> tuple[Protocol, ...]:
    """Protocols that together hold every conversation that can come of any diary.

    In each, every answer to the question about the position may lead to every first stretch: a
    list of targets, which the proof follows in every order.
    """
    rule = script.learning
    answers = dict.fromkeys(script.phrases, (script.answer.first,))
    made = []
    for often in ((), script.often.say_cramps):
        one = informed(protocol, script, Known(often=_plain(often), answers=answers))
        entries = tuple(
            dict.fromkeys(
                step for step in (rule.to, *rule.enter.values()) if step in protocol.steps
            )
        )
        steps = dict(one.steps)
        if rule.on and rule.step in steps:
            on = {
                intent: _leading(reaction, entries, _plain((rule.say,)))
                for intent, reaction in steps[rule.step].on.items()
            }
            steps[rule.step] = msgspec.structs.replace(
                steps[rule.step],
                on={
                    intent: new if _learns(steps[rule.step], intent, script) else old
                    for (intent, new), old in zip(
                        on.items(), steps[rule.step].on.values(), strict=True
                    )
                },
            )
        made.append(msgspec.structs.replace(one, steps=steps))
    return tuple(made)


def _plain(texts: tuple[str, ...]) -> tuple[str, ...]:
    fields = {"count": "three", "days": "seven", "technique": "moving the ankle"}
    return tuple(text.format(**fields) for text in texts)


def _learns(step: Step, intent: str, script: Script) -> bool:
    """Whether an answer names a position and leads to the first stretch."""
    reaction = step.on[intent]
    return (
        isinstance(reaction, Reaction)
        and reaction.position is not None
        and reaction.to == script.learning.to
    )


def _leading(reaction: object, to: str | tuple[str, ...], say: tuple[str, ...]) -> Reaction:
    known = reaction if isinstance(reaction, Reaction) else Reaction()
    return msgspec.structs.replace(known, to=to, say=say)


def _put_first(steps: dict[str, Step], script: Script, known: Known) -> None:
    rule = script.learning
    step = steps.get(rule.step)
    if step is None:
        return
    on = dict(step.on)
    for intent, reaction in step.on.items():
        if not _learns(step, intent, script):
            continue
        assert isinstance(reaction, Reaction)
        first = known.first.get(reaction.position or "", "")
        entry = rule.enter.get(first, "")
        if entry in steps:
            say = rule.say.format(technique=known.names[first])
            on[intent] = _leading(reaction, entry, (say,))
    steps[rule.step] = msgspec.structs.replace(step, on=on)


def _answer_often(steps: dict[str, Step], protocol: Protocol, script: Script, known: Known) -> None:
    """Whatever is said or not said after it, the flag is raised: the diary does not ask."""
    rule = script.often
    step = steps.get(rule.step)
    there = rule.flag in protocol.flags and rule.next in protocol.steps
    if not known.often or step is None or not there:  # a file that names them otherwise
        return
    raised = Reaction(flag=rule.flag, to=rule.next)
    steps[rule.step] = Step(
        kind="do", phase=step.phase, say=known.often, why=step.why, label=step.label,
        wait=_SEEN, next=rule.next, care=step.care, source=rule.source,
        on={**step.on, "silence": raised, "done": raised, "yes": raised, "no": raised,
            "unsure": raised},
    )  # fmt: skip


def handover(protocol: Protocol, script: Script, state: State, phone: str) -> tuple[str, ...]:
    """What somebody who comes to help must know: what was done, how it stands, what is wrong."""
    say = script.answer
    walked = {*state.trail, state.step}
    stretched = any(
        protocol.steps[name].kind == "hold" and protocol.steps[name].stretch for name in walked
    )
    done = say.pressed if state.pressed else say.stretched if stretched else say.nothing_done
    stands = say.relieved if state.relieved else say.released if state.released else say.locked
    told = [say.handover.format(time=duration(state.now), done=done, stands=stands)]
    flags = sorted(state.flags, key=lambda flag: -Level[protocol.flags[flag].level])[:_MOST]
    if flags:
        names = "; ".join(protocol.flags[flag].says for flag in flags)
        told.append(say.flags.format(flags=names))
    else:
        told.append(say.clear)
    if state.level == Level.emergency:  # who is woken by it may have missed the first words
        told.append(say.emergency.format(number=digits(phone)))
        told += [say.once_more, *told]
    return tuple(told)


def with_handover(protocol: Protocol, script: Script, state: State, phone: str) -> Protocol:
    """The protocol that answers "tell my partner" as things stand now."""
    if HANDOVER not in protocol.anywhere:
        return protocol
    reaction = Reaction(say=handover(protocol, script, state, phone))
    return msgspec.structs.replace(protocol, anywhere={**protocol.anywhere, HANDOVER: reaction})
