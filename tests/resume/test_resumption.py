"""Where the coach goes on, what it says, and that no rule is broken by it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dialogue.explore import DIALOGUE, PROTOCOL
from tests.dialogue.talk import STEPS, at, reach
from tests.properties.streams import CHOICES, Choice, turns
from voice_coach.dialogue import actions as act
from voice_coach.dialogue.playthrough import Playthrough
from voice_coach.dialogue.saved import decode, encode
from voice_coach.dialogue.state import State, may_press
from voice_coach.errors import ContentError
from voice_coach.proof.rules import judge
from voice_coach.resume import resumption
from voice_coach.resume.resumption import RESUMED, Resumption, goal, resume

SCRIPT = resumption.load()


def taken_up(state: State, gap: float = 20.0) -> Resumption:
    return resume(DIALOGUE, SCRIPT, state, state.now + gap)


def texts(talk: Playthrough) -> list[str]:
    return [say.text for say in talk.said]


def test_pressing_the_knot_goes_on_after_an_answer() -> None:
    talk = Playthrough(taken_up(at("knot").state))
    talk.listen()
    assert texts(talk) == ["Let go slowly.", "We were pressing the knot.", "Still with me?"]
    talk.hear("yes")
    assert talk.state.step == "knot"
    assert talk.said[-1].prompt == "knot.say.0"


def test_silence_leads_on_gently_too() -> None:
    talk = Playthrough(taken_up(at("knot").state))
    talk.silence()
    assert talk.said[-1].text == "Say yes, and we go on."
    talk.wait(SCRIPT.wait + 1)
    assert talk.state.step == "knot"


def test_a_question_of_the_step_is_asked_at_once() -> None:
    talk = Playthrough(taken_up(at("check_signs").state))
    talk.listen()
    assert texts(talk)[0] == "We were doing the safety check."
    assert [say.prompt for say in talk.said[1:]] == ["check_signs.say.0"]
    assert talk.hear("yes") == "yes"
    assert "signs" in talk.state.flags


def test_advice_is_given_again_from_its_first_word() -> None:
    state = at("emergency").state
    talk = Playthrough(taken_up(state))
    talk.listen()
    assert talk.said[0].prompt == "emergency.say.0"
    assert talk.state.level == state.level


def test_the_last_words_lead_to_where_they_led() -> None:
    talk = at("stretch_hand")
    talk.hear("better")  # "Let go slowly.", on the way to a question
    assert talk.state.mode == "leave"
    assert goal(talk.state) == talk.state.target != "stretch_hand"
    again = Playthrough(taken_up(talk.state))
    again.answer("yes")
    for one in (talk, again):
        one.listen()
    assert again.state.step == talk.state.step


def test_the_clock_runs_on_while_nobody_is_there() -> None:
    state = at("knot").state
    rest = taken_up(state, gap=300.0)
    first, actions = rest.begin()
    timers = {a.timer: a.seconds for a in actions if isinstance(a, act.StartTimer)}
    assert first.now == state.now + 300.0
    assert timers["limit"] == pytest.approx(600.0 - first.now)
    assert timers["cap"] == pytest.approx(1800.0 - first.now)
    assert "announce:120" not in timers
    assert timers["announce:480"] == pytest.approx(480.0 - first.now)


def test_the_limit_that_passed_meanwhile_is_said_before_anything_else() -> None:
    talk = Playthrough(taken_up(at("knot").state, gap=800.0))
    talk.listen()
    assert talk.said[0].prompt == "resumed.say.0"  # "Let go slowly." is never left out
    assert "limit.say.0" in talk.heard_prompts()
    assert not any(say.touch for say in talk.said)


def test_the_manner_of_speaking_is_kept() -> None:
    state = replace(at("knot").state, rate=-1, volume=2)
    assert act.Adjust(-1, 2) in taken_up(state).begin()[1]


def test_nobody_goes_back_to_the_way_back() -> None:
    talk = Playthrough(taken_up(at("knot").state))
    talk.answer("yes")
    talk.answer("go back")
    assert talk.state.step == "find_knot"


@pytest.mark.parametrize("step", STEPS)
def test_every_step_can_be_taken_up_and_kept_again(step: str) -> None:
    state = reach(step).state
    if state.mode == "over":
        return
    rest = taken_up(state)
    first, _ = rest.begin()
    lasting = rest.lasting(first)
    assert decode(encode(lasting), PROTOCOL) == lasting  # without our step in it
    assert lasting.step == step
    for say in rest.protocol.steps.get(RESUMED, PROTOCOL.steps[step]).say:
        assert len(say.split()) <= 20


def test_no_pressure_without_the_facts_that_open_the_gate() -> None:
    """Even if the file claims a place beyond the gate: S1 and S2 hold."""
    knot = at("knot").state
    assert may_press(PROTOCOL, knot)
    for state in (
        replace(knot, released=False),
        replace(knot, cleared=knot.cleared - {"check_signs"}),
        replace(knot, flags=frozenset(["signs"])),
    ):
        talk = Playthrough(taken_up(state))
        talk.answer("yes")
        talk.listen()
        assert not PROTOCOL.steps[talk.state.step].touch
        assert not any(say.touch for say in talk.said)


@given(CHOICES, CHOICES, st.floats(0, 900), st.integers(0, 10_000))
@settings(max_examples=150, deadline=None)
def test_no_rule_of_the_proof_is_broken_by_an_interruption(
    before: list[Choice], after: list[Choice], gap: float, cut: int
) -> None:
    states = [DIALOGUE.begin()[0], *(turn.after.state for turn in turns(DIALOGUE, before))]
    state = states[cut % len(states)]
    if state.mode == "over":
        return
    rest = taken_up(state, gap)
    for turn in turns(rest, after):
        assert not judge(turn), str(turn)
        assert decode(encode(rest.lasting(turn.after.state)), PROTOCOL)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('said = ["We were {lable}."]', "lable"),
        ("within = 9000.0", "within"),
        ("wait = 0.0", "wait"),
        ("wiat = 3.0", 'did you mean "wait"?'),
    ],
)
def test_a_mistake_in_the_script_is_named(tmp_path: Path, text: str, says: str) -> None:
    key = text.split(" = ", maxsplit=1)[0]
    kept = [
        line for line in resumption.SCRIPT.read_text("utf-8").splitlines()
        if not line.startswith(f"{key} ")
    ]  # fmt: skip
    path = tmp_path / "resume.toml"
    path.write_text("\n".join([*kept, text]), encoding="utf-8")
    with pytest.raises(ContentError, match=says.replace("?", r"\?")):
        resumption.load(path)
