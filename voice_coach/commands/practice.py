"""Practice by day: does the coach understand this person, and which words suit them?"""

from __future__ import annotations

import json
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from datetime import datetime

from voice_coach.audio import devices
from voice_coach.audio.mixer import Mixer
from voice_coach.audio.port import AudioPort
from voice_coach.commands import setup
from voice_coach.commands.coach import Sound, open_port
from voice_coach.commands.setup import Choices
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.errors import ModelError
from voice_coach.eventlog import EventLog, Record
from voice_coach.instance import microphone_taken
from voice_coach.listening.listener import Listener
from voice_coach.listening.port import Grammar, Recogniser
from voice_coach.practice import course, recordings
from voice_coach.practice.course import Drill, Exercise
from voice_coach.practice.lesson import Lesson
from voice_coach.practice.recordings import Recordings
from voice_coach.practice.report import Report, Result, report
from voice_coach.practice.script import Script, load
from voice_coach.transcript import Transcript

NOBODY_HEARD = 1
"""Exit code of a practice in which nobody was heard."""


@dataclass(frozen=True)
class Wanted:
    """How much to practise, and what to leave behind."""

    phrases: int | None = None
    """How many; None for the script's short course."""
    everything: bool = False
    keep: bool = False
    json: bool = False


def erase() -> int:
    """Remove every recording that was kept. Raises OutputError."""
    count = recordings.erase()
    if not count:
        print("There are no recordings of a practice.")
    else:
        print(f"Erased {count} recording{'' if count == 1 else 's'} of your voice.")
    return 0


def expire(days: int) -> None:
    """Remove the recordings that are older: every start of the coach does so."""
    recordings.expire(days, datetime.now())


def run(choices: Choices, sound: Sound, wanted: Wanted) -> int:
    """Practise; 0, or 1 when nobody was heard. Raises every error of the coach itself."""
    if sound.mic is None:
        devices.find(None, "input")  # no microphone: said before anything is loaded
    with nullcontext() if sound.virtual else microphone_taken():
        return practise(choices, open_port(sound), wanted, virtual=sound.virtual)


def practise(choices: Choices, port: AudioPort, wanted: Wanted, *, virtual: bool) -> int:
    """The practice over a port that is not open yet."""
    script = load()
    dialogue = setup.dialogue(choices)
    ear = setup.recogniser(choices, dialogue.protocol)
    count = None if wanted.everything else wanted.phrases or script.phrases
    drills = course.plan(dialogue.protocol, script.course, count)
    exercises = _exercises(drills, dialogue, ear, script)
    with ExitStack() as stack:
        log = EventLog()
        if not wanted.json:
            log.watch(Transcript().watch)
            log.watch(_show_score)
        voice = stack.enter_context(setup.voice(choices))
        voice.clip(script.say.welcome[0])  # the voice works
        mixer = Mixer(choices.volume / 100)
        stack.callback(port.close)
        port.start(mixer)
        kept = Recordings(datetime.now()) if wanted.keep else None
        keep = kept.add if kept else None
        lesson = Lesson(port, mixer, voice, Listener(ear), script, log, virtual=virtual, keep=keep)
        practised = lesson.run(exercises)
        done = report(
            practised.reason, practised.results, dialogue.protocol.intents, practised.seconds
        )
        lesson.close(done)
    _print(done, kept, wanted.json)
    return _code(done)


def _exercises(
    drills: tuple[Drill, ...], dialogue: Dialogue, ear: Recogniser, script: Script
) -> list[Exercise]:
    ends = tuple(word for word in script.end if _knows(ear, word))
    return [course.exercise(drill, dialogue, ends) for drill in drills]


def _knows(ear: Recogniser, phrase: str) -> bool:
    """Whether the model can hear a word: another model may do without the script's own ones."""
    try:
        ear.check(Grammar("the practice", (phrase,)))
    except ModelError:
        return False
    return True


def _code(done: Report) -> int:
    nobody = not any(result.heard for result in done.results)
    missing = done.reason == "unheard" or (nobody and done.reason != "stopped")
    return NOBODY_HEARD if missing else 0


# -- on the screen --------------------------------------------------------------------------------


def _show_score(record: Record) -> None:
    if record["type"] == "score" and record["outcome"] != "silent":
        print(f"{'':15s} {'=' * (record['score'] // 5):20s} {record['score']:3d}", flush=True)


def _print(done: Report, kept: Recordings | None, as_json: bool) -> None:
    if as_json:
        print(json.dumps({**done.as_json(), "kept": str(kept.folder) if kept else None}))
        return
    if done.results:
        print(f"\n{'asked':24s} {'heard':34s} score")
    for result in done.results:
        score = "-" if result.score is None else str(result.score)
        print(f"{result.drill.phrase:24s} {_heard(result):34s} {score:>5s}")
    for suggestion in done.suggestions:
        verb = "Say" if suggestion.tried else "Next time, try"
        over = " or ".join(f'"{phrase}"' for phrase in suggestion.over)
        print(f'{verb} "{suggestion.prefer}" rather than {over}.')
    microphone = done.microphone
    if microphone.speech is not None:
        noise = "" if microphone.snr is None else f", {microphone.snr:.0f} dB above the room"
        found = ", ".join(microphone.problems) or "good"
        print(f"Microphone: {found} (your voice {microphone.speech:.0f} dBFS{noise}).")
    if kept is not None:
        print(f"{kept.count} recordings: {kept.folder} (`voice-coach practice --erase`)")


def _heard(result: Result) -> str:
    words = {"missed": "(not understood)", "silent": "(nothing)"}
    return " / ".join(words.get(a.outcome, a.heard) for a in result.attempts)
