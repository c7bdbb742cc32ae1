"""Scenarios: who the person is, what they say, and what must come of it. Data, not code."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from voice_coach.content import load_protocol, toml
from voice_coach.dialogue.protocol import Outcome, Protocol
from voice_coach.errors import ContentError, UsageError
from voice_coach.rehearsal.noises import NOISES, is_noise
from voice_coach.routine.content import ROUTINE

_LETTERS = 15.0
"""Letters, blanks too, that the coach says in a second."""

_MOMENT = r"^(\d+(\.\d+)? s|\d+ words?)$"

FOLDER = Path(__file__).with_name("scenarios")


class Remark(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something said a while after a hold has begun."""

    after: float
    say: str


class Interruption(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something said over a prompt; heard with a headset, or where the echo is cancelled."""

    prompt: str
    interrupt_after: Annotated[str, msgspec.Meta(pattern=_MOMENT)]
    """When, from the prompt's first sample on: "1.5 s", or "4 words"."""
    say: str
    """A phrase, or "[cough]", "[groan]", "[door]"."""
    within_ms: float | None = None
    """Milliseconds from the first sample of what is said until the prompt must have fallen
    silent."""
    resumed_ms: float | None = None
    """Milliseconds from the last sample of what is said until a prompt that gave way must go on."""

    def moment(self, text: str) -> float:
        """Seconds after the first sample of the prompt, whose words are ``text``."""
        amount, unit = self.interrupt_after.split()
        if unit == "s":
            return float(amount)
        return len(" ".join(text.split()[: int(amount)])) / _LETTERS


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the person speaks and answers.

    What is said is a phrase, or several with "|" between them of which the seed picks one; an
    empty phrase is silence.
    """

    call: str = "help calf cramp|help leg cramp|help i have a cramp|help calf cramp"
    """Long ones: a short one may be asked about first, which tests of standby look at."""
    voices: tuple[str, ...] = ()
    """Voice ids to pick from; empty for all of the rehearsal's voices."""
    delay: tuple[float, float] = (0.5, 1.6)
    """Seconds between the end of a prompt and the answer, from and to."""
    answers: dict[str, tuple[str | tuple[str, ...], ...]] = {}
    """By step: what is said on the first visit, the second, ...; the last repeats. Within a visit
    a list is said turn by turn."""
    during: dict[str, tuple[tuple[Remark, ...], ...]] = {}
    """By hold: remarks on the first visit, the second, ...; none after the last."""
    interrupts: tuple[Interruption, ...] = ()
    headset: bool = False
    healthy: bool = True
    """Answers every safety question reassuringly where ``answers`` says nothing else."""
    done: str = "done|okay"
    """What is said when a step is finished; empty for somebody who says nothing."""


class Expectation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What must come of it."""

    outcome: Outcome
    level: Literal["self_care", "routine", "soon", "urgent", "emergency"]
    said: tuple[str, ...] = ()
    """Prompts (or their beginnings) that must be said, in this order."""
    whole: tuple[str, ...] = ()
    """Prompts that must be heard to their end."""
    never: tuple[str, ...] = ()
    """Prompts (or their beginnings) that must not be said, and phrases that must not be heard."""
    heard: tuple[str, ...] = ()
    """Intents that must be heard, in this order."""
    within: dict[str, float] = {}
    """Seconds since the call by which a prompt must have begun."""
    not_before: dict[str, float] = {}
    """Seconds since the call before which a prompt must not begin."""


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One night."""

    title: str
    person: Person
    expect: Expectation
    care: tuple[str, ...] = ()
    """Rows of the care list that this scenario goes through."""
    begins: Literal["cramp", "routine"] = "cramp"
    """What is called for: help with a cramp, or the daily stretch, which may become a cramp."""


def names() -> tuple[str, ...]:
    """The scenarios that come with the package."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def load(name: str, protocol: Protocol) -> Scenario:
    """A scenario by name, or by the path of a TOML file.

    Raises UsageError for an unknown name and ContentError for a malformed file.
    """
    path = Path(name)
    if path.suffix != ".toml":
        if name not in names():
            hint = toml.nearest(name, names()) or "; see `voice-coach rehearse --list`."
            raise UsageError(f'There is no scenario "{name}"{hint}')
        path = FOLDER / f"{name}.toml"
    scenario = toml.convert(path, toml.read(path), Scenario)
    known = scenario.person
    steps = set(protocol.steps)
    if scenario.begins == "routine":
        steps |= set(load_protocol(ROUTINE).steps)
    for step in (*known.answers, *known.during):
        if step not in steps:
            raise ContentError(
                f'{path}: the protocol has no step "{step}"'
                f"{toml.nearest(step, steps) or '; see `voice-coach protocol show`.'}"
            )
    for interruption in known.interrupts:
        if is_noise(interruption.say) and interruption.say not in NOISES:
            raise ContentError(
                f'{path}: nobody can make the sound "{interruption.say}"; '
                f"there are {', '.join(NOISES)}."
            )
    return scenario


def pick(text: str, chance: random.Random) -> str:
    """One of the alternatives of a phrase."""
    return chance.choice(text.split("|")).strip()
