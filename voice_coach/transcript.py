"""The conversation as it happens, for whoever is watching a terminal."""

from __future__ import annotations

import os
import sys
from typing import Final, TextIO

from voice_coach.eventlog import Record

_COLOURS: Final = {"coach": "36", "person": "33", "note": "2"}


class Transcript:
    """Prints records, one line each, coloured by speaker when the terminal takes colour."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._colour = self._out.isatty() and not os.environ.get("NO_COLOR")

    def watch(self, record: Record) -> None:
        kind, t = record["type"], record["t"]
        if kind == "saying" and record["text"]:
            self._line(t, "coach", record["text"])
        elif kind == "heard":
            said = record["text"] if record["accepted"] else "(not understood)"
            self._line(record["word_end"], "person", said)
        elif kind == "say" and record["interrupted"]:
            self._line(t, "note", "(interrupted)")
        elif kind == "advice" and record["reason"] == "end":
            self._line(t, "note", f"(advice: {record['level'].replace('_', ' ')})")
        elif kind == "fault":
            self._line(t, "note", f"({record['what']})")
        elif kind == "end":
            self._line(t, "note", f"({record['outcome'].replace('_', ' ')})")

    def _line(self, t: float, who: str, text: str) -> None:
        minutes, seconds = divmod(max(0, int(t)), 60)
        name = "" if who == "note" else who
        line = f"{minutes:3d}:{seconds:02d}  {name:7s} {text}"
        if self._colour:
            line = f"\x1b[{_COLOURS[who]}m{line}\x1b[0m"
        print(line, file=self._out, flush=True)
