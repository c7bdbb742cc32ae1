"""The loop when the sound or the voice fails: a port and a renderer that fail as they are told."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.audio.fake import FakePort
from voice_coach.audio.mixer import Mixer
from voice_coach.audio.port import BLOCK, RATE, Block, Samples
from voice_coach.commands import setup
from voice_coach.content import load_protocol
from voice_coach.content.faults import load_remarks
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.events import Heard
from voice_coach.errors import VoiceError
from voice_coach.eventlog import EventLog, Record
from voice_coach.faults import AGAIN, LATE
from voice_coach.listening.fake import FakeRecogniser
from voice_coach.listening.listener import Listener
from voice_coach.session import Ending, Session
from voice_coach.speaking import render_child
from voice_coach.speaking.cache import ClipCache
from voice_coach.speaking.fake import FakeRenderer
from voice_coach.speaking.port import VoiceSettings
from voice_coach.speaking.pyttsx3_renderer import Pyttsx3Renderer
from voice_coach.speaking.voice import Voice

REMARKS = load_remarks()
PROTOCOL = load_protocol()
HISS = np.resize(np.array([1, 0, -1, 0], np.int16), 30 * 60 * RATE)


class Over(Exception):
    """The test has seen enough."""


class Card(FakePort):
    """A card in virtual time. ``plan``: by second, what happens to it then."""

    def __init__(self, plan: dict[float, Callable[[Card], None]], seconds: float = 90.0) -> None:
        super().__init__(HISS)
        self._plan = sorted(plan.items())
        self._until = seconds
        self._lost_blocks = 0
        self.well = True
        self.muted = False
        self.records: list[Record] = []

    def at(self, second: float, what: Callable[[Card], None]) -> None:
        """Something more that happens."""
        self._plan = sorted([*self._plan, (second, what)], key=lambda item: item[0])

    def now(self) -> float:
        return super().now() + self._lost_blocks * BLOCK / RATE

    def read(self, timeout: float) -> Block | None:
        if self.now() > self._until:
            raise Over
        while self._plan and self._plan[0][0] <= self.now():
            self._plan.pop(0)[1](self)
        if not self.well:
            self._lost_blocks += 1
            return None
        block = super().read(timeout)
        assert block is not None
        samples = block.samples * 0 if self.muted else block.samples
        return Block(samples, self.now())

    def healthy(self) -> bool:
        return self.well

    def reopen(self) -> bool:
        return self.well

    def lose(self) -> None:
        self.well = False

    def mend(self) -> None:
        self.well = True

    def mute(self) -> None:
        self.muted = True

    def unmute(self) -> None:
        self.muted = False

    def kinds(self, kind: str) -> list[Record]:
        return [record for record in self.records if record["type"] == kind]

    def spoken(self) -> list[tuple[str, str, bool]]:
        return [(r["prompt"], r["text"], r["interrupted"]) for r in self.kinds("say")]

    def faults(self) -> list[str]:
        return [r["what"] for r in self.kinds("fault")]


class Failing(FakeRenderer):
    """A renderer that fails for some texts: ``fault`` says how."""

    def __init__(self) -> None:
        super().__init__()
        self.fails: Callable[[str], bool] = lambda _: False
        self.hangs = False
        self.freed = threading.Event()

    def render(self, text: str, settings: VoiceSettings, *, background: bool = False) -> Samples:
        if self.fails(text):
            if self.hangs:
                assert self.freed.wait(30)
            raise VoiceError("The voice engine was ended by signal 6: try another voice.")
        return super().render(text, settings, background=background)

    def close(self) -> None:
        super().close()
        self.freed.set()


@pytest.fixture
def renderer() -> Failing:
    return Failing()


@pytest.fixture
def voice(renderer: Failing, tmp_path: Path) -> Iterator[Voice]:
    with Voice(renderer, ClipCache(tmp_path)) as made:
        made.clip("Hello.")
        yield made


def session(card: Card, voice: Voice, virtual: bool = True) -> Session:
    """A session on this card, with everything made that is made ahead."""
    log = EventLog()
    log.watch(card.records.append)
    mixer = Mixer()
    card.start(mixer)
    ready = Session(
        card, mixer, voice, Listener(FakeRecogniser()), Dialogue(PROTOCOL), log, virtual=virtual
    )
    for future in ready._faults._ready.values():
        future.exception(timeout=10)
    return ready


def coach(
    card: Card, voice: Voice, virtual: bool = True, says: Heard | None = None
) -> Ending | None:
    """Coach until the session ends or the card has had enough; ``says`` is heard at 1 s."""
    led = session(card, voice, virtual)
    if says is not None:
        card.at(1.0, lambda _: led._dispatch(says))
    try:
        return led.coach()
    except Over:
        return None


# -- the sound ------------------------------------------------------------------------------------


def test_what_a_lost_card_cut_off_is_said_again_after_one_remark(voice: Voice) -> None:
    card = Card({1.0: Card.lose, 8.0: Card.mend})
    coach(card, voice)
    assert card.faults() == ["card lost", "card back"]
    assert [r["t"] for r in card.kinds("fault")] == pytest.approx([1.0, 8.0], abs=0.1)
    first, second = PROTOCOL.steps["unload"].say[:2]
    assert card.spoken()[:4] == [
        ("unload.say.0", first, True),
        ("fault.remark", REMARKS.back, False),
        ("unload.say.0", first, False),
        ("unload.say.1", second, False),
    ]


def test_a_question_that_was_asked_before_the_loss_is_asked_again_by_its_own_timer(
    voice: Voice,
) -> None:
    undisturbed = Card({}, seconds=30.0)
    coach(undisturbed, voice)
    asked = next(r["end"] for r in undisturbed.kinds("say") if r["prompt"] == "position.say.0")
    card = Card({asked + 1.0: Card.lose, asked + 40.0: Card.mend})
    coach(card, voice)
    said = card.spoken()
    at = said.index(("fault.remark", REMARKS.back, False))
    assert [prompt for prompt, _, _ in said[at - 1 : at + 2]] == [
        *("position.say.0", "fault.remark", "position.again.0"),
    ]
    assert card.kinds("say")[at + 1]["start"] < asked + 45.0


def test_holds_and_the_clock_of_the_cramp_go_on_without_sound(voice: Voice) -> None:
    card = Card({70.0: Card.lose, 700.0: Card.mend}, seconds=800.0)
    coach(card, voice)
    timers = {r["timer"]: r["t"] for r in card.kinds("timer") if r["timer"] != "silence"}
    assert timers["limit"] == pytest.approx(PROTOCOL.limits.limit, abs=0.2)
    after = [text for _, text, _ in card.spoken()]
    limit = PROTOCOL.limits.limit_say[0]
    assert after.index(REMARKS.back) < after.index(limit)


def test_a_card_that_comes_and_goes_is_remarked_upon_once(voice: Voice) -> None:
    plan: dict[float, Callable[[Card], None]] = {}
    for second in range(3, 3 + int(AGAIN) - 4, 4):
        plan[float(second)] = Card.lose
        plan[second + 1.0] = Card.mend
    card = Card(plan)
    coach(card, voice)
    assert card.faults().count("card back") == len(plan) // 2
    assert [text for _, text, _ in card.spoken()].count(REMARKS.back) == 1


def test_a_sleeper_is_not_woken_by_a_card_that_is_back(voice: Voice) -> None:
    card = Card({5.0: Card.lose, 8.0: Card.mend}, seconds=20.0)
    with pytest.raises(Over):
        session(card, voice).wait_for_call()
    assert card.faults() == ["card lost", "card back"]
    assert not card.played.any()


@pytest.mark.parametrize("waiting", [True, False])
def test_a_muted_microphone_is_told_once_and_the_coach_goes_on(voice: Voice, waiting: bool) -> None:
    card = Card({2.0: Card.mute, 20.0: Card.unmute, 30.0: Card.mute}, seconds=120.0)
    if waiting:
        with pytest.raises(Over):
            session(card, voice).wait_for_call()
    else:
        coach(card, voice)
    assert card.faults() == ["microphone muted", "microphone unmuted", "microphone muted"]
    told = [r for r in card.kinds("say") if r["text"] == REMARKS.muted]
    assert len(told) == 1
    assert 5.0 <= told[0]["start"] < 10.0
    if not waiting:
        assert "stretch_hand.say.0" in [prompt for prompt, _, _ in card.spoken()]


# -- the voice ------------------------------------------------------------------------------------


def lost(card: Card) -> list[tuple[str, str]]:
    return [(r["prompt"], r["instead"]) for r in card.kinds("fault")]


def test_a_sentence_that_cannot_be_made_gives_way_to_a_plain_one(
    voice: Voice, renderer: Failing
) -> None:
    missing = PROTOCOL.steps["unload"].say[1]
    renderer.fails = lambda text: text == missing
    card = Card({}, seconds=30.0)
    coach(card, voice)
    assert lost(card) == [("unload.say.1", "plain sentence")]
    said = card.spoken()
    assert said[1] == ("unload.say.1", PROTOCOL.common.voice_lost, False)
    assert said[2][0] == "unload.say.2"


def test_the_plain_sentence_is_said_once_a_step_and_a_cue_after_it(
    voice: Voice, renderer: Failing
) -> None:
    step = PROTOCOL.steps["unload"].say
    renderer.fails = lambda text: text in step
    card = Card({}, seconds=30.0)
    coach(card, voice)
    assert [how for _, how in lost(card)] == ["plain sentence", "cue", "cue"]
    said = [(prompt, text) for prompt, text, _ in card.spoken()]
    assert said[1:3] == [("unload.say.1", ""), ("unload.say.2", "")]
    assert said[3][0] == "position.say.0"


def test_the_same_sentence_at_another_rate_is_better_than_a_plain_one(
    voice: Voice, renderer: Failing
) -> None:
    text = PROTOCOL.steps["unload"].say[1]
    usual = voice.clip(text)
    renderer.fails = lambda _: True
    slower = Voice.request

    def at_another_rate(self: Voice, wanted: str, rate: int | None = None) -> Any:
        return slower(self, wanted, 110 if wanted == text else rate)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Voice, "request", at_another_rate)
        card = Card({}, seconds=20.0)
        coach(card, voice)
    assert ("unload.say.1", "another rate") in lost(card)
    one = next(r for r in card.kinds("say") if r["prompt"] == "unload.say.1")
    assert one["text"] == text
    assert one["end"] - one["start"] == pytest.approx(len(usual) / RATE, abs=0.01)


def test_an_engine_that_is_gone_altogether_leaves_nobody_in_silence_for_ever(
    voice: Voice, renderer: Failing
) -> None:
    renderer.fails = lambda _: True
    card = Card({}, seconds=2_000.0)
    ending = coach(card, voice)
    assert ending is not None
    assert ending.level == "urgent"
    assert ending.elapsed < 700.0
    assert {how for _, how in lost(card)} == {"cue"}


def test_nobody_waits_for_an_engine_that_hangs(voice: Voice, renderer: Failing) -> None:
    missing = PROTOCOL.steps["unload"].say[1]
    for text in setup.fixed_sentences(Dialogue(PROTOCOL)):
        if text != missing:
            voice.clip(text)
    renderer.fails = lambda text: text == missing
    renderer.hangs = True
    card = Card({}, seconds=30.0)
    coach(card, voice, virtual=False)
    assert lost(card) == [("unload.say.1", "plain sentence")]
    first, second = card.kinds("say")[:2]
    assert second["text"] == PROTOCOL.common.voice_lost
    assert second["start"] - first["end"] == pytest.approx(LATE + PROTOCOL.gap, abs=0.2)


def test_in_an_emergency_the_plain_sentence_says_whom_to_call(
    voice: Voice, renderer: Failing
) -> None:
    emergency = REMARKS.emergency.format(number="one one two")
    renderer.fails = lambda text: "call" in text.lower() and text != emergency
    card = Card({}, seconds=60.0)
    coach(card, voice, says=Heard(0.0, "chest", "chest pain"))
    assert ("emergency.say.0", emergency, False) in card.spoken()
    assert lost(card)[0] == ("emergency.say.0", "plain sentence")


# -- with the real engine's child in place of a fake ----------------------------------------------

CHILD = """
import io, json, os, runpy, sys, time
request = json.load(sys.stdin)
if request.get("text") == {broken!r}:
    with open({noted!r}, "a") as noted:
        print(os.getpid(), file=noted)
    {body}
