"""The safety rules S1-S9 on audio, over every scenario's night. (The pure dialogue's own tests
explore them more widely.)"""

from __future__ import annotations

import pytest

from tests.nights import began, cast, heard, night, prompts, said
from voice_coach.content.loader import sentences
from voice_coach.rehearsal import scenario
from voice_coach.rehearsal.rehearsal import Report

NAMES = scenario.names()


def pressing(report: Report) -> list[float]:
    """When a sentence that asks for pressure was begun."""
    steps = cast().dialogue.protocol.steps
    return [
        r["start"]
        for r in report.records
        if r["type"] == "say" and r["prompt"].split(".")[0] in steps
        and steps[r["prompt"].split(".")[0]].touch
    ]  # fmt: skip


def times_heard(report: Report, *intents: str) -> list[float]:
    return [r["t"] for r in report.records if r["type"] == "heard" and r["intent"] in intents]


@pytest.mark.parametrize("name", NAMES)
def test_s1_no_pressure_before_release(name: str) -> None:
    report = night(name)
    for pressed in pressing(report):
        eased = times_heard(report, "yes", "better", "softer", "gone")
        assert any(t < pressed for t in eased), f"pressed at {pressed:.1f} s"


@pytest.mark.parametrize("name", NAMES)
def test_s2_no_pressure_before_the_screen_is_clear_or_after_a_flag(name: str) -> None:
    report = night(name)
    raised = [
        r["t"] for r in report.records
        if r["type"] == "advice" and r["reason"] in ("chest", "signs", "risk", "injury", "push")
    ]  # fmt: skip
    for pressed in pressing(report):
        assert began(report, "check_push.say.0") < pressed
        assert not any(t < pressed for t in raised)


def test_s3_at_ten_minutes_it_is_said_whatever_the_step() -> None:
    for name in NAMES:
        report = night(name)
        if report.elapsed > 600:
            assert "Ten minutes have passed." in said(report)
            advice = [r["t"] for r in report.records if r["type"] == "advice"]
            assert any(599 < t < 606 for t in advice)


def test_s4_stop_ends_speech_and_the_session_within_one_turn() -> None:
    for name in ("stopped", "interrupting"):
        report = night(name)
        stop = times_heard(report, "stop")[0]
        later = [r for r in report.records if r["type"] == "say" and r["start"] > stop]
        assert {r["prompt"].split(".")[0] for r in later} == {"stop_calm"}
        assert report.outcome == "stopped"
    cut = [r for r in night("interrupting").records if r["type"] == "say" and r["interrupted"]]
    stop = times_heard(night("interrupting"), "stop")[0]
    assert any(-1.0 < r["end"] - stop < 0.1 for r in cut), "the sentence has ended when it is heard"


def test_s5_too_hard_is_answered_by_easing_off() -> None:
    for name in ("too-hard", "too-hard-twice"):
        report = night(name)
        for sharp in times_heard(report, "sharp"):
            said_next = [r for r in report.records if r["type"] == "say" and r["start"] >= sharp]
            assert said_next[0]["prompt"].startswith("ease_")


def test_s6_every_step_goes_on_without_an_answer() -> None:
    report = night("silent")
    assert heard(report) == ["wake"]
    assert report.elapsed < 700
    assert len({p.split(".")[0] for p in prompts(report)}) >= 6


@pytest.mark.parametrize("name", NAMES)
def test_s7_every_path_ends_with_its_advice(name: str) -> None:
    records = night(name).records
    assert records[-1]["type"] == "end"
    last = [r for r in records if r["type"] == "advice"][-1]
    assert last["reason"] == "end"
    ending = " ".join(said(night(name))[-5:])
    # Who only stretches has nothing to be advised of: the stretch is said to be over.
    over = ("stretch",) if name.startswith("stretch-") else ()
    assert any(word in ending for word in ("help", "doctor", "rest", "line", *over))


def test_s8_not_understood_is_asked_again_then_counts_as_yes() -> None:
    report = night("mumbling")
    assert prompts(report).count("check_signs.again.0") == 2
    assert prompts(report).count("common.plain") == 1
    assert "hands_off.say.0" in prompts(report)
    assert report.level == "urgent"
    assert night("not-sure").level == "urgent"
    assert night("unanswered-check").level == "emergency"
    assert prompts(night("unanswered-check")).count("check_chest.again.0") == 1
    assert "common.plain" not in prompts(night("unanswered-check"))


def test_s9_sentences_are_short_and_questions_have_one_reading() -> None:
    protocol = cast().dialogue.protocol
    for key, text in sentences(protocol):
        assert len(text.split()) <= 20, key
        assert sum(text.count(mark) for mark in ".?!") <= 2, key
    yes, no = set(protocol.intents["yes"]), set(protocol.intents["no"])
    assert not yes & no
    for step in protocol.steps.values():
        if step.kind in ("ask", "screen") and "or not" in " ".join(step.say):
            pytest.fail(f"two readings: {step.say}")
