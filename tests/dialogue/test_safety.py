"""The safety rules S1 to S9, in every state that the conversation can get into."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pytest

from tests.dialogue import rules
from tests.dialogue.explore import PROTOCOL, explore
from tests.dialogue.talk import STEPS, at, fire, hear_out, hurried, reach, since
from voice_coach.content.loader import sentences
from voice_coach.dialogue import actions as act
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.playthrough import Playthrough
from voice_coach.dialogue.protocol import Level
from voice_coach.dialogue.words import digits


@dataclass
class Verdict:
    """What exploring everything has shown."""

    turns: int = 0
    held: Counter[str] = field(default_factory=Counter)
    broken: dict[str, str] = field(default_factory=dict)
    """The first turn that breaks a rule, by rule."""
    visited: set[tuple[str, str]] = field(default_factory=set)
    """Steps with the modes they were seen in."""


@pytest.fixture(scope="module")
def verdict() -> Verdict:
    """One exploration, judged by every rule."""
    verdict = Verdict()
    for turn in explore():
        verdict.turns += 1
        verdict.visited.add((turn.after.state.step, turn.after.state.mode))
        for name, rule in rules.RULES.items():
            held = rule(turn)
            if held:
                verdict.held[name] += 1
            elif held is not None:
                verdict.broken.setdefault(name, str(turn))
    return verdict


def assert_kept(verdict: Verdict, *names: str) -> None:
    for name in names:
        assert name in rules.RULES
        assert name not in verdict.broken, verdict.broken[name]
        assert verdict.held[name] > 0, f"{name} was never put to the test"


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


def test_the_exploration_gets_everywhere(verdict: Verdict) -> None:
    missing = {(step, mode) for step in STEPS for mode in modes_of(step)} - verdict.visited
    assert not missing
    assert verdict.turns > 100_000


def test_every_rule_is_put_to_the_test_and_holds(verdict: Verdict) -> None:
    assert not verdict.broken
    assert set(verdict.held) == set(rules.RULES)


def test_s1_no_pressure_before_the_spasm_lets_go(verdict: Verdict) -> None:
    assert_kept(
        verdict,
        "no_pressure_before_release",
        "nobody_stays_where_pressure_is_forbidden",
    )


def test_s2_no_pressure_after_a_flag_or_before_every_screen_is_clear(verdict: Verdict) -> None:
    assert_kept(
        verdict,
        "no_pressure_with_a_flag_or_an_open_screen",
        "nobody_stays_where_pressure_is_forbidden",
        "no_stretch_with_a_flag_against_it",
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
        "the_limit_is_noticed",
        "the_limit_is_said_before_anything_else_begins",
        "the_limit_is_forgotten_only_when_heard",
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
    assert_kept(verdict, "stop_ends_speech_and_session")


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
    assert_kept(verdict, "sharp_eases_off")


def test_s5_after_sharp_the_pressure_is_lighter_or_none() -> None:
    talk = at("thumbs_more")
    talk.hear("too hard")
    assert talk.state.step == "ease_press"
    talk.silence()
    while talk.state.step == "ease_press":
        talk.silence()
    assert talk.state.step == "gently"


def test_s6_every_state_has_a_way_on(verdict: Verdict) -> None:
    assert_kept(verdict, "there_is_always_a_way_on", "no_timer_is_left_running")


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
    assert_kept(verdict, "the_advice_comes_before_the_end", "nothing_is_taken_back")


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


def test_s8_what_was_not_understood_is_never_a_no(verdict: Verdict) -> None:
    assert_kept(
        verdict,
        "only_a_plain_answer_clears_a_question",
        "what_was_not_understood_counts_as_not_sure",
        "danger_is_believed_at_once",
        "emergency_words_come_first",
    )


@pytest.mark.parametrize("step", [n for n, s in PROTOCOL.steps.items() if s.kind == "screen"])
def test_s8_it_is_asked_again_and_then_counts_as_not_sure(step: str) -> None:
    of = PROTOCOL.steps[step]
    talk = at(step)
    for i in range(len(of.again)):
        before = len(talk.said)
        talk.answer("bananas on monday")
        talk.listen()
        assert since(talk, before)[-1] == f"{step}.again.{i}"
        assert of.flag not in talk.state.flags
    talk.answer("bananas again")
    assert of.flag in talk.state.flags
    assert step not in talk.state.cleared


def test_s8_a_second_no_does_not_answer_the_next_question() -> None:
    talk = at("check_signs")
    talk.hear("no")
    talk.wait(0.5)  # "Lately any surgery, ..." has just begun
    talk.hear("no")
    assert "check_risk" not in talk.state.cleared
    assert talk.said[-1].prompt == "check_risk.again.0", "asked in short"
    talk.hear("no")
    assert "check_risk" in talk.state.cleared


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
    assert_kept(verdict, "whoever_speaks_over_the_coach_silences_it")
