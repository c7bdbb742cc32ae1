"""The words that work in every step, in every mode of a conversation."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dialogue.explore import PROTOCOL
from tests.dialogue.talk import at, fire, hear_out, reach, since
from voice_coach.dialogue import actions as act
from voice_coach.dialogue.playthrough import Playthrough

CONTROLS = {
    "repeat": "say again", "slower": "slower", "faster": "faster", "louder": "louder",
    "quieter": "quieter", "back": "go back", "elapsed": "how long", "what_now": "what now",
    "why": "why", "cause": "why did this happen", "options": "what can i say",
    "thanks": "thank you", "skip": "skip", "restart": "start over", "pause": "pause",
    "resume": "go on",
}  # fmt: skip


def leaving(step: str = "stretch_hand") -> Playthrough:
    """The last words of a hold are being spoken."""
    talk = at(step)
    talk.hear("it's letting go")
    assert talk.state.mode == "leave"
    return talk


@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize("mode", ["lead", "wait", "hold", "leave", "pause"])
def test_every_control_is_answered_in_every_mode(mode: str, control: str) -> None:
    begin: dict[str, Callable[[], Playthrough]] = {
        "lead": lambda: reach("eased"),
        "wait": lambda: at("eased"),
        "hold": lambda: at("stretch_hand"),
        "leave": leaving,
        "pause": lambda: at("eased"),
    }
    talk = begin[mode]()
    if mode == "pause":
        talk.hear("pause")
        talk.listen()
    said = len(talk.said)
    assert talk.hear(CONTROLS[control]) == control
    assert talk.state.mode != "over"
    talk.silence()
    assert len(talk.said) > said, "something is said, by the answer or by what follows"


# -- repeat, what now, why ------------------------------------------------------------------------


def test_say_again_says_the_whole_prompt_again() -> None:
    talk = at("wall")
    said = len(talk.said)
    talk.hear("say again")
    talk.listen()
    assert since(talk, said)[:5] == [f"wall.say.{i}" for i in range(5)]


def test_what_now_is_answered_in_short_while_a_hold_runs_on() -> None:
    talk = at("stretch_hand")
    talk.wait(6)
    said = len(talk.said)
    talk.hear("what now")
    assert since(talk, said) == ["stretch_hand.again.0"]
    assert talk.state.mode == "hold"
    assert talk.state.hold_elapsed() == pytest.approx(6.0, abs=0.1)


def test_what_now_while_leaving_does_not_ask_for_what_is_over() -> None:
    talk = leaving()
    said = len(talk.said)
    talk.hear("what now")
    hear_out(talk)
    assert "stretch_hand.again.0" not in since(talk, said)


def test_why_has_the_steps_own_answer_or_the_general_one() -> None:
    talk = at("check_chest")
    talk.hear("why")
    assert talk.said[-1].prompt == "check_chest.why.0"
    talk = at("ease_stretch")
    talk.hear("why")
    assert talk.said[-1].prompt == "common.why.0"


@pytest.mark.parametrize("word", ["why", "thank you", "how long", "louder", "ow"])
def test_after_a_detour_an_open_question_is_asked_again_in_short(word: str) -> None:
    talk = at("eased")
    talk.hear(word)
    talk.listen()
    assert talk.said[-1].prompt == "eased.again.0"


def test_a_prompt_that_was_interrupted_goes_on_where_it_was() -> None:
    talk = reach("end_self")
    talk.wait(3)  # "You can rest now." is over
    interrupted = talk.said[-1].prompt
    assert interrupted == "end_self.say.1"
    said = len(talk.said)
    talk.hear("thank you")
    talk.to_end()
    assert since(talk, said) == ["common.welcome", *(f"end_self.say.{i}" for i in range(1, 5))]


def test_thanking_again_and_again_does_not_hold_up_good_night() -> None:
    talk = reach("end_self")
    for _ in range(40):
        talk.hear("thank you")
        talk.wait(5)
    assert talk.over


# -- back, skip, start over, go on ----------------------------------------------------------------


def test_go_back_leads_to_the_step_before_and_at_last_says_so() -> None:
    talk = at("position")
    talk.hear("go back")
    assert talk.state.step == "unload"
    talk.hear("go back")
    assert talk.said[-1].prompt == "common.nothing_before"


def test_go_back_does_not_lead_past_the_gate() -> None:
    talk = at("palm")
    talk.hear("it's swollen")
    assert talk.state.step == "hands_off"
    talk.hear("go back")
    assert talk.state.step == "hands_off", "not to the pressing that the flag forbids"


def test_going_back_in_the_aftercare_leaves_the_cramp_gone() -> None:
    talk = at("prevent")
    assert talk.state.relieved
    talk.hear("go back")
    assert (talk.state.step, talk.state.relieved) == ("water", True)


def test_going_back_to_the_stretch_takes_it_back_that_the_cramp_is_gone() -> None:
    talk = at("stretch_hand")
    talk.hear("it's gone")
    talk.listen()
    while talk.state.step != "stretch_hand":
        talk.hear("go back")
    assert not talk.state.relieved


def test_starting_over_shuts_the_gate_and_keeps_flags_and_clock() -> None:
    talk = at("palm")
    talk.hear("it's numb")
    now = talk.now
    talk.hear("start over")
    state = talk.state
    assert (state.step, state.released, state.cleared) == ("unload", False, frozenset())
    assert state.flags == {"numb"}
    assert state.now == now


def test_skipping_a_hold_says_how_to_let_go() -> None:
    talk = at("stretch_hand")
    talk.hear("skip")
    assert talk.said[-1].prompt == "stretch_hand.release.0"
    hear_out(talk)
    assert talk.state.step == "eased"


def test_skipping_last_words_leads_on_at_once() -> None:
    talk = leaving()
    talk.hear("skip")
    assert talk.state.step == "check_intro"


def test_skipping_a_question_is_silence_and_an_ending_stays() -> None:
    talk = at("gone_check")
    talk.hear("skip")
    assert talk.state.step == "note_unresolved"
    talk = reach("end_self")
    talk.hear("skip")
    assert talk.state.step == "end_self"


def test_done_while_last_words_are_spoken_cuts_nothing_short() -> None:
    talk = at("stretch_hand")
    talk.hear("done")
    said = len(talk.said)
    talk.hear("done")
    hear_out(talk)
    assert talk.state.step == "eased"
    assert since(talk, said) == ["eased.say.0"], "Let go slowly is not said twice"


@pytest.mark.parametrize(
    ("step", "then"), [("palm", "knead"), ("find_knot", "knot"), ("stretch_hand", "stretch_hand")]
)
def test_go_on_means_done_where_something_is_to_be_done(step: str, then: str) -> None:
    talk = at(step)
    talk.hear("go on")
    assert talk.state.step == then


def test_go_on_repeats_an_open_question_and_uses_a_steps_own_done() -> None:
    talk = at("eased")
    talk.hear("go on")
    assert talk.said[-1].prompt == "eased.again.0"
    talk = at("position")
    talk.hear("go on")
    assert talk.state.step == "stretch_hand"


def test_go_on_in_an_ending_says_nothing_twice() -> None:
    talk = reach("end_self")
    talk.hear("go on")
    talk.to_end()
    prompts = talk.heard_prompts()
    assert prompts.count("end_self.say.1") == 1


# -- pause ----------------------------------------------------------------------------------------


def test_a_pause_keeps_the_time_of_the_hold() -> None:
    talk = at("stretch_hand")
    talk.wait(7)
    talk.hear("pause")
    assert not {"hold"} & set(talk._timers)
    talk.wait(20)
    assert talk.state.mode == "pause"
    assert talk.state.hold_elapsed() == pytest.approx(7, abs=0.1)
    talk.hear("go on")
    talk.listen()
    held = talk.state.hold_elapsed()
    assert held == pytest.approx(7, abs=0.1)
    said = len(talk.said)
    talk.wait(12.5)
    assert "stretch_hand.release.0" not in since(talk, said)
    talk.wait(1)
    assert "stretch_hand.release.0" in since(talk, said), "twenty seconds in all"


def test_a_pause_is_asked_after_and_then_ends_by_itself() -> None:
    talk = at("eased")
    talk.hear("pause")
    said = len(talk.said)
    talk.wait(110)
    assert since(talk, said)[:4] == [
        "common.still_paused", "common.still_paused", "common.resumed", "eased.again.0",
    ]  # fmt: skip


def test_a_pause_during_the_prompt_begins_the_prompt_again() -> None:
    talk = reach("stretch_hand")
    talk.wait(2)
    talk.hear("pause")
    talk.listen()
    said = len(talk.said)
    talk.hear("go on")
    talk.listen()
    assert since(talk, said)[:4] == ["common.resumed", *(f"stretch_hand.say.{i}" for i in range(3))]
    assert talk.state.mode == "hold"


def test_a_pause_during_last_words_waits_after_them() -> None:
    talk = leaving()
    said = len(talk.said)
    talk.hear("wait")
    talk.wait(25)
    assert talk.state.mode == "pause", "it says that it waits, and waits"
    assert since(talk, said) == ["common.paused"]
    assert "stretch_hand.better.0" in talk.heard_prompts()
    talk.hear("go on")
    hear_out(talk)
    assert talk.state.step == "check_intro"


def test_asking_for_a_pause_twice_changes_nothing() -> None:
    talk = at("stretch_hand")
    talk.hear("pause")
    talk.hear("pause")
    talk.listen()
    assert (talk.state.mode, talk.state.before_pause) == ("pause", "hold")


@pytest.mark.parametrize("word", ["thank you", "why", "how long", "louder", "what can i say"])
def test_small_talk_does_not_end_a_pause(word: str) -> None:
    talk = at("stretch_hand")
    talk.hear("pause")
    talk.listen()
    talk.hear(word)
    talk.listen()
    assert talk.state.mode == "pause"
    talk.wait(35)
    assert talk.said[-1].prompt == "common.still_paused"


def test_a_real_answer_ends_a_pause_and_counts() -> None:
    talk = at("eased")
    talk.hear("pause")
    talk.hear("yes")
    assert talk.state.released
    assert talk.state.step == "check_intro"


def test_noise_does_not_end_a_pause() -> None:
    talk = at("eased")
    talk.hear("pause")
    talk.listen()
    talk.hear("the cat wants out")
    assert talk.state.mode == "pause"


# -- how long, slower, louder ---------------------------------------------------------------------


def test_how_long_tells_the_rest_of_a_hold_then_the_whole() -> None:
    talk = at("stretch_hand")
    talk.wait(6)
    said = len(talk.said)
    talk.hear("how long")
    talk.listen()
    texts = [say.text for say in talk.said[said:]]
    assert texts == ["Hold for fifteen seconds more.", "You called twenty seconds ago."]


def test_how_long_tells_the_time_of_a_step_that_has_taken_long() -> None:
    talk = at("eased")
    talk.hear("how long")
    talk.listen()
    assert "common.step_time" not in talk.heard_prompts()
    talk.hear("pause")
    talk.wait(25)
    talk.hear("how long")
    talk.listen()
    texts = [say.text for say in talk.said]
    assert "This step has taken thirty seconds." in texts


@pytest.mark.parametrize(
    ("word", "steps"), [("slower", 2), ("faster", 2), ("louder", 3), ("quieter", 3)]
)
def test_adjusting_stops_at_the_end_of_its_range(word: str, steps: int) -> None:
    talk = at("eased")
    for _ in range(steps):
        talk.hear(word)
    adjusted = [action for _, action in talk.actions if isinstance(action, act.Adjust)]
    assert len(adjusted) == steps
    assert max(abs(adjusted[-1].rate), abs(adjusted[-1].volume)) == steps
    talk.hear(word)
    assert talk.said[-1].prompt == "common.at_limit"
    assert len([a for _, a in talk.actions if isinstance(a, act.Adjust)]) == steps


def test_ow_where_no_hand_presses_is_comforted() -> None:
    talk = at("eased")
    talk.hear("ow")
    assert talk.said[-1].prompt == "common.comfort.0"


# -- odd places -----------------------------------------------------------------------------------


def test_gone_is_noted_in_an_ending_and_nothing_starts_again() -> None:
    talk = reach("end_urgent")
    talk.hear("it's gone")
    assert talk.state.step == "end_urgent"
    assert talk.state.relieved
    talk.to_end()
    assert talk.state.level.name == "urgent"


def test_gone_in_an_emergency_does_not_call_it_off() -> None:
    talk = at("emergency")
    talk.hear("it's gone")
    talk.listen()
    assert talk.state.step == "emergency"
    assert talk.said[-1].prompt == "emergency.again.0"


def test_gone_before_the_check_leads_to_the_check_and_not_to_pressure() -> None:
    talk = at("stretch_hand")
    talk.hear("it's gone")
    hear_out(talk)
    assert talk.state.step == "check_intro"
    for answer in ("no", "no", "no", "no", "yes"):
        while talk.state.mode == "lead":
            talk.wait(0.2)
        talk.hear(answer)
    assert talk.state.step == "tight"
    assert not talk.state.pressed


def test_okay_before_the_number_was_spoken_does_not_end_an_emergency() -> None:
    talk = reach("emergency")
    talk.wait(0.2)
    talk.hear("yes")
    assert talk.state.step == "emergency"
    assert talk.said[-1].prompt == "emergency.say.0"
    hear_out(talk)
    talk.hear("okay")
    assert talk.state.step == "end_emergency"


def test_a_hold_that_the_clock_ends_says_how_to_let_go() -> None:
    talk = at("knead")
    fire(talk, "limit")
    said = len(talk.said)
    hear_out(talk)
    assert talk.said[said - 1].prompt == "knead.release.0"
    assert talk.state.step == "limit"
    talk = at("stretch_hand")
    fire(talk, "cap")
    assert talk.said[-1].prompt == "stretch_hand.release.0"


def test_a_sentence_is_finished_before_the_limit_is_said() -> None:
    talk = at("stretch_hand")
    talk.wait(5.1)
    assert talk.said[-1].text == "Five."
    fire(talk, "limit")
    said = len(talk.said)
    talk.listen()
    assert since(talk, said)[:2] == ["stretch_hand.release.0", "limit.say.0"]
    assert "hold" not in talk._timers


def test_the_limit_in_an_emergency_or_on_the_way_to_help_asks_no_question() -> None:
    for step in ("emergency", "hands_off"):
        talk = reach(step)
        fire(talk, "limit")
        talk.wait(20)
        assert "limit.say.0" not in talk.heard_prompts()
        assert "common.limit.0" in talk.heard_prompts()


def test_the_limits_words_are_said_again_when_they_were_interrupted() -> None:
    talk = at("tight")
    talk.hear("it's gone")
    talk.listen()
    fire(talk, "limit")
    assert talk.said[-1].prompt == "common.limit.0"
    talk.hear("no")  # the question that was open before
    said = len(talk.said)
    talk.listen()
    assert "common.limit.1" in since(talk, said)
    assert not talk.state.limit_unsaid


def test_ow_is_heard_before_the_limit() -> None:
    talk = at("palm")
    talk.hear("say again")
    fire(talk, "limit")
    assert talk.state.mode == "leave"
    talk.hear("too hard")
    assert talk.state.step == "ease_press"
    hear_out(talk)
    talk.hear("done")
    assert talk.state.step == "limit"


def test_the_clock_is_announced_except_where_the_advice_is_given() -> None:
    talk = at("eased")
    for seconds in PROTOCOL.limits.announce:
        fire(talk, f"announce:{seconds:g}")
        assert talk.said[-1].prompt == f"common.announce_{seconds:g}"
        talk.listen()
    talk = at("emergency")
    said = len(talk.said)
    fire(talk, "announce:120")
    assert len(talk.said) == said


def test_an_announcement_waits_for_the_sentence_that_is_being_spoken() -> None:
    talk = reach("wall")
    talk.wait(0.5)
    fire(talk, "announce:120")
    assert talk.said[-1].prompt == "wall.say.0"
    hear_out(talk)
    assert talk.heard_prompts()[-6:-3] == ["wall.say.0", "common.announce_120", "wall.say.1"]


# -- an answer at the end of a hold -----------------------------------------------------------


def test_the_end_of_a_hold_does_not_cut_off_an_answer() -> None:
    talk = at("stretch_hand")
    seconds = PROTOCOL.steps["stretch_hand"].seconds
    talk.wait(seconds - talk.state.hold_elapsed() - 0.3 - (talk.now - talk.state.now))
    said, done = len(talk.said), len(talk.actions)
    assert talk.hear("how long") == "elapsed"
    while talk.state.mode != "wait":
        talk.wait(0.2)
    assert since(talk, said)[:3] == [
        "common.hold_left", "stretch_hand.release.0", "common.elapsed",
    ], "the last words come a sentence late, no later, and nothing is lost"  # fmt: skip
    told = [action for _, action in talk.actions[done:]]
    first = told.index(talk.said[said])
    second = told.index(talk.said[said + 1])
    assert not any(isinstance(action, act.Hush) for action in told[first:second])


def test_whoever_ends_a_hold_is_not_made_to_listen_to_the_answer_before() -> None:
    talk = at("stretch_hand")
    talk.hear("how long")
    said = len(talk.said)
    talk.hear("done")
    assert since(talk, said)[0].startswith("stretch_hand.release")
