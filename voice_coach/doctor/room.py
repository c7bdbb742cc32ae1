"""Microphone, speaker and the air between them, measured on the sound card.

A second of silence tells how quiet the room is, a chirp how the microphone hears the speaker, and
a rendered phrase whether it is understood through the air.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from voice_coach.audio import devices
from voice_coach.audio.card import CardPort
from voice_coach.audio.devices import Device
from voice_coach.audio.mixer import Mixer
from voice_coach.audio.port import BLOCK, RATE, AudioPort, Samples
from voice_coach.commands import setup
from voice_coach.commands.coach import device, is_file
from voice_coach.doctor.chirp import Echo, chirp, find
from voice_coach.doctor.finding import PROBE, Doubt, Patient
from voice_coach.errors import AudioDeviceError, BusyError, CoachError
from voice_coach.instance import microphone_taken
from voice_coach.listening.hear import hear_samples
from voice_coach.listening.port import Grammar
from voice_coach.places import config_file
from voice_coach.practice.level import DEAD, LOWEST, TOO_CLIPPED, measure

BEFORE: Final = 0.9
AFTER: Final = 0.9
"""Seconds of silence recorded around what is played; the longest delay that is noticed."""

LOUD_ROOM: Final = -40.0
"""dBFS of noise above which a voice across the room has little chance."""

LATE: Final = 0.4
"""Seconds from the speaker to the microphone's samples after which answers feel slow."""

BETTER: Final = 6.0
"""dB by which another microphone must hear better to be worth a word."""

OTHERS: Final = 3
"""Microphones that are tried beside the one in use."""

TRIES: Final = 2
"""Times that the phrase is spoken: somebody may have coughed."""

_READ: Final = 0.5


@dataclass(frozen=True)
class Measured:
    """One microphone, in this room, with this speaker."""

    device: Device
    peak: float
    """dBFS of the loudest sample in the silence."""
    noise: float
    """dBFS of the silence."""
    echo: Echo | None
    """The chirp as it was heard."""

    @property
    def hears(self) -> float:
        """dB of the chirp above the silence; nothing heard is as bad as it gets."""
        return self.echo.level - self.noise if self.echo is not None else LOWEST


