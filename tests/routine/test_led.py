"""The routine with who sets the reminder: what is agreed is set, and nothing else is promised."""

from __future__ import annotations

from datetime import time

import pytest

from voice_coach.content.loader import load_protocol
from voice_coach.dialogue.playthrough import Playthrough
from voice_coach.routine.content import ROUTINE, load, settled
from voice_coach.routine.led import Led

PROTOCOL = load_protocol(ROUTINE)
SCRIPT = load()


class Clockmaker:
    """Sets reminders, or cannot."""

    def __init__(self, able: bool = True) -> None:
        self.able = able
        self.asked: list[time | None] = []

    def __call__(self, at: time | None) -> bool:
        self.asked.append(at)
        return self.able


def talk(maker: Clockmaker, *answers: str, known: bool = False) -> Playthrough:
    """A routine to its end: the answers are those to the question about the reminder."""
    protocol = settled(PROTOCOL, SCRIPT) if known else PROTOCOL
    talk = Playthrough(Led(protocol, script=SCRIPT, remind=maker))
    rest = list(answers)
    for _ in range(80):
        talk.listen()
        if talk.over:
            break
        if talk.state.step in ("remind", "sure") and rest:
            assert talk.hear(rest.pop(0))
        elif talk.state.mode == "hold":
            talk.wait(31.0)
        elif talk.state.step in ("free", "check_chest", "check_signs", "check_injury"):
            talk.hear("no")
        else:
            talk.silence()
    assert talk.over
    return talk


def texts(talk: Playthrough) -> list[str]:
    return [say.text for say in talk.said]


def test_an_hour_that_was_agreed_is_set() -> None:
    maker = Clockmaker()
    said = texts(talk(maker, "remind me at eight", "yes"))
    assert maker.asked == [time(20)]
    assert said.index("I heard eight o'clock, evening.") < said.index(
        "I will remind you every day."
    )


def test_an_hour_heard_wrongly_is_not() -> None:
    maker = Clockmaker()
    talk(maker, "at seven in the morning", "no", "every evening", "yes")
    assert maker.asked == [time(20)]


@pytest.mark.parametrize("answers", [(), ("no",), ("at noon",), ("at noon", "no", "no")])
def test_without_a_yes_none_is_set(answers: tuple[str, ...]) -> None:
    maker = Clockmaker()
    done = talk(maker, *answers)
    assert maker.asked == []
    assert "I will remind you every day." not in texts(done)
    assert done.outcome == "finished"


def test_what_cannot_be_set_is_not_promised() -> None:
    maker = Clockmaker(able=False)
    said = texts(talk(maker, "at nine in the evening", "yes"))
    assert maker.asked == [time(21)]
    assert "I will remind you every day." not in said
    assert list(SCRIPT.failed) == [text for text in said if text in SCRIPT.failed]


def test_whoever_has_one_is_not_asked_but_can_change_it() -> None:
    maker = Clockmaker()
    said = texts(talk(maker, known=True))
    assert SCRIPT.known[0] in said
    assert "Which hour would you like?" not in said
    talk(maker, "at ten", "yes", known=True)
    talk(maker, "no more reminders", known=True)
    assert maker.asked == [time(22), None]
