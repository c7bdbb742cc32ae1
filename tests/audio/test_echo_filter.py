"""The echo filter: what is left is the person, and the person is left whole."""

from __future__ import annotations

import numpy as np
import pytest

from tests.listening.speech import join, silence, speech
from voice_coach.audio.echo_filter import EchoFilter
from voice_coach.audio.port import BLOCK, RATE, Samples
from voice_coach.rehearsal.echo_path import EchoPath, Loudspeaker

PROMPTS = join(
    silence(0.5),
    speech("Sit down and stretch your leg out in front of you."),
    silence(0.4),
    speech("Pull your toes slowly towards your knee, and hold them there."),
    silence(0.4),
    speech("Keep breathing. You are doing well, and it will soon let go."),
    silence(0.4),
)


def blocks(samples: Samples) -> list[Samples]:
    return list(samples[: len(samples) // BLOCK * BLOCK].reshape(-1, BLOCK))


def lead(
    played: Samples, loudspeaker: Loudspeaker, person: Samples | None = None, echo_db: float = -6.0
) -> tuple[Samples, Samples, EchoFilter]:
    """The microphone, what was left of it, and the filter that did it."""
    path, taken = EchoPath(echo_db, loudspeaker, np.random.default_rng(5)), EchoFilter()
    voice = np.zeros(len(played), np.int16)
    if person is not None:
        voice[: len(person)] = person
    microphone, left = [], []
    for out, said in zip(blocks(played), blocks(voice), strict=True):
        microphone.append(np.asarray(path.process(out) + said, np.int16))
        left.append(taken.process(microphone[-1], out, alone=not said.any()))
        if said.any():
            taken.person()
    return np.concatenate(microphone), np.concatenate(left), taken


def power(samples: Samples) -> float:
    return float(np.mean(samples.astype(np.float64) ** 2))


def decibels(before: Samples, after: Samples) -> float:
    return float(10 * np.log10(power(before) / power(after)))


@pytest.mark.parametrize(
    ("loudspeaker", "least"),
    [
        (Loudspeaker(), 14.0),
        (Loudspeaker(0.12), 14.0),
        (Loudspeaker(0.2, drive=3.0), 13.0),
        (Loudspeaker(0.12, drift_ppm=100.0), 13.0),
        (Loudspeaker(0.12, drift_ppm=-60.0, drive=3.0), 13.0),
    ],
)
def test_little_is_left_of_the_coach(loudspeaker: Loudspeaker, least: float) -> None:
    played = join(PROMPTS, PROMPTS, PROMPTS)
    microphone, left, _ = lead(played, loudspeaker)
    last = slice(2 * len(PROMPTS), None)
    assert decibels(microphone[last], left[last]) > least


@pytest.mark.parametrize("drift", [100.0, -150.0])
def test_it_finds_out_how_fast_the_speakers_clock_runs(drift: float) -> None:
    _, _, taken = lead(join(*[PROMPTS] * 4), Loudspeaker(0.12, drift))
    assert taken.drift_ppm == pytest.approx(drift, abs=15)


def test_what_is_left_over_the_coach_is_the_person() -> None:
    word = (speech("it's gone", "en-us+f3") // 4).astype(np.int16)
    at = 2 * len(PROMPTS) + 2 * RATE
    played = join(*[PROMPTS] * 3)
    person = np.zeros(len(played), np.int16)
    person[at : at + len(word)] = word
    microphone, left, _ = lead(played, Loudspeaker(0.12, 100.0, 2.0), person)
    over = slice(at, at + len(word))
    error = left[over].astype(np.float64) - word
    assert decibels(word, np.asarray(error, np.int16)) > 10
    assert decibels(word, np.asarray(microphone[over] - word, np.int16)) < 3


def test_without_an_echo_the_microphone_is_left_alone() -> None:
    voice = speech("it's gone", "en-us+f3")
    taken = EchoFilter()
    nothing = np.zeros(BLOCK, np.int16)
    for block in blocks(voice):
        assert taken.process(block, nothing) is block


def test_after_a_reset_it_knows_nothing() -> None:
    _, _, taken = lead(PROMPTS, Loudspeaker(0.12))
    taken.reset()
    assert taken.drift_ppm == 0.0
    sound = blocks(PROMPTS)[40]
    assert np.array_equal(taken.process(sound, sound), sound)
