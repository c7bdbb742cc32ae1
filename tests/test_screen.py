"""The terminal view."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

import pytest
from rich.console import Console

from tests.dialogue.explore import DIALOGUE, PROTOCOL
from tests.dialogue.talk import STEPS, reach
from voice_coach import letters
from voice_coach.content.loader import sentences
from voice_coach.dialogue import actions as act
from voice_coach.dialogue.playthrough import Playthrough
from voice_coach.eventlog import Record
from voice_coach.letters import large
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


# -- large letters ------------------------------------------------------------------------------


def test_a_word_in_large_letters() -> None:
    assert [row.strip() for row in large("Stop", 40, 3)] == [
        "█▀▀ ▀█▀ █▀█ █▀█",
        "▀▀█  █  █ █ █▀▀",
        "▀▀▀  ▀  ▀▀▀ ▀",
    ]
    assert len(large("Hold it there.", 40, 24)) == 7, "two rows of text, and one between them"


def test_nearly_every_sentence_is_large_on_an_ordinary_terminal() -> None:
    """80 by 24 less the head, the words and a countdown; larger ones have room for all of them."""
    texts = [text for _, text in sentences(PROTOCOL)]
    assert sum(bool(large(text, 78, 17)) for text in texts) >= 0.98 * len(texts)
    assert all(large(text, 98, 23) for text in texts)


@pytest.mark.parametrize("text", ["", "Grüße", "wait…", "a\u202eb", "Hold it there."])
def test_what_cannot_be_drawn_whole_is_not_drawn(text: str) -> None:
    assert large(text, 40, 6) == []


def test_without_the_library_it_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letters, "_drawn", letters._drawn.__wrapped__)
    monkeypatch.setattr(letters, "_pen", lambda: None)
    assert large("Stop", 40, 3) == []


@pytest.mark.parametrize("step", STEPS)
def test_large_letters_fit_and_take_nothing_else_away(step: str) -> None:
    talk = reach(step)
    talk.listen()
    plain, made = board(talk), board(talk)
    made.large = large
    for width, height in SIZES:
        lines = made.lines(width, height, talk.now)
        assert len(lines) <= height
        assert all(len(line) <= width for _, line in lines)
        others = [line for part, line in lines if part != "main"]
        small = [line for part, line in plain.lines(width, height, talk.now) if part != "main"]
        assert list(filter(None, others)) == list(filter(None, small))
    shown = text(made.lines(40, 12, talk.now))
    assert made.text in " ".join(shown.split()) or "▀" in shown
    if PROTOCOL.steps[step].kind != "end":
        assert "█" in text(made.lines(100, 30, talk.now))


# -- on the terminal ----------------------------------------------------------------------------


def drawn(width: int = 40, height: int = 12, **console: object) -> str:
    """What goes to a terminal."""
    out = io.StringIO()
    terminal = Console(file=out, force_terminal=True, width=width, height=height, **console)  # type: ignore[arg-type]
    times = iter(range(1000))
    with Screen(Board(PROTOCOL), clock=lambda: float(next(times)), console=terminal) as screen:
        screen.watch({"type": "state", "t": 0.0, "step": "stretch_hand", "phase": "stretch"})
        screen.watch({"type": "saying", "t": 1.0, "prompt": "", "text": "Straighten that leg."})
        terminal.print(screen.draw())
    return out.getvalue()


def test_large_where_there_is_room_and_blocks_can_be_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "█▀▀ ▀█▀" in drawn(80, 24, color_system="256")
    assert "Straighten that leg." in drawn(40, 12, color_system="256")
    monkeypatch.setattr("rich.console.ConsoleOptions.ascii_only", True)
    assert "Straighten that leg." in drawn(80, 24, color_system="256")


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
