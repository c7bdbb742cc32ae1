"""All checks, in the order in which one thing needs the other."""

from __future__ import annotations

from collections.abc import Iterator

from voice_coach.doctor import machine, program
from voice_coach.doctor.finding import Check, Finding, Patient, tried
from voice_coach.doctor.room import Room


def checks(patient: Patient) -> dict[str, Check]:
    """Every check by its name in the report."""
    room = Room(patient)
    return {
        "packages": program.packages,
        "settings": program.configuration,
        "content": program.content,
        "model": program.model,
        "voice": program.voice,
        "recognition": program.recognition,
        "cache": machine.cache,
        "state": machine.state,
        "disk": machine.disk,
        "permissions": machine.permissions,
        "sound server": machine.sound_server,
        "speaker": room.speaker,
        "microphone": room.microphone,
        "loop": room.loop,
        "air": room.air,
        "turn-taking": program.turn_taking,
        "service": machine.service,
    }


def examine(patient: Patient) -> Iterator[Finding]:
    """One finding after another, each as soon as it is there."""
    for what, check in checks(patient).items():
        yield tried(what, check, patient)
