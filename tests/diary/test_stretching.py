"""A daily stretch in the diary: what counts as held, and that it is written as it happens."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.diary.nights import NIGHT
from tests.diary.test_recorder import Stubborn
from tests.diary.test_store import episode
from voice_coach.content.loader import load_protocol
from voice_coach.dialogue.playthrough import Playthrough
from voice_coach.diary import exchange, schema
from voice_coach.diary.store import FILE, Diary
from voice_coach.diary.stretch_recorder import StretchRecorder
from voice_coach.diary.stretching import Stretching, checked
from voice_coach.errors import ContentError, OutputError
from voice_coach.routine.content import ROUTINE, load
from voice_coach.routine.led import Led, no_reminder

PROTOCOL = load_protocol(ROUTINE)


def stretching(n: int = 0, **fields: object) -> Stretching:
    values = {"uid": f"{n:032x}", "began": NIGHT + timedelta(days=n), "held": ("wall_left",)}
    return Stretching(**{**values, **fields})  # type: ignore[arg-type]


def led(diary: Diary) -> Led:
    def complain(why: str) -> None:
        raise AssertionError(why)

    recorder = StretchRecorder(diary, complain=complain, clock=lambda: NIGHT)
    return Led(PROTOCOL, script=load(), remind=no_reminder, listener=recorder.hear)


def reach(dialogue: Led, step: str, **answers: str) -> Playthrough:
    """A healthy person who can stand, up to a step, with the coach about to listen there."""
    talk = Playthrough(dialogue)
    said = {"free": "no", "check_chest": "no", "check_signs": "no", "check_injury": "no",
            "can_stand": "yes", "once_more": "no", **answers}  # fmt: skip
    for _ in range(60):
        talk.listen()
        if talk.state.step == step or talk.over:
            return talk
        if talk.state.mode == "hold":
            talk.wait(31.0)
        elif talk.state.step in said:
            talk.hear(said[talk.state.step])
        else:
            talk.silence()
    raise AssertionError(f"never came to {step}")


# -- what is kept ---------------------------------------------------------------------------------


def test_a_whole_routine(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        talk = reach(led(diary), "exercised")
        talk.hear("yes")
        talk.to_end()
        (kept,) = diary.stretchings()
    assert kept.held == ("wall_left", "wall_right", "ankles")
    assert (kept.exercised, kept.outcome, kept.began) == ("yes", "finished", NIGHT)
    assert kept.seconds == pytest.approx(talk.now, abs=1.0)


def test_nothing_is_written_before_a_stretch_was_held(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        talk = reach(led(diary), "wall_left")
        talk.hear("stop")
        talk.to_end()
        assert diary.stretchings() == []
        reach(led(diary), "nowhere", free="skip")
        assert diary.stretchings() == []


@pytest.mark.parametrize(("seconds", "counts"), [(4.0, False), (12.0, True)])
def test_done_or_skip_counts_from_half_of_the_hold_on(
    tmp_path: Path, seconds: float, counts: bool
) -> None:
    with Diary(tmp_path) as diary:
        talk = reach(led(diary), "wall_left")
        talk.wait(seconds)
        talk.listen()
        talk.hear("skip")
        talk.listen()
        assert [one.held for one in diary.stretchings()] == ([("wall_left",)] if counts else [])


def test_a_pause_is_no_holding(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        talk = reach(led(diary), "wall_left")
        talk.wait(3.0)
        talk.hear("pause")
        talk.wait(25.0)
        talk.hear("go on")
        talk.listen()
        talk.hear("skip")
        assert diary.stretchings() == []


def test_a_cramp_ends_it_and_says_so(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        talk = reach(led(diary), "wall_right")
        talk.wait(2.0)
        talk.hear("cramp")
        talk.to_end()
        (kept,) = diary.stretchings()
    assert (kept.held, kept.outcome) == (("wall_left",), "cramp")


def test_it_is_on_disk_while_it_goes_on(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary, Diary(tmp_path) as reader:
        reach(led(diary), "wall_right")
        (kept,) = reader.stretchings()
        assert (kept.held, kept.outcome) == (("wall_left",), "")


class Refusing(Stubborn):
    def stretched(self, ones: object) -> int:
        if self.refuses:
            raise OutputError("the disk is full.")
        return super().stretched(ones)  # type: ignore[arg-type]


def test_a_diary_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    complaints: list[str] = []
    diary = Refusing(tmp_path)
    with diary:
        diary.refuses = True
        recorder = StretchRecorder(diary, complain=complaints.append, clock=lambda: NIGHT)
        talk = reach(
            Led(PROTOCOL, script=load(), remind=no_reminder, listener=recorder.hear), "ankles"
        )
        assert complaints == ["the disk is full."]
        diary.refuses = False
        talk.to_end()
        assert diary.stretchings()[0].held == ("wall_left", "wall_right", "ankles")


# -- on disk --------------------------------------------------------------------------------------


def test_a_diary_of_the_first_version_gets_the_table_and_keeps_its_cramps(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        diary.add([episode(1), episode(2)])
    with closing(sqlite3.connect(tmp_path / FILE)) as old:
        old.execute("DROP TABLE stretch")
        old.execute("PRAGMA user_version = 1")
        old.commit()
    with Diary(tmp_path) as diary:
        assert diary.mended is None
        assert len(diary) == 2
        assert diary.stretchings() == []
        assert diary.stretched([stretching()]) == 1
        assert diary.check() == "ok"
    with closing(sqlite3.connect(tmp_path / FILE)) as now:
        assert now.execute("PRAGMA user_version").fetchone() == (len(schema.MIGRATIONS),)


def test_written_over_itself_never_doubled(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        assert diary.stretched([stretching(1), stretching(2)]) == 2
        assert diary.stretched([stretching(1, outcome="finished")]) == 0
        assert [one.outcome for one in diary.stretchings()] == ["", "finished"]
        assert diary.stretchings(NIGHT + timedelta(days=2)) == [stretching(2)]


def test_the_moments_of_the_cramps_alone(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        diary.add([episode(2), episode(1)])
        found = diary.moments()
        assert found == [episode(1).began, episode(2).began]
        assert [when.utcoffset() for when in found] == [NIGHT.utcoffset()] * 2


def test_erasing_the_diary_erases_it(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        diary.stretched([stretching()])
        diary.erase()
        assert diary.stretchings() == []


def test_a_damaged_file_gives_its_stretches_back(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        diary.add([episode(1)])
        diary.stretched(stretching(n) for n in range(300))
    data = bytearray((tmp_path / FILE).read_bytes())
    rows = [n for n in range(len(data) // 4096) if b"wall_left" in data[n * 4096 : (n + 1) * 4096]]
    page = rows[len(rows) // 2]
    data[page * 4096 : (page + 1) * 4096] = b"rubbish!" * 512
    (tmp_path / FILE).write_bytes(data)
    with Diary(tmp_path) as diary:
        assert diary.mended is not None
        assert len(diary) == 1
        assert 200 < len(diary.stretchings()) < 300
        assert diary.check() == "ok"


# -- in a file ------------------------------------------------------------------------------------


def test_there_and_back(tmp_path: Path) -> None:
    path = tmp_path / "diary.json"
    ones = [stretching(1, exercised="yes", outcome="finished"), stretching(2)]
    path.write_bytes(exchange.to_json([episode(1)], ones))
    assert list(exchange.bundle(path).stretches) == ones
    assert exchange.read(path) == (episode(1),)


def test_a_file_without_one_can_be_read_by_an_older_program() -> None:
    assert b"stretches" not in exchange.to_json([episode(1)])


@pytest.mark.parametrize(
    "wrong",
    [b'"held":["a b"]', b'"outcome":"won"', b'"began":"1650-01-01T00:00:00Z"', b'"more":1'],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, wrong: bytes) -> None:
    path = tmp_path / "diary.json"
    key = wrong.split(b":")[0]
    data = exchange.to_json([], [stretching(1, outcome="finished")])
    start = data.find(key, data.index(b"stretches"))
    if start < 0:
        data = data.replace(b'"uid"', wrong + b',"uid"')
    else:
        stop = data.index(b"]" if b"held" in key else b",", start) if b"outcome" not in key else -1
        stop = data.index(b"}", start) if stop < 0 else stop + (b"held" in key)
        data = data[:start] + wrong + data[stop:]
    path.write_bytes(data)
    with pytest.raises(ContentError, match="Nothing was imported"):
        exchange.bundle(path)


def test_the_hours_after_midnight_belong_to_the_day_before() -> None:
    late = stretching(began=NIGHT.replace(hour=1))
    assert late.day == (NIGHT - timedelta(days=1)).date()
    assert stretching(began=NIGHT.replace(hour=20)).day == NIGHT.date()
    with pytest.raises(ValueError, match="year 1900"):
        checked(stretching(began=NIGHT.replace(year=1900)))
