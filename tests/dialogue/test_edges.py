"""What should not happen, and what happens between two things: nothing is done then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.dialogue.explore import DIALOGUE, PROTOCOL, begin
from voice_coach.dialogue.actions import Advise, Say
from voice_coach.dialogue.events import Heard, PromptEnded, TimerFired
from voice_coach.dialogue.playthrough import Playthrough
from voice_coach.dialogue.protocol import Level
from voice_coach.dialogue.state import Line, State
from voice_coach.dialogue.turn import Turn

HOLDING = State("knead", mode="hold", now=60.0, held_since=55.0)


@dataclass(frozen=True)
class Something:
    """An event of a kind that the dialogue does not know."""

    at: float


@pytest.mark.parametrize("event", [TimerFired(61.0, "tea"), Something(61.0)])
def test_an_unknown_event_only_brings_the_time(event: Any) -> None:
    state = begin().state
    assert DIALOGUE.advance(state, event) == (replace(state, now=61.0), ())


def test_the_end_of_a_sentence_that_is_no_longer_spoken_is_nothing() -> None:
    state = begin().state
    for prompt in ("another.say.0", "unload.say.1"):
        assert DIALOGUE.advance(state, PromptEnded(1.0, prompt)) == (replace(state, now=1.0), ())
    waiting = replace(state, mode="wait", queue=())
    assert DIALOGUE.advance(waiting, PromptEnded(1.0, "unload.say.0"))[1] == ()


def test_a_silence_that_comes_late_is_nothing() -> None:
    """It had begun before the hold, or before the coach spoke again."""
    assert DIALOGUE.advance(HOLDING, TimerFired(60.0, "silence")) == (HOLDING, ())
    speaking = replace(HOLDING, mode="wait", held_since=None, queue=(Line("x.say.0", "Rest."),))
    assert DIALOGUE.advance(speaking, TimerFired(60.0, "silence")) == (speaking, ())


def test_a_count_that_comes_late_is_nothing() -> None:
    paused = replace(HOLDING, mode="pause", held_since=None)
    assert DIALOGUE.advance(paused, TimerFired(60.0, "hold")) == (paused, ())


def test_who_is_done_has_nothing_to_settle() -> None:
    turn = Turn(PROTOCOL, State("end_self", mode="over"), {})
    turn.settle()
    assert turn.actions == []


def test_a_conversation_in_which_nothing_will_happen_says_so() -> None:
    talk = Playthrough(DIALOGUE)
    talk._timers.clear()
    talk._speaking = None
    with pytest.raises(RuntimeError, match="nothing will ever happen again in step unload"):
        talk._next()
    talk.wait(5.0)
    assert talk.now == 5.0


def test_silence_is_no_word_that_could_be_heard() -> None:
    """A step may say what silence means; that is not for the ear to say."""
    waiting = State("eased", mode="wait", now=60.0)
    state, actions = DIALOGUE.advance(waiting, Heard(60.0, "silence"))
    assert (state.step, state.misses) == ("eased", 1)
    assert [action.text for action in actions if isinstance(action, Say)] == [
        PROTOCOL.common.nomatch[0]
    ]


def test_what_a_step_asks_for() -> None:
    """Of all that may be said: what leads on, and "done" of an instruction or a hold."""
    assert "done" in PROTOCOL.expected("water")
    assert "softer" in PROTOCOL.expected("knot")
    assert {"yes", "no", "not sure"} <= set(PROTOCOL.expected("check_chest"))
    assert "done" not in PROTOCOL.expected("check_chest")
    assert "stop" not in PROTOCOL.expected("knot")


def test_after_the_longest_session_no_step_but_the_advice_is_entered() -> None:
    late = State("eased", mode="wait", now=PROTOCOL.limits.cap)
    state, _ = DIALOGUE.advance(late, Heard(late.now, "yes"))
    assert PROTOCOL.steps[state.step].phase == "end"


def test_a_cramp_that_locks_again_after_the_limit_needs_help_today() -> None:
    relieved = State("water", mode="wait", now=700.0, limit=True, relieved=True, released=True)
    state, actions = DIALOGUE.advance(relieved, Heard(700.0, "cramp"))
    assert Advise(Level.urgent, "limit") in actions
    assert (state.level, state.relieved) == (Level.urgent, False)
