"""Nights shared among processes: who plays them changes nothing, and they stop when asked."""

from __future__ import annotations

import multiprocessing

from tests.dialogue.explore import DIALOGUE
from voice_coach.simulation.night import Stage
from voice_coach.simulation.simulation import Plan, play

STAGE = Stage(DIALOGUE)


def test_parts_are_the_whole() -> None:
    plan = Plan(6, seed=2)
    whole = play(plan, STAGE, range(6))
    parts = [play(plan, STAGE, range(n, n + 2)).results for n in (0, 2, 4)]
    assert whole.results == [result for part in parts for result in part]
    assert [result.night for result in whole.results] == list(range(6))
    assert whole.cpu_seconds > 0


def test_whoever_is_asked_to_stop_plays_no_more_nights() -> None:
    stopped = multiprocessing.get_context("spawn").Event()
    stopped.set()
    assert play(Plan(6), STAGE, range(6), stopped).results == []


def test_a_plan_may_ask_for_one_persona_and_one_noise() -> None:
    night = Plan(6, seed=2, snr_db=12.0, persona="often").draw(STAGE, 3)
    assert (night.persona, night.room.snr_db) == ("often", 12.0)
