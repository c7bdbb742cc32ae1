"""The terminal view."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

import pytest
from rich.console import Console

from tests.dialogue.explore import DIALOGUE, PROTOCOL
from tests.dialogue.talk import STEPS, reach
from voice_coach.dialogue import actions as act
from voice_coach.dialogue.playthrough import Playthrough
from voice_coach.eventlog import Record
from voice_coach.screen import STYLES, WAITING, Board, Screen

SIZES = ((40, 12), (80, 24), (30, 6), (200, 50), (10, 3))


def records(talk: Playthrough) -> Iterator[Record]:
    """What a session would have told of it."""
    said = dict(zip(map(id, talk.said), talk.times, strict=True))
    for t, action in talk.actions:
        if isinstance(action, act.Enter):
            yield {"type": "state", "t": t, "step": action.step, "phase": ""}
        elif isinstance(action, act.Say):
            yield {"type": "saying", "t": said[id(action)], "prompt": "", "text": action.text}
        elif isinstance(action, act.Cue):
            yield {"type": "cue", "t": t, "name": action.name}
        elif isinstance(action, act.End):
            yield {"type": "end", "t": t, "outcome": action.outcome, "elapsed": t}


def board(talk: Playthrough) -> Board:
    made = Board(PROTOCOL)
    for record in records(talk):
        made.watch(record)
    return made


def text(lines: Sequence[tuple[str, str]]) -> str:
    return "\n".join(line for _, line in lines)


@pytest.mark.parametrize("step", STEPS)
def test_every_step_fits_every_terminal(step: str) -> None:
    talk = reach(step)
    talk.listen()
    made = board(talk)
    for width, height in SIZES:
        lines = made.lines(width, height, talk.now)
        assert len(lines) <= height
        assert all(len(line) <= width for _, line in lines)


@pytest.mark.parametrize("step", [step for step in STEPS if PROTOCOL.steps[step].kind != "end"])
def test_at_40_by_12_the_whole_sentence_can_be_read(step: str) -> None:
    talk = reach(step)
    for _ in range(20):
        made = board(talk)
        shown = " ".join(text(made.lines(40, 12, talk.now)).split())
        assert made.text in shown
        if talk.state.mode != "lead" or talk.over:
            break
        talk._next()


def test_a_hold_counts_down() -> None:
    talk = reach("stretch_hand")
    talk.listen()
    made, began = board(talk), talk.now
    assert " 20 s  ####" in text(made.lines(40, 12, began))
    assert "  5 s  " in text(made.lines(40, 12, began + 15))
    assert "  0 s  ...." in text(made.lines(40, 12, began + 99))
    made.watch({"type": "turn", "t": began + 8, "step": "stretch_hand", "mode": "pause"})
    assert " 12 s  " in text(made.lines(40, 12, began + 60)), "a pause stops it"
    made.watch({"type": "turn", "t": began + 60, "step": "stretch_hand", "mode": "hold"})
    assert "  7 s  " in text(made.lines(40, 12, began + 65))


def test_time_label_and_what_can_be_said() -> None:
    talk = reach("check_push")
    talk.listen()
    shown = text(board(talk).lines(60, 12, 75.0))
    assert shown.splitlines()[0].split() == ["doing", "the", "safety", "check", "1:15"]
    assert "say: yes, no, not sure, repeat, stop" in shown


def test_before_and_after() -> None:
    made = Board(PROTOCOL)
    assert WAITING in text(made.lines(40, 12, 0.0))
    talk = Playthrough(DIALOGUE)
    talk.to_end()
    shown = text(board(talk).lines(40, 12, talk.now))
    assert WAITING in shown
    assert "not resolved" in shown


def drawn(**console: object) -> str:
    """What goes to a terminal of 40 by 12."""
    out = io.StringIO()
    terminal = Console(file=out, force_terminal=True, width=40, height=12, **console)  # type: ignore[arg-type]
    times = iter(range(1000))
    with Screen(Board(PROTOCOL), clock=lambda: float(next(times)), console=terminal) as screen:
        screen.watch({"type": "state", "t": 0.0, "step": "stretch_hand", "phase": "stretch"})
        screen.watch({"type": "saying", "t": 1.0, "prompt": "", "text": "Straighten that leg."})
        terminal.print(screen.draw())
    return out.getvalue()


def test_red_by_night() -> None:
    shown = drawn(color_system="256")
    assert "Straighten that leg." in shown
    assert "\x1b[1;38;5;160m" in shown
    assert shown.rstrip().endswith("\x1b[?25h\x1b[?1049l"), "the terminal is left as it was"
    assert all("color(" in style for style in STYLES.values())


def test_no_color_means_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    shown = drawn(color_system="256")
    assert "Straighten that leg." in shown
    assert "38;5" not in shown
