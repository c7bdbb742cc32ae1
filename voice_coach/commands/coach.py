"""The main job: wait for the call, coach, wait again."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec

from voice_coach.audio import devices
from voice_coach.audio.card import CardPort
from voice_coach.audio.echo import EchoCanceller, NoCanceller, open_canceller
from voice_coach.audio.files import FilePort
from voice_coach.audio.mixer import Mixer
from voice_coach.audio.port import AudioPort
from voice_coach.audio.split import SplitPort
from voice_coach.commands import setup
from voice_coach.commands.setup import Choices
from voice_coach.content import load_protocol
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.protocol import Protocol
from voice_coach.diary.recorder import kept
from voice_coach.diary.stretch_recorder import kept_stretches
from voice_coach.errors import BusyError, CoachError, Terminated, UsageError
from voice_coach.eventlog import EventLog
from voice_coach.instance import microphone_taken
from voice_coach.listening.listener import Listener
from voice_coach.listening.port import Grammar, Recogniser
from voice_coach.loudness import wall_clock
from voice_coach.nightlog import NightLog
from voice_coach.nights import Keep, Nights, Stretch
from voice_coach.proof.seal import fingerprint
from voice_coach.resume.journal import Journal
from voice_coach.routine import reminder
from voice_coach.routine.content import ROUTINE
from voice_coach.routine.led import no_reminder
from voice_coach.screen import Board, Screen
from voice_coach.service.notify import Notifier
from voice_coach.session import Session
from voice_coach.speaking.voice import Voice
from voice_coach.transcript import Transcript


@dataclass(frozen=True)
class Sound:
    """Where sound comes from and goes to: a device's number or name, a .wav file, or None."""

    mic: str | None = None
    speaker: str | None = None
    headset: bool = False
    half_duplex: bool = False
    """Never listen while the coach speaks."""

    @property
    def virtual(self) -> bool:
        return is_file(self.mic)


@dataclass(frozen=True)
class Keeping:
    """Whether this night goes into the diary, and into which."""

    folder: Path | None = None
    """None: that of the user's data folder."""
    off: bool = False
    learning: bool = True
    """Whether what helped before comes first."""


def is_file(name: str | None) -> bool:
    return name is not None and name.lower().endswith(".wav")


def open_port(sound: Sound) -> AudioPort:
    """The port that fits. Raises UsageError for a pair that cannot go together."""
    if sound.virtual:
        if sound.speaker is not None and not is_file(sound.speaker):
            raise UsageError(
                "A file as microphone runs in virtual time, which no sound card can follow; "
                "give --speaker a .wav file too, or leave it out."
            )
        speaker = Path(sound.speaker) if sound.speaker else None
        return FilePort(Path(sound.mic or ""), speaker)
    if is_file(sound.speaker):
        return SplitPort(CardPort(device(sound.mic), None), Path(sound.speaker or ""))
    return CardPort(device(sound.mic), device(sound.speaker))


def canceller(sound: Sound) -> EchoCanceller:
    """What takes the coach's voice out of the microphone; it says why when nothing does."""
    if sound.half_duplex:
        return NoCanceller("Half duplex was asked for.")
    if is_file(sound.speaker) and not sound.virtual:
        return NoCanceller("What is spoken goes into a file, so there is no telling its echo.")
    return open_canceller()


def device(name: str | None) -> str | int | None:
    """A device's number, or part of its name, as it is looked for."""
    return int(name) if name is not None and name.isdigit() else name


@dataclass(frozen=True)
class Manner:
    """How to keep watch."""

    now: bool = False
    """Coach at once, and once."""
    standby: bool = False
    """As a service: tell the system that all is well, and never rehearse."""
    resume: bool = True
    """Take up a conversation that was cut off."""
    log: bool = True
    screen: bool = False
    """A large display instead of a line for each thing that happens."""
    routine: bool = False
    """The daily stretch at once, and once."""
    reminded: bool = False
    """It is the reminder's hour: where another coach listens, that one is told."""


def run(
    choices: Choices,
    sound: Sound,
    events: Path | None,
    manner: Manner,
    keeping: Keeping = Keeping(off=True),
) -> int:
    """Coach at once, or wait for the call, again and again, until Ctrl-C."""
    by_hand = not (manner.now or manner.standby or manner.routine)
    if by_hand and sound.mic is None and not devices.has_microphone():
        print(
            "There is no microphone here, so this is a rehearsal with a synthetic person "
            "(with one plugged in, the coach waits for the call)."
        )
        from voice_coach.commands import rehearse  # noqa: PLC0415 - not all night long

        return rehearse.demonstrate(choices, events)
    with ExitStack() as stack:
        try:
            ready = _prepare(choices, sound, events, manner, keeping, stack)
        except BusyError:
            if not manner.reminded:
                raise
            reminder.leave_note()
            print("The coach that is listening leads through the stretch.")
            return 0
        _watch(ready, manner)
    return 0


@dataclass(frozen=True)
class _Ready:
    """Everything loaded, and the microphone open."""

    nights: Nights
    mixer: Mixer
    journal: Journal | None
    log: NightLog


