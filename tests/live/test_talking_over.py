"""A conversation in real time with the coach's echo in the microphone, and somebody who talks over
it: what is a word is obeyed, what is none is not, and the coach never obeys itself."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest

from tests.live.person import Person
from tests.live.program import Program, Record
from tests.virtual_card import VirtualCard
from voice_coach.audio.echo import open_canceller
from voice_coach.dialogue.protocol import Protocol
from voice_coach.rehearsal.noises import noise
from voice_coach.speaking.cache import CACHE_VARIABLE
from voice_coach.speaking.voice import Voice

pytestmark = [pytest.mark.card, pytest.mark.slow]

ECHO_DB: Final = -10

LONGEST: Final = 480.0
"""Seconds; it takes about 300 where nobody has to repeat anything."""

TRIES: Final = 2
"""A machine that starves the sound server for a moment, so that a word is cut, gets a second
chance; a coach that obeys itself does not."""

OVER: Final[dict[str, tuple[float, str]]] = {
    # After this sentence, so many seconds later, in the middle of the next one:
    "unload.say.1": (1.3, "[cough]"),
    "stretch_hand.say.0": (1.4, "it's letting go"),
    "check_intro.say.0": (1.8, "[groan]"),
    "knead.say.0": (1.5, "that's too hard"),
    "ask_pain.say.0": (1.2, "[cough]"),
    "end_self.say.1": (1.2, "stop"),
}

ANSWERS: Final[dict[str, str | tuple[float, str]]] = {
    "position": "sitting|i'm sitting down",
    "check_chest": "no|not at all",
    "check_signs": "no|not at all",
    "check_risk": "no|not at all",
    "check_injury": "no|not at all",
    "check_push": "yes i can|yep",
    "how_bad": "not bad",
    "palm": "i'm ready",
    # It comes back once, and everything begins again with the stretch.
    "gone_check": "still hurts|it's gone|the cramp is gone",
    "tender": "no|not at all",
    "tight": "yes|yes it is",
    "water": "okay",
    "prevent": "okay",
    "ask_pain": "no|not at all",
    "ask_urine": "no|not at all",
    "ask_numb": "no|not at all",
    "ask_medicine": "no|not at all",
    "ask_often": "no|not at all",
    # The second time; and where an interruption was not understood.
    "stretch_hand": (28.0, "it's letting go"),
    "eased": "it's letting go|much better",
    "knead": (20.0, "all done|finished"),
    "find_knot": "i'm ready",
    "knot": (12.0, "it's softer"),
}


class Interrupter(Person):
    """Answers, and says something over the sentence that follows certain sentences."""

    def __init__(self, card: VirtualCard, voice: Voice, protocol: Protocol) -> None:
        super().__init__(card, voice, protocol, ANSWERS)
        self._room = card
        chance = random.Random(4)
        self._sounds = {
            after: noise(text, chance) if text.startswith("[") else voice.clip(text)
            for after, (_, text) in OVER.items()
        }

    def talk(self, program: Program) -> list[str]:
        """Until the session is over; the sentences after which something was said."""
        said: list[str] = []
        over = threading.Event()

        def interrupt() -> None:
            at = 0
            while not over.is_set():
                try:
                    at = program.wait_for_record(_is_said(set(OVER) - set(said)), 1.0, after=at)
                except TimeoutError:
                    continue
                prompt = str(program.records[at]["prompt"])
                threading.Event().wait(OVER[prompt][0])
                self._room.speak(self._sounds[prompt])
                said.append(prompt)
                at += 1

        thread = threading.Thread(target=interrupt, name="interrupter", daemon=True)
        thread.start()
        try:
            self.converse(program, LONGEST)
        finally:
            over.set()
            thread.join(timeout=30)
        return said


def _is_said(prompts: set[str]) -> Any:
    return lambda r: r["type"] == "say" and r["prompt"] in prompts and not r["interrupted"]


@pytest.fixture
def echoing(clips: Path) -> Iterator[tuple[VirtualCard, Mapping[str, str]]]:
    """A card in whose microphone the coach is heard, and the environment of a program on it."""
    with VirtualCard() as card:
        card.control(
            *("load-module", "module-loopback", "source=spk.monitor", "sink=micfeed"),
            *("latency_msec=30", "source_dont_move=1", "sink_dont_move=1"),
        )
        played = card.control("list", "short", "sink-inputs").splitlines()
        (echo,) = (line.split()[0] for line in played if "module-loopback" in line)
        card.control("set-sink-input-volume", echo, f"{ECHO_DB}dB")
        yield card, {**card.environment, CACHE_VARIABLE: str(clips)}


def test_six_interruptions_in_real_time_with_an_echo(
    echoing: tuple[VirtualCard, Mapping[str, str]], somebody: Voice, protocol: Protocol
) -> None:
    pytest.importorskip("livekit")
    assert open_canceller().reason == ""
    card, environment = echoing
    faults: list[str] = []
    for _ in range(TRIES):
        person = Interrupter(card, somebody, protocol)
        with Program("now", "--region", "GB", environment=environment) as program:
            said = person.talk(program)
            assert program.wait(60) == 0
            assert "Traceback" not in program.errors
        assert said == list(OVER)
        # Never, whatever the machine does: the coach obeyed something that nobody has said.
        words = sum(not text.startswith("[") for _, text in OVER.values())
        obeyed = [r for r in program.records if r["type"] == "heard" and r["accepted"]]
        assert len(obeyed) <= person.calls + words, program.output
        faults = list(_faults(program.records))
        if not faults:
            return
        print(program.output, program.errors, *faults, sep="\n")
    assert faults == []


def _faults(records: list[Record]) -> Iterator[str]:
    """What has gone otherwise than it should."""
    floor = [r for r in records if r["type"] == "floor"]
    heard = [r["intent"] for r in records if r["type"] == "heard"]
    spoken = [r for r in records if r["type"] == "say"]
    if any(r["type"] == "fault" for r in records):
        yield "The card was lost."
    # Words over the coach were obeyed, in mid-sentence. The clock's own announcement may have met
    # an answer, and is said again.
    cut = [r["prompt"] for r in spoken if r["interrupted"] and "announce" not in r["prompt"]]
    if cut != ["stretch_hand.say.1", "knead.say.1", "end_self.say.2"]:
        yield f"Cut off were {cut}."
    obeyed = [intent for intent in heard if intent in ("better", "sharp", "stop")]
    if obeyed != ["better", "sharp", "better", "stop"]:
        yield f"Obeyed were {obeyed}."
    # What was no word made the sentence wait, and then it was said to its end.
    whole = [r["prompt"] for r in spoken if not r["interrupted"]]
    lost = {"unload.say.2", "check_chest.say.0", "ask_pain.say.1"} - set(whole)
    if lost:
        yield f"Never said to their end: {sorted(lost)}."
    back = [
        later["t"] - earlier["silent"]
        for earlier, later in pairwise(floor)
        if (earlier["who"], later["who"]) == ("person", "coach")
    ]
    if len(back) < 2 or max(back) >= 4.0:
        yield f"The coach had the floor again after {back} s."
    # The coach never obeyed itself, and nobody was asked again for a groan.
    again = [
        r["prompt"]
        for r in spoken
        if r["prompt"].startswith(("common.nomatch", "check_chest.again"))
    ]
    if again:
        yield f"Asked again: {again}."
    if not any(r["type"] == "state" and r["step"] == "relock" for r in records):
        yield "The cramp did not come back."
    if records[-1]["outcome"] != "relieved":
        yield f"It ended as {records[-1]['outcome']}."
