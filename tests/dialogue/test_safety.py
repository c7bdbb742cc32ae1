"""The safety rules S1 to S9, in every state that the conversation can get into."""

from __future__ import annotations

import pytest

from tests.dialogue.explore import PROTOCOL
from tests.dialogue.talk import STEPS, at, fire, hear_out, hurried, reach, since
from tests.proof import explored
from voice_coach.content.loader import sentences
from voice_coach.dialogue import actions as act
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.playthrough import Playthrough
from voice_coach.dialogue.protocol import Level
from voice_coach.dialogue.words import digits
from voice_coach.proof.check import Verdict


@pytest.fixture(scope="module")
def verdict() -> Verdict:
    """One exploration, judged by every rule."""
    return explored.shipped()[1]


def assert_kept(verdict: Verdict, *rules: str) -> None:
    findings = {finding.id: finding for finding in verdict.findings}
    for rule in rules:
        assert findings[rule].holds, findings[rule].wrong


def modes_of(step: str) -> set[str]:
    """The modes a step must have been seen in."""
    of = PROTOCOL.steps[step]
    modes = {"lead", "pause"}
    if of.kind in ("ask", "screen") or (of.kind == "do" and of.wait > 0):
        modes.add("wait")
    if of.kind == "hold":
        modes |= {"hold", "leave"}
    if of.kind == "end":
        modes.add("over")
    return modes


def test_the_exploration_gets_everywhere() -> None:
    explorer, _ = explored.shipped()
    visited = {(place.state.step, place.state.mode) for place in explorer.places}
    missing = {(step, mode) for step in STEPS for mode in modes_of(step)} - visited
    assert not missing


def test_every_rule_holds(verdict: Verdict) -> None:
    assert [(finding.id, finding.wrong) for finding in verdict.broken] == []


def test_s1_no_pressure_before_the_spasm_lets_go(verdict: Verdict) -> None:
    assert_kept(
        verdict,
        "S1",
        "S1-word",
        "S1-stay",
    )


def test_s2_no_pressure_after_a_flag_or_before_every_screen_is_clear(verdict: Verdict) -> None:
    assert_kept(
        verdict,
        "S2",
        "S1-stay",
        "S2-stretch",
    )


def test_s2_a_screen_that_is_asked_again_is_open_again() -> None:
    talk = at("palm")
    for _ in range(4):  # back over the question of severity to the check
        talk.hear("go back")
        hear_out(talk)
    assert talk.state.step == "check_risk"
    assert "check_risk" not in talk.state.cleared
    talk.hear("no")
    hear_out(talk)
    assert talk.state.step == "check_injury", "what followed it is asked again as well"


def test_s3_ten_minutes_are_noticed_and_said(verdict: Verdict) -> None:
    assert_kept(
        verdict,
        "S3",
        "S3-said",
        "S3-heard",
    )


@pytest.mark.parametrize("mode", ["lead", "settled", "pause"])
@pytest.mark.parametrize("step", [step for step in STEPS if step != "limit"])
def test_s3_ten_minutes_are_said_in_every_step(step: str, mode: str) -> None:
    talk = reach(step)
    if mode == "settled":
        hear_out(talk)
    if mode == "pause":
        talk.hear("pause")
    if talk.over:
        return  # an ending that was spoken to its end
    before = len(talk.said)
    fire(talk, "limit")
    talk.wait(20)
    prompts = since(talk, before)
    assert "limit.say.0" in prompts or "common.limit.0" in prompts
    assert talk.state.relieved or talk.state.level >= Level.urgent


def test_s3_nothing_said_meanwhile_can_make_the_coach_forget_it() -> None:
    talk = at("stretch_hand")
    talk.wait(10.1)  # "Ten." is being said
    assert talk.state.speaking
    fire(talk, "limit")
    assert talk.state.mode == "leave"
    talk.hear("it's letting go")  # leads to the safety check, were it not so late
    talk.listen()
    assert "limit.say.1" in talk.heard_prompts()
    assert talk.state.step == "limit"


def test_s3_a_cramp_that_comes_back_after_the_limit_is_urgent() -> None:
    talk = at("tight")
    talk.hear("it's gone")
    talk.listen()
    fire(talk, "limit")
    talk.wait(10)
    before = talk.state.level
    talk.hear("it's cramping again")
    assert (before, talk.state.level) == (Level.self_care, Level.urgent)


def test_s4_stop_ends_speech_at_once_and_the_session_within_one_turn(verdict: Verdict) -> None:
    assert_kept(verdict, "S4")


