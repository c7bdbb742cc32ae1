"""Writing while it happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.bench.diary_kill import KINDS, Said, Word, _faults, kill_repeatedly
from tests.dialogue.explore import DIALOGUE
from tests.dialogue.talk import reach
from tests.diary.nights import NIGHT, listened, recorder
from tests.diary.test_store import episode
from voice_coach.dialogue.events import Heard
from voice_coach.dialogue.playthrough import Playthrough
from voice_coach.diary.episode import Episode
from voice_coach.diary.recorder import Recorder, overheard
from voice_coach.diary.store import Diary
from voice_coach.errors import OutputError


class Stubborn(Diary):
    """A diary that cannot be written for a while."""

    refuses = False

    def add(self, episodes: object) -> int:
        if self.refuses:
            raise OutputError("the disk is full.")
        return super().add(episodes)  # type: ignore[arg-type]

    def update(self, episode: Episode, *, note: bool = False) -> bool:
        if self.refuses:
            raise OutputError("the disk is full.")
        return super().update(episode, note=note)


def test_it_changes_nothing_in_the_dialogue(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        listening, alone = Playthrough(listened(diary)), Playthrough(DIALOGUE)
        for talk in (listening, alone):
            talk.answer("lying down")
            talk.to_end()
    assert listening.state == alone.state
    assert listening.actions == alone.actions


def test_every_turn_is_on_disk_before_the_next(tmp_path: Path) -> None:
    """Somebody else reads along."""
    with Diary(tmp_path) as diary, Diary(tmp_path) as reader:
        dialogue = listened(diary)
        state, _ = dialogue.begin()
        assert reader.latest()[0][1].outcome == ""
        state, _ = dialogue.advance(state, Heard(5.0, "left"))
        state, _ = dialogue.advance(state, Heard(9.0, "resume"))
        kept = reader.whole()[0][1]
        assert kept.steps[0].heard == ("left", "resume")
        state, _ = dialogue.advance(state, Heard(12.0, "chest"))
        assert reader.latest()[0][1].level == "emergency"


def test_what_was_deleted_meanwhile_stays_deleted(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary, Diary(tmp_path) as hand:
        dialogue = listened(diary)
        talk = reach("eased", dialogue)
        hand.erase()
        talk.to_end()
        assert len(hand) == 0
        Playthrough(dialogue)
        assert len(hand) == 1, "the next cramp is a new one"


def test_a_diary_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    complaints: list[str] = []
    diary = Stubborn(tmp_path)
    with diary:
        diary.refuses = True
        writer = Recorder(diary, complain=complaints.append, clock=lambda: NIGHT)
        talk = reach("check_chest", overheard(DIALOGUE, writer))
        assert complaints == ["the disk is full."], "once an episode"
        assert len(diary) == 0
        diary.refuses = False
        talk.answer("no")
        assert len(diary) == 1, "nothing of it is lost once there is room again"
        kept = diary.whole()[0][1]
    assert kept.steps[0].step == "unload"
    assert kept.finding("chest") == "no"


def test_time_alone_is_not_written(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        talk = Playthrough(listened(diary))
        before = diary._connection.total_changes
        talk.listen()
        steps = len(diary.whole()[0][1].steps)
        assert diary._connection.total_changes - before == steps - 1


def test_the_episode_began_with_the_call(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        Playthrough(overheard(DIALOGUE, recorder(diary)))
        assert diary.latest()[0][1].began == NIGHT


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_program_loses_nothing(tmp_path: Path, kind: str) -> None:
    done = kill_repeatedly(tmp_path, kind, times=3, seed=1)
    assert done.faults == []
    assert done.killed >= done.inside == 3
    assert done.episodes >= 1


def test_the_count_of_what_is_left_sees_every_fault(tmp_path: Path) -> None:
    """What the kills are judged by."""
    with Diary(tmp_path) as diary:
        diary.add([episode(1), episode(2, note="half an import")])
    one, two, three = (f"{n:032x}" for n in (1, 2, 3))
    said = Said()
    said.take([
        Word("begin", "add", three, 4), Word("done", "add", three, 4),
        Word("begin", "forget", one, 0), Word("done", "forget", one, 0),
    ])  # fmt: skip
    assert sorted(_faults(tmp_path, said)) == sorted([
        f"{three} is lost", f"{one} was forgotten, and is there",
        "import half an import has 1", "import half an import came from nowhere",
    ])  # fmt: skip
    said = Said()
    said.take([
        Word("begin", "add", one, 9), Word("done", "add", one, 9),
        Word("done", "import", two, 0), Word("begin", "import", "half an import", 0),
    ])  # fmt: skip
    assert sorted(_faults(tmp_path, said)) == sorted([
        f"{one} is at 0, and was at 9", "import half an import has 1", f"import {two} is lost",
    ])  # fmt: skip
