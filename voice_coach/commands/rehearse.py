"""A rehearsal on the command line: one scenario, live transcript, sound and events at the end."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path

from voice_coach.audio import wav
from voice_coach.commands import setup
from voice_coach.commands.setup import Choices
from voice_coach.diary.recorder import kept
from voice_coach.diary.stretch_recorder import kept_stretches
from voice_coach.eventlog import EventLog
from voice_coach.rehearsal import scenario
from voice_coach.rehearsal.rehearsal import Cast, Report, Room, rehearse
from voice_coach.speaking.cache import ClipCache
from voice_coach.speaking.pyttsx3_renderer import Pyttsx3Renderer
from voice_coach.transcript import Transcript

FIRST = "sitting-ordinary"
"""The scenario that is rehearsed when none is named."""


@dataclass(frozen=True)
class Wanted:
    """What to rehearse, and what to leave behind."""

    name: str = FIRST
    seed: int = 1
    room: Room = field(default_factory=Room)
    wav: Path | None = None
    events: Path | None = None
    json: bool = False
    diary: Path | None = None
    """Folder of the diary that keeps it; None: none."""
    learning: bool = True
    """Whether what that diary knows of what helped comes first."""


def list_scenarios(choices: Choices) -> int:
    """Print the names and titles."""
    protocol = setup.dialogue(choices).protocol
    for name in scenario.names():
        print(f"{name:20s} {scenario.load(name, protocol).title}")
    return 0


def demonstrate(choices: Choices, events: Path | None) -> int:
    """The main job where there is no microphone."""
    recording, log = Path("rehearsal.wav"), events or Path("rehearsal.jsonl")
    return run(choices, Wanted(wav=recording, events=log))


def run(choices: Choices, wanted: Wanted) -> int:
    """Rehearse; 0 when it went as the scenario says it must, else 1."""
    with ExitStack() as stack:
        cast = make_cast(choices, stack)
        log = EventLog(wanted.events)
        stack.callback(log.close)
        if not wanted.json:
            log.watch(Transcript().watch)
        if wanted.diary is not None:
            ear = cast.recogniser
            cast.dialogue = kept(
                cast.dialogue, wanted.diary, stack, lambda phrases: setup.hears(ear, phrases),
                learning=wanted.learning,
            )  # fmt: skip
            heard = kept_stretches(wanted.diary, stack)
            cast.routine = setup.routine(choices, remind=_promised, listener=heard)
        story = scenario.load(wanted.name, cast.dialogue.protocol)
        if not wanted.json:
            print(f"{wanted.name}: {story.title}")
        report = rehearse(wanted.name, story, cast, seed=wanted.seed, room=wanted.room, log=log)
        if wanted.wav is not None:
            wav.save(wanted.wav, report.recording)
    _close(report, wanted)
    return 1 if report.faults else 0


def make_cast(choices: Choices, stack: ExitStack) -> Cast:
    """Ear, voice and dialogue for any number of rehearsals."""
    dialogue = setup.dialogue(choices)
    ear = setup.recogniser(choices, dialogue.protocol)
    cache = ClipCache()
    voice = stack.enter_context(setup.voice(choices, cache))
    voice.prefetch(setup.fixed_sentences(dialogue))
    routine = setup.routine(choices, remind=_promised)
    return Cast(dialogue, ear, voice, Pyttsx3Renderer, cache, routine)


def _close(report: Report, wanted: Wanted) -> None:
    if wanted.json:
        print(json.dumps(report.summary()))
        return
    print(
        f"\nOutcome: {report.outcome}, advice: {report.level}; {report.elapsed:.0f} s of "
        f"conversation in {report.wall_seconds:.1f} s, {report.turns} answers, "
        f"{report.misheard} misheard."
    )
    for fault in report.faults:
        print(f"Not as the scenario says: {fault}.")
    for what, path in (("Sound", wanted.wav), ("Events", wanted.events)):
        if path is not None:
            print(f"{what}: {path}")


def _promised(_: time | None) -> bool:
    """In a rehearsal no reminder is set, and the person is synthetic."""
    return True
