"""The diary on the command line."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.commands.conftest import Call
from tests.diary.nights import NIGHT, night
from tests.diary.test_store import episode
from tests.listening.speech import join, silence, speech
from voice_coach.audio import wav
from voice_coach.diary.store import FILE, Diary
from voice_coach.diary.stretching import Stretching


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two nights: one ordinary, and one three days later with a red flag."""
    folder = tmp_path / "diary"
    night(folder, position="lying")
    night(folder, NIGHT + timedelta(days=3), ask_medicine="yes")
    return folder


def test_an_empty_diary(call: Call) -> None:
    done = call("diary")
    assert (done.code, done.out, done.err) == (0, "The diary is empty.\n", "")
    assert "The diary is empty" in call("diary", "show", "last").refused(2)
    assert call("diary", "erase").out == "Erased 0 episodes.\n"


@pytest.mark.usefixtures("folder")
def test_a_list_has_the_newest_at_its_end(call: Call) -> None:
    head, first, second = call("diary").out.splitlines()
    assert head.split()[:4] == ["no", "began", "leg", "position"]
    assert head.index("outcome") == second.index("relieved"), "each stands below its head"
    assert first.split()[:3] == ["1", "2026-03-05", "03:12"]
    assert "lying" in first
    assert "0:16 stretch hand" in first
    assert second.split()[:2] == ["2", "2026-03-08"]
    assert second.split()[-3:] == ["relieved", "doctor", "soon"]
    listed = json.loads(call("diary", "list", "--json").out)
    assert [one["number"] for one in listed] == [2, 1]
    assert listed[0]["level"] == "soon"
    assert "answers" not in listed[0], "a list has not read them: an empty one would be a lie"
    assert "answers" in json.loads(call("diary", "show", "2", "--json").out)


def test_a_long_list_is_cut_and_says_so(call: Call, tmp_path: Path) -> None:
    with Diary(tmp_path / "diary") as diary:
        diary.add(episode(n) for n in range(25))
    done = call("diary")
    assert len(done.out.splitlines()) == 22
    assert done.out.endswith("The newest 20 of 25; --all shows every one.\n")
    assert len(call("diary", "list", "--all").out.splitlines()) == 26


@pytest.mark.usefixtures("folder")
def test_show(call: Call) -> None:
    shown = call("diary", "show", "2").out
    assert "Sunday, 2026-03-08 03:12 (night)" in shown
    assert "a statin or a diuretic: yes" in shown
    assert "a foot that cannot push down: no" in shown
    assert "stretch hand" in shown
    assert call("diary", "show", "last").out == shown
    assert json.loads(call("diary", "show", "2", "--json").out)["steps"][0]["step"] == "unload"


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("number", ["3", "0", "-", "first", "9" * 40])
def test_an_episode_that_there_is_not(call: Call, number: str) -> None:
    for command in ("show", "note", "delete", "edit"):
        more = ["--side", "left"] if command == "edit" else []
        said = call("diary", command, *more, number).refused(2)
        assert f'There is no episode "{number}"' in said


@pytest.mark.usefixtures("folder")
def test_a_note(call: Call) -> None:
    done = call("diary", "note", "2", "after", "a  long\x1b walk")
    assert (done.code, done.out) == (0, "Episode 2: after a long walk\n")
    assert call("diary").out.splitlines()[2].endswith("after a long walk")
    assert "shorten it" in call("diary", "note", "2", "x" * 3000).refused(2)
    assert call("diary", "note", "2").out == "Episode 2: no note\n"


def test_what_was_misheard_can_be_put_right(call: Call, folder: Path) -> None:
    call("diary", "note", "1", "kept")
    done = call(
        "diary", "edit", "1", "--side", "left", "--position", "none", "--severe", "yes",
        "--began", "2026-03-04 23:30", "--helped", "wall", "--pressure", "too_hard",
    )  # fmt: skip
    assert done.code == 0
    with Diary(folder) as diary:
        kept = diary.find(1)
        assert kept is not None
        assert (kept.side, kept.position, kept.severe) == ("left", None, True)
        assert (kept.helped, kept.pressure, kept.note) == ("wall", "too_hard", "kept")
        assert kept.began.replace(tzinfo=None).isoformat() == "2026-03-04T23:30:00"
        assert len(kept.steps) > 5
    assert "nothing to change" in call("diary", "edit", "1").refused(2)
    assert "That cannot be kept" in call("diary", "edit", "1", "--began", "1066-10-14").refused(2)


