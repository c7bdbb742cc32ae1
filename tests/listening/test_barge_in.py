"""Barge-in: the coach alone is no reason to stop, a person over the coach is."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from tests.listening.speech import hiss, join, silence, speech
from voice_coach.audio.echo import EchoCanceller, NoCanceller, open_canceller
from voice_coach.audio.mixer import Mixer
from voice_coach.audio.port import BLOCK, RATE, Block, Samples
from voice_coach.listening.barge_in import BargeIn, BargeInSettings, Onset
from voice_coach.rehearsal.echo_path import EchoPath, Loudspeaker

PROMPTS = (
    "Sit down and stretch your leg out in front of you.",
    "Pull your toes slowly towards your knee, and hold them there.",
    "Keep breathing. You are doing well, and it will soon let go.",
    "Is one calf swollen, red or warm, without any injury?",
)
SECONDS = BLOCK / RATE
AT_ONCE = BargeInSettings(warm_up=0.0)


class PerfectCanceller(NoCanceller):
    """Knows the person: what is left is the person's voice and a trace of the echo."""

    def __init__(self, person: list[Samples], left: float) -> None:
        super().__init__()
        self._person = iter(person)
        self._left = left

    def process(self, microphone: Samples, loudspeaker: Samples) -> Samples:  # noqa: ARG002
        person = next(self._person)
        left = person + self._left * (microphone.astype(np.float32) - person)
        return np.asarray(left, np.int16)


@dataclass
class Night:
    """Prompts, one after the other, in a room, and what was noticed."""

    onsets: list[Onset] = field(default_factory=list)
    microphone: list[Samples] = field(default_factory=list)
    heard: list[Block] = field(default_factory=list)


