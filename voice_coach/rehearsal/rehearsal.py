"""Runs a scenario on audio, in virtual time, and says whether it went as it must."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from voice_coach.audio.echo import EchoCanceller, open_canceller
from voice_coach.audio.mixer import Mixer
from voice_coach.audio.port import RATE, Samples
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.errors import UsageError
from voice_coach.eventlog import EventLog, Record
from voice_coach.listening.listener import Listener
from voice_coach.listening.port import Recogniser
from voice_coach.rehearsal.echo_path import Loudspeaker
from voice_coach.rehearsal.person import SyntheticPerson, Utterance, settings_for
from voice_coach.rehearsal.room import RoomPort
from voice_coach.rehearsal.scenario import Expectation, Scenario
from voice_coach.rehearsal.scenario import Person as Character
from voice_coach.routine.content import OVER
from voice_coach.session import Ending, Session
from voice_coach.speaking.cache import ClipCache
from voice_coach.speaking.port import Renderer
from voice_coach.speaking.voice import Voice

CALLS: Final = 5
"""How often the person calls before giving up."""

CALL_SECONDS: Final = 30.0
"""Seconds after which nobody has heard them."""

_SOON: Final = 0.1
"""Seconds by which a moment may be early."""

HEADSET_ECHO: Final = -60.0
"""dB of the coach that a headset's microphone hears."""


@dataclass(frozen=True)
class Room:
    """Where the rehearsal takes place."""

    snr_db: float | None = None
    echo_db: float = -14.0
    noise: Path | None = None
    loudspeaker: Loudspeaker = field(default_factory=Loudspeaker)
    barge_in: bool = False
    """Listen while the coach speaks, through the echo canceller, as on a sound card. It takes
    twice the processor time; where somebody interrupts it is done anyway."""


@dataclass
class Report:
    """What came of a rehearsal."""

    scenario: str
    seed: int
    outcome: str
    level: str
    elapsed: float
    turns: int
    misheard: int
    """Utterances of the person that were not acted on as they were meant."""
    prompts: int
    wall_seconds: float
    faults: list[str] = field(default_factory=list)
    """In what the conversation differed from the scenario's expectation."""
    records: list[Record] = field(default_factory=list, repr=False)
    utterances: list[tuple[float, str]] = field(default_factory=list, repr=False)
    recording: Samples = field(default_factory=lambda: np.zeros(0, dtype=np.int16), repr=False)

    def summary(self) -> dict[str, Any]:
        """The closing object of ``rehearse --json``."""
        keys = (
            "scenario", "seed", "outcome", "level", "elapsed", "turns", "misheard", "prompts",
            "wall_seconds", "faults",
        )  # fmt: skip
        return {key: getattr(self, key) for key in keys}


@dataclass
class Cast:
    """What rehearsals share, so that many can run in one process."""

    dialogue: Dialogue
    recogniser: Recogniser
    voice: Voice
    """The coach's."""
    renderer: Callable[[], Renderer]
    """Makes the engine of a person's voice; each voice owns its own."""
    cache: ClipCache
    routine: Dialogue | None = None
    """The daily stretch, where it can be rehearsed."""

    def first(self, scenario: Scenario) -> Dialogue:
        """The conversation that is called for. Raises UsageError where it is not there."""
        if scenario.begins == "cramp":
            return self.dialogue
        if self.routine is None:
            raise UsageError("The daily stretch cannot be rehearsed here; rehearse a cramp.")
        return self.routine


class _Stage:
    """The person's cue: calls until heard, then speaks when the conversation says so."""

    def __init__(self, person: SyntheticPerson) -> None:
        self._person = person
        self._next_call = 1.0
        self._calls = 0
        self._zero: float | None = None

    def speech(self, now: float) -> Samples | None:
        if self._zero is not None:
            return self._person.due(now - self._zero)
        if now < self._next_call or self._calls >= CALLS:
            return None
        self._calls += 1
        samples = self._person.call()
        self._next_call = now + len(samples) / RATE + 3.0
        return samples

    def begin(self, zero: float) -> None:
        """The coach has heard the call; ``zero`` is its time on the room's clock."""
        self._zero = zero


