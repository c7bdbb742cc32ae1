"""Conversations for the diary, without sound."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

from tests.dialogue.explore import DIALOGUE
from tests.dialogue.talk import HEALTHY
from voice_coach.dialogue.playthrough import Playthrough
from voice_coach.diary.episode import Episode
from voice_coach.diary.recorder import Overheard, Recorder, overheard
from voice_coach.diary.store import Diary

NIGHT = datetime(2026, 3, 5, 3, 12, 7, tzinfo=timezone(timedelta(hours=1)))
"""When these cramps come."""


def recorder(diary: Diary, when: datetime = NIGHT) -> Recorder:
    """Complaints are the test's failure."""

    def complain(why: str) -> None:
        raise AssertionError(why)

    return Recorder(diary, complain=complain, clock=lambda: when)


def listened(diary: Diary, when: datetime = NIGHT) -> Overheard:
    return overheard(DIALOGUE, recorder(diary, when))


def live_through(dialogue: Overheard, answers: dict[str, str]) -> Playthrough:
    """A night to its end; what ``answers`` lacks is answered as somebody healthy does."""
    talk = Playthrough(dialogue)
    answers = {**HEALTHY, **answers}
    for _ in range(200):
        talk.listen()
        if talk.over:
            break
        talk.wait(1.0)
        talk.hear(answers.get(talk.state.step, "no"))
    return talk


def night(folder: Path, when: datetime = NIGHT, **answers: str) -> Episode:
    """A night, as the diary has kept it."""
    with Diary(folder) as diary:
        live_through(listened(diary, when), answers)
        return diary.whole()[0][1]