def _prepare(  # noqa: PLR0913 - what a person may choose, and where it is closed again
    choices: Choices,
    sound: Sound,
    events: Path | None,
    manner: Manner,
    keeping: Keeping,
    stack: ExitStack,
) -> _Ready:
    dialogue = setup.dialogue(choices)
    ear = setup.recogniser(choices, dialogue.protocol)
    if not sound.virtual:
        stack.enter_context(microphone_taken())
    log = EventLog(events)
    stack.callback(log.close)
    night_log = stack.enter_context(NightLog(manner.log and not sound.virtual))
    log.watch(night_log.watch)
    _show(log, dialogue.protocol, manner, stack)
    notifier = Notifier()
    log.watch(lambda _: notifier.alive())
    voice = stack.enter_context(setup.voice(choices))
    voice.clip(dialogue.protocol.steps[dialogue.protocol.start].say[0])  # the voice works
    sentences = setup.fixed_sentences(dialogue)
    voice.prefetch(sentences)
    port = open_port(sound)
    mixer = Mixer(choices.volume / 100)
    stack.callback(port.close)
    port.start(mixer)
    cancel = canceller(sound)

    def session(dialogue: Dialogue, keep: Keep | None) -> Session:
        return Session(
            port, mixer, voice, Listener(ear), dialogue, log,
            virtual=sound.virtual, headset=sound.headset, canceller=cancel, keep=keep,
            clock=None if sound.virtual else wall_clock,
        )  # fmt: skip

    journal = None
    if manner.resume and not sound.virtual:
        journal = Journal(dialogue.protocol, fingerprint(dialogue.protocol))
        stack.enter_context(journal)
    kept_dialogue = _kept(dialogue, ear, sound, keeping, stack)
    nights = Nights(
        kept_dialogue, session, journal, virtual=sound.virtual, notifier=notifier,
        stretch=_stretch(choices, ear, voice, sound, keeping, manner, stack),
        doze=lambda: voice.forget(dialogue.protocol.steps[dialogue.protocol.start].say),
        wake=lambda: _soon(lambda: voice.prefetch(sentences)),
    )  # fmt: skip
    notifier.ready()
    return _Ready(nights, mixer, journal, night_log)


def _soon(work: Callable[[], None]) -> None:
    """In a second: until then the coach's first word, which is ready, has the machine to itself."""
    timer = threading.Timer(1.0, work)
    timer.daemon = True
    timer.start()


def _show(log: EventLog, protocol: Protocol, manner: Manner, stack: ExitStack) -> None:
    """For whoever is watching; what is said is no business of the system's journal."""
    if manner.screen:
        log.watch(stack.enter_context(Screen(Board(_both(protocol)))).watch)
    elif not (manner.standby or manner.reminded):
        log.watch(Transcript().watch)


def _both(protocol: Protocol) -> Protocol:
    """The cramp's steps and those of the daily stretch, to be looked at: nobody is led by it."""
    routine = load_protocol(ROUTINE)
    return msgspec.structs.replace(
        protocol,
        steps={**routine.steps, **protocol.steps},
        intents={**routine.intents, **protocol.intents},
    )


def _watch(ready: _Ready, manner: Manner) -> None:
    """Keep watch until somebody ends it."""
    ready.log.note("start")
    try:
        resumed = ready.nights.take_up()
        if manner.routine:
            if not resumed:
                ready.nights.stretch()
        elif not manner.now:
            ready.nights.keep_watch()
        elif not resumed:
            ready.nights.coach()
    except KeyboardInterrupt as end:
        ready.mixer.hush()
        if ready.journal is not None and not isinstance(end, Terminated):
            ready.journal.erase()  # the person has ended it
        print("\nGood night.", file=sys.stderr)
    except Exception as error:
        ready.log.note("crash", kind=type(error).__name__)
        raise
    finally:
        _complain(ready.journal)
    ready.log.note("stop")


def _complain(journal: Journal | None) -> None:
    """Say why nothing could be kept, if that is so."""
    if journal is not None:
        journal.flush()
        if journal.warning:
            print(f"voice-coach: {journal.warning}", file=sys.stderr)


def _kept(
    dialogue: Dialogue, ear: Recogniser, sound: Sound, keeping: Keeping, stack: ExitStack
) -> Dialogue:
    """The dialogue with the diary listening. A recording is no cramp of now: it is only kept where
    a diary is named."""
    if keeping.off or (sound.virtual and keeping.folder is None):
        return dialogue
    return kept(
        dialogue, keeping.folder, stack, lambda phrases: setup.hears(ear, phrases),
        learning=keeping.learning,
    )  # fmt: skip


def _stretch(  # noqa: PLR0913 - as above
    choices: Choices,
    ear: Recogniser,
    voice: Voice,
    sound: Sound,
    keeping: Keeping,
    manner: Manner,
    stack: ExitStack,
) -> Stretch | None:
    """The daily stretch, where the ear knows its words; who asks for it is told what is wrong.

    On a recording no reminder is set: it is no wish of now.
    """
    if manner.now:
        return None
    try:
        plain = setup.routine(choices)
        phrases = {phrase for group in plain.protocol.intents.values() for phrase in group}
        ear.check(Grammar("the daily stretch", tuple(sorted(phrases))))
    except CoachError:
        if manner.routine:
            raise
        return None  # the coach for a cramp must not depend on it
    silent = keeping.off or (sound.virtual and keeping.folder is None)
    heard = None if silent else kept_stretches(keeping.folder, stack)

    def today() -> Dialogue:
        dialogue = setup.routine(
            choices,
            remind=no_reminder if sound.virtual else reminder.set_or_not,
            listener=heard,
            known=reminder.hour() is not None,
        )
        voice.prefetch(setup.fixed_sentences(dialogue))
        return dialogue

    due = (lambda: False) if sound.virtual else reminder.note_taken
    return Stretch(today, plain.protocol.intents["wake"], due)
