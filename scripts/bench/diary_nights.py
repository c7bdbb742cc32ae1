"""Many synthetic nights for the diary: for its benchmark, its report and its tests.

A hundred conversations are lived through without sound, by people who answer by chance, and then
spread over the years. They show what the program does, not what cramps do.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Final

import msgspec

from voice_coach.content.loader import load_protocol
from voice_coach.dialogue.playthrough import Playthrough
from voice_coach.dialogue.protocol import Protocol
from voice_coach.diary.account import Turn, opened, told
from voice_coach.diary.episode import Episode
from voice_coach.diary.recorder import Overheard

DIFFERENT: Final = 100
"""Conversations that are lived through; the others are the same at other times."""

_SPOKEN: Final = {
    "position": (("sitting", 5), ("lying", 4), ("standing", 2), ("can't reach", 1)),
    "stretch_hand": (("better", 3), ("still hurts", 2), ("", 3)),
    "stretch_towel": (("better", 2), ("", 2)),
    "stretch_standing": (("better", 2), ("", 3)),
    "ankle": (("better", 1), ("", 2)),
    "wall": (("better", 3), ("", 1)),
    "eased": (("yes", 3), ("not yet", 4)),
    "can_stand": (("yes", 2), ("no", 1)),
    "which_leg": (("left", 3), ("right", 1)),
    "check_push": (("yes", 60), ("no", 1)),
    "check_signs": (("no", 60), ("yes", 1)),
    "how_bad": (("no", 3), ("yes", 1)),
    "palm": (("done", 1),),
    "knead": (("better", 3), ("too hard", 1)),
    "find_knot": (("done", 1),),
    "knot": (("softer", 1), ("", 1)),
    "gone_check": (("yes", 5), ("not sure", 1)),
    "ask_pain": (("no", 30), ("yes", 1)),
    "ask_numb": (("no", 20), ("yes", 1)),
    "ask_medicine": (("yes", 1), ("no", 2), ("not sure", 1)),
    "ask_often": (("no", 2), ("yes", 3), ("", 1)),
}  # fmt: skip
"""What is said in a step, with weights; nothing is silence. "No" to everything else."""


def nights(count: int, *, years: float, until: datetime, seed: int = 1) -> Iterator[Episode]:
    """``count`` episodes over the years before ``until``, most of them by night."""
    chance = random.Random(seed)
    protocol = load_protocol()
    lived = [_lived(protocol, chance) for _ in range(min(count, DIFFERENT))]
    for _ in range(count):
        # More of them of late, as somebody who now asks a doctor would have.
        ago = timedelta(days=365 * years * chance.random() ** 1.6)
        day = (until - ago).replace(minute=0, second=0, microsecond=0)
        hour = int(chance.gauss(27, 2.6)) % 24 if chance.random() < 0.85 else chance.randrange(24)
        began = day.replace(hour=hour) + timedelta(seconds=chance.randrange(3600))
        one = lived[chance.randrange(len(lived))]
        yield msgspec.structs.replace(one, uid=f"{chance.getrandbits(128):032x}", began=began)


def _lived(protocol: Protocol, chance: random.Random) -> Episode:
    kept: list[Episode] = []

    def hear(turn: Turn) -> None:
        now = datetime.now(timezone.utc)
        kept[:] = [told(kept[0], turn) if kept else opened(now, turn)]

    talk = Playthrough(Overheard(protocol, listener=hear))
    for _ in range(300):
        talk.listen()
        if talk.over:
            break
        words, weights = zip(*_SPOKEN.get(talk.state.step, (("no", 1),)), strict=True)
        said = chance.choices(words, weights)[0]
        if said:
            talk.wait(chance.uniform(1, 14) if talk.state.mode == "hold" else 1.0)
            talk.hear(said)
        else:
            talk.silence()
    return kept[0]
