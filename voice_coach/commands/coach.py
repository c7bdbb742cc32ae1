"""The main job: wait for the call, coach, wait again."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from voice_coach.audio import devices
from voice_coach.audio.card import CardPort
from voice_coach.audio.echo import EchoCanceller, NoCanceller, open_canceller
from voice_coach.audio.files import FilePort
from voice_coach.audio.mixer import Mixer
from voice_coach.audio.port import AudioPort
from voice_coach.audio.split import SplitPort
from voice_coach.commands import rehearse, setup
from voice_coach.commands.setup import Choices
from voice_coach.errors import UsageError
from voice_coach.eventlog import EventLog
from voice_coach.listening.listener import Listener
from voice_coach.session import Session
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
    """A device's number, or part of its name."""
    return int(name) if name is not None and name.isdigit() else name


def run(choices: Choices, sound: Sound, events: Path | None, now: bool) -> int:
    """Coach at once (``now``), or wait for the call, again and again, until Ctrl-C."""
    if not now and sound.mic is None and not devices.has_microphone():
        print(
            "There is no microphone here, so this is a rehearsal with a synthetic person "
            "(with one plugged in, the coach waits for the call)."
        )
        return rehearse.demonstrate(choices, events)
    dialogue = setup.dialogue(choices)
    ear = setup.recogniser(choices, dialogue.protocol)
    with ExitStack() as stack:
        log = EventLog(events)
        stack.callback(log.close)
        log.watch(Transcript().watch)
        voice = stack.enter_context(setup.voice(choices))
        voice.clip(dialogue.protocol.steps[dialogue.protocol.start].say[0])  # the voice works
        voice.prefetch(setup.fixed_sentences(dialogue))
        port = open_port(sound)
        mixer = Mixer(choices.volume / 100)
        stack.callback(port.close)
        port.start(mixer)
        session = Session(
            port, mixer, voice, Listener(ear), dialogue, log,
            virtual=sound.virtual, headset=sound.headset, canceller=canceller(sound),
        )  # fmt: skip
        try:
            _loop(session, now)
        except KeyboardInterrupt:
            mixer.hush()
            print("\nGood night.", file=sys.stderr)
    return 0


def _loop(session: Session, now: bool) -> None:
    if now:
        session.coach()
        return
    while True:
        print('Listening. Say "help, calf cramp".', flush=True)
        call = session.wait_for_call()
        if call is None:
            print("The recording is over.")
            return
        session.coach(call)
