"""The bench of false wakes: what it counts, what it tunes, and how it goes on."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import msgspec
import numpy as np
import pytest

from scripts.bench.wakes import Row, judge, read, table, tune, verdict, write
from voice_coach.content.standby import LENGTHS, STANDBY, Certainty, Least, load_standby

SHIPPED = load_standby()
PLAIN = msgspec.structs.replace(
    SHIPPED,
    **dict.fromkeys(
        LENGTHS,
        Certainty(
            certain=Least(first=0.8, margin=16.0, voice=0.5),
            doubtful=Least(first=0.4, margin=8.0, voice=0.2),
        ),
    ),
)


def alarm(
    phrase: str, sure: float, voice: float = 0.9, at: float = 1.0, restless: bool = False
) -> Row:
    return {
        "at": at, "phrase": phrase, "first": sure, "margin": 20 * sure, "voice": voice,
        "restless": restless, "seconds": 0.3 * len(phrase.split()),
    }  # fmt: skip


def piece(kind: str, *alarms: Row, number: int = 0, peer: int | None = None) -> Row:
    row: Row = {
        "name": f"{kind} {number:03d}", "kind": kind, "seconds": 300.0, "cpu": 3.0,
        "alarms": list(alarms),
    }  # fmt: skip
    return row if peer is None else {**row, "peer": {"wakes": [{}] * peer, "cpu": 1.0}}


def called(where: str, *each: tuple[str, list[Row]]) -> Row:
    found = [{"phrase": phrase, "voice": "x", "alarms": alarms} for phrase, alarms in each]
    return {"name": f"calls, {where}", "where": where, "called": found}


def test_the_shares_of_the_sounds() -> None:
    sounds = pytest.importorskip("scripts.bench.wake_sounds", reason="needs the corpora's tools")
    every = sounds.pieces()
    assert len(every) == 32 * 12
    assert len({one.name for one in every}) == len(every)
    first = Counter(one.kind for one in sounds.pieces(4.0))
    assert first["television"] == pytest.approx(9 * 12 / 8, abs=1)
    assert sum(first.values()) == 48
    assert set(first) == {*sounds.DAY, *sounds.NIGHT}


@pytest.mark.parametrize("kind", ["snoring", "fan", "traffic"])
def test_the_same_seed_makes_the_same_sound_whatever_was_made_before(kind: str) -> None:
    sounds = pytest.importorskip("scripts.bench.wake_sounds", reason="needs the corpora's tools")
    library = sounds.Library.__new__(sounds.Library)  # these need no recordings
    one, other = sounds.Piece(kind, 3), sounds.Piece(kind, 4)
    first = library.sound(one, 1).samples
    again = (library.sound(other, 1), library.sound(one, 1))[1].samples
    assert len(first) == 300 * 16_000
    assert np.array_equal(first, again)
    assert not np.array_equal(first, library.sound(one, 2).samples)
    assert -60 < 20 * np.log10(np.std(first / 32768)) < -10


def test_what_counts() -> None:
    report = judge(
        [
            piece("talk", alarm("cramp", 0.9), alarm("help", 0.5), alarm("help", 0.3), peer=2),
            piece("talk", alarm("calf cramp", 0.9, voice=0.3), number=1),
            piece("snoring"),
            called("clean", ("cramp", [alarm("help", 0.9)]), ("cramp", [alarm("cramp", 0.5)])),
            called("room 3 m", ("cramp", []), ("help me", [alarm("help me", 0.99)])),
        ],
        PLAIN,
    )
    day = report.total(("talk", "television"))
    assert (day.starts, day.questions, day.peer) == (1, 2, 2)
    assert day.hours == pytest.approx(1 / 6)
    assert day.peer_hours == pytest.approx(1 / 12)
    clean, room = report.calls["clean", ""], report.calls["room 3 m", ""]
    assert (clean.started, clean.asked, clean.missed) == (1, 1, 0)
    assert (room.started, room.asked, room.missed) == (1, 0, 1)
    assert not report.met
    assert any("| talk | 0.2 | 1 | 2 | 2 in 0.1 h |" in line for line in table(report))


def test_in_a_restless_room_a_question_is_counted_when_it_would_be_asked() -> None:
    first, other = (alarm("cramp", 0.5, at=at, restless=True) for at in (10.0, 40.0))
    soon = alarm("help me", 0.5, at=12.0, restless=True)
    assert judge([piece("television", first, other)], PLAIN).total(("television",)).questions == 0
    assert judge([piece("television", first, soon)], PLAIN).total(("television",)).questions == 1
    sure = alarm("cramp", 0.9, restless=True)
    assert judge([piece("television", sure)], PLAIN).total(("television",)).starts == 1


@pytest.mark.parametrize(("restless", "found"), [(True, "doubtful"), (False, "nothing")])
def test_tuning_minds_no_television_that_does_not_repeat_itself(restless: bool, found: str) -> None:
    false = [alarm("help me", 0.55, at=30.0 * n, restless=restless) for n in range(9)]
    said = called("clean", ("help me", [alarm("help me", 0.55)]))
    rows = [piece("television", *false, number=number) for number in range(9)]
    assert verdict(alarm("help me", 0.55), tune([*rows, said], SHIPPED)) == found


def test_the_targets() -> None:
    heard = ("help calf cramp", [alarm("help calf cramp", 0.9)])
    lost: tuple[str, list[Row]] = ("help calf cramp", [])
    day = [piece("talk", number=n) for n in range(24 * 12)]
    assert judge([*day, piece("fan"), called("clean", heard)], PLAIN).met
    assert not judge([*day, piece("fan", alarm("help", 0.9)), called("clean", heard)], PLAIN).met
    assert not judge([*day, called("clean", heard, lost)], PLAIN).met
    few = [called("room 3 m", *[heard] * 19, lost)]
    assert judge([*day, *few], PLAIN).met
    wakes = [piece("talk", alarm("help", 0.9), number=n) for n in range(3)]
    assert not judge([*day[3:], *wakes, *few], PLAIN).met


def test_tuning_parts_the_calls_from_the_rest() -> None:
    false = [piece("television", alarm("help me", 0.65), number=n) for n in range(12)]
    said = [("help me", [alarm("help me", sure)]) for sure in (0.99, 0.97, 0.85, 0.75)]
    tuned = tune([*false, called("clean", *said)], SHIPPED)
    found = {verdict(alarm("help me", sure), tuned) for sure in (0.99, 0.97, 0.85, 0.75)}
    assert found == {"certain"}
    assert verdict(alarm("help me", 0.65), tuned) == "nothing"


def test_a_wake_in_the_night_costs_more_than_a_call() -> None:
    said = [("cramp", [alarm("cramp", 0.6)])] + [("cramp", [alarm("cramp", 0.99)])] * 9
    rows = [piece("snoring", alarm("cramp", 0.6)), called("clean", *said)]
    assert verdict(alarm("cramp", 0.6), tune(rows, SHIPPED)) == "nothing"


def test_thresholds_are_written_and_everything_else_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "standby.toml"
    shutil.copy(STANDBY, path)
    write(PLAIN, path)
    assert load_standby(path) == PLAIN
    before = STANDBY.read_text(encoding="utf-8").splitlines()
    after = path.read_text(encoding="utf-8").splitlines()
    changed = [a for a, b in zip(after, before, strict=True) if a != b]
    assert all(line.startswith(("certain = ", "doubtful = ")) for line in changed)
    write(SHIPPED, path)
    assert load_standby(path) == SHIPPED


def test_a_run_goes_on_where_it_was_cut_off(tmp_path: Path) -> None:
    path, conditions = tmp_path / "wakes.jsonl", {"model": "a"}
    lines = [json.dumps(conditions), json.dumps(piece("talk")), '{"name": "talk 001", "ki']
    path.write_text("\n".join(lines), encoding="utf-8")
    for _ in range(2):
        assert [row["name"] for row in read(path, conditions)] == ["talk 000"]
        assert path.read_text(encoding="utf-8").endswith("}\n"), "so that the next line is its own"
    assert read(path, {"model": "another"}) == []
    assert not path.exists()
    assert read(path, conditions) == []
