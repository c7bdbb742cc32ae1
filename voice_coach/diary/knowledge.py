"""What the nights before say about this one: counts, and the stretch that helped fastest. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median

from voice_coach.dialogue.protocol import Protocol
from voice_coach.dialogue.words import number
from voice_coach.diary.episode import Episode
from voice_coach.diary.figures import named
from voice_coach.diary.script import Script


@dataclass(frozen=True)
class Known:
    """Ready sentences, so that the conversation has nothing to compute."""

    often: tuple[str, ...] = ()
    """Why cramps count as frequent; empty when they do not, as far as the diary knows."""
    first: Mapping[str, str] = field(default_factory=dict)
    """By position: the stretch that comes first."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What those stretches are called."""
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By intent: what is answered to a question about the diary."""


def knowledge(
    before: Sequence[Episode], now: datetime, script: Script, protocol: Protocol
) -> Known:
    """``before``: earlier episodes, the newest first. ``now``: the call, with a time zone."""
    first = learned(before, script) if script.learning.on else {}
    return Known(
        often=_often(before, now, script),
        first=first,
        names={step: named(step, protocol) for step in first.values()},
        answers=_answers(before, now, script, protocol),
    )


def learned(before: Sequence[Episode], script: Script) -> dict[str, str]:
    """By position: the stretch with the shortest median time to relief, counted from its own
    beginning, among those that helped often enough. Of two that are equal, the newer."""
    rule = script.learning
    times: dict[str, dict[str, list[float]]] = {}
    seen: dict[str, int] = {}
    for episode in before:
        position = episode.position
        if position is None or seen.get(position, 0) >= rule.cramps:
            continue
        seen[position] = seen.get(position, 0) + 1
        took = _took(episode)
        if took is not None and episode.helped in rule.enter:
            times.setdefault(position, {}).setdefault(episode.helped, []).append(took)
    best = {}
    for where, stretches in times.items():
        enough = {name: median(t) for name, t in stretches.items() if len(t) >= rule.least}
        if enough:
            best[where] = min(enough, key=lambda name: enough[name])
    return best


def _took(episode: Episode) -> float | None:
    """Seconds from the last beginning of the stretch that helped until the spasm let go."""
    if episode.eased is None:
        return None
    began = [
        taken.at
        for taken in episode.steps
        if taken.step == episode.helped and taken.at <= episode.eased
    ]
    return episode.eased - began[-1] if began else None


def _often(before: Sequence[Episode], now: datetime, script: Script) -> tuple[str, ...]:
    rule = script.often
    cramps = 1 + sum(_within(e.began, now, rule.days) for e in before)
    if cramps >= rule.cramps:
        return _said(rule.say_cramps, count=number(cramps), days=number(rule.days))
    times = [e.began for e in before if _within(e.began, now, rule.within)]
    nights = {_night(t) for t in (now, *times) if _breaks_sleep(t, script)}
    if len(nights) >= rule.nights:
        return _said(rule.say_nights, count=number(len(nights)), days=number(rule.within))
    return ()


def _within(then: datetime, now: datetime, days: int) -> bool:
    return now - timedelta(days=days) < then <= now


def _breaks_sleep(when: datetime, script: Script) -> bool:
    return when.hour >= script.often.evening or when.hour < script.often.morning


def _night(when: datetime) -> str:
    """The date on which that evening fell."""
    return (when - timedelta(hours=12)).date().isoformat()


def _answers(
    before: Sequence[Episode], now: datetime, script: Script, protocol: Protocol
) -> dict[str, tuple[str, ...]]:
    say = script.answer
    earlier = [episode for episode in before if episode.began <= now]
    count = 1 + sum(_within(e.began, now, say.days) for e in earlier)
    often = say.how_often.format(count=number(count), days=number(say.days))
    helped = next((e.helped for e in earlier if e.helped), "")
    technique = (
        say.what_helped.format(technique=named(helped, protocol)) if helped else say.nothing_helped
    )
    return {
        "how_often": (often if earlier else say.first,),
        "last_one": (_last(earlier[0].began, now, script) if earlier else say.first,),
        "what_helped": (technique if earlier else say.first,),
        "forget": (say.forget,),
    }


def _last(then: datetime, now: datetime, script: Script) -> str:
    say = script.answer
    days = (now.date() - then.astimezone(now.tzinfo).date()).days
    when = say.today if days <= 0 else say.yesterday if days == 1 else ""
    return say.last_one.format(when=when or say.before.format(count=number(days)))


def _said(texts: tuple[str, ...], **fields: str) -> tuple[str, ...]:
    return tuple(text.format(**fields) for text in texts)