@pytest.mark.parametrize("step", STEPS)
def test_s4_stop_ends_from_every_step_without_another_answer(step: str) -> None:
    talk = reach(step)
    talk.hear("stop")
    spoken = [step]
    while not talk.over:
        spoken.append(talk.state.step)
        talk.wait(0.5)
    assert len(set(spoken[1:])) <= 1, "it says one ending and nothing else"
    assert talk.actions[-1][1] == act.End(talk.outcome)


def test_s5_sharp_during_pressure_eases_off(verdict: Verdict) -> None:
    assert_kept(verdict, "S5")


def test_s5_after_sharp_the_pressure_is_lighter_or_none() -> None:
    talk = at("thumbs_more")
    talk.hear("too hard")
    assert talk.state.step == "ease_press"
    talk.silence()
    while talk.state.step == "ease_press":
        talk.silence()
    assert talk.state.step == "gently"


def test_s6_every_state_has_a_way_on(verdict: Verdict) -> None:
    assert_kept(verdict, "S6", "S6-out", "S6-timer")


@pytest.mark.parametrize("step", STEPS)
def test_s6_silence_alone_leads_on_from_every_step(step: str) -> None:
    talk = reach(step)
    talk.to_end()
    assert talk.now < PROTOCOL.limits.cap + 60
    assert talk.outcome


@pytest.mark.parametrize("step", STEPS)
def test_s6_a_pause_is_no_trap(step: str) -> None:
    talk = reach(step)
    talk.hear("pause")
    assert talk.state.mode == "pause"
    talk.wait(6 * PROTOCOL.pause_seconds)
    assert talk.state.mode != "pause"
    assert "common.resumed" in talk.heard_prompts()


def test_s7_every_ending_has_given_its_advice(verdict: Verdict) -> None:
    assert_kept(verdict, "S7", "S7-words", "S7-cap", "S7-end", "L1")


def test_s7_nobody_talks_past_the_longest_session() -> None:
    """Somebody who starts over again and again is still led to the advice."""
    talk = Playthrough(Dialogue(PROTOCOL))
    while not talk.over and talk.now < 3 * PROTOCOL.limits.cap:
        talk.wait(40)
        talk.hear("start over")
    assert talk.over
    assert talk.now < PROTOCOL.limits.cap + 120


def test_s7_starting_over_in_an_emergency_after_the_cap_ends_all_the_same() -> None:
    talk = at("emergency", hurried(cap=30.0))
    talk.wait(60)
    assert talk.state.step == "emergency", "the cap does not end an emergency"
    talk.hear("start over")
    assert PROTOCOL.steps[talk.state.step].phase == "end"
    talk.to_end()
    assert talk.outcome == "emergency"


def test_s7_noise_for_ever_ends_too() -> None:
    talk = at("emergency")
    for _ in range(60):
        talk.answer("la la la")
    assert talk.over
    assert talk.outcome == "emergency"


def test_s7_a_flag_raised_in_the_last_words_changes_the_advice() -> None:
    talk = at_last_words("end_self")
    talk.hear("it's numb")
    talk.to_end()
    assert (talk.state.level, talk.state.step) == (Level.soon, "end_soon")


def test_s7_going_back_to_an_ending_gives_the_advice_as_it_is_now() -> None:
    talk = at_last_words("end_self")
    talk.hear("it's cramping again")
    talk.hear("it's numb")
    talk.hear("go back")
    assert talk.state.step == "end_soon"


def test_s7_stop_does_not_swallow_advice_that_has_just_changed() -> None:
    talk = at_last_words("end_self")
    talk.hear("it's numb")
    talk.hear("stop")
    talk.to_end()
    assert talk.state.step == "stop_doctor"


def at_last_words(step: str) -> Playthrough:
    """A conversation in which an ending is being spoken."""
    talk = reach(step)
    assert talk.state.speaking
    return talk


def test_s8_what_was_not_understood_is_never_a_no(verdict: Verdict) -> None:
    assert_kept(
        verdict,
        "S2-clear",
        "S8",
        "S8-yes",
        "E1",
    )


SAFETY = [name for name in STEPS if PROTOCOL.asks_of_danger(name)]


def flag_of(step: str) -> str:
    """The flag that no answer raises."""
    silence = PROTOCOL.reaction(step, "silence")
    return PROTOCOL.steps[step].flag or (silence.flag if silence else "")


def test_s8_every_screen_and_the_pain_that_may_be_left_are_safety_questions() -> None:
    screens = {name for name in STEPS if PROTOCOL.steps[name].kind == "screen"}
    assert set(SAFETY) == screens | {"note_unresolved"}
    assert set(PROTOCOL.gate.screens) < set(SAFETY)


