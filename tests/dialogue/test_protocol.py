"""What a step listens for."""

from __future__ import annotations

from voice_coach.content.loader import load_protocol

PROTOCOL = load_protocol()


def test_a_question_expects_its_own_answers_and_no_control() -> None:
    expected = PROTOCOL.expected("which_leg")
    assert "left" in expected
    assert "right leg" in expected
    assert not set(expected) & {"stop", "repeat", "how long", "chest pain"}
    assert set(expected) <= set(PROTOCOL.vocabulary("which_leg"))


def test_a_safety_question_expects_all_its_answers_alike() -> None:
    """Were one of them dearer than another, the ear would lean to "no" or to "yes"."""
    for name, step in PROTOCOL.steps.items():
        if step.kind == "screen":
            assert {"yes", "no", "not sure"} <= set(PROTOCOL.expected(name))
