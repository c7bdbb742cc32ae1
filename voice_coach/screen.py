"""The conversation for whoever is watching: large, dim and red, so that the eyes stay in the night.

``Board`` remembers what is going on, from the records of the event log, and lays it out for any
terminal, from 40 by 12 on without a loss, and in large letters where there is room for them. Pure,
with the time as an argument. ``Screen`` puts it on the terminal with rich, which knows about sizes,
colours, NO_COLOR and how to leave the terminal as it was.
"""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Literal

from voice_coach.dialogue.protocol import Protocol
from voice_coach.errors import UsageError
from voice_coach.eventlog import Record
from voice_coach.letters import large

Part = Literal["quiet", "main", "clock", "words"]
Line = tuple[Part, str]

Large = Callable[[str, int, int], list[str]]
"""A text in large letters, with the columns and rows that there are; empty if it does not fit."""

STYLES: Final[dict[Part, str]] = {
    "quiet": "color(88)",
    "main": "bold color(160)",
    "clock": "color(124)",
    "words": "color(88)",
}
"""Shades of red: the rods of the eye, which see by night, hardly notice them."""

WAITING: Final = 'Say "help, calf cramp".'
_PHRASES: Final = 6
"""Things to say that are shown, at most."""


@dataclass
class Board:
    """What is going on. ``watch`` it with the records of a session."""

    protocol: Protocol
    step: str = ""
    text: str = WAITING
    mode: str = ""
    outcome: str = ""
    hold: float | None = None
    """When the hold began, seconds since the call."""
    held: float | None = None
    """Seconds of the hold before a pause; None while it runs."""
    large: Large = field(default=lambda *_: [], kw_only=True)
    """Draws the sentence in large letters; by default none does."""

    def watch(self, record: Record) -> None:
        kind, t = record["type"], record["t"]
        if kind == "state":
            self.step, self.outcome, self.hold, self.held = record["step"], "", None, None
        elif kind == "saying" and record["text"]:
            self.text = record["text"]
        elif kind == "cue":
            self.hold = t if record["name"] == "tick" else None
        elif kind == "turn":
            self._turn(record["mode"], t)
        elif kind == "end":
            self.step, self.outcome, self.hold, self.held = "", record["outcome"], None, None
            self.text = WAITING

    def _turn(self, mode: str, t: float) -> None:
        """A pause stops the hold's clock."""
        if self.hold is not None and mode == "pause" and self.held is None:
            self.held = t - self.hold
        elif self.held is not None and mode == "hold":
            self.hold, self.held = t - self.held, None
        self.mode = mode

    def lines(self, width: int, height: int, now: float) -> list[Line]:
        """Rows of at most ``width`` characters, at most ``height`` of them. ``now``: seconds since
        the call."""
        step = self.protocol.steps.get(self.step)
        label = step.label if step is not None else self.outcome.replace("_", " ")
        head = _ends(label, _clock(now) if step is not None else "", width)
        foot = self._words(width)
        clock = self._countdown(width, now)
        room = height - 1 - len(foot) - len(clock) - 2
        main = self.large(self.text, width - 2, room)
        main = main or _wrapped(self.text, width - 2)[: max(1, room)]
        above = max(0, room - len(main)) // 2
        below = max(0, room - len(main)) - above
        rows: list[Line] = [("quiet", head), ("quiet", "")]
        rows += [("quiet", "")] * above
        rows += [("main", line.center(width)) for line in main]
        rows += [("quiet", "")] * below
        rows += clock
        rows += [("quiet", ""), *foot]
        return [(part, line[:width].rstrip()) for part, line in rows[:height]]

    def _countdown(self, width: int, now: float) -> list[Line]:
        step = self.protocol.steps.get(self.step)
        if step is None or step.kind != "hold" or self.hold is None:
            return []
        left = max(0.0, step.seconds - (now - self.hold if self.held is None else self.held))
        bar = max(4, width - 12)
        full = round(bar * left / step.seconds)
        return [("clock", f"{round(left):4d} s  {'#' * full}{'.' * (bar - full)}")]

    def _words(self, width: int) -> list[Line]:
        """What the step asks for comes first, then the words that always work."""
        if self.step not in self.protocol.steps:
            return []
        first: dict[str, str] = {}
        vocabulary = self.protocol.vocabulary(self.step)
        for phrase in self.protocol.expected(self.step):
            first.setdefault(vocabulary[phrase], phrase)  # one phrase for each thing to mean
        phrases = list(dict.fromkeys([*list(first.values())[:_PHRASES], "repeat", "stop"]))
        return [("words", line) for line in _wrapped("say: " + ", ".join(phrases), width)[:2]]


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=True) or [""]


def _ends(left: str, right: str, width: int) -> str:
    """Both on one row, ``right`` at its end; ``left`` gives way."""
    room = width - len(right) - (1 if right else 0)
    return f"{left[:room]:{room}} {right}" if right else left


def _clock(seconds: float) -> str:
    return f"{int(max(0.0, seconds)) // 60}:{int(max(0.0, seconds)) % 60:02d}"


@dataclass
class Screen(AbstractContextManager["Screen"]):
    """The board on the terminal, drawn anew four times a second. Use it as a context."""

    board: Board
    clock: Callable[[], float] = time.monotonic
    console: Any = None
    """rich's; None: that of this terminal."""
    _live: Any = field(init=False, default=None)
    _zero: float = field(init=False, default=0.0)
    """The clock's time of the call."""

    def __enter__(self) -> Screen:
        """Raises UsageError where rich is missing."""
        try:
            from rich.console import Console
            from rich.live import Live
        except ModuleNotFoundError:
            raise UsageError(
                "--screen needs rich, which is not installed; run `python -m pip install rich "
                "pyfiglet` once, or leave --screen out."
            ) from None
        self.console = self.console or Console()
        if not self.console.options.ascii_only:  # the letters are made of blocks
            self.board.large = large
        self._zero = self.clock()
        self._live = Live(
            get_renderable=self.draw, console=self.console, screen=True, refresh_per_second=4,
            redirect_stdout=False, redirect_stderr=False,
        )  # fmt: skip
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def watch(self, record: Record) -> None:
        self.board.watch(record)
        self._zero = self.clock() - record["t"]

    def draw(self) -> Any:
        """What rich shows now."""
        from rich.text import Text

        width, height = self.console.size
        now = self.clock() - self._zero
        lines = self.board.lines(width, height, now)
        return Text("\n").join(Text(line, style=STYLES[part]) for part, line in lines)
