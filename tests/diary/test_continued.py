"""A conversation that was cut off and taken up again is one cramp in the diary, not two."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.audio.fake import FakePort
from tests.dialogue.explore import DIALOGUE, PROTOCOL
from tests.dialogue.talk import reach
from tests.diary.nights import NIGHT, listened, recorder
from tests.diary.test_informed import joined
from voice_coach.audio.mixer import Mixer
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.playthrough import Playthrough
from voice_coach.dialogue.state import State
from voice_coach.diary.recorder import Overheard
from voice_coach.diary.store import Diary
from voice_coach.eventlog import EventLog
from voice_coach.listening.fake import FakeRecogniser
from voice_coach.listening.listener import Listener
from voice_coach.nights import Keep, Nights
from voice_coach.resume import resumption
from voice_coach.resume.journal import Journal
from voice_coach.session import Session
from voice_coach.speaking.cache import ClipCache
from voice_coach.speaking.fake import FakeRenderer
from voice_coach.speaking.port import VoiceSettings
from voice_coach.speaking.voice import Voice

GAP = 40.0
"""Seconds between the power cut and the way back."""


def again(diary: Diary, old: State, when: datetime | None = None) -> Playthrough:
    """Another program takes it up."""
    elapsed = old.now + GAP
    dialogue = listened(diary, when or NIGHT + timedelta(seconds=elapsed))
    rest = resumption.resume(dialogue, resumption.load(), old, elapsed)
    return Playthrough(dialogue.continued(rest, old, elapsed))


def cut_off(diary: Diary, step: str = "check_chest") -> State:
    return reach(step, listened(diary)).state


def test_one_episode_with_both_halves(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        old = cut_off(diary)
        (before,) = [one for _, one in diary.whole()]
        talk = again(diary, old)
        talk.answer("yes")
        talk.to_end()
        (after,) = [one for _, one in diary.whole()]
    assert after.uid == before.uid
    assert after.began == NIGHT
    assert before.outcome == ""
    assert after.outcome == "emergency"
    assert after.finding("chest") == "yes"
    assert after.steps[: len(before.steps)] == before.steps
    assert after.steps[len(before.steps)].at == pytest.approx(old.now + GAP, abs=0.1)
    assert (after.eased, after.helped) == (before.eased, before.helped)
    assert after.seconds > before.seconds + GAP


def test_the_way_back_itself_is_on_disk_at_once(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary, Diary(tmp_path) as reader:
        old = cut_off(diary, "stretch_hand")
        again(diary, old)
        (kept,) = [one for _, one in reader.whole()]
        assert kept.steps[-1].step == resumption.RESUMED


def test_what_was_to_be_forgotten_stays_forgotten(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        talk = Playthrough(joined(diary))
        talk.answer("forget this one")
        talk.listen()
        dialogue = joined(diary)
        elapsed = talk.now + GAP
        rest = resumption.resume(dialogue, resumption.load(), talk.state, elapsed)
        Playthrough(dialogue.continued(rest, talk.state, elapsed)).to_end()
        assert len(diary) == 0


def test_a_deleted_one_stays_deleted(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        old = cut_off(diary)
        diary.erase()
        again(diary, old).to_end()
        assert len(diary) == 0


def test_another_cramp_that_was_cut_off_long_ago_is_not_taken_for_it(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        old = cut_off(diary)
        (first,) = [one for _, one in diary.whole()]
        again(diary, old, NIGHT + timedelta(hours=5)).to_end()
        assert [one for _, one in diary.whole()] == [first]


def test_nor_one_that_came_to_its_end(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        talk = reach("check_chest", listened(diary))
        old = talk.state
        talk.to_end()
        (first,) = [one for _, one in diary.whole()]
        again(diary, old).to_end()
        assert [one for _, one in diary.whole()] == [first]


def test_it_changes_nothing_in_the_dialogue(tmp_path: Path) -> None:
    old = reach("eased").state
    alone = Playthrough(resumption.resume(DIALOGUE, resumption.load(), old, old.now + GAP))
    with Diary(tmp_path) as diary:
        reach("eased", listened(diary))
        listening = again(diary, old)
        for talk in (alone, listening):
            talk.answer("yes")
            talk.to_end()
    assert listening.state == alone.state
    assert listening.actions == alone.actions


def test_the_hand_over_works_in_the_rest(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        dialogue = joined(diary)
        old = reach("check_chest", dialogue).state
        elapsed = old.now + GAP
        rest = resumption.resume(dialogue, resumption.load(), old, elapsed)
        talk = Playthrough(dialogue.continued(rest, old, elapsed))
        talk.answer("tell my partner")
        talk.listen()
        assert any(say.text.startswith("The calf seized up ") for say in talk.said)


@pytest.mark.parametrize("wraps", [True, False])
def test_nights_take_up_with_the_diary_and_without(tmp_path: Path, wraps: bool) -> None:
    """The program's own way: journal, session, dialogue."""
    with Diary(tmp_path / "diary") as diary:
        old = cut_off(diary, "knot")
        dialogue: Dialogue = Overheard(
            PROTOCOL, listener=(made := recorder(diary, NIGHT + timedelta(seconds=old.now))).hear,
            take_up=made.take_up,
        ) if wraps else DIALOGUE  # fmt: skip
        with Journal(PROTOCOL, "x", tmp_path / "state") as journal:
            journal.keep(old)
        with Journal(PROTOCOL, "x", tmp_path / "state") as journal:
            port, mixer = FakePort(), Mixer()
            port.start(mixer)
            with Voice(FakeRenderer(), ClipCache(tmp_path / "clips"), VoiceSettings()) as voice:

                def session(dialogue: Dialogue, keep: Keep | None) -> Session:
                    return Session(
                        port, mixer, voice, Listener(FakeRecogniser()), dialogue, EventLog(),
                        virtual=True, keep=keep,
                    )  # fmt: skip

                assert Nights(dialogue, session, journal, virtual=True).take_up()
        (kept,) = [one for _, one in diary.whole()]
    assert (kept.outcome != "") is wraps
    assert any(taken.step == resumption.RESUMED for taken in kept.steps) is wraps
