"""The whole practice on audio: a synthetic person in a room, the real ear, the real voice."""

from __future__ import annotations

import json
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.commands.conftest import Call
from tests.listening.speech import silence
from tests.practice.pupil import Answer, Microphone, Pupil
from voice_coach.audio import wav
from voice_coach.audio.port import RATE, Samples
from voice_coach.commands import practice
from voice_coach.commands.practice import NOBODY_HEARD, Wanted
from voice_coach.commands.setup import Choices
from voice_coach.eventlog import EventLog
from voice_coach.practice import recordings
from voice_coach.practice.script import load
from voice_coach.rehearsal.room import RoomPort

SAY = load().say


@dataclass
class Practice:
    """What one run has left."""

    code: int
    out: str
    pupil: Pupil
    heard: Samples

    @property
    def result(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        return found

    @property
    def problems(self) -> list[str]:
        found: list[str] = self.result["microphone"]["problems"]
        return found

    def scores(self) -> dict[str, int | None]:
        return {entry["phrase"]: entry["score"] for entry in self.result["phrases"]}

    def said(self) -> list[str]:
        """Every sentence of the coach."""
        return [r["text"] for r in self.pupil.records if r["type"] == "say"]


@dataclass
class Stage:
    """Runs practices; each in a place of its own."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capfd: pytest.CaptureFixture[str]
    logs: list[EventLog] = field(default_factory=list)

    def run(
        self,
        pupil: Pupil,
        wanted: Wanted | None = None,
        *,
        gain_db: float = 0.0,
        snr_db: float | None = None,
        echo_db: float = -14.0,
    ) -> Practice:
        def watched() -> EventLog:
            log = EventLog()
            log.watch(pupil.watch)
            return log

        self.monkeypatch.setattr(practice, "EventLog", watched)
        room = RoomPort(pupil.speech, seed=1, echo_db=echo_db, snr_db=snr_db)
        microphone = Microphone(room, gain_db)
        self.capfd.readouterr()
        code = practice.practise(
            Choices(region="GB"), microphone, wanted or Wanted(json=True), virtual=True
        )
        return Practice(code, self.capfd.readouterr().out, pupil, microphone.recording())


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where recordings would be kept in this test."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    folder = recordings.default_folder()
    assert tmp_path in folder.parents
    return folder


@pytest.fixture
def stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Stage:
    return Stage(tmp_path, monkeypatch, capfd)


def mute(_: str) -> Answer:
    return None


# -- people -------------------------------------------------------------------------------------


def test_somebody_who_says_all_right(stage: Stage, kept: Path) -> None:
    done = stage.run(Pupil())
    assert done.code == 0
    assert len(done.out.splitlines()) == 1, "one object and nothing else"
    result = done.result
    assert (result["reason"], result["asked"], result["understood"]) == ("done", 14, 14)
    assert done.pupil.said == done.pupil.asked
    assert done.pupil.asked[0] == "help calf cramp"
    assert min(score for score in done.scores().values() if score is not None) >= 60
    assert done.problems == []
    assert result["suggestions"] == []
    assert 60 < result["seconds"] < 180
    assert done.said()[: len(SAY.welcome)] == list(SAY.welcome)
    assert "I understood fourteen of fourteen." in done.said()
    assert SAY.microphone.good in done.said()
    assert done.said()[-1] == SAY.good_night
    # Nothing of the voice is left anywhere that a program can write.
    assert not kept.exists()
    assert list(stage.folder.rglob("*.wav")) == []


def test_the_levels_are_those_of_the_room(stage: Stage) -> None:
    microphone = stage.run(Pupil(), Wanted(phrases=6, json=True)).result["microphone"]
    assert microphone["speech_dbfs"] == pytest.approx(-23, abs=3)
    assert microphone["noise_dbfs"] == pytest.approx(-75.5, abs=2)  # -72 with its rumble
    assert microphone["clipped"] == 0


def test_it_never_speaks_while_it_listens(stage: Stage) -> None:
    """The coach's own voice, as loud at the microphone as at the speaker, is never an answer."""
    done = stage.run(Pupil(habit=mute), Wanted(json=True), echo_db=0.0)
    assert [r for r in done.pupil.records if r["type"] == "heard"] == []
    asks = [r["t"] for r in done.pupil.records if r["type"] == "ask"]
    says = [(r["start"], r["end"]) for r in done.pupil.records if r["type"] == "say"]
    assert len(asks) == 6
    for t in asks:
        assert not any(start < t + load().wait and t < end for start, end in says)


def test_one_whose_voice_is_too_quiet(stage: Stage) -> None:
    done = stage.run(Pupil(), Wanted(phrases=6, json=True), gain_db=-27.0)
    assert done.problems == ["quiet"]
    assert done.result["microphone"]["speech_dbfs"] == pytest.approx(-50, abs=3)
    assert SAY.microphone.quiet in done.said()
    assert SAY.microphone.good not in done.said()


def test_one_who_is_clipped(stage: Stage) -> None:
    done = stage.run(Pupil(), Wanted(phrases=6, json=True), gain_db=18.0)
    assert done.problems == ["clipped"]
    assert done.result["microphone"]["clipped"] > 0.02
    assert SAY.microphone.clipped in done.said()


def test_one_in_noise(stage: Stage) -> None:
    done = stage.run(Pupil(), Wanted(phrases=6, json=True), snr_db=8.0)
    assert done.problems == ["noisy"]
    assert done.result["microphone"]["snr_db"] == pytest.approx(11.6, abs=3)  # 8 with its rumble
    assert SAY.microphone.noisy in done.said()


def test_one_who_is_silent(stage: Stage) -> None:
    done = stage.run(Pupil(habit=mute))
    assert done.code == NOBODY_HEARD == 1
    assert done.result["reason"] == "unheard"
    # Three phrases, each asked for once more, and not a word further.
    assert done.pupil.asked == [p for p in dict.fromkeys(done.pupil.asked) for _ in range(2)]
    assert (len(done.pupil.asked), done.result["understood"]) == (6, 0)
    assert done.problems == ["silent"]
    assert SAY.microphone.silent in done.said()
    assert SAY.none_asked in done.said()


def test_a_muted_microphone(stage: Stage) -> None:
    done = stage.run(Pupil(), gain_db=-90.0)
    assert (done.code, done.problems) == (NOBODY_HEARD, ["dead"])
    assert SAY.microphone.dead in done.said()


def test_silence_once_is_asked_again(stage: Stage) -> None:
    pupil = Pupil({"calf cramp": (None, "calf cramp")})
    done = stage.run(pupil, Wanted(phrases=3, json=True))
    assert done.pupil.asked == ["help calf cramp", "calf cramp", "calf cramp", "yes"]
    assert SAY.aloud.format(phrase="calf cramp") in done.said()
    # Having said nothing at first is no fault of the words.
    assert done.scores()["calf cramp"] == pytest.approx(95, abs=30)
    assert done.result["understood"] == 3


def test_silence_in_between_does_not_add_up(stage: Stage) -> None:
    pupil = Pupil({p: (None,) for p in ("help calf cramp", "calf cramp", "yeah", "no")})
    done = stage.run(pupil, Wanted(phrases=6, json=True))
    assert (done.code, done.result["reason"], done.result["asked"]) == (0, "done", 6)
    assert done.result["understood"] == 2


def test_one_who_says_other_words(stage: Stage) -> None:
    """As wrong as can be: nothing counts, no phrase is recommended that was not understood."""
    wrong = {"yes": "no", "yeah": "nope", "no": "yes", "nope": "yeah"}
    done = stage.run(
        Pupil(habit=lambda phrase: wrong.get(phrase, "bananas and custard")),
        Wanted(phrases=8, json=True),
    )
    assert done.code == 0, "somebody was heard"
    assert done.result["understood"] == 0
    assert set(done.scores().values()) == {0}
    outcomes = {
        entry["phrase"]: {attempt["outcome"] for attempt in entry["attempts"]}
        for entry in done.result["phrases"]
    }
    assert outcomes["yes"] == outcomes["no"] == {"mistaken"}
    assert outcomes["still hurts"] == {"missed"}
    assert SAY.mistaken.format(heard="nope") in done.said()
    for suggestion in done.result["suggestions"]:
        assert not suggestion["tried"]
        assert suggestion["prefer"] not in done.pupil.asked
    assert {s["intent"] for s in done.result["suggestions"]} == {"wake", "yes", "no", "still"}


def test_the_words_that_suit_are_recommended(stage: Stage) -> None:
    pupil = Pupil({"not yet": ("bananas and custard",)})
    done = stage.run(pupil, Wanted(phrases=8, json=True))
    assert done.result["suggestions"] == [
        {"intent": "still", "prefer": "still hurts", "over": ["not yet"], "tried": True}
    ]
    assert "Say still hurts rather than not yet." in done.said()


# -- ending it ----------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["stop", "cancel"])
@pytest.mark.parametrize("at", ["calf cramp", "no"])
def test_stop_ends_it_with_the_summary_so_far(stage: Stage, word: str, at: str) -> None:
    done = stage.run(Pupil({at: (word,)}))
    before = done.pupil.asked.index(at)
    assert (done.code, done.result["reason"]) == (0, "stopped")
    assert (done.result["asked"], done.result["understood"]) == (before, before)
    assert SAY.stopped in done.said()
    assert done.said()[-1] == SAY.good_night


def test_stop_before_anything_was_said(stage: Stage) -> None:
    done = stage.run(Pupil(habit=lambda _: "stop"))
    assert (done.code, done.result["reason"], done.result["asked"]) == (0, "stopped", 0)
    assert SAY.none_asked in done.said()


def test_where_stop_is_asked_for_it_is_an_answer(stage: Stage) -> None:
    done = stage.run(Pupil({"done": ("cancel",)}))
    assert (done.result["reason"], done.result["asked"]) == ("stopped", 12)
    assert done.scores()["stop"] is not None
    assert done.scores()["stop"] != 0


# -- on the screen and on disk --------------------------------------------------------------------


def test_the_screen_shows_what_is_said_and_heard(stage: Stage) -> None:
    done = stage.run(Pupil(), Wanted(phrases=2))
    assert "coach   Please say: help calf cramp." in done.out
    assert "person  help calf cramp" in done.out
    assert "coach   I heard help calf cramp" in done.out
    assert "coach   I understood two of two." in done.out
    table = done.out.split("asked ", 1)[1].splitlines()
    assert table[1].split()[:3] == ["help", "calf", "cramp"]
    assert "Microphone: good (your voice -2" in done.out


def test_recordings_are_kept_for_those_who_ask_and_erased_at_once(
    stage: Stage, kept: Path, call: Call
) -> None:
    done = stage.run(Pupil(), Wanted(phrases=2, keep=True, json=True))
    folder = Path(done.result["kept"])
    assert folder.parent == kept
    assert [path.name for path in sorted(folder.iterdir())] == [
        "001-help-calf-cramp.wav",
        "002-calf-cramp.wav",
    ]
    for path in (kept, folder):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        samples = wav.load(path)
        assert len(samples) > RATE
        assert np.abs(samples).max() > 1000
    erased = call("practice", "--erase")
    assert (erased.code, erased.out) == (0, "Erased 2 recordings of your voice.\n")
    assert not kept.exists()
    erased = call("practice", "--erase")
    assert (erased.code, erased.out) == (0, "There are no recordings of a practice.\n")


# -- by the command -------------------------------------------------------------------------------


def test_a_file_as_microphone(stage: Stage, call: Call) -> None:
    """What the microphone heard of one practice, given to the command, is the same practice."""
    first = stage.run(Pupil(), Wanted(phrases=4, json=True))
    wav.save(stage.folder / "voice.wav", first.heard)
    arguments = ("practice", "--phrases", 4, "--mic", "voice.wav", "--speaker", "coach.wav")
    stage.monkeypatch.undo()
    stage.monkeypatch.chdir(stage.folder)
    done = call(*arguments, "--json")
    assert (done.code, done.err) == (0, "")
    second = json.loads(done.out)
    assert [entry["score"] for entry in second["phrases"]] == list(first.scores().values())
    assert second["reason"] == "done"
    assert len(wav.load(stage.folder / "coach.wav")) / RATE > 20


def test_a_file_that_is_over(stage: Stage, call: Call) -> None:
    first = stage.run(Pupil(), Wanted(phrases=4, json=True))
    asks = [r["t"] for r in first.pupil.records if r["type"] == "ask"]
    wav.save(stage.folder / "voice.wav", first.heard[: round((asks[2] - 1.0) * RATE)])
    done = call("practice", "--mic", stage.folder / "voice.wav", "--json")
    result = json.loads(done.out)
    assert (done.code, result["reason"], result["understood"]) == (0, "over", 2)


def test_a_file_with_nobody_in_it(stage: Stage, call: Call) -> None:
    wav.save(stage.folder / "voice.wav", silence(5))
    done = call("practice", "--mic", stage.folder / "voice.wav", "--json")
    assert (done.code, json.loads(done.out)["reason"]) == (NOBODY_HEARD, "over")


def test_without_a_microphone(call: Call) -> None:
    assert "microphone" in call("practice").refused(3)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--phrases", "0"], "0 is not a number from 1 to 999"),
        (["--phrases", "3", "--all"], "not allowed with argument --phrases"),
        (["--keep", "--erase"], "not allowed with argument --keep"),
    ],
)
def test_what_the_parser_refuses(call: Call, arguments: list[str], says: str) -> None:
    done = call("practice", *arguments)
    assert (done.code, done.out) == (2, "")
    assert says in done.err
