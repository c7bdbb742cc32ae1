"""The command on a sound card: what is heard, what is obeyed, and what can go wrong with it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.live.hearing import Listener, activity, offset_of, transcribe
from tests.live.person import Person
from tests.live.program import Program, entered, fault, said
from tests.virtual_card import VirtualCard
from voice_coach.audio.port import RATE
from voice_coach.content.loader import sentences
from voice_coach.dialogue.protocol import Protocol
from voice_coach.speaking.cache import CACHE_VARIABLE
from voice_coach.speaking.voice import Voice

pytestmark = pytest.mark.card

Breakable = tuple[VirtualCard, dict[str, str]]


@pytest.fixture
def breakable(clips: Path) -> Iterator[Breakable]:
    """A card that only this test uses, and the environment of a program on it."""
    with VirtualCard() as card:
        yield card, {**card.environment, CACHE_VARIABLE: str(clips)}


def ends_well(program: Program) -> bool:
    """Ctrl-C: exit 0, no traceback, nothing left behind."""
    return program.interrupt() == 0 and not program.family() and "Traceback" not in program.errors


def test_now_speaks_at_once_and_ctrl_c_in_mid_sentence_ends_it(
    card: VirtualCard, environment: dict[str, str], protocol: Protocol
) -> None:
    with card.record() as recording, Program("now", environment=environment) as program:
        program.wait_for_record(said("unload.say.1"))
        # The third sentence is about to sound.
        assert ends_well(program)
        end = len(recording.samples()) / RATE
        sound = recording.wait_for(end + 1.0)
        records = program.records
    spoken = [record for record in records if record["type"] == "say"]
    offset = offset_of(sound, spoken)
    assert 0 < spoken[0]["start"] + offset < 30.0
    listener = Listener(text for _, text in sentences(protocol))
    heard = transcribe(sound, spoken[:2], listener, offset)
    assert [s.heard for s in heard] == [s.text for s in heard]
    assert not activity(sound[round((end + 0.5) * RATE) :]).any(), "it speaks on after its end"


@pytest.mark.slow
def test_stop_is_obeyed_from_the_microphone(
    card: VirtualCard, environment: dict[str, str], somebody: Voice, protocol: Protocol
) -> None:
    person = Person(card, somebody, protocol, {"position": "stop now|please stop"})
    with card.record() as recording, Program("now", environment=environment) as program:
        person.converse(program, 90.0)
        assert program.wait() == 0
        assert program.family() == []
        sound = recording.wait_for(len(recording.samples()) / RATE + 0.5)
        records = program.records
    assert records[-1]["outcome"] == "stopped"
    spoken = [record for record in records if record["type"] == "say"]
    assert spoken[-3]["prompt"] == "stop_calm.say.0"
    # To its last word: the program does not leave before the card has played it.
    listener = Listener(text for _, text in sentences(protocol))
    (last,) = transcribe(sound, spoken[-1:], listener, offset_of(sound, spoken))
    assert last.heard == last.text


@pytest.mark.slow
def test_a_silent_microphone_leaves_nobody_without_help(environment: dict[str, str]) -> None:
    with Program("now", environment=environment) as program:
        program.wait_for_record(said("position.again.0"))
        program.wait_for_record(said("stretch_hand.say.1"))
        assert not [r for r in program.records if r["type"] in ("heard", "fault")]
        assert ends_well(program)


@pytest.mark.slow
def test_a_card_that_dies_and_comes_back_is_spoken_and_listened_to_again(
    breakable: Breakable, somebody: Voice, protocol: Protocol
) -> None:
    card, environment = breakable
    person = Person(card, somebody, protocol, {"position": "stop now|please stop"})
    with Program("now", environment=environment) as program:
        program.wait_for_record(said("unload.say.0"))
        card.stop()
        lost = program.wait_for_record(fault("card lost"))
        card.start()
        back = program.wait_for_record(fault("card back"), after=lost)
        program.wait_for_record(said("position.say.0"), after=back)
        person.converse(program, 90.0)
        assert program.wait() == 0
        assert "Traceback" not in program.errors
        assert program.records[-1]["outcome"] == "stopped"


@pytest.mark.slow
def test_a_microphone_that_is_unplugged_does_not_end_the_coaching(breakable: Breakable) -> None:
    card, environment = breakable
    with Program("now", environment=environment) as program:
        program.wait_for_record(said("unload.say.1"))
        card.unplug("mic")
        # Nobody can be heard any more; the coach leads on.
        program.wait_for_record(entered("stretch_hand"))
        program.wait_for_record(said("stretch_hand.say.0"))
        assert ends_well(program)


@pytest.mark.slow
def test_a_speaker_that_is_unplugged_and_plugged_in_again_is_heard(breakable: Breakable) -> None:
    card, environment = breakable
    with Program("now", environment=environment) as program:
        program.wait_for_record(said("unload.say.0"))
        card.unplug("spk")
        threading.Event().wait(1.5)
        card.plug("spk")
        with card.record() as recording:
            program.wait_for_record(said("stretch_hand.say.0"))
            heard = recording.samples()
        assert ends_well(program)
    assert np.count_nonzero(activity(heard)) > 50, "the new speaker stayed silent"