def rehearse(  # noqa: PLR0913 - a scenario needs a cast, a room and a seed
    name: str,
    scenario: Scenario,
    cast: Cast,
    *,
    seed: int = 1,
    room: Room | None = None,
    log: EventLog | None = None,
) -> Report:
    """Lead a synthetic person through one night.

    Raises CoachError of any kind that a real session raises, AudioFileError for the noise, and
    UsageError where somebody speaks over the coach and no echo canceller is installed.
    """
    began = time.perf_counter()
    room = room or Room()
    log = log or EventLog()
    chance = random.Random(f"{name}/{seed}")
    character = scenario.person
    canceller = _canceller(character, room)
    with Voice(cast.renderer(), cast.cache, settings_for(character, chance)) as own_voice:
        dialogue = cast.first(scenario)
        person = SyntheticPerson(character, dialogue, own_voice, chance)
        stage = _Stage(person)
        echo = HEADSET_ECHO if character.headset else room.echo_db
        port = RoomPort(
            stage.speech, seed=seed, echo_db=echo, loudspeaker=room.loudspeaker,
            snr_db=room.snr_db, noise=room.noise,
        )  # fmt: skip
        records: list[Record] = []
        log.watch(records.append)
        log.watch(person.watch)
        mixer = Mixer()
        port.start(mixer)

        def session(dialogue: Dialogue) -> Session:
            return Session(
                port, mixer, cast.voice, Listener(cast.recogniser), dialogue, log,
                virtual=True, headset=character.headset, canceller=canceller,
            )  # fmt: skip

        asleep = session(dialogue)
        call = asleep.wait_for_call(CALL_SECONDS)
        wrong, said, noted = 0, 0, 0
        if call is not None:
            stage.begin(call.at)
            ending = asleep.coach(call)
            if ending.outcome == OVER:  # a cramp came: its conversation has a clock of its own
                wrong = misheard(person.said, records)
                said, noted = len(person.said), len(records)
                person.go_over(cast.dialogue)
                stage.begin(port.now())
                ending = _then(ending, session(cast.dialogue).coach())
        else:
            ending = Ending("unheard", "self_care", CALL_SECONDS, 0)
        port.close()
    report = Report(
        scenario=name,
        seed=seed,
        outcome=ending.outcome,
        level=ending.level,
        elapsed=round(ending.elapsed, 2),
        turns=ending.turns,
        misheard=wrong + misheard(person.said[said:], records[noted:]),
        prompts=sum(r["type"] == "say" for r in records),
        wall_seconds=round(time.perf_counter() - began, 2),
        records=records,
        utterances=[(u.at, u.text) for u in person.said],
        recording=port.recording(),
    )
    report.faults = differences(scenario.expect, report) + too_slow(person, records)
    return report


def _canceller(character: Character, room: Room) -> EchoCanceller | None:
    """What takes the coach's voice out of the microphone, where that is wanted."""
    if character.headset or not (room.barge_in or character.interrupts):
        return None
    canceller = open_canceller()
    if canceller.reason:
        raise UsageError(canceller.reason)
    return canceller


def _then(first: Ending, second: Ending) -> Ending:
    """Two conversations of one night, as one: it ends as the second does."""
    return Ending(
        second.outcome, second.level, first.elapsed + second.elapsed, first.turns + second.turns
    )


def misheard(said: Sequence[Utterance], records: list[Record]) -> int:
    """Utterances that no hearing with their own intent answers within four seconds."""
    heard = [r for r in records if r["type"] == "heard"]
    wrong = 0
    for utterance in said:
        answers = [r for r in heard if 0 <= r["decided"] - utterance.at <= 4.0]
        if not any(r["intent"] == utterance.intent for r in answers) and (
            utterance.intent or answers
        ):
            wrong += 1
    return wrong


