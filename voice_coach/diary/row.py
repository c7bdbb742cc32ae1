"""An episode as a row of its table, and back; the same for a daily stretch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import msgspec

from voice_coach.diary.episode import Answer, Episode, Taken
from voice_coach.diary.stretching import Stretching

SUMMARY: Final = (
    "uid", "began", "utc_offset", "seconds", "side", "position", "severe", "eased", "helped",
    "gone", "pressure", "level", "outcome", "note",
)  # fmt: skip
"""Columns that are enough for a list."""

COLUMNS: Final = (*SUMMARY, "answers", "steps")

STRETCH: Final = ("uid", "began", "utc_offset", "seconds", "held", "exercised", "outcome")
"""Columns of a daily stretch."""

_ANSWERS: Final = msgspec.json.Decoder(tuple[Answer, ...])
_STEPS: Final = msgspec.json.Decoder(tuple[Taken, ...])
_HELD: Final = msgspec.json.Decoder(tuple[str, ...])


def row_of(episode: Episode) -> tuple[Any, ...]:
    """Its values in the order of ``COLUMNS``."""
    offset = episode.began.utcoffset()
    assert offset is not None, "the clock on the wall has a time zone"
    return (
        episode.uid, int(episode.began.timestamp()), int(offset.total_seconds()), episode.seconds,
        episode.side, episode.position, int(episode.severe), episode.eased, episode.helped,
        episode.gone, episode.pressure, episode.level, episode.outcome, episode.note,
        msgspec.json.encode(episode.answers).decode(), msgspec.json.encode(episode.steps).decode(),
    )  # fmt: skip


def moment(began: int, offset: int) -> datetime:
    """Seconds since 1970, and seconds from UTC, as a time there. Raises ValueError."""
    return datetime.fromtimestamp(began, timezone(timedelta(seconds=offset)))


def episode_of(row: Sequence[Any]) -> Episode:
    """The episode in ``COLUMNS``, of which the last ones may be missing, down to ``SUMMARY``.

    Raises ValueError and TypeError for a row that is damaged (msgspec's errors are ValueErrors).
    """
    (
        uid, began, offset, seconds, side, position, severe, eased, helped, gone, pressure, level,
        outcome, note, *rest,
    ) = row  # fmt: skip
    answers, steps = (*rest, "[]", "[]")[:2]
    return Episode(
        uid=uid, began=moment(began, offset),
        seconds=seconds, side=side, position=position, severe=bool(severe), eased=eased,
        helped=helped, gone=gone, pressure=pressure, level=level, outcome=outcome, note=note,
        answers=_ANSWERS.decode(answers), steps=_STEPS.decode(steps),
    )  # fmt: skip


def row_of_stretch(one: Stretching) -> tuple[Any, ...]:
    """Its values in the order of ``STRETCH``."""
    offset = one.began.utcoffset()
    assert offset is not None, "the clock on the wall has a time zone"
    return (
        one.uid, int(one.began.timestamp()), int(offset.total_seconds()), one.seconds,
        msgspec.json.encode(one.held).decode(), one.exercised, one.outcome,
    )  # fmt: skip


def stretch_of(row: Sequence[Any]) -> Stretching:
    """The daily stretch in ``STRETCH``. Raises ValueError and TypeError for a damaged row."""
    uid, began, offset, seconds, held, exercised, outcome = row
    return Stretching(
        uid=uid, began=moment(began, offset),
        seconds=seconds, held=_HELD.decode(held), exercised=exercised, outcome=outcome,
    )  # fmt: skip
