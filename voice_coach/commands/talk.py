"""The same dialogue typed in a terminal: for a clinician, a developer, or a person without speech.

Time is virtual: sentences and holds take their time in the conversation, not at the keyboard. An
empty line is silence; the end of the input is silence to the end.
"""

from __future__ import annotations

import re
import sys
from typing import TextIO

from voice_coach.commands import setup
from voice_coach.commands.setup import Choices
from voice_coach.dialogue.playthrough import Playthrough


def run(choices: Choices, lines: TextIO | None = None) -> int:
    """Talk until the conversation ends."""
    lines = lines or sys.stdin
    talk = Playthrough(setup.dialogue(choices))
    shown = 0
    interactive = lines.isatty()
    print("Type an answer, or just Enter for silence. Times are those of the conversation.\n")
    while True:
        talk.listen()
        shown = _show(talk, shown)
        if talk.over:
            break
        if interactive:
            print("> ", end="", flush=True)
        line = lines.readline()
        if not line:
            talk.to_end()
        elif not line.strip():
            talk.silence()
        else:
            text = " ".join(re.sub(r"[^a-z' ]", " ", line.lower()).split())
            if not talk.hear(text):
                print("          (not understood)")
    print(f"\nOutcome: {talk.outcome}, advice: {talk.state.level.name}, {talk.now:.0f} s.")
    return 0


def _show(talk: Playthrough, shown: int) -> int:
    for t, say in list(zip(talk.times, talk.said, strict=True))[shown:]:
        print(f"{int(t) // 60:3d}:{int(t) % 60:02d}    {say.text}")
    return len(talk.said)
