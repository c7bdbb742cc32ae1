"""From "help, calf cramp" to "good night" in real time, through a sound card, by the command."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any, Final

import pytest

from tests.live.hearing import Listener, offset_of, transcribe, words
from tests.live.person import Person
from tests.live.program import Program
from tests.virtual_card import VirtualCard
from voice_coach.content.loader import sentences
from voice_coach.dialogue.protocol import Protocol
from voice_coach.speaking.voice import Voice

pytestmark = [pytest.mark.card, pytest.mark.slow]

CALL: Final = "help calf cramp"
LONGEST: Final = 420.0
"""Seconds; it takes about 150 where nobody has to repeat anything."""

ANSWERS: Final[dict[str, str | tuple[float, str]]] = {
    "position": "sitting|i'm sitting down",
    "stretch_hand": (7.0, "better|it's letting go"),
    "eased": "it's letting go|much better",
    "check_chest": "no|nope|not at all",
    "check_signs": "no|nope|not at all",
    "check_risk": "no|nope|not at all",
    "check_injury": "no|nope|not at all",
    "check_push": "yes i can|yeah|yep",
    "how_bad": "not bad",
    "palm": "i'm ready",
    "knead": (7.0, "all done|finished"),
    "find_knot": "i'm ready|okay",
    "knot": (3.0, "it's softer"),
    "gone_check": "it's gone|the cramp is gone",
    "tender": "no|nope|not at all",
    "tight": "no|nope|not at all",
    "water": "okay",
    "prevent": "okay",
    "ask_pain": "no|nope|not at all",
    "ask_urine": "no|nope|not at all",
    "ask_numb": "no|nope|not at all",
    "ask_medicine": "no|nope|not at all",
    "ask_often": "no|nope|not at all",
}

KEY: Final = (
    "unload.say.1", "unload.say.2", "position.say.0",
    "stretch_hand.say.0", "stretch_hand.say.1", "stretch_hand.say.2", "common.count_5",
    "check_intro.say.0", "check_chest.say.0", "check_signs.say.0", "check_risk.say.0",
    "check_injury.say.0", "check_push.say.0",
    "palm.say.0", "palm.say.1", "knead.say.0", "knead.say.1", "knead.cue.0", "knead.cue.1",
    "find_knot.say.0", "knot.say.0", "knot.say.1", "gone_check.say.0", "water.say.0",
    "ask_pain.say.0", "ask_urine.say.0", "ask_often.say.0", "end_self.say.0", "end_self.say.4",
)  # fmt: skip
"""What must be heard from the speaker, in this order."""


def test_a_whole_conversation_in_real_time_on_a_sound_card(
    card: VirtualCard, environment: dict[str, str], somebody: Voice, protocol: Protocol
) -> None:
    person = Person(card, somebody, protocol, ANSWERS)
    with (
        card.record() as recording,
        Program("--region", "GB", environment=environment) as program,
    ):
        program.wait_for_output("Listening")
        person.call(CALL)
        while not program.records:  # whoever is not heard calls again
            try:
                program.wait_for_record(lambda record: record["type"] == "heard", 5.0)
            except TimeoutError:
                person.call(CALL)
        person.converse(program, LONGEST)
        # It waits for the next call now, and ends when it is told to.
        program.wait_for_output("Listening", times=2)
        assert program.interrupt() == 0
        assert program.family() == []
        assert "Traceback" not in program.errors
        heard_in_room = recording.samples()
        records = program.records
    print(program.output)  # shown when anything below fails
    _check_events(records)
    listener = Listener([text for _, text in sentences(protocol)] + _texts(records))
    said = [record for record in records if record["type"] == "say"]
    spoken = transcribe(heard_in_room, said, listener, offset_of(heard_in_room, said))
    checked = [s for s in spoken if s.text in listener.known]
    wrong = [s for s in checked if s.heard != s.text]
    print(f"{len(spoken)} sentences, {len(checked)} can be checked, heard wrongly: {wrong}")
    assert len(checked) >= 0.9 * len(spoken)
    assert len(wrong) <= 0.1 * len(checked), wrong
    instructions = {s.prompt: s.text for s in spoken}
    assert set(KEY) <= set(instructions)
    wanted = [instructions[p] for p in KEY if instructions[p] in listener.known]
    assert missing(wanted, (s.heard for s in spoken)) is None


def _check_events(records: list[dict[str, Any]]) -> None:
    """The log of such a night: complete, in order, and with the right end."""
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        by_kind.setdefault(record["type"], []).append(record)
    assert records[0]["type"] == "heard"
    assert records[0]["intent"] == "wake"
    assert records[0]["word_end"] == 0.0
    assert "fault" not in by_kind
    assert records[-1]["type"] == "end"
    assert records[-1]["outcome"] == "relieved"
    assert by_kind["advice"][-1]["level"] == "self_care"
    states = [record["step"] for record in by_kind["state"]]
    assert missing(ANSWERS.keys() - {"eased", "tender", "tight"}, states, ordered=False) is None
    assert missing(("unload", "position", "stretch_hand", "check_chest", "knead", "knot",
                    "gone_check", "water", "ask_pain", "end_self"), states) is None  # fmt: skip
    intents = [record["intent"] for record in by_kind["heard"]]
    assert (
        missing(("wake", "sitting", "better", "no", "yes", "done", "softer", "gone"), intents)
        is None
    )
    said = by_kind["say"]
    for record in said:
        assert record["start"] < record["end"]
    for before, after in pairwise(said):
        assert before["end"] <= after["start"] + 0.05
    times = [record["t"] for record in records]
    assert times[-1] == pytest.approx(max(times), abs=1.0)
    assert all(later > earlier - 1.0 for earlier, later in pairwise(times))


def _texts(records: list[dict[str, Any]]) -> list[str]:
    """The sentences of a log, those made on the way ("Two minutes have passed.") among them."""
    return [words(record["text"]) for record in records if record["type"] == "say"]


def missing(wanted: Iterable[str], found: Iterable[str], ordered: bool = True) -> str | None:
    """The first of ``wanted`` that is not there, in its place if ``ordered``; None when all are."""
    if not ordered:
        return next(iter(sorted(set(wanted) - set(found))), None)
    rest = iter(found)
    return next((item for item in wanted if item not in rest), None)
