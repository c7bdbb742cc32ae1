"""Writes a daily stretch while it is done: from the first stretch that was held.

Who was asked and did not stretch is not written down. Like the recorder of a cramp it never stands
in the way: a diary that cannot be written is reported once, and the routine goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from voice_coach.diary.account import Turn
from voice_coach.diary.recorder import BUSY, complain
from voice_coach.diary.store import Diary
from voice_coach.diary.stretching import Stretching, opened, told
from voice_coach.errors import CoachError, OutputError

Hear = Callable[[Turn], None]


class StretchRecorder:
    """Keeps the routine that is going on in the diary."""

    def __init__(
        self,
        diary: Diary,
        *,
        complain: Callable[[str], None],
        clock: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        """``complain``: told once a routine why it cannot be kept. ``clock``: with a zone."""
        self._diary = diary
        self._complain = complain
        self._clock = clock
        self._one: Stretching | None = None
        self._written: tuple[tuple[str, ...], str, str] | None = None
        self._complained = False

    def hear(self, turn: Turn) -> None:
        """Take one turn of the routine, and write what is new."""
        if turn.before is None:
            self._one, self._written, self._complained = opened(self._clock()), None, False
            return
        if self._one is None:
            return
        self._one = told(self._one, turn)
        news = (self._one.held, self._one.exercised, self._one.outcome)
        if self._one.held and news != self._written:
            self._write(self._one, news)

    def _write(self, one: Stretching, news: tuple[tuple[str, ...], str, str]) -> None:
        """What could not be written now is written with the next turn."""
        try:
            self._diary.stretched([one])
            self._written = news
            if one.outcome:
                self._diary.settle()
        except OutputError as error:
            if not self._complained:
                self._complained = True
                self._complain(str(error))


def kept_stretches(folder: Path | None, stack: ExitStack) -> Hear | None:
    """What writes routines into the diary in ``folder``; None where there can be no diary."""
    try:
        diary = stack.enter_context(Diary(folder, busy=BUSY))
    except CoachError as error:
        complain(str(error))
        return None
    if diary.mended is not None:
        complain(str(diary.mended))
    return StretchRecorder(diary, complain=complain).hear