@pytest.mark.parametrize("step", SAFETY)
def test_s8_words_are_asked_about_twice_and_then_count_as_not_sure(step: str) -> None:
    talk = at(step)
    before = len(talk.said)
    talk.answer("bananas on monday")
    talk.listen()
    assert since(talk, before)[-1] == f"{step}.again.0"
    before = len(talk.said)
    talk.answer("bananas again")
    talk.listen()
    assert since(talk, before) == ["common.plain", f"{step}.again.0"]
    assert flag_of(step) not in talk.state.flags
    talk.answer("bananas for ever")
    assert flag_of(step) in talk.state.flags
    assert step not in talk.state.cleared


@pytest.mark.parametrize("step", SAFETY)
def test_s8_silence_is_asked_about_once_and_then_counts_as_not_sure(step: str) -> None:
    talk = at(step)
    before = len(talk.said)
    talk.silence()
    assert since(talk, before) == [f"{step}.again.0"]
    assert flag_of(step) not in talk.state.flags
    while talk.state.step == step:  # the clock may have something to say meanwhile
        talk.silence()
    assert flag_of(step) in talk.state.flags
    asked = since(talk, before)
    assert asked.count(f"{step}.again.0") == 1
    assert "common.plain" not in asked


@pytest.mark.parametrize("first", ["words", "silence"])
def test_s8_whoever_has_spoken_is_waited_for_once_more(first: str) -> None:
    talk = at("check_chest")
    for unclear in (first, "words" if first == "silence" else "silence"):
        talk.answer("bananas") if unclear == "words" else talk.silence()
    talk.listen()
    assert talk.said[-2].prompt == "common.plain"
    assert not talk.state.flags
    talk.hear("no")
    assert "check_chest" in talk.state.cleared
    assert talk.state.step == "check_signs"
    assert not talk.state.mumbled, "the next question begins anew"


@pytest.mark.parametrize("last", ["words", "silence"])
def test_s8_three_times_is_all(last: str) -> None:
    talk = at("check_chest")
    began = talk.now
    talk.answer("bananas")
    talk.answer("bananas")
    talk.answer("bananas") if last == "words" else talk.silence()
    talk.listen()
    assert talk.state.step == "emergency"
    first = next(i for i, said in enumerate(talk.said) if said.prompt == "emergency.say.0")
    assert talk.times[first] - began < 20.0


def test_s8_a_question_of_no_danger_is_asked_as_often_as_it_says() -> None:
    talk = at("eased")
    for _ in range(2):
        talk.answer("bananas")
    assert talk.state.step != "eased"
    assert "common.plain" not in since(talk, 0)


def test_s8_a_second_no_does_not_answer_the_next_question() -> None:
    talk = at("check_signs")
    talk.hear("no")
    talk.wait(0.5)  # "Lately any surgery, ..." has just begun
    talk.hear("no")
    assert "check_risk" not in talk.state.cleared
    assert talk.said[-1].prompt == "check_risk.again.0", "asked in short"
    talk.hear("no")
    assert "check_risk" in talk.state.cleared


def test_s8_nor_does_a_second_no_send_anybody_to_hospital() -> None:
    talk = at("check_injury")
    talk.hear("no")
    talk.wait(0.5)  # "Can you push ..." has just begun
    talk.hear("no")
    assert talk.state.step == "check_push"
    assert not talk.state.flags
    assert "check_push" not in talk.state.cleared
    assert talk.said[-1].prompt == "check_push.again.0"
    talk.hear("no")  # to the question this time
    assert "push" in talk.state.flags


def test_s9_no_sentence_is_over_20_words_even_with_its_placeholders() -> None:
    filled = {
        "number": digits("10177"), "cramped": "cramped", "good": "right",
        "time": "fifty five seconds", "count": "twenty five",
    }  # fmt: skip
    for key, text in sentences(PROTOCOL):
        assert len(text.format_map(filled).split()) <= 20, key


@pytest.mark.parametrize("step", [n for n, s in PROTOCOL.steps.items() if s.kind == "screen"])
def test_s9_a_screen_asks_one_question_with_one_dangerous_answer(step: str) -> None:
    of = PROTOCOL.steps[step]
    assert [text.endswith("?") for text in of.say] == [False] * (len(of.say) - 1) + [True]
    assert all(text.count("?") == 1 for text in of.again)
    assert len(set(of.danger)) == 1


def test_s9_no_phrase_means_yes_and_no() -> None:
    for step in STEPS:
        words = PROTOCOL.vocabulary(step)
        answers = {intent for intent in ("yes", "no", "unsure") if intent in words.values()}
        for intent in answers:
            for phrase in PROTOCOL.intents[intent]:
                assert words[phrase] in (intent, "stop")


def test_whoever_speaks_over_the_coach_silences_it(verdict: Verdict) -> None:
    assert_kept(verdict, "B1")