def scaled(samples: Samples, dbfs: float) -> Samples:
    """With this level where it is loud."""
    sound = samples.astype(np.float64)
    frames = sound[: len(sound) // BLOCK * BLOCK].reshape(-1, BLOCK)
    power = np.mean(frames**2, axis=1)
    rms = np.sqrt(np.mean(power[power > power.max() / 300]))
    return np.asarray(sound * 32768 * 10 ** (dbfs / 20) / rms, np.int16)


def prompts(times: int = 1) -> Samples:
    """A second of silence, then the coach's sentences at -20 dBFS with pauses between them."""
    parts = [silence(1.0)]
    for text in PROMPTS * times:
        parts += [scaled(speech(text), -20.0), silence(0.6)]
    return join(*parts)


def blocks(samples: Samples) -> list[Samples]:
    return list(samples[: len(samples) // BLOCK * BLOCK].reshape(-1, BLOCK))


def lead(
    played: Samples,
    person: Samples | None = None,
    canceller: EchoCanceller | None = None,
    loudspeaker: Loudspeaker | None = None,
    echo_db: float = -6.0,
) -> Night:
    """Play, with ``person`` speaking meanwhile; arms again after each onset."""
    voice = np.zeros(len(played), np.int16)
    if person is not None:
        voice[: len(person)] = person[: len(voice)]
    path = EchoPath(echo_db, loudspeaker or Loudspeaker(0.1), np.random.default_rng(4))
    noise = blocks(hiss(len(played) / RATE, -70.0))
    said = blocks(voice)
    watch, night = BargeIn(), Night()
    canceller = canceller or PerfectCanceller(said, left=0.03)
    for number, out in enumerate(blocks(played)):
        microphone = np.asarray(path.process(out) + said[number] + noise[number], np.int16)
        block = Block(microphone, (number + 1) * SECONDS, out)
        onset = watch.process(block, canceller.process(microphone, out))
        night.microphone.append(microphone)
        assert watch.heard is not None
        night.heard.append(watch.heard)
        if onset is not None:
            night.onsets.append(onset)
        watch.arm()  # at every block: that must not cost the pre-roll
    return night


def word_at(seconds: float, text: str = "stop", dbfs: float = -26.0) -> Samples:
    return join(silence(seconds), scaled(speech(text, "en-us+f3"), dbfs))


# -- with a canceller that does what one hopes for ------------------------------------------------


def test_the_coach_alone_is_no_onset() -> None:
    assert lead(prompts()).onsets == []


@pytest.mark.parametrize("text", ["stop", "ow", "it's gone", "no"])
def test_a_word_six_decibels_below_the_prompt_is_noticed_at_once(text: str) -> None:
    (onset, *_) = lead(prompts(), word_at(5.0, text)).onsets
    assert 5.0 - 0.06 <= onset.at <= 5.15
    assert onset.at < onset.decided <= 5.2


def test_an_onset_is_told_once_until_armed() -> None:
    watch = BargeIn(AT_ONCE)
    shout, quiet = blocks(scaled(speech("stop"), -20.0)), np.full(BLOCK, 300, np.int16)
    quiet[::2] = -300
    told = [
        watch.process(Block(sound, number * SECONDS, quiet), sound)
        for number, sound in enumerate(shout * 2)
    ]
    assert sum(onset is not None for onset in told) == 1
    assert not watch.armed
    watch.arm()
    again = [watch.process(Block(sound, 9.0, quiet), sound) for sound in shout]
    assert any(again)


def test_until_the_room_is_known_nothing_is_noticed() -> None:
    played = prompts()
    assert lead(played, word_at(1.2)).onsets == []
    assert lead(played, word_at(3.0)).onsets


def test_after_a_reset_it_is_as_new() -> None:
    sound = blocks(scaled(speech("stop"), -20.0))
    told = []
    watch = BargeIn(AT_ONCE)
    for _ in range(2):
        told.append([watch.process(Block(s, n * SECONDS, s // 9), s) for n, s in enumerate(sound)])
        watch.reset()
    assert any(told[0])
    assert told[0] == told[1]
    assert watch.heard is None
    assert watch.armed


def test_the_room_rings_for_half_a_second_after_the_coach() -> None:
    watch, loud, quiet = BargeIn(), np.full(BLOCK, 900, np.int16), np.zeros(BLOCK, np.int16)
    ringing = []
    for number, played in enumerate([quiet, loud, *[quiet] * 20]):
        watch.process(Block(quiet, number * SECONDS, played), quiet)
        ringing.append(watch.ringing)
    assert not ringing[0]
    assert 0.4 < sum(ringing) * SECONDS < 0.6
    assert ringing[1:] == sorted(ringing[1:], reverse=True)


def test_silence_before_and_after_prompts_is_other_ears_business() -> None:
    night = lead(join(silence(3.0), prompts()), word_at(1.0))
    assert night.onsets == []


def test_a_block_of_unknown_echo_says_nothing() -> None:
    watch = BargeIn()
    for sound in blocks(scaled(speech("stop"), -10.0)):
        assert watch.process(Block(sound, 0.0), sound) is None


def test_noise_that_nobody_makes_is_no_onset() -> None:
    fan = hiss(len(prompts()) / RATE, -38.0, seed=7)
    night = lead(prompts(), fan)
    assert [onset for onset in night.onsets if onset.at > 2.0] == []


def test_a_person_is_noticed_above_the_noise() -> None:
    fan = hiss(len(prompts()) / RATE, -45.0, seed=7)
    word = word_at(5.0)
    fan[: len(word)] += word
    onsets = [onset for onset in lead(prompts(), fan).onsets if onset.at > 2.0]
    assert 4.9 <= onsets[0].at <= 5.2


# -- what the recogniser gets ---------------------------------------------------------------------


def test_the_pre_roll_reaches_back_before_the_onset_without_a_gap() -> None:
    (onset, *_) = lead(prompts(), word_at(5.0)).onsets
    times = [block.at for block in onset.blocks]
    assert np.allclose(np.diff(times), SECONDS)
    assert times[-1] == onset.decided
    assert times[0] - SECONDS == pytest.approx(onset.at - 0.2, abs=0.02)


def test_without_an_echo_the_recogniser_gets_the_microphone() -> None:
    night = lead(silence(2.0), word_at(0.5))
    heard = np.concatenate([block.samples for block in night.heard])
    assert np.array_equal(heard, np.concatenate(night.microphone))


def test_while_the_coach_speaks_the_recogniser_gets_little_of_it() -> None:
    night = lead(prompts())
    heard = np.concatenate([block.samples for block in night.heard]).astype(np.float64)
    microphone = np.concatenate(night.microphone).astype(np.float64)
    known = slice(round(4.0 * RATE), None)
    assert 10 * np.log10(np.sum(microphone[known] ** 2) / np.sum(heard[known] ** 2)) > 15


# -- with the real one ----------------------------------------------------------------------------


@pytest.fixture
def webrtc() -> EchoCanceller:
    pytest.importorskip("livekit")
    return open_canceller()


BAD_SPEAKER = Loudspeaker(0.12, drift_ppm=100.0, drive=3.0)


def test_the_coach_never_hears_itself(webrtc: EchoCanceller) -> None:
    assert lead(prompts(2), None, webrtc, BAD_SPEAKER).onsets == []


def test_a_person_over_the_coach_is_noticed(webrtc: EchoCanceller) -> None:
    played = prompts(2)
    person = np.zeros(len(played), np.int16)
    starts = np.arange(5.0, len(played) / RATE - 2, 2.6)
    for start in starts:
        word = scaled(speech("stop", "en-us+f3"), -26.0)
        first = round(start * RATE)
        person[first : first + len(word)] = word
    onsets = lead(played, person, webrtc, BAD_SPEAKER).onsets
    late = [
        min((o.decided - start for o in onsets if 0 <= o.decided - start < 0.6), default=9.0)
        for start in starts
    ]
    assert np.mean(np.array(late) < 0.6) >= 0.8
    assert np.median(late) <= 0.25
    assert all(any(-0.1 < o.decided - start < 1.0 for start in starts) for o in onsets)


def test_a_real_mixer_hushes_within_a_block_of_the_onset(webrtc: EchoCanceller) -> None:
    """The whole loop: played, echoed, cleaned, noticed, faded; then nothing but the person."""
    mixer, watch = Mixer(), BargeIn()
    path = EchoPath(-6.0, Loudspeaker(0.1), np.random.default_rng(4))
    mixer.play("prompt", prompts(2))
    said = blocks(join(word_at(8.0), silence(1.5)))
    onset, played_after = None, []
    for number, voice in enumerate(said):
        out = mixer.next_block(number * SECONDS)
        if onset is not None:
            played_after.append(out)
        microphone = np.asarray(path.process(out) + voice, np.int16)
        noticed = watch.process(
            Block(microphone, (number + 1) * SECONDS, out), webrtc.process(microphone, out)
        )
        if noticed is not None:
            assert onset is None
            onset = noticed
            mixer.hush()
    assert onset is not None
    assert 8.0 <= onset.decided <= 8.3
    assert not any(out.any() for out in played_after[1:])
