"""One night on a bad sound server: each fault is noticed, told, and got over."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from tests.live.person import Person
from tests.live.program import Program, fault, said
from tests.virtual_card import VirtualCard
from voice_coach.content.faults import load_remarks
from voice_coach.dialogue.protocol import Protocol
from voice_coach.speaking.cache import CACHE_VARIABLE
from voice_coach.speaking.voice import Voice

pytestmark = [pytest.mark.card, pytest.mark.slow]


def test_a_night_of_faults_ends_as_the_person_wants(
    clips: Path, somebody: Voice, protocol: Protocol
) -> None:
    with VirtualCard() as card:
        person = Person(card, somebody, protocol, {})
        environment = {**card.environment, CACHE_VARIABLE: str(clips)}
        with Program("now", environment=environment) as program:
            at = program.wait_for_record(said("unload.say.0"))

            os.kill(card.pid, signal.SIGSTOP)
            at = program.wait_for_record(fault("card lost"), after=at)
            os.kill(card.pid, signal.SIGCONT)
            at = program.wait_for_record(fault("card back"), after=at)
            at = program.wait_for_record(said("fault.remark"), after=at)
            assert program.records[at]["text"] == load_remarks().back

            card.control("set-source-mute", "mic", "1")
            at = program.wait_for_record(fault("microphone muted"), after=at)
            at = program.wait_for_record(said("fault.remark"), after=at)
            assert program.records[at]["text"] == load_remarks().muted
            card.control("set-source-mute", "mic", "0")
            at = program.wait_for_record(fault("microphone unmuted"), after=at)

            card.control("suspend-source", "mic", "1")
            at = program.wait_for_record(fault("card lost"), after=at)
            card.control("suspend-source", "mic", "0")
            at = program.wait_for_record(fault("card back"), after=at)

            for plug, rate in (("mic", 44_100), ("spk", 96_000)):
                card.unplug(plug)
                card.plug(plug, rate)
            threading.Event().wait(1.0)

            for _ in range(8):  # whatever the coach is saying just now
                person.call("stop now")
                try:
                    program.wait_for_record(lambda r: r["type"] == "end", 6.0, at)
                    break
                except TimeoutError:
                    continue
            assert program.wait() == 0
            assert "Traceback" not in program.errors
            assert program.records[-1]["outcome"] == "stopped"
