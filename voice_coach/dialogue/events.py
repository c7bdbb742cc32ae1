"""What can happen to a dialogue. Every event carries the time, in seconds since the call."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PromptEnded:
    """A sentence was spoken to its end."""

    at: float
    prompt: str


@dataclass(frozen=True)
class Heard:
    """The person said one of the step's phrases."""

    at: float
    intent: str
    text: str = ""


@dataclass(frozen=True)
class NotUnderstood:
    """The person said something else."""

    at: float


@dataclass(frozen=True)
class TimerFired:
    """A timer that the dialogue started has run out."""

    at: float
    timer: str


Event = PromptEnded | Heard | NotUnderstood | TimerFired
