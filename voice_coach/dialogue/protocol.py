"""The shape of a protocol: what a clinician may write in a content file.

These types are the schema. ``content.loader`` reads TOML into them and refuses what does not fit;
``dialogue`` walks through them and adds the safety rules that no content can switch off.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Literal

import msgspec

Kind = Literal["do", "ask", "screen", "hold", "route", "end"]
Outcome = Literal[
    "relieved", "not_resolved", "stopped", "urgent", "emergency", "finished", "cramp", "missed",
]  # fmt: skip
"""The last three are those of the daily stretch: done, a cramp came, nobody was there."""
Position = Literal["sitting", "lying", "standing", "far"]
Side = Literal["left", "right"]


class Level(IntEnum):
    """How soon a person should see somebody. It only ever rises."""

    self_care = 0
    routine = 1
    soon = 2
    urgent = 3
    emergency = 4


class _Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all content: immutable, and an unknown key is an error."""


class Reaction(_Data, frozen=True, kw_only=True):
    """What an intent does in a step. Everything is optional."""

    to: str | tuple[str, ...] = ""
    """The next step. A list: the first time its first entry, then the next; the last repeats.
    Empty: stay here and go on listening."""
    say: tuple[str, ...] = ()
    """Sentences said before leaving (or before listening again)."""
    released: bool | None = None
    """The person says that the spasm is letting go (true) or has locked again (false)."""
    relieved: bool | None = None
    """The person says that the cramp is gone."""
    severe: bool | None = None
    position: Position | None = None
    side: Side | None = None
    flag: str = ""
    """A red flag that this answer raises."""


class Case(_Data, frozen=True, kw_only=True):
    """One line of a route: when the condition holds, go there."""

    when: Literal[
        "standing", "far", "released", "relieved", "severe", "pressed", "side_known",
        "no_pressure", "gate_open", "routine", "soon", "urgent", "emergency", "limit",
    ]  # fmt: skip
    to: str


class Step(_Data, frozen=True, kw_only=True):
    """One step of the conversation."""

    kind: Kind
    phase: str
    say: tuple[str, ...] = ()
    """Sentences, at most 20 words, one action each."""
    again: tuple[str, ...] = ()
    """One shorter reprompt for each silence or answer not understood, in turn. A safety question
    whose answer was not understood is then asked once more, after the general ``plain``."""
    why: tuple[str, ...] = ()
    """What "why" is answered with here; empty: the protocol's general answer."""
    label: str = ""
    """What we are doing, as the end of "We were ...": for the resumed session and the screen."""
    wait: float = 6.0
    """Seconds of silence after the prompt before the reprompt, then before going on."""
    repeats: int = 0
    """Say ``again`` over and over, this many times, before going on (emergency prompts)."""
    next: str = ""
    """Where done, skip and (at last) silence lead; of a screen, where a reassuring answer leads."""
    on: dict[str, str | tuple[str, ...] | Reaction] = {}
    """What the intents of this step do; a bare step name is a reaction that only goes there."""

    seconds: float = 0.0
    """Length of a hold."""
    every: float = 5.0
    """Seconds between the spoken counts or cues of a hold."""
    cues: tuple[str, ...] = ()
    """Spoken in turn during a hold instead of the count of seconds."""
    release: tuple[str, ...] = ()
    """Said when the hold is over."""

    flag: str = ""
    """The red flag that a screen asks for."""
    danger: tuple[Literal["yes", "no"], ...] = ("yes",)
    """Which plain answer raises the flag. "Not sure", no answer and an answer not understood
    always do."""
    found: str = ""
    """Where a raised flag leads."""

    touch: bool = False
    """Pressure or kneading: never before release, never with the gate open or a flag raised."""
    stretch: bool = False
    """Puts the muscle under tension: never with a flag that forbids it."""
    eases: bool = False
    """Tells the person to ease off: where "sharp" must lead during pressure."""

    cases: tuple[Case, ...] = ()
    outcome: Outcome | Literal[""] = ""
    care: tuple[str, ...] = ()
    """Rows of the care list that this step answers."""
    source: str = ""
    """Where its clinical content comes from."""


class Flag(_Data, frozen=True, kw_only=True):
    """A red flag."""

    level: Literal["routine", "soon", "urgent", "emergency"]
    forbids: tuple[Literal["pressure", "stretch"], ...] = ()
    says: str
    """The flag in a few words, for summaries."""
    source: str


class Gate(_Data, frozen=True, kw_only=True):
    """What stands between a person and any pressure on the muscle."""

    screens: tuple[str, ...]
    """Screen steps, in order: all must be answered with a clear reassuring answer."""
    locked: str
    """Where a step with pressure leads instead while the spasm has not let go."""
    forbidden: str
    """Where it leads instead when a flag forbids it."""
    source: str