class Room:
    """The checks that need a card. What one of them has measured, the next one uses."""

    def __init__(self, patient: Patient) -> None:
        self._patient = patient

    def microphone(self, _: Patient) -> str:
        """Whether it sends sound, how quiet the room is, and whether another one hears better."""
        own = self._own
        name = f"{own.device.name} ({own.device.host_api})"
        if own.peak < DEAD:
            raise CoachError(f"{name} sends no sound at all: unmute it, or plug it in again.")
        if own.noise > LOUD_ROOM:
            raise Doubt(
                f"{name} hears a loud room ({own.noise:.0f} dBFS): move it away from what hums, "
                f"or turn it down."
            )
        best = max([own, *self._others], key=lambda one: one.hears)
        if best.hears > own.hears + BETTER:
            raise Doubt(
                f'"{best.device.name}" hears better than "{own.device.name}": set '
                f'mic = "{best.device.name}" in {config_file()}.'
            )
        return f"{name}, silence at {own.noise:.0f} dBFS"

    def speaker(self, _: Patient) -> str:
        """Whether there is one."""
        try:
            found = devices.find(device(self._patient.sound.speaker), "output")
        except AudioDeviceError as error:
            if self._patient.sound.speaker:
                raise  # somebody has named it: nothing else will do
            raise Doubt(str(error)) from None
        return f"{found.name} ({found.host_api})"

    def loop(self, _: Patient) -> str:
        """How the microphone hears the speaker: how late, how loud, how distorted."""
        echo = self._tested.echo
        if echo is None and self._patient.sound.headset:
            return "the microphone does not hear the speaker: a headset, as it should be"
        if echo is None:
            raise Doubt(
                "The microphone does not hear the speaker: turn the speaker up; or, with a "
                "headset, say so (--headset)."
            )
        if echo.clipped > TOO_CLIPPED:
            raise Doubt(
                f"The speaker overdrives the microphone ({echo.clipped:.0%} of it clipped): turn "
                f"one of them down, or move them apart."
            )
        found = f"heard after {1000 * echo.delay:.0f} ms, at {echo.gain:+.0f} dB"
        if echo.delay > LATE:
            raise Doubt(f"{found}, which is late: use a wired speaker and microphone.")
        return f"{found}, no clipping"

    def air(self, _patient: Patient) -> str:
        """Whether a phrase is understood from the speaker through the air."""
        own = self._tested
        if own.echo is None:
            raise Doubt("Not tested: the microphone does not hear the speaker.")
        choices = self._patient.choices
        ear = setup.recogniser(choices)
        grammar = Grammar("doctor", (PROBE, "stop", "done", "still hurts"))
        ear.use(grammar)
        with setup.voice(choices) as voice:
            clip = voice.clip(PROBE)
        port = CardPort(own.device.number, device(self._patient.sound.speaker))
        for _ in range(TRIES):
            heard = play_and_record(port, clip, choices.volume / 100, before=0.3)[0]
            found = hear_samples(heard, grammar, ear)
            if found.text == PROBE:
                return f'"{found.text}", confidence {found.confidence:.2f}'
        raise Doubt(
            f'"{PROBE}" was heard as "{found.text}" through the air: bring the microphone '
            f"nearer, or turn the speaker up."
        )

    @property
    def _own(self) -> Measured:
        found, error = self._measured
        if found is None:
            raise error or Doubt("Not tested.")
        return found

    @property
    def _tested(self) -> Measured:
        """The same for a check that can only doubt: another one says that it is not there."""
        try:
            return self._own
        except AudioDeviceError:
            raise Doubt("Not tested: there is no such microphone.") from None

    @cached_property
    def _measured(self) -> tuple[Measured | None, CoachError | None]:
        """The microphone in use, or why it could not be measured."""
        sound = self._patient.sound
        if is_file(sound.mic) or is_file(sound.speaker):
            return None, Doubt("Not tested: a file stands for the card.")
        try:
            own = devices.find(device(sound.mic), "input")
        except AudioDeviceError as error:
            # Without a card everything else can still be tried; but what was named must be there.
            return None, error if sound.mic else Doubt(f"Not tested. {error}")
        try:
            with microphone_taken():
                return self._measure(own), None
        except (BusyError, AudioDeviceError) as error:
            return None, Doubt(f"Not tested. {error}")

    @cached_property
    def _others(self) -> list[Measured]:
        """Other microphones, unless one was named. One that cannot be opened is no candidate."""
        if self._patient.sound.mic:
            return []
        found = []
        for other in devices.devices():
            named = other.name.lower()
            if other.inputs and other.name != self._own.device.name and "monitor" not in named:
                with suppress(AudioDeviceError), microphone_taken():
                    found.append(self._measure(other))
            if len(found) == OTHERS:
                break
        return found

    def _measure(self, microphone: Device) -> Measured:
        """Raises AudioDeviceError."""
        port = CardPort(microphone.number, device(self._patient.sound.speaker))
        heard, played = play_and_record(port, chirp(), self._patient.choices.volume / 100)
        silence = measure(heard[: round((BEFORE - 0.1) * RATE)])
        noise = LOWEST if silence.noise is None else silence.noise
        return Measured(microphone, silence.peak, noise, find(heard, played))


def play_and_record(
    port: AudioPort, clip: Samples, volume: float = 1.0, before: float = BEFORE
) -> tuple[Samples, Samples]:
    """What was heard and what was played, side by side: silence, the clip, silence.

    Raises AudioDeviceError when the card cannot be opened or falls silent on the way.
    """
    mixer = Mixer(volume)
    seconds = before + len(clip) / RATE + AFTER
    heard: list[Samples] = []
    played: list[Samples] = []
    try:
        port.start(mixer)
        while len(heard) * BLOCK < seconds * RATE:
            if len(heard) == round(before * RATE / BLOCK):
                mixer.play("doctor", clip)
            block = port.read(_READ)
            if block is None or block.played is None:
                raise AudioDeviceError("The sound card stopped during the test: plug it in again.")
            heard.append(block.samples)
            played.append(block.played)
    finally:
        port.close()
    return np.concatenate(heard), np.concatenate(played)