@pytest.mark.usefixtures("folder")
def test_only_a_stretch_can_have_helped(call: Call) -> None:
    """What comes first next time is learned from it."""
    said = call("diary", "edit", "1", "--helped", "wal\x1bl").refused(2)
    assert said.startswith('"wal l" is no stretch; it is one of stretch_hand, ')
    assert "palm" in call("diary", "edit", "1", "--helped", "palm").refused(2)
    assert call("diary", "edit", "1", "--helped", "none").code == 0
    assert json.loads(call("diary", "show", "1", "--json").out)["helped"] == ""


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--side", "middle", "middle is none of left, right"),
        ("--began", "yesterday", '"yesterday" is no date; write it like 2026-03-05'),
        ("--position", "flying", "flying is none of"),
        ("--pressure", "hard", "invalid choice"),
    ],
)
def test_what_cannot_be_kept(call: Call, option: str, value: str, says: str) -> None:
    done = call("diary", "edit", "1", option, value)
    assert done.code == 2
    assert says in done.err


@pytest.mark.usefixtures("folder")
def test_delete_and_erase(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    assert call("diary", "delete", "1").out == "Deleted 1 episode.\n"
    assert "add --yes" in call("diary", "erase").refused(2)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: "no")
    assert call("diary", "erase").out == "Nothing was erased.\n"
    assert len(call("diary").out.splitlines()) == 2
    monkeypatch.setattr("builtins.input", lambda _: "yes")
    assert call("diary", "erase").out == "Erased 1 episode.\n"
    assert call("diary").out == "The diary is empty.\n"


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("kind", ["json", "csv"])
def test_there_and_back(call: Call, tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"diary.{kind}"
    assert f"2 episodes in {path}" in call("diary", "export", path).out
    done = call("diary", "import", path)
    assert done.out == "0 episodes added, 2 were here already.\n"
    before = call("diary").out
    call("diary", "erase", "--yes")
    assert call("diary", "import", path).out == "2 episodes added.\n"
    after = call("diary").out
    assert [line[5:] for line in after.splitlines()] == [line[5:] for line in before.splitlines()]


@pytest.mark.usefixtures("folder")
def test_export_elsewhere(call: Call, tmp_path: Path) -> None:
    assert len(json.loads(call("diary", "export", "-").out)["episodes"]) == 2
    since = call("diary", "export", "-", "--since", "2026-03-07")
    assert len(json.loads(since.out)["episodes"]) == 1
    assert "neither .json nor .csv" in call("diary", "export", tmp_path / "x.txt").refused(2)


@pytest.mark.usefixtures("folder")
def test_a_bad_import_changes_nothing(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("began,side\n2026-01-01T00:00:00Z,left\n2026-01-02T00:00:00Z,middle\n")
    said = call("diary", "import", path).refused(6)
    assert "line 3" in said
    assert said.endswith("Nothing was imported.")
    assert len(call("diary").out.splitlines()) == 3


def test_a_damaged_diary_is_named(call: Call, folder: Path) -> None:
    (folder / FILE).write_bytes(b"rubbish" * 1000)
    done = call("diary")
    assert (done.code, done.out) == (0, "The diary is empty.\n")
    assert "The diary was damaged: 0 episodes saved." in done.err
    assert str(folder / f"{FILE}.damaged-") in done.err


# -- and whoever writes it ------------------------------------------------------------------------


def test_a_rehearsal_is_kept_only_where_a_diary_is_named(call: Call, tmp_path: Path) -> None:
    assert call("rehearse", "stopped").code == 0
    assert not (tmp_path / "diary").exists()
    assert call("rehearse", "stopped", "--diary", tmp_path / "mine").code == 0
    assert "stopped" in call("diary", "--diary", tmp_path / "mine").out


def test_the_coach_keeps_its_nights(call: Call, tmp_path: Path) -> None:
    recording = join(silence(1), speech("help calf cramp"), silence(9), speech("stop"), silence(9))
    wav.save(tmp_path / "mic.wav", recording)
    own = ("--diary", str(tmp_path / "mine"))
    assert call("--mic", "mic.wav", "--speaker", "out.wav").code == 0
    assert not (tmp_path / "diary").exists(), "a recording is no cramp of now"
    assert call("--mic", "mic.wav", "--speaker", "out.wav", *own).code == 0
    with Diary(tmp_path / "mine") as diary:
        ((_, kept),) = diary.whole()
    assert kept.steps[0].step == "unload"
    assert kept.outcome in ("stopped", "not_resolved")


def test_a_diary_that_cannot_be_kept_stops_no_coaching(call: Call, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = call("rehearse", "stopped", "--diary", tmp_path / "file")
    assert done.code == 0
    assert "Outcome: stopped" in done.out
    assert "The diary cannot be kept in" in done.err


def test_no_diary_and_a_diary_exclude_each_other(call: Call) -> None:
    done = call("now", "--no-diary", "--diary", "x")
    assert done.code == 2
    assert "not allowed with" in done.err


# -- the page for the doctor ----------------------------------------------------------------------


@pytest.mark.usefixtures("folder")
def test_a_report_in_words(call: Call) -> None:
    done = call("diary", "report")
    assert done.code == 0
    assert "Cramps                 2, from 5 Mar 2026 to 8 Mar 2026" in done.out


@pytest.mark.usefixtures("folder")
def test_a_report_in_files(call: Call, tmp_path: Path) -> None:
    html, pdf = tmp_path / "page.html", tmp_path / "page.pdf"
    done = call("diary", "report", "--html", html, "--pdf", pdf, "--since", "2026-03-07")
    assert (done.code, done.err) == (0, "")
    assert done.out == f"1 episode in {html}.\n1 episode in {pdf}.\n"
    assert html.read_bytes().startswith(b"<!DOCTYPE html>")
    assert pdf.read_bytes().startswith(b"%PDF-")
    assert html.stat().st_mode & 0o077 == 0, "for nobody else"


def test_there_must_be_something_to_report(call: Call) -> None:
    assert "no cramp is in the diary" in call("diary", "report").refused(2)


@pytest.mark.usefixtures("folder")
def test_a_library_that_is_missing_is_named(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "voice_coach.diary.paper", raising=False)
    monkeypatch.setitem(sys.modules, "fpdf", None)
    said = call("diary", "report", "--pdf", tmp_path / "page.pdf").refused(2)
    assert said == (
        "The page needs fpdf, which is not installed; run `python -m pip install matplotlib jinja2 "
        "fpdf2` once."
    )


# -- the daily stretch ----------------------------------------------------------------------------


def test_stretches_are_listed_reported_and_taken_along(call: Call, folder: Path) -> None:
    """Twenty days with it up to yesterday; the cramps of ``folder`` are long past."""
    today = datetime.now().astimezone().replace(hour=20)
    with Diary(folder) as diary:
        diary.stretched(
            Stretching(uid=f"{n:032x}", began=today - timedelta(days=n), held=("wall_left",))
            for n in range(1, 21)
        )
    out = call("diary").out
    assert "Done on 6 of the last 7 days, on 20 days in all." in out
    assert "In 19 nights after it 0 cramps (0 in 100), in " in out
    assert out.endswith("These are counts, not proof: the nights may differ in other ways, too.\n")
    assert "Daily stretch          Done on 6 of the last 7 days" in call("diary", "report").out
    assert call("diary", "export", "all.json").code == 0
    assert call("diary", "--diary", "other", "import", "all.json").out == (
        "2 episodes added.\n20 daily stretches added.\n"
    )
    again = call("diary", "--diary", "other", "import", "all.json").out
    assert again == "0 episodes added, 2 were here already.\n"
    assert call("diary", "--diary", "other", "erase", "--yes").out == (
        "Erased 2 episodes and 20 daily stretches.\n"
    )
    assert call("diary", "--diary", "other").out == "The diary is empty.\n"


def test_stretches_alone(call: Call, tmp_path: Path) -> None:
    with Diary(tmp_path / "diary") as diary:
        began = datetime.now().astimezone() - timedelta(days=2)
        diary.stretched([Stretching(uid="0" * 32, began=began, held=("wall_left",))])
    out = call("diary").out
    assert "Done on 1 of the last 7 days, on 1 day in all." in out
    assert "Too few nights" in out
