"""The rule of the night: start, ask once, or let pass."""

from __future__ import annotations

from voice_coach.content.standby import load_standby
from voice_coach.vigil import PATIENCE, Vigil

STANDBY = load_standby()


def test_a_certain_call_starts_at_once_and_a_noise_does_nothing() -> None:
    vigil = Vigil(STANDBY)
    assert vigil.call("nothing", 1.0) == "wait"
    assert vigil.call("certain", 2.0) == "start"
    assert not vigil.asking


def test_yes_starts_and_no_sleeps() -> None:
    for intent, move in (("yes", "start"), ("no", "sleep")):
        vigil = Vigil(STANDBY)
        assert vigil.call("doubtful", 1.0) == "ask"
        assert vigil.asking
        assert vigil.answer("", speaking=False, now=4.0) == "wait"
        assert vigil.answer(intent, speaking=False, now=5.0) == move
        assert not vigil.asking


def test_in_a_restless_room_a_doubtful_call_is_asked_about_when_it_is_repeated() -> None:
    vigil, again = Vigil(STANDBY), STANDBY.restless.again
    assert vigil.call("doubtful", 10.0, restless=True) == "wait"
    assert vigil.call("nothing", 11.0, restless=True) == "wait"
    assert vigil.call("doubtful", 10.1 + again, restless=True) == "wait"
    assert vigil.call("doubtful", 10.1 + 2 * again, restless=True) == "ask"
    assert Vigil(STANDBY).call("certain", 10.0, restless=True) == "start"


def test_silence_sleeps_after_the_time_that_begins_with_the_end_of_the_question() -> None:
    vigil = Vigil(STANDBY)
    vigil.call("doubtful", 1.0)
    assert vigil.answer("", speaking=False, now=60.0) == "wait"
    assert vigil.answer("", speaking=False, now=60.0 + STANDBY.wait - 0.1) == "wait"
    assert vigil.answer("", speaking=False, now=60.0 + STANDBY.wait) == "sleep"


def test_somebody_who_is_speaking_may_finish() -> None:
    vigil = Vigil(STANDBY)
    vigil.call("doubtful", 1.0)
    vigil.answer("", speaking=False, now=5.0)
    end = 5.0 + STANDBY.wait
    assert vigil.answer("", speaking=True, now=end) == "wait"
    assert vigil.answer("", speaking=True, now=end + PATIENCE) == "sleep"


def test_a_house_that_is_no_caller_is_not_asked_all_night() -> None:
    vigil = Vigil(STANDBY)
    asked = 0
    for second in range(0, int(STANDBY.within), 20):
        if vigil.call("doubtful", float(second)) == "ask":
            asked += 1
            vigil.answer("no", speaking=False, now=second + 5.0)
    assert asked == STANDBY.most
    assert vigil.call("certain", STANDBY.within - 1) == "start"
    assert vigil.call("doubtful", STANDBY.within) == "ask", "the first one is long ago"
