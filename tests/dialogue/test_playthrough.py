"""Whole conversations in virtual time, and random ones."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dialogue import rules
from tests.dialogue.explore import DIALOGUE, PROTOCOL, Moment, advance, begin
from tests.dialogue.talk import HEALTHY, at, hear_out
from voice_coach.dialogue import actions as act
from voice_coach.dialogue.events import Event, Heard, NotUnderstood, PromptEnded, TimerFired
from voice_coach.dialogue.playthrough import Playthrough
from voice_coach.dialogue.protocol import Level

INTENTS = sorted({*PROTOCOL.intents, "silence", "no such intent"})


def test_a_silent_person_is_led_to_the_advice() -> None:
    talk = Playthrough(DIALOGUE)
    talk.to_end()
    assert "limit.say.0" in talk.heard_prompts()
    assert (talk.outcome, talk.state.level) == ("not_resolved", Level.urgent)
    assert not any(say.touch for say in talk.said)


def test_an_ordinary_night_goes_through_every_part() -> None:
    talk = Playthrough(DIALOGUE)
    entered = []
    while not talk.over:
        if not hear_out(talk):
            talk.hear(HEALTHY.get(talk.state.step, "no"))
        entered.append(PROTOCOL.steps[talk.state.step].phase)
    order = list(dict.fromkeys(entered))
    assert order == ["stop", "stretch", "check", "knead", "aftercare", "flags", "end"]
    assert (talk.outcome, talk.state.level) == ("relieved", Level.self_care)
    assert 90 < talk.now < 200


def test_silence_is_asked_again_shorter_and_then_goes_on() -> None:
    talk = at("position")
    said = len(talk.said)
    talk.silence()
    talk.wait(5)
    assert [s.prompt for s in talk.said[said:]][:2] == ["position.again.0", "stretch_hand.say.0"]


def test_other_words_are_answered_in_other_words_each_time() -> None:
    talk = Playthrough(DIALOGUE)
    while not talk.over and talk.now < 120:
        talk.answer("a lovely cake")
        talk.wait(1)
    misses = [p for p in talk.heard_prompts() if p.startswith("common.nomatch")]
    assert len(misses) >= 3
    assert all(one != two for one, two in pairwise(misses))


def test_a_groan_over_a_prompt_or_in_a_hold_is_no_answer() -> None:
    talk = at("stretch_hand")
    said = len(talk.said)
    talk.hear("mmmh")
    assert len(talk.said) == said
    assert talk.state.mode == "hold"


def test_a_hold_is_counted_and_ends() -> None:
    talk = at("stretch_hand")
    began = talk.now
    said = len(talk.said)
    talk.wait(20.1)
    assert [say.text for say in talk.said[said:]] == [
        "Five.", "Ten.", "Fifteen.", "Let go slowly.",
    ]  # fmt: skip
    times = [t - began for t in talk.times[said:]]
    assert times == pytest.approx([5, 10, 15, 20], abs=0.1)


def test_cues_take_turns_and_are_pressure() -> None:
    talk = at("knead")
    said = len(talk.said)
    talk.wait(12.1)
    assert [say.text for say in talk.said[said:]] == [
        "Press.", "And release.", "A little higher.", "Press.",
    ]  # fmt: skip
    assert all(say.touch for say in talk.said[said:])


def test_a_count_is_left_out_where_something_is_being_said() -> None:
    talk = at("stretch_hand")
    talk.wait(4.9)
    talk.hear("say again")
    talk.wait(2)
    assert "common.count_5" not in talk.heard_prompts()


def test_only_what_asks_for_pressure_is_marked_as_pressure() -> None:
    talk = at("knot")
    talk.hear("still hurts")
    assert talk.said[-1].touch, "Keep it steady is pressure"
    talk.hear("why")
    assert not talk.said[-1].touch
    talk.hear("softer")
    assert not talk.said[-1].touch, "Let go slowly is none"


def test_the_end_of_a_sentence_that_was_replaced_means_nothing() -> None:
    talk = at("eased")
    state, actions = DIALOGUE.advance(talk.state, PromptEnded(talk.now, "eased.say.0"))
    assert actions == ()
    assert state.mode == "wait"


def test_what_happens_after_the_end_means_nothing() -> None:
    talk = Playthrough(DIALOGUE)
    talk.hear("stop")
    talk.to_end()
    for event in (Heard(9e9, "wake"), TimerFired(9e9, "cap"), NotUnderstood(9e9)):
        assert DIALOGUE.advance(talk.state, event) == (talk.state, ())


def test_timers_that_nobody_waits_for_mean_nothing() -> None:
    talk = at("eased")
    for timer in ("hold", "no such timer"):
        assert DIALOGUE.advance(talk.state, TimerFired(talk.now, timer))[1] == ()
    talk = at("stretch_hand")
    assert DIALOGUE.advance(talk.state, TimerFired(talk.now, "silence"))[1] == ()
    talk.hear("say again")
    assert DIALOGUE.advance(talk.state, TimerFired(talk.now, "silence"))[1] == ()


def test_the_side_is_named_and_the_number_is_the_regions() -> None:
    talk = at("wall")
    texts = " ".join(say.text for say in talk.said)
    assert "right leg in front" in texts
    assert "heel of your left leg" in texts
    talk = at("emergency")
    assert any("one one two" in say.text for say in talk.said)


def test_a_conversation_in_which_nothing_can_happen_is_an_error() -> None:
    talk = at("eased")
    talk._timers.clear()
    with pytest.raises(RuntimeError, match="eased"):
        talk.silence()


def test_waiting_ends_with_the_conversation() -> None:
    talk = Playthrough(DIALOGUE)
    talk.hear("stop")
    talk.wait(100)
    assert talk.over
    assert talk.now == 100
    talk.wait(1)
    assert talk.now == 101


# -- chance ---------------------------------------------------------------------------------------

CHOICES = st.lists(
    st.one_of(
        st.sampled_from(INTENTS).map(lambda intent: ("heard", intent)),
        st.just(("ended", "")),
        st.sampled_from(["silence", "hold", "limit", "cap", "announce:120"]).map(
            lambda timer: ("timer", timer)
        ),
        st.just(("noise", "")),
    ),
    max_size=60,
)


def event_of(moment: Moment, choice: tuple[str, str], now: float) -> Event | None:
    """What a chance choice means here; None where it cannot happen."""
    what, name = choice
    state = moment.state
    if what == "heard":
        return Heard(now, name)
    if what == "ended":
        return PromptEnded(now, state.queue[0].prompt) if state.queue else None
    if what == "timer":
        return TimerFired(now, name) if name in moment.timers else None
    return NotUnderstood(now)


def follow(choices: list[tuple[str, str]], pace: float) -> list[Any]:
    moment, now, everything = begin(), 0.0, []
    for choice in choices:
        now += pace
        event = event_of(moment, choice, now)
        if event is None or moment.state.mode == "over":
            continue
        turn = advance(moment, event)
        for name, rule in rules.RULES.items():
            known = not isinstance(event, Heard) or event.intent in set(
                PROTOCOL.vocabulary(moment.state.step).values()
            )
            if known or name != "whoever_speaks_over_the_coach_silences_it":
                assert rule(turn) in (True, None), f"{name}: {turn}"
        everything.append(turn.actions)
        moment = turn.after
    return everything


@settings(
    max_examples=250, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
@given(CHOICES, st.sampled_from([0.3, 4.0, 40.0]))
def test_chance_breaks_no_rule_and_a_replay_says_the_same(
    choices: list[tuple[str, str]], pace: float
) -> None:
    assert follow(choices, pace) == follow(choices, pace)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(CHOICES)
def test_whatever_was_said_silence_leads_to_an_end(choices: list[tuple[str, str]]) -> None:
    talk = Playthrough(DIALOGUE)
    for what, name in choices:
        if what == "heard" and not talk.over:
            talk.wait(1.5)
            phrases = PROTOCOL.intents.get(name, ("hum",))
            talk.hear(phrases[0])
    talk.to_end()
    kinds = [type(action) for _, action in talk.actions]
    assert kinds[-1] is act.End
    assert act.Advise in kinds
    assert talk.now < PROTOCOL.limits.cap + 600
