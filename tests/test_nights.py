"""Nights in a row, with stand-ins for ear and voice; and real processes that are killed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scripts.bench import kill
from tests.audio.fake import FakePort
from tests.dialogue.explore import DIALOGUE, PROTOCOL
from tests.dialogue.talk import at
from voice_coach.audio.mixer import Mixer
from voice_coach.content.loader import load_protocol
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.eventlog import EventLog, Record
from voice_coach.listening.fake import FakeRecogniser
from voice_coach.listening.listener import Listener
from voice_coach.listening.port import Hearing, Recognition
from voice_coach.nights import Keep, Nights, Stretch
from voice_coach.resume.journal import Journal
from voice_coach.routine.content import ROUTINE, load
from voice_coach.routine.led import Led, no_reminder
from voice_coach.session import Call, Ending, Session
from voice_coach.speaking.cache import ClipCache
from voice_coach.speaking.fake import FakeRenderer
from voice_coach.speaking.port import VoiceSettings
from voice_coach.speaking.voice import Voice


def run(folder: Path, journal: Journal) -> tuple[bool, list[Record]]:
    """One program that takes up what there is, with nobody in the room; what it did."""
    records: list[Record] = []
    port, mixer, log = FakePort(), Mixer(), EventLog()
    log.watch(records.append)
    port.start(mixer)
    with Voice(FakeRenderer(), ClipCache(folder / "clips"), VoiceSettings()) as voice:

        def session(dialogue: Dialogue, keep: Keep | None) -> Session:
            return Session(
                port, mixer, voice, Listener(FakeRecogniser()), dialogue, log,
                virtual=True, keep=keep,
            )  # fmt: skip

        taken_up = Nights(DIALOGUE, session, journal, virtual=True).take_up()
    return taken_up, records


def test_what_was_cut_off_is_taken_up_and_led_to_its_end(tmp_path: Path) -> None:
    state = at("knot").state
    with Journal(PROTOCOL, "x", tmp_path / "state") as journal:
        journal.keep(state)
    with Journal(PROTOCOL, "x", tmp_path / "state") as journal:
        taken_up, records = run(tmp_path, journal)
    assert taken_up
    assert [r["text"] for r in records if r["type"] == "say"][:3] == [
        "Let go slowly.", "We were pressing the knot.", "Still with me?",
    ]  # fmt: skip
    began = next(r for r in records if r["type"] == "state")
    assert began["t"] == pytest.approx(state.now, abs=5.0)
    assert records[-1]["type"] == "end"
    assert list((tmp_path / "state").iterdir()) == []


def test_where_nothing_was_cut_off_nothing_is_said(tmp_path: Path) -> None:
    with Journal(PROTOCOL, "x", tmp_path / "state") as journal:
        assert run(tmp_path, journal) == (False, [])


def test_when_the_reminder_is_due_it_stretches_and_waits_on(tmp_path: Path) -> None:
    """Nobody is in the room: it asks, and does not insist."""
    records: list[Record] = []
    port, mixer, log = FakePort(), Mixer(), EventLog()
    log.watch(records.append)
    port.start(mixer)
    asked: list[str] = []

    def due() -> bool:
        asked.append("due")
        if len(asked) == 4:
            raise KeyboardInterrupt
        return len(asked) == 2

    routine = load_protocol(ROUTINE)
    stretch = Stretch(
        lambda: Led(routine, script=load(), remind=no_reminder), routine.intents["wake"], due
    )
    with Voice(FakeRenderer(), ClipCache(tmp_path / "clips"), VoiceSettings()) as voice:

        def session(dialogue: Dialogue, keep: Keep | None) -> Session:
            return Session(
                port, mixer, voice, Listener(FakeRecogniser()), dialogue, log,
                virtual=True, keep=keep,
            )  # fmt: skip

        with pytest.raises(KeyboardInterrupt):
            Nights(DIALOGUE, session, None, stretch=stretch).keep_watch()
    said = [r["text"] for r in records if r["type"] == "say"]
    assert said[0] == "Time to stretch your calves."
    assert said[-1] == "We stretch another time."
    assert [r["outcome"] for r in records if r["type"] == "end"] == ["missed"]


@pytest.mark.parametrize("confirmed", [False, True])
def test_whoever_says_that_it_is_a_cramp_is_not_led_through_the_stretch(confirmed: bool) -> None:
    """A doubtful "stretch with me" is asked about, too: "Do you have a cramp?" Yes."""
    calls = [Call(0.0, Hearing(Recognition("stretch with me", accepted=True)), confirmed)]
    led: list[Dialogue] = []

    class Asked:
        def __init__(self, dialogue: Dialogue) -> None:
            self.dialogue = dialogue

        def wait_for_call(self, _: float) -> Call | None:
            return calls.pop() if calls else None

        def coach(self, _: Call) -> Ending:
            led.append(self.dialogue)
            return Ending("stopped", "self_care", 1.0, 0)

    today = Dialogue(load_protocol(ROUTINE))
    stretch = Stretch(lambda: today, ("stretch with me",), lambda: False)
    make: Any = lambda dialogue, _: Asked(dialogue)  # noqa: E731
    Nights(DIALOGUE, make, None, virtual=True, stretch=stretch).keep_watch()
    assert led == [DIALOGUE if confirmed else today]


def test_what_is_let_go_of_while_nobody_calls_is_fetched_before_anybody_is_led() -> None:
    told: list[str] = []
    looks = iter([None, None, Call(0.0, Hearing(Recognition("help", accepted=True)))])

    class Told:
        def wait_for_call(self, _: float) -> Call | None:
            told.append("look")
            try:
                return next(looks)
            except StopIteration:
                raise KeyboardInterrupt from None

        def coach(self, _: Call) -> Ending:
            told.append("coach")
            return Ending("stopped", "self_care", 1.0, 0)

    make: Any = lambda *_: Told()  # noqa: E731
    nights = Nights(
        DIALOGUE, make, None, doze=lambda: told.append("doze"), wake=lambda: told.append("wake")
    )
    with pytest.raises(KeyboardInterrupt):
        nights.keep_watch()
    assert told == ["look", "doze", "look", "doze", "look", "wake", "coach", "look"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [3, 9, 12])
def test_a_killed_process_is_taken_up_at_the_right_step_with_the_right_clock(seed: int) -> None:
    """A sample of ``scripts/bench/kill.py``: during the writing, and at any moment."""
    outcome = kill.kill_once(seed)
    assert outcome.resumed
    assert outcome.right_step
    assert outcome.facts_kept
    assert outcome.clock_error < 1.0, "a busy machine may be late, but not by a second"
