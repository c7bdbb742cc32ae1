"""What an episode says of a conversation."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dialogue.talk import reach
from tests.diary.nights import NIGHT, listened, live_through, night
from voice_coach.dialogue.playthrough import Playthrough
from voice_coach.diary.episode import Episode
from voice_coach.diary.store import Diary


def heard_in(episode: Episode, step: str) -> tuple[str, ...]:
    return next(taken.heard for taken in episode.steps if taken.step == step)


def test_an_ordinary_night(tmp_path: Path) -> None:
    kept = night(tmp_path, position="lying")
    assert kept.began == NIGHT
    assert (kept.position, kept.outcome, kept.level) == ("lying", "relieved", "self_care")
    assert kept.helped == "stretch_hand"
    assert kept.eased is not None
    assert kept.gone is not None
    assert 0 < kept.eased < kept.gone < kept.seconds
    assert kept.pressure == "tolerated"
    assert kept.steps[0].step == "unload"
    assert kept.steps[-1].step == "end_self"
    assert heard_in(kept, "stretch_hand") == ("better",)
    assert [taken.at for taken in kept.steps] == sorted(taken.at for taken in kept.steps)


def test_every_safety_question_has_its_answer(tmp_path: Path) -> None:
    kept = night(tmp_path, ask_medicine="yes", ask_often="not sure")
    assert {answer.flag: answer.found for answer in kept.answers} == {
        "chest": "no", "signs": "no", "risk": "no", "injury": "no", "push": "no",
        "pain": "no", "urine": "no", "numb": "no", "medicine": "yes", "often": "unsure",
    }  # fmt: skip
    assert kept.flags == ("medicine", "often")
    assert kept.level == "soon"


def test_a_foot_that_cannot_push_is_a_red_flag_though_the_answer_was_no(tmp_path: Path) -> None:
    kept = night(tmp_path, check_push="no")
    assert kept.finding("push") == "yes"
    assert kept.pressure == "none"


def test_silence_at_a_safety_question_is_kept_as_such(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        talk = reach("check_signs", listened(diary))
        talk.to_end()
        kept = diary.whole()[0][1]
    assert kept.finding("chest") == "no"
    assert kept.finding("signs") == "unanswered"


def test_a_red_flag_that_nobody_asked_for(tmp_path: Path) -> None:
    kept = night(tmp_path, stretch_hand="chest pain")
    assert kept.finding("chest") == "yes"
    assert (kept.level, kept.outcome) == ("emergency", "emergency")


def test_too_hard_is_remembered(tmp_path: Path) -> None:
    assert night(tmp_path, palm="too hard").pressure == "too_hard"


@pytest.mark.parametrize(
    ("position", "stretch"),
    [("standing", "stretch_standing"), ("can't reach", "stretch_towel")],
)
def test_the_stretch_that_helped(tmp_path: Path, position: str, stretch: str) -> None:
    with Diary(tmp_path) as diary:
        live_through(listened(diary), {"position": position, stretch: "better"})
        kept = diary.whole()[0][1]
    assert kept.helped == stretch


def test_what_helped_and_then_did_not_has_not_helped(tmp_path: Path) -> None:
    """It came back, and let go at the second stretch: relief is the one that lasted."""
    with Diary(tmp_path) as diary:
        talk = reach("check_chest", listened(diary))
        first = diary.whole()[0][1]
        assert first.eased is not None
        talk.answer("it's back")
        assert diary.whole()[0][1].eased is None
        for _ in range(5):
            talk.listen()
            if talk.state.step == "stretch_hand":
                talk.hear("better")
                break
            talk.silence()
        second = diary.whole()[0][1]
        assert second.eased is not None
        assert second.eased > first.eased


def test_the_end_of_a_conversation_that_nobody_answers(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        Playthrough(listened(diary)).to_end()
        kept = diary.whole()[0][1]
    assert kept.outcome == "not_resolved"
    assert kept.level == "urgent"
    assert (kept.position, kept.side, kept.eased, kept.helped) == (None, None, None, "")


def test_a_conversation_cut_off_has_no_outcome(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        reach("eased", listened(diary))
        kept = diary.whole()[0][1]
    assert kept.outcome == ""
    assert kept.steps[-1].step == "eased"


def test_severe_and_side(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        reach("wall", listened(diary)).answer("better")
        assert diary.whole()[0][1].side == "left"
    assert night(tmp_path / "other", how_bad="severe").severe


def test_two_nights_with_one_dialogue_are_two_episodes(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        dialogue = listened(diary)
        live_through(dialogue, {})
        live_through(dialogue, {"position": "standing", "stretch_standing": "better"})
        kept = [episode for _, episode in diary.whole()]
    assert [episode.helped for episode in kept] == ["stretch_standing", "stretch_hand"]
    assert kept[0].uid != kept[1].uid
