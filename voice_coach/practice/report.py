"""What came of a practice: results to scores and suggestions. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from voice_coach.practice.course import Drill
from voice_coach.practice.level import Level, Verdict, judge

Outcome = Literal["understood", "mistaken", "missed", "silent"]
"""understood: as meant, if in a synonym; mistaken: as something else; missed: not at all."""

Reason = Literal["done", "stopped", "unheard", "over"]
"""Why a practice ended: all was asked; the person said so; nobody is heard; the microphone's file
is over."""

CLEAR: Final = 75
"""Score from which an answer was heard clearly. Phrases said plainly score 82 and more in 95 of 100
cases, in a quiet room as at 15 dB of noise."""

BETTER: Final = 30
"""Points by which one phrase must beat another before it is recommended: the difference between an
answer understood and one missed once, never that between 90 and 100."""

GOOD: Final = 60
"""Score from which a phrase may be recommended at all."""

POOR: Final = 40
"""Score below which a phrase does not suit: it was missed more often than not."""


_UNMEASURED: Final = Level()


@dataclass(frozen=True)
class Attempt:
    """One time of saying it."""

    outcome: Outcome
    heard: str = ""
    """The phrase heard; empty for silence and for what was not understood."""
    confidence: float = 0.0
    level: Level = _UNMEASURED

    @property
    def score(self) -> int:
        """0 to 100: how sure the ear was of what was meant; 0 when it took it for anything else."""
        return round(100 * self.confidence) if self.outcome == "understood" else 0


@dataclass(frozen=True)
class Result:
    """One phrase and every attempt at it."""

    drill: Drill
    attempts: tuple[Attempt, ...]

    @property
    def heard(self) -> bool:
        """Whether anything was said at all."""
        return any(attempt.outcome != "silent" for attempt in self.attempts)

    @property
    def understood(self) -> bool:
        return any(attempt.outcome == "understood" for attempt in self.attempts)

    @property
    def score(self) -> int | None:
        """The mean over the attempts; None when nothing was said, no fault of the words."""
        scores = [attempt.score for attempt in self.attempts if attempt.outcome != "silent"]
        return round(sum(scores) / len(scores)) if scores else None


@dataclass(frozen=True)
class Suggestion:
    """Which words to use."""

    intent: str
    prefer: str
    over: tuple[str, ...]
    tried: bool = True
    """Whether ``prefer`` was practised and did better; else nothing practised did, and it is
    another way to say the same."""


@dataclass(frozen=True)
class Report:
    """A whole practice."""

    reason: Reason
    results: tuple[Result, ...]
    microphone: Verdict
    suggestions: tuple[Suggestion, ...]
    seconds: float = 0.0

    @property
    def understood(self) -> int:
        return sum(result.understood for result in self.results)

    def as_json(self) -> dict[str, Any]:
        """The closing object of ``practice --json``."""
        return {
            "reason": self.reason,
            "seconds": round(self.seconds, 1),
            "asked": len(self.results),
            "understood": self.understood,
            "phrases": [_result(result) for result in self.results],
            "microphone": {
                "problems": list(self.microphone.problems),
                "speech_dbfs": _round(self.microphone.speech),
                "noise_dbfs": _round(self.microphone.noise),
                "snr_db": _round(self.microphone.snr),
                "peak_dbfs": _round(self.microphone.peak),
                "clipped": round(self.microphone.clipped, 4),
            },
            "suggestions": [
                {"intent": s.intent, "prefer": s.prefer, "over": list(s.over), "tried": s.tried}
                for s in self.suggestions
            ],
        }


def report(
    reason: Reason,
    results: Sequence[Result],
    intents: Mapping[str, Sequence[str]],
    seconds: float = 0.0,
) -> Report:
    """``intents``: every phrase by intent, for words that were not practised."""
    levels = [attempt.level for result in results for attempt in result.attempts]
    return Report(reason, tuple(results), judge(levels), suggest(results, intents), seconds)


def suggest(
    results: Sequence[Result], intents: Mapping[str, Sequence[str]]
) -> tuple[Suggestion, ...]:
    """At most one suggestion an intent, in the order of the practice."""
    found = []
    for intent in dict.fromkeys(result.drill.intent for result in results):
        own = [result for result in results if result.drill.intent == intent]
        suggestion = _suggest(intent, own, intents.get(intent, ()))
        if suggestion is not None:
            found.append(suggestion)
    return tuple(found)


def _suggest(intent: str, results: list[Result], phrases: Sequence[str]) -> Suggestion | None:
    scores = {r.drill.phrase: r.score for r in results if r.score is not None}
    if not scores:
        return None
    best = max(scores, key=lambda phrase: scores[phrase])
    if scores[best] >= GOOD:
        worse = tuple(p for p, score in scores.items() if scores[best] - score >= BETTER)
        return Suggestion(intent, best, worse) if worse else None
    poor = tuple(phrase for phrase, score in scores.items() if score < POOR)
    asked = {result.drill.phrase for result in results}
    # The longer a phrase, the more there is to hear in it.
    others = sorted((p for p in phrases if p not in asked), key=lambda p: -len(p.split()))
    return Suggestion(intent, others[0], poor, tried=False) if poor and others else None


def _result(result: Result) -> dict[str, Any]:
    return {
        "phrase": result.drill.phrase,
        "intent": result.drill.intent,
        "state": result.drill.state,
        "score": result.score,
        "attempts": [
            {
                "outcome": attempt.outcome,
                "heard": attempt.heard,
                "score": attempt.score,
                "speech_dbfs": _round(attempt.level.speech),
                "noise_dbfs": _round(attempt.level.noise),
                "peak_dbfs": _round(attempt.level.peak),
                "clipped": round(attempt.level.clipped, 4),
            }
            for attempt in result.attempts
        ],
    }


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
