"""Who may call: personas as data, and how one person is drawn from a persona."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final, Literal

import msgspec

from voice_coach.content import toml
from voice_coach.dialogue.protocol import Outcome, Position, Protocol, Reaction, Step
from voice_coach.rehearsal.scenario import Expectation, Interruption, Person, Remark, Scenario

FILE: Final = Path(__file__).with_name("personas.toml")

ANY: Final = "any"
"""An intent: whatever may be said here."""

VISITS: Final = 4
"""Times a person may be asked the same before they answer as the last time."""

Visits = tuple["str | tuple[str, ...]", ...]
"""What is said on each visit of a step."""

_QUESTIONS: Final = ("why", "cause", "options", "elapsed", "what_now", "repeat", "thanks")
_MANNERS: Final = ("slower", "faster", "louder", "quieter")
_PAUSE: Final = ("pause", "resume")

LevelName = Literal["self_care", "routine", "soon", "urgent", "emergency"]
Habit = Literal[
    "hesitates", "mumbles", "asks", "adjusts", "pauses", "goes_back", "interrupts", "repeats",
    "contradicts",
]  # fmt: skip


class Saying(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something said without being asked."""

    intent: str
    chance: float = 1.0
    """For each place where it may be said."""
    during: Literal["stretch", "pressure", "anything"] = "anything"