sys.stdin = io.StringIO(json.dumps(request))
runpy.run_path({script!r}, run_name="__main__")
"""

SILENCE = """
    import wave
    with wave.open(request["path"], "wb") as out:
        out.setparams((1, 2, 22050, 0, "NONE", ""))
        out.writeframes(bytes(30000))
    print("{}")
    sys.exit()
"""


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("time.sleep(600)", id="hangs"),
        pytest.param("os.abort()", id="crashes"),
        pytest.param(SILENCE, id="writes silence"),
    ],
)
def test_a_faulty_engine_is_ended_tried_once_more_and_replaced(tmp_path: Path, body: str) -> None:
    step = PROTOCOL.steps["unload"].say
    noted, child = tmp_path / "noted", tmp_path / "child.py"
    child.write_text(
        CHILD.format(
            broken=step[1], noted=str(noted), body=body.strip(), script=render_child.__file__
        )
    )
    renderer = Pyttsx3Renderer(command=[sys.executable, str(child)], timeout=3.0)
    with Voice(renderer, ClipCache(tmp_path)) as voice:
        voice.clip("Hello.")
        card = Card({}, seconds=15.0)
        coach(card, voice)
    tried = [int(line) for line in noted.read_text().split()]
    assert len(tried) == 2
    assert not any(Path(f"/proc/{pid}").exists() for pid in tried)
    assert lost(card) == [("unload.say.1", "plain sentence")]
    said = [(prompt, text) for prompt, text, _ in card.spoken()]
    assert said[:3] == [
        ("unload.say.0", step[0]),
        ("unload.say.1", PROTOCOL.common.voice_lost),
        ("unload.say.2", step[2]),
    ]