def differences(expect: Expectation, report: Report) -> list[str]:
    """In what a rehearsal went otherwise than expected, one sentence each."""
    said = [(r["prompt"], r["start"]) for r in report.records if r["type"] == "say"]
    intents = [r["intent"] for r in report.records if r["type"] == "heard"]
    prompts = [prompt for prompt, _ in said]
    faults = []
    if report.outcome != expect.outcome:
        faults.append(f"outcome {report.outcome}, expected {expect.outcome}")
    if report.level != expect.level:
        faults.append(f"level {report.level}, expected {expect.level}")
    faults += _missing("said", expect.said, prompts)
    faults += _missing("heard", expect.heard, intents)
    phrases = [r["text"] for r in report.records if r["type"] == "heard" and r["accepted"]]
    whole = [r["prompt"] for r in report.records if r["type"] == "say" and not r["interrupted"]]
    faults += [f"{p} was not heard to its end" for p in expect.whole if p not in whole]
    for prefix in expect.never:
        faults += [f"said {p}, which must not be said" for p in prompts if p.startswith(prefix)]
        faults += [f'heard "{p}", which must not be heard' for p in phrases if p == prefix]
    for prefix, seconds in expect.within.items():
        first = next((t for p, t in said if p.startswith(prefix)), float("inf"))
        if first > seconds:
            faults.append(f"{prefix} began at {first:.1f} s, expected by {seconds:.1f} s")
    for prefix, seconds in expect.not_before.items():
        first = next((t for p, t in said if p.startswith(prefix)), float("inf"))
        if first < seconds:
            faults.append(f"{prefix} began at {first:.1f} s, not expected before {seconds:.1f} s")
    return faults


def too_slow(person: SyntheticPerson, records: list[Record]) -> list[str]:
    """Prompts that went on for too long after the person had begun to speak over them, or that
    gave way and were not taken up again soon enough."""
    faults = []
    for one in person.interrupted:
        wanted = one.interruption
        said = next(
            (u for u in person.said if u.text == wanted.say and u.at >= one.planned - _SOON), None
        )
        if said is None:
            if wanted.within_ms is not None or wanted.resumed_ms is not None:
                faults.append(f'nobody said "{wanted.say}" over {wanted.prompt}')
            continue
        silent = _silenced(records, wanted.prompt, said.at)
        if wanted.within_ms is not None and silent == float("inf"):
            faults.append(f"{wanted.prompt} was over before anybody spoke")
        elif wanted.within_ms is not None and 1000 * (silent - said.at) > wanted.within_ms:
            late = 1000 * (silent - said.at)
            faults.append(
                f"{wanted.prompt} fell silent after {late:.0f} ms, not {wanted.within_ms:g}"
            )
        back = _resumed(records, said.at, said.until)
        if wanted.resumed_ms is not None and 1000 * (back - said.until) > wanted.resumed_ms:
            late = 1000 * (back - said.until)
            faults.append(f"{wanted.prompt} went on after {late:.0f} ms, not {wanted.resumed_ms:g}")
    return faults


def _silenced(records: list[Record], prompt: str, after: float) -> float:
    """When this prompt first fell silent after a moment: it gave way, or it ended."""
    times = [r["silent"] for r in records if r["type"] == "floor" and r["who"] == "person"]
    times += [r["end"] for r in records if r["type"] == "say" and r["prompt"] == prompt]
    return min((t for t in times if t > after), default=float("inf"))


def _resumed(records: list[Record], began: float, ended: float) -> float:
    """When the coach went on after this was said; if it did not give way, it did so at once."""
    floor = [r for r in records if r["type"] == "floor" and r["t"] >= began]
    if not floor or floor[0]["who"] == "coach" or floor[0]["onset"] > ended:
        return ended
    return next((r["t"] for r in floor if r["who"] == "coach"), float("inf"))


def _missing(what: str, wanted: tuple[str, ...], found: list[str]) -> list[str]:
    """The first of ``wanted`` that does not follow in order."""
    rest = iter(found)
    for prefix in wanted:
        if not any(item.startswith(prefix) for item in rest):
            return [f"{prefix} was not {what} in its place"]
    return []