class Persona(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A kind of person, and what they should get."""

    title: str
    weight: float = 1.0
    """How many of the nights are theirs, against the others."""
    outcome: tuple[Outcome, ...] = ()
    """Which of these is right; empty: any."""
    level: LevelName | None = None
    position: tuple[Position, ...] = ("sitting", "lying", "standing", "far")
    lets_go: tuple[int, int] = (0, 2)
    gone: tuple[int, int] = (0, 1)
    severe: float = 0.2
    flags: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    mumbled: tuple[str, ...] = ()
    silent: Literal["never", "when_asked", "always"] = "never"
    delay: tuple[float, float] = (0.5, 1.6)
    headset: bool = False
    says: tuple[Saying, ...] = ()
    habits: dict[Habit, float] = {}


class Personas(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The file."""

    mumbles: tuple[str, ...]
    personas: dict[str, Persona]

    def pick(self, chance: random.Random) -> str:
        """A persona, by weight."""
        weights = [persona.weight for persona in self.personas.values()]
        return chance.choices(list(self.personas), weights)[0]


@cache
def personas() -> Personas:
    """Those that come with the package."""
    return toml.convert(FILE, toml.read(FILE), Personas)


class Casting:
    """Draws people who speak the words of a protocol."""

    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol
        spoken = [name for name, step in protocol.steps.items() if step.kind != "route"]
        self.vocabularies = {name: protocol.vocabulary(name) for name in spoken}
        """What may be said in each step."""
        self.phrases: dict[str, dict[str, list[str]]] = {name: {} for name in spoken}
        """The same by intent."""
        for name, vocabulary in self.vocabularies.items():
            for phrase, intent in vocabulary.items():
                self.phrases[name].setdefault(intent, []).append(phrase)

    def draw(self, persona: Persona, chance: random.Random) -> Scenario:
        """One person, with everything they will say, as a scenario of the rehearsal."""
        return _Draft(persona, self, chance).scenario()


class _Draft:
    """A person in the making: what is true of them is decided once, then all their answers."""

    def __init__(self, persona: Persona, casting: Casting, chance: random.Random) -> None:
        self._persona = persona
        self._casting = casting
        self._protocol = casting.protocol
        self._chance = chance
        self._position = chance.choice(persona.position)
        self._side = chance.choice(("left", "right"))
        self._severe = chance.random() < persona.severe
        self._lets_go = chance.randint(*persona.lets_go)
        self._gone = chance.randint(*persona.gone)

    def scenario(self) -> Scenario:
        persona = self._persona
        silent = persona.silent == "always"
        answers = {} if silent else dict(self._answers())
        person = Person(
            delay=persona.delay,
            answers=answers,
            during={} if silent else dict(self._during()),
            interrupts=() if silent else tuple(self._interrupts(answers)),
            headset=persona.headset,
            healthy=not silent,
            done="" if silent else "done|okay",
        )
        outcome, level = (persona.outcome or ("relieved",))[0], persona.level or "self_care"
        return Scenario(
            title=persona.title, person=person, expect=Expectation(outcome=outcome, level=level)
        )

    # -- when asked ---------------------------------------------------------------------------

    def _answers(self) -> Iterator[tuple[str, Visits]]:
        """By step, what is said on each visit."""
        for name, step in self._protocol.steps.items():
            if step.kind in ("do", "ask", "screen"):
                yield name, tuple(self._visit(name, step, n) for n in range(VISITS))

    def _visit(self, name: str, step: Step, n: int) -> tuple[str, ...]:
        """What is said on visit ``n`` of a step, turn by turn."""
        if step.kind == "screen" and self._persona.silent == "when_asked":
            return ("",)
        if step.kind == "screen" and step.flag in self._persona.mumbled:
            return (self._mumble(),)
        for saying in self._persona.says:
            if saying.during == "anything" and self._happens(saying.chance):
                return (self._phrase(name, saying.intent), self._answer(name, step, n))
        return (*self._detours(name), self._answer(name, step, n))

    def _detours(self, name: str) -> Iterator[str]:
        """What is said before the answer. At most one of the two that are borne only so often."""
        if not self._persona.habits:
            return
        if self._does("hesitates"):
            yield ""
        elif self._does("mumbles"):
            yield self._mumble()
        if self._does("asks"):
            yield self._phrase(name, self._chance.choice(_QUESTIONS))
        if self._does("adjusts"):
            yield self._phrase(name, self._chance.choice(_MANNERS))
        if self._does("pauses"):
            yield from (self._phrase(name, intent) for intent in _PAUSE)
        if self._does("goes_back"):
            yield self._phrase(name, "back")

    def _answer(self, name: str, step: Step, n: int) -> str:
        if self._does("contradicts"):
            return self._phrase(name, ANY)
        return self._phrase(name, self._truth(step, n))

    def _truth(self, step: Step, n: int) -> str:
        """The intent that answers truly when asked for the ``n``-th time, from 0."""
        if step.kind == "screen":
            return self._screened(step)
        if step.kind == "do" or step.phase == "end":
            return "done"
        return self._asked({name: _reaction(entry) for name, entry in step.on.items()}, n)

    def _asked(self, on: Mapping[str, Reaction], n: int) -> str:
        """What a question asks for is found in what its answers change: it fits any content."""
        for intent, reaction in on.items():
            if reaction.position == self._position or reaction.side == self._side:
                return intent
        if any(reaction.severe for reaction in on.values()):
            return "yes" if self._severe else "no"
        if any(reaction.released for reaction in on.values()):
            return "yes" if n >= self._lets_go else self._chance.choice(("no", "still"))
        yes, no = on.get("yes", Reaction()), on.get("no", Reaction())
        if yes.relieved or no.relieved:
            return "yes" if bool(yes.relieved) == (n >= self._gone) else "no"
        return self._chance.choice(sorted({"yes", "no"} & on.keys()) or ["done"])

    def _screened(self, step: Step) -> str:
        if step.flag in self._persona.unsure:
            return "unsure"
        danger = step.danger[0]
        return danger if step.flag in self._persona.flags else {"yes": "no", "no": "yes"}[danger]

    # -- unasked ------------------------------------------------------------------------------

    def _during(self) -> Iterator[tuple[str, tuple[tuple[Remark, ...], ...]]]:
        """Remarks in holds, on the first visit."""
        for name, step in self._protocol.steps.items():
            if step.kind != "hold":
                continue
            remarks = tuple(
                Remark(after=self._moment(step), say=self._phrase(name, saying.intent))
                for saying in self._persona.says
                if _fits(saying, step) and self._happens(saying.chance)
            )
            if remarks:
                yield name, (remarks,)

    def _moment(self, step: Step) -> float:
        return round(self._chance.uniform(1.0, max(1.5, step.seconds - 2.0)), 2)

    def _interrupts(self, answers: Mapping[str, Visits]) -> Iterator[Interruption]:
        """Answers before the question is over, and answers that are given twice."""
        for name, visits in answers.items():
            step, answer = self._protocol.steps[name], visits[0][-1]  # its last turn
            if not answer:
                continue
            if self._does("interrupts"):
                yield self._over(name, self._chance.uniform(0.3, 2.0), answer)
            following = step.next
            if self._does("repeats") and self._protocol.steps[following].kind != "route":
                yield self._over(following, 0.2, answer)

    def _over(self, name: str, after: float, say: str) -> Interruption:
        return Interruption(prompt=f"{name}.say.0", interrupt_after=f"{after:.1f} s", say=say)

    # -- chance -------------------------------------------------------------------------------

    def _does(self, habit: Habit) -> bool:
        return self._happens(self._persona.habits.get(habit, 0.0))

    def _happens(self, probability: float) -> bool:
        return probability > 0 and self._chance.random() < probability

    def _mumble(self) -> str:
        return self._chance.choice(personas().mumbles)

    def _phrase(self, name: str, intent: str) -> str:
        """Words for an intent in a step: the content lists the commonest first."""
        vocabulary = self._casting.phrases[name]
        if intent == ANY:
            intent = self._chance.choice(sorted(vocabulary))
        phrases = vocabulary.get(intent) or self._protocol.intents[intent]
        weights = [1.0 / rank for rank in range(1, len(phrases) + 1)]
        return self._chance.choices(phrases, weights)[0]


def _reaction(entry: str | tuple[str, ...] | Reaction) -> Reaction:
    return entry if isinstance(entry, Reaction) else Reaction(to=entry)


def _fits(saying: Saying, step: Step) -> bool:
    return {"stretch": step.stretch, "pressure": step.touch, "anything": True}[saying.during]
