"""Whatever happens, whenever it happens: the running session keeps every rule, and ends."""

from __future__ import annotations

import tracemalloc

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dialogue.explore import DIALOGUE, PROTOCOL
from tests.properties.world import HAPPENINGS, Happening, World, live
from voice_coach.audio.mixer import Mixer
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.protocol import Level
from voice_coach.dialogue.saved import decode, encode
from voice_coach.eventlog import EventLog, Record
from voice_coach.session import Session

_SLOW = list(HealthCheck)


@given(HAPPENINGS, st.booleans())
@settings(max_examples=25, deadline=None, suppress_health_check=_SLOW)
def test_every_rule_is_kept_and_every_session_ends(script: list[Happening], headset: bool) -> None:
    lived = live(DIALOGUE, script, headset)
    assert lived.broken == []
    last = lived.states[-1]
    assert (last.mode, last.outcome) == ("over", lived.ending.outcome)
    assert lived.ending.level == last.level.name
    ends = [record for record in lived.records if record["type"] == "end"]
    assert ends == lived.records[-1:]


@given(HAPPENINGS, st.booleans())
@settings(max_examples=8, deadline=None, suppress_health_check=_SLOW)
def test_the_same_happens_again(script: list[Happening], headset: bool) -> None:
    assert live(DIALOGUE, script, headset) == live(DIALOGUE, script, headset)


@given(HAPPENINGS)
@settings(max_examples=6, deadline=None, suppress_health_check=_SLOW)
def test_every_state_that_is_kept_can_be_taken_up_again(script: list[Happening]) -> None:
    for state in live(DIALOGUE, script).states:
        assert decode(encode(state), PROTOCOL) == state


def test_a_lost_card_a_broken_voice_and_a_mumble_stop_nobody() -> None:
    script = [
        Happening("lost", 5.0, 0, 20.0), Happening("voice", 1.0, 11, 0.0),
        Happening("mumble", 30.0, 0, 0.0), Happening("mute", 5.0, 0, 90.0),
    ]  # fmt: skip
    lived = live(DIALOGUE, script)
    assert lived.broken == []
    kinds = {record["what"] for record in lived.records if record["type"] == "fault"}
    assert {"card lost", "card back", "microphone muted", "voice"} <= kinds
    assert Level[lived.ending.level] is Level.urgent, "nobody answered for ten minutes"


def test_hours_of_silence_cost_nothing() -> None:
    records: list[Record] = []
    log, mixer = EventLog(), Mixer()
    log.watch(records.append)
    world = World([], mixer)
    world.start(mixer)
    session = Session(
        world, mixer, world.voice, world.listener, DIALOGUE, log, virtual=True
    )  # fmt: skip
    tracemalloc.start()
    assert session.wait_for_call(1.5 * 3600) is None
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert world.now() >= 1.5 * 3600
    assert most < 2_000_000
    assert records == []


def test_a_broken_rule_would_be_seen() -> None:
    unload = msgspec.structs.replace(PROTOCOL.steps["unload"], say=("and so on " * 7,))
    wordy = msgspec.structs.replace(PROTOCOL, steps={**PROTOCOL.steps, "unload": unload})
    lived = live(Dialogue(wordy), [Happening("word", 0.0, 0, 0.0)])
    assert [rule.split(" at ")[0] for rule in lived.broken] == ["S9"]


def test_silence_leads_to_the_advice_of_the_limit() -> None:
    lived = live(DIALOGUE, [])
    assert lived.broken == []
    assert (lived.ending.outcome, lived.ending.level) == ("not_resolved", "urgent")
    assert lived.ending.elapsed > 600
