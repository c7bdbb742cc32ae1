"""The diary's switches: kept or not, and whether what helped before comes first."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from tests.dialogue.explore import DIALOGUE
from tests.diary.test_knowledge import relief
from voice_coach.dialogue.playthrough import Playthrough
from voice_coach.diary.recorder import Overheard, kept
from voice_coach.diary.store import Diary


@pytest.mark.parametrize(("learning", "first"), [(True, "ankle"), (False, "stretch_hand")])
def test_learning_switched_by_the_person(tmp_path: Path, learning: bool, first: str) -> None:
    """The proven conversation either way; the diary is kept, and asked, either way."""
    now = datetime.now().astimezone()
    with Diary(tmp_path) as diary:
        diary.add(
            msgspec.structs.replace(
                relief("sitting", "ankle", 10.0), uid=f"{n:032x}", began=now - timedelta(days=n)
            )
            for n in (20, 40)
        )
    with ExitStack() as stack:
        dialogue = kept(DIALOGUE, tmp_path, stack, lambda _: True, learning=learning)
        assert isinstance(dialogue, Overheard)
        assert dialogue.prepare is not None
        talk = Playthrough(dialogue)
        talk.answer("what helped last time")
        talk.answer("sitting")
        talk.listen()
    assert talk.state.step == first
    said = [say.text for say in talk.said]
    assert said.count("Last time, moving the ankle helped.") == (2 if learning else 1)
    with Diary(tmp_path) as diary:
        assert len(diary) == 3
