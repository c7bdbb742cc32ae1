"""Is it the coach's own voice? Through a bad speaker and a room it is; a person's is not."""

from __future__ import annotations

import numpy as np
import pytest

from tests.listening.speech import hiss, join, silence, speech
from voice_coach.audio.likeness import OWN, likeness
from voice_coach.audio.port import BLOCK, RATE, Samples
from voice_coach.rehearsal.echo_path import EchoPath, Loudspeaker

PROMPT = join(
    silence(0.5), speech("Pull your toes slowly towards your knee, and hold."), silence(1)
)


def echo_of(played: Samples, loudspeaker: Loudspeaker) -> Samples:
    path = EchoPath(-10.0, loudspeaker, np.random.default_rng(3))
    blocks = played[: len(played) // BLOCK * BLOCK].reshape(-1, BLOCK)
    return np.concatenate([np.asarray(path.process(block), np.int16) for block in blocks])


@pytest.mark.parametrize(
    "loudspeaker",
    [Loudspeaker(), Loudspeaker(0.4), Loudspeaker(0.12, drift_ppm=100.0, drive=3.0)],
)
def test_an_echo_is_like_what_was_played(loudspeaker: Loudspeaker) -> None:
    heard = echo_of(PROMPT, loudspeaker)[round(1.2 * RATE) : round(2.0 * RATE)]
    assert likeness(heard, PROMPT) > OWN


@pytest.mark.parametrize("text", ["stop", "still hurts", "hold"])
@pytest.mark.parametrize("voice", ["en-us+f3", "en-gb+m3"])
def test_a_person_is_not(text: str, voice: str) -> None:
    assert likeness(speech(text, voice), PROMPT) < OWN


def test_noise_and_silence_are_like_nothing() -> None:
    assert likeness(hiss(1.0, -30.0), PROMPT) < OWN
    assert likeness(np.zeros(RATE, np.int16), PROMPT) == 0.0
    assert likeness(PROMPT[:RATE], np.zeros(3 * RATE, np.int16)) == 0.0
    assert likeness(PROMPT, PROMPT[:RATE]) == 0.0