class Limits(_Data, frozen=True, kw_only=True):
    """The clock of the whole cramp, in seconds since the call."""

    announce: tuple[float, ...]
    limit: float
    limit_step: str
    limit_level: Literal["soon", "urgent", "emergency"]
    limit_say: tuple[str, ...]
    """Said at the limit when the cramp is already gone or the advice is already given."""
    cap: float
    cap_step: str
    """Where the longest session ends."""
    source: str


class Common(_Data, frozen=True, kw_only=True):
    """Sentences that belong to no step."""

    elapsed: str
    """{time}"""
    announce: str
    hold_left: str
    step_time: str
    count: str
    """{count}: a number in words."""
    nomatch: tuple[str, ...]
    """In turn, so that it never says the same twice running."""
    plain: str
    """Which words are understood: said when a safety question is asked for the last time."""
    comfort: tuple[str, ...]
    """For "ow" where no hand is pressing."""
    why: tuple[str, ...]
    cause: tuple[str, ...]
    options: tuple[str, ...]
    paused: str
    still_paused: str
    resumed: str
    slower: str
    faster: str
    louder: str
    quieter: str
    at_limit: str
    """When it cannot get slower, faster, louder or quieter."""
    welcome: str
    nothing_before: str
    voice_lost: str
    """The plain sentence for when another could not be spoken."""


class Protocol(_Data, frozen=True, kw_only=True):
    """A whole content file."""

    title: str
    version: str
    language: str
    start: str
    stop: str
    """Where "stop" leads: a step that ends within one turn."""
    pause_seconds: float
    pause_reminders: int
    gap: float
    """Silence between two sentences, seconds."""
    limits: Limits
    gate: Gate
    common: Common
    intents: dict[str, tuple[str, ...]]
    """Phrases, lower case, by intent. A phrase may serve several intents; the step decides."""
    decoys: tuple[str, ...] = ()
    """Everyday words recognised only so that they are not taken for a command."""
    terms: dict[str, tuple[str, ...]] = {}
    """One noun for one thing: the noun that is said, and the others that are not."""
    anywhere: dict[str, Reaction]
    """Reactions that hold in every step, the red flags above all."""
    flags: dict[str, Flag]
    steps: dict[str, Step]

    def reaction(self, step_id: str, intent: str) -> Reaction | None:
        """What ``intent`` does in a step by its own table, or None."""
        entry = self.steps[step_id].on.get(intent)
        if entry is None or isinstance(entry, Reaction):
            return entry
        return Reaction(to=entry)

    def follows_relief(self, step_id: str) -> bool:
        """Whether a step is for somebody whose cramp is gone: told so, it stays. The end, too."""
        own = self.reaction(step_id, "gone")
        stays = own is not None and bool(own.relieved) and not own.to
        return stays or self.steps[step_id].phase == "end"

    def asks_of_danger(self, step_id: str) -> bool:
        """Whether a step is a safety question: whoever does not answer it may be in danger."""
        silence = self.reaction(step_id, "silence")
        return self.steps[step_id].kind == "screen" or bool(silence and silence.flag)

    def expected(self, step_id: str) -> tuple[str, ...]:
        """The phrases a step asks for, among all that may be said in it."""
        step = self.steps[step_id]
        wanted = set(step.on)
        if step.kind == "screen":
            wanted |= {"yes", "no", "unsure"}
        if step.kind in ("do", "hold"):
            wanted.add("done")
        return tuple(text for text, intent in self.vocabulary(step_id).items() if intent in wanted)

    def vocabulary(self, step_id: str) -> dict[str, str]:
        """Every phrase that may be said in a step, and the intent it has there.

        The step's own reactions come before the reactions that hold anywhere, and those before
        the controls, except that red flags and "stop" always keep their phrases.
        """
        step = self.steps[step_id]
        safety = [name for name, reaction in self.anywhere.items() if reaction.flag]
        order = ["stop", *safety, *step.on]
        if step.kind == "screen":
            order += ["yes", "no", "unsure"]
        order += [name for name in self.anywhere if name not in safety]
        if step.kind in ("do", "hold"):
            order.append("done")
        order += CONTROLS
        phrases: dict[str, str] = {}
        for intent in order:
            for phrase in self.intents.get(intent, ()):
                phrases.setdefault(phrase, intent)
        return phrases


CONTROLS = (
    "stop", "pause", "resume", "repeat", "slower", "faster", "louder", "quieter", "skip", "back",
    "restart", "elapsed", "what_now", "why", "cause", "options", "thanks", "sharp",
)  # fmt: skip
"""Intents that every step answers, with no word of content beyond their phrases."""
