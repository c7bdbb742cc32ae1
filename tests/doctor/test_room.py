"""The card's checks on the virtual card, with each fault they name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import attached
from tests.virtual_card import VirtualCard
from voice_coach.audio.card import CardPort
from voice_coach.commands.coach import Sound
from voice_coach.commands.setup import Choices
from voice_coach.doctor.finding import Finding, Patient, tried
from voice_coach.doctor.room import Room
from voice_coach.instance import microphone_taken
from voice_coach.places import STATE_VARIABLE

pytestmark = pytest.mark.card


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))


@pytest.fixture
def room_card(own_card: VirtualCard) -> VirtualCard:
    """A card in a room: the microphone hears the speaker, and a little noise."""
    own_card.control(
        *("load-module", "module-loopback", "source=spk.monitor", "sink=micfeed"),
        "latency_msec=20",
    )
    return own_card


def examined(
    *names: str, headset: bool = False, mic: str = "pulse", speaker: str | None = None
) -> dict[str, Finding]:
    """These findings; where the microphone is named no other one is tried."""
    patient = Patient(Choices(region="GB"), Sound(mic or None, speaker, headset))
    room = Room(patient)
    return {name: tried(name, getattr(room, name), patient) for name in names}


@pytest.mark.slow
def test_a_room_in_which_all_is_well(room_card: VirtualCard) -> None:
    del room_card
    for _ in range(4):  # a busy machine loses sound, and then it is right to complain
        found = examined("loop", "air", "speaker")
        if {finding.status for finding in found.values()} == {"ok"}:
            break
    assert {finding.status for finding in found.values()} == {"ok"}, found
    assert "no clipping" in found["loop"].detail
    assert "help calf cramp" in found["air"].detail


def test_a_microphone_that_does_not_hear_the_speaker(own_card: VirtualCard) -> None:
    del own_card
    found = examined("loop", "air")
    assert found["loop"].status == "warning"
    assert "turn the speaker up" in found["loop"].detail
    assert found["air"].detail.startswith("Not tested")


def test_a_headset_is_not_supposed_to(own_card: VirtualCard) -> None:
    del own_card
    assert examined("loop", headset=True)["loop"].status == "ok"


def test_a_muted_microphone(room_card: VirtualCard) -> None:
    room_card.control("set-source-mute", "mic", "1")
    finding = examined("microphone")["microphone"]
    assert finding.status == "failed"
    assert "unmute it" in finding.detail


def test_a_speaker_that_overdrives_the_microphone(room_card: VirtualCard) -> None:
    room_card.control("set-sink-volume", "micfeed", "400%")
    room_card.control("set-source-volume", "mic", "400%")
    finding = examined("loop")["loop"]
    assert finding.status == "warning"
    assert "overdrives" in finding.detail


def test_a_microphone_or_speaker_that_was_named_and_is_not_there(own_card: VirtualCard) -> None:
    del own_card
    found = examined("microphone", "loop", "air", mic="Headset of somebody else")
    assert found["microphone"].status == "failed"
    assert "Headset of somebody else" in found["microphone"].detail
    assert {found["loop"].status, found["air"].status} == {"warning"}
    finding = examined("speaker", speaker="Speaker of somebody else")["speaker"]
    assert finding.status == "failed"
    assert "Speaker of somebody else" in finding.detail


def test_another_coach_has_the_microphone(room_card: VirtualCard) -> None:
    del room_card
    with microphone_taken():
        finding = examined("microphone")["microphone"]
    assert finding.status == "warning"
    assert f"process {os.getpid()}" in finding.detail


def test_a_sound_server_that_has_died(own_card: VirtualCard) -> None:
    own_card.stop()
    with attached(own_card):  # PortAudio looks again
        found = examined("microphone", "speaker", "loop", "air", mic="")
    assert {finding.status for finding in found.values()} == {"warning"}, found


def test_a_card_that_stops_during_the_test(
    own_card: VirtualCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    del own_card
    monkeypatch.setattr(CardPort, "read", lambda *_: None)
    finding = examined("microphone")["microphone"]
    assert finding.status == "warning"
    assert "stopped during the test" in finding.detail
