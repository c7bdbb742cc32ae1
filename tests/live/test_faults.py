"""The sound fails in mid-session, on a real sound server, and comes back: somebody is heard again.

The server killed, the microphone or the speaker unplugged: see test_card.py. Fifty of each kind at
random moments: scripts/bench/faults.py.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from scripts.bench.faults import FAULTS, QUESTION, Session
from tests.virtual_card import VirtualCard
from voice_coach.speaking.cache import CACHE_VARIABLE
from voice_coach.speaking.voice import Voice

pytestmark = [pytest.mark.card, pytest.mark.slow]


@pytest.mark.parametrize("kind", ["hang", "suspend", "sleep", "mute", "rate"])
def test_after_a_fault_somebody_is_heard_and_answered_aloud(
    kind: str, clips: Path, somebody: Voice
) -> None:
    chance = random.Random(kind)
    with VirtualCard() as card:
        environment = {**card.environment, CACHE_VARIABLE: str(clips)}
        session = Session(card, environment, somebody.clip(QUESTION))
        try:
            trial = session.suffer(FAULTS[kind](chance), chance)
            assert trial.healed, session.program.errors
            assert not trial.lost
            assert "Traceback" not in session.program.errors
            if kind in ("sleep", "mute"):  # nobody could miss these, so they are spoken of
                assert trial.told
        finally:
            session.close()
