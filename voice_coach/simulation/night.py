"""One night of a simulation: drawn from its number, played, watched, and judged."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.protocol import Level
from voice_coach.eventlog import EventLog, Record
from voice_coach.rehearsal.echo_path import Loudspeaker
from voice_coach.rehearsal.person import SyntheticPerson
from voice_coach.rehearsal.rehearsal import Cast, Room, misheard, rehearse
from voice_coach.rehearsal.scenario import Scenario
from voice_coach.simulation.hearing import Hearing
from voice_coach.simulation.monitor import JudgedDialogue
from voice_coach.simulation.persona import Casting, Persona, personas
from voice_coach.simulation.talk import Breath, Talk
from voice_coach.simulation.witness import Witness

NOISES: Final = (None, 25.0, 20.0, 15.0, 10.0)
"""dB by which the noise lies below the person; None is a quiet room."""

ECHOES: Final = (-22.0, -10.0)
"""dB of the coach at the microphone, from and to."""

DELAYS: Final = (0.0, 0.12)
"""Seconds from the coach's sound to its echo, from and to."""

Verdict = Literal["right", "more careful", "wrong"]


@dataclass(frozen=True)
class Night:
    """Who calls, and where."""

    number: int
    seed: int
    persona: str
    scenario: Scenario
    room: Room


@dataclass(frozen=True)
class Result:
    """What came of a night."""

    night: int
    persona: str
    snr_db: float | None
    outcome: str
    level: str
    verdict: Verdict
    relieved_at: float | None
    """Seconds since the call until the person said that the cramp is gone."""
    elapsed: float
    turns: int
    misheard: int
    violations: tuple[str, ...]
    """Broken rules, each with its moment. What made the night fail altogether is one too."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Played:
    """How a night ended."""

    outcome: str
    level: str
    elapsed: float
    turns: int
    misheard: int


class Stage:
    """Where nights are drawn and played: on audio with a cast, without one in words alone."""

    def __init__(
        self, dialogue: Dialogue, cast: Cast | None = None, hearing: Hearing | None = None
    ) -> None:
        """``hearing``: of the nights in words; None for what the room of each allows."""
        self._dialogue = dialogue
        self._cast = cast
        self._hearing = hearing
        self._casting = Casting(dialogue.protocol)

    def draw(self, number: int, seed: int, snr_db: float | None = None, persona: str = "") -> Night:
        """Night ``number`` of the simulation with this seed: always the same. ``snr_db``: the
        noise; None for any of ``NOISES``. ``persona``: who calls; empty for anybody."""
        chance = random.Random(f"{seed}/{number}")
        name = personas().pick(chance)
        name = persona or name
        noise = chance.choice(NOISES)
        room = Room(
            noise if snr_db is None else snr_db,
            echo_db=round(chance.uniform(*ECHOES), 1),
            loudspeaker=Loudspeaker(delay=round(chance.uniform(*DELAYS), 3)),
        )
        scenario = self._casting.draw(personas().personas[name], chance)
        return Night(number, chance.randrange(2**31), name, scenario, room)

    def play(self, night: Night, log: EventLog | None = None) -> Result:
        """Nothing that goes wrong is raised: what ends a session ends a night, and is a
        violation."""
        dialogue = self._dialogue
        judged = JudgedDialogue(
            dialogue.protocol, dialogue.number, vocabularies=self._casting.vocabularies
        )
        witness = Witness(dialogue.protocol, dialogue.number)
        log = log or EventLog()
        log.watch(witness.watch)
        failed: list[str] = []
        try:
            if self._cast is None:
                hearing = self._hearing or Hearing.at(night.room.snr_db)
                played = _in_words(night, judged, hearing, log)
            else:
                played = _on_audio(night, replace(self._cast, dialogue=judged), log)
        except Exception as error:
            played = Played("", "", 0.0, 0, 0)
            failed.append(f"failed: {type(error).__name__}: {error}")
        found, limits = judged.judgement, dialogue.protocol.limits
        late = (
            played.elapsed > limits.limit and not (found.relieved_at or limits.cap) < limits.limit
        )
        return Result(
            night=night.number, persona=night.persona, snr_db=night.room.snr_db,
            outcome=played.outcome, level=played.level,
            verdict=verdict(
                personas().personas[night.persona], played,
                Level[limits.limit_level] if late else Level.self_care,
            ),
            relieved_at=found.relieved_at, elapsed=round(played.elapsed, 2), turns=played.turns,
            misheard=played.misheard, violations=(*failed, *found.broken, *witness.broken),
        )  # fmt: skip


def _in_words(night: Night, dialogue: Dialogue, hearing: Hearing, log: EventLog) -> Played:
    chance = random.Random(night.seed)
    character = night.scenario.person
    person = SyntheticPerson(character, dialogue, Breath(), chance)
    records: list[Record] = []
    log.watch(person.watch)
    log.watch(records.append)
    talk = Talk(
        dialogue, person=person, hearing=hearing, chance=chance, log=log,
        full_duplex=character.headset,
    )  # fmt: skip
    talk.run()
    level = talk.state.level.name
    return Played(talk.outcome, level, talk.now, talk.turns, misheard(person.said, records))


def _on_audio(night: Night, cast: Cast, log: EventLog) -> Played:
    report = rehearse(
        night.persona, night.scenario, cast, seed=night.seed, room=night.room, log=log
    )
    return Played(report.outcome, report.level, report.elapsed, report.turns, report.misheard)


def verdict(persona: Persona, played: Played, least: Level) -> Verdict:
    """Whether a person got what they should, with at least the level ``least``: where the limit of
    self-care passed before the cramp was gone, its advice is right for everybody."""
    if not played.outcome:
        return "wrong"
    if persona.level is None:
        return "right"
    level, due = Level[played.level], max(Level[persona.level], least)
    late = ("relieved", "not_resolved") if least else ()
    if level == due and played.outcome in (*persona.outcome, *late):
        return "right"
    flagged = level == due and played.outcome in ("urgent", "emergency")
    return "more careful" if level > due or flagged else "wrong"
