"""The shipped conversation, and single turns of it."""

from __future__ import annotations

from typing import Final

from voice_coach.content import load_protocol
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.events import Event
from voice_coach.proof import turn
from voice_coach.proof.turn import Moment, Turn

__all__ = ["DIALOGUE", "PROTOCOL", "Moment", "Turn", "advance", "begin"]

PROTOCOL: Final = load_protocol()
DIALOGUE: Final = Dialogue(PROTOCOL)


def begin(dialogue: Dialogue = DIALOGUE) -> Moment:
    return turn.begin(dialogue)


def advance(moment: Moment, event: Event, dialogue: Dialogue = DIALOGUE) -> Turn:
    return turn.advance(moment, event, dialogue)
