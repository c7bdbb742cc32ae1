"""The mixer: exact times, no clicks, no clipping, and quick to fall silent."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audio.sounds import about, loud, steepest, tone
from voice_coach.audio.mixer import CEILING, LOUDEST, Mixer, Played, Started
from voice_coach.audio.port import BLOCK, RATE, Samples

STEP = BLOCK / RATE


def run(mixer: Mixer, blocks: int, at: float = 0.0) -> Samples:
    """What the mixer gives in that many blocks."""
    return np.concatenate([mixer.next_block(at + n * STEP) for n in range(blocks)])


def ramp(count: int) -> Samples:
    """Samples that are all different: 1, 2, 3 ..."""
    return np.arange(1, count + 1, dtype=np.int16)


def test_silence_is_silence_and_nothing_happens() -> None:
    mixer = Mixer()
    assert not run(mixer, 3).any()
    assert mixer.poll() == []
    assert not mixer.busy
    assert mixer.sounding_until == float("-inf")


@given(st.lists(st.integers(0, 1_500), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_clips_come_out_unchanged_one_after_another_with_exact_times(lengths: list[int]) -> None:
    mixer = Mixer()
    clips = [ramp(length) for length in lengths]
    for number, clip in enumerate(clips):
        mixer.play(str(number), clip)
    out = run(mixer, sum(lengths) // BLOCK + 1, at=2.0)

    expected = np.concatenate(clips)
    assert np.array_equal(out[: len(expected)], expected)
    assert not out[len(expected) :].any()
    edges = [2.0 + sum(lengths[:n]) / RATE for n in range(len(lengths) + 1)]
    events = mixer.poll()
    for number in range(len(lengths)):
        begins, ends = edges[number], edges[number + 1]
        assert events[2 * number] == Started(str(number), about(begins))
        assert events[2 * number + 1] == Played(
            str(number), about(begins), about(ends), interrupted=False
        )
    assert len(events) == 2 * len(lengths)
    assert not mixer.busy


def test_events_are_told_once() -> None:
    mixer = Mixer()
    mixer.play("a", ramp(BLOCK))
    run(mixer, 1)
    assert len(mixer.poll()) == 2
    assert mixer.poll() == []


def test_it_is_busy_from_play_to_the_last_sample() -> None:
    mixer = Mixer()
    mixer.play("a", ramp(BLOCK + 1))
    assert mixer.busy
    run(mixer, 1)
    assert mixer.busy
    run(mixer, 1, at=STEP)
    assert not mixer.busy
    assert mixer.sounding_until == about((BLOCK + 1) / RATE)


def test_hush_fades_within_one_block_and_drops_the_queue() -> None:
    mixer = Mixer()
    mixer.play("long", tone(300, 2.0))
    mixer.play("next", tone(300, 1.0))
    mixer.play("last", tone(300, 1.0))
    before = run(mixer, 5)
    assert mixer.hush() == ("next", "last")
    after = run(mixer, 5, at=5 * STEP)

    assert not after[BLOCK:].any()
    assert loud(after).any()
    whole = np.concatenate([before, after])
    assert steepest(whole) <= steepest(before) + 1, "the fade clicks"
    assert mixer.poll() == [
        Started("long", 0.0),
        Played("long", 0.0, about(6 * STEP), interrupted=True),
    ]
    assert not mixer.busy


@pytest.mark.parametrize("fade", [0.0, 0.01, 0.03, 5.0])
def test_a_fade_lasts_as_asked_but_never_longer_than_a_block(fade: float) -> None:
    mixer = Mixer()
    mixer.play("a", np.full(RATE, 5_000, np.int16))
    run(mixer, 1)
    mixer.hush(fade)
    out = run(mixer, 2, at=STEP)
    length = min(round(fade * RATE), BLOCK)
    assert np.all(out[: max(0, length - 10)] > 0)
    assert not out[length:].any()
    assert np.all(np.diff(out.astype(np.int32)) <= 0)
    (_, played) = mixer.poll()
    assert played == Played("a", 0.0, about(STEP + length / RATE), interrupted=True)


def test_a_clip_played_after_hush_begins_when_the_fade_is_over() -> None:
    mixer = Mixer()
    mixer.play("old", np.full(RATE, 5_000, np.int16))
    run(mixer, 1)
    mixer.hush(0.01)
    mixer.play("new", ramp(100))
    out = run(mixer, 1, at=STEP)
    assert np.array_equal(out[160:260], ramp(100))
    events = mixer.poll()
    assert [type(event) for event in events] == [Started, Played, Started, Played]
    assert events[2] == Started("new", about(STEP + 0.01))


def test_hushing_the_last_moments_of_a_clip_does_not_count_as_an_interruption() -> None:
    mixer = Mixer()
    mixer.play("a", ramp(BLOCK + 50))
    run(mixer, 1)
    mixer.hush()
    run(mixer, 1, at=STEP)
    assert mixer.poll()[-1] == Played("a", 0.0, about((BLOCK + 50) / RATE), interrupted=False)


def test_a_hushed_clip_that_had_not_begun_leaves_no_trace() -> None:
    mixer = Mixer()
    mixer.play("a", ramp(100))
    assert mixer.hush() == ("a",)
    assert not run(mixer, 2).any()
    assert mixer.poll() == []
    assert mixer.hush() == ()


def test_hushing_twice_does_not_start_the_fade_again() -> None:
    mixer = Mixer()
    mixer.play("a", np.full(RATE, 5_000, np.int16))
    run(mixer, 1)
    mixer.hush()
    mixer.hush()
    assert not run(mixer, 2, at=STEP)[BLOCK:].any()


def test_volume_is_a_linear_gain() -> None:
    mixer = Mixer(volume=0.5)
    mixer.play("a", np.full(RATE, 8_000, np.int16))
    assert set(run(mixer, 2)) == {4_000}


def test_a_change_of_volume_is_ramped() -> None:
    mixer = Mixer()
    mixer.play("a", np.full(RATE, 8_000, np.int16))
    run(mixer, 1)
    mixer.volume = 0.0
    out = run(mixer, 2, at=STEP)
    assert steepest(out) <= 8_000 / BLOCK + 1
    assert not out[BLOCK:].any()
    mixer.volume = 2.0
    out = run(mixer, 2, at=3 * STEP)
    assert steepest(out) <= 16_000 / BLOCK + 1
    assert out[-1] == 16_000


def test_a_volume_set_in_silence_holds_from_the_first_sample() -> None:
    mixer = Mixer()
    run(mixer, 1)
    mixer.volume = 0.25
    mixer.play("a", np.full(BLOCK, 8_000, np.int16))
    assert set(run(mixer, 1, at=STEP)) == {2_000}


@pytest.mark.parametrize("gain", [-0.1, LOUDEST + 1, float("nan"), float("inf")])
def test_a_volume_out_of_range_is_refused(gain: float) -> None:
    mixer = Mixer(0.3)
    with pytest.raises(ValueError, match="between 0 and"):
        mixer.volume = gain
    assert mixer.volume == 0.3


@given(
    st.integers(0, 2**32 - 1),
    st.floats(0.0, LOUDEST),
    st.lists(st.integers(1, 2_000), min_size=1, max_size=4),
)
@settings(max_examples=60, deadline=None)
def test_nothing_ever_clips(seed: int, volume: float, lengths: list[int]) -> None:
    noise = np.random.default_rng(seed)
    mixer = Mixer(volume)
    for number, length in enumerate(lengths):
        mixer.play(str(number), noise.integers(-32_768, 32_768, length).astype(np.int16))
    out = run(mixer, sum(lengths) // BLOCK + 1)
    assert np.abs(out.astype(np.int32)).max() <= CEILING


def test_the_limiter_turns_down_a_peak_and_leaves_the_rest_of_the_clip_alone() -> None:
    clip = tone(300, 1.0, peak=4_000)
    clip[RATE // 2 : RATE // 2 + 100] = tone(300, 0.5, peak=30_000)[1_000:1_100]
    mixer = Mixer(volume=4.0)
    mixer.play("a", clip)
    out = run(mixer, RATE // BLOCK)
    assert np.abs(out.astype(np.int32)).max() <= CEILING
    quiet_part = slice(0, RATE // 2 - 4 * BLOCK)
    assert np.array_equal(out[quiet_part], 4 * clip[quiet_part])


def test_a_limited_loud_tone_keeps_its_shape() -> None:
    mixer = Mixer(volume=LOUDEST)
    mixer.play("a", tone(300, 1.0, peak=30_000))
    out = run(mixer, RATE // BLOCK)[2_000:-2_000].astype(np.float64)
    spectrum = np.abs(np.fft.rfft(out * np.hanning(len(out)))) ** 2
    peak = int(np.argmax(spectrum))
    beside = spectrum.sum() - spectrum[peak - 4 : peak + 5].sum()
    assert beside / spectrum.sum() < 1e-4, "the limiter distorts"


def test_anything_but_a_row_of_int16_is_refused_before_the_callback_meets_it() -> None:
    mixer = Mixer()
    with pytest.raises(TypeError, match="row of int16"):
        mixer.play("floats", np.zeros(10))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="row of int16"):
        mixer.play("stereo", np.zeros((10, 2), np.int16))
    assert not mixer.busy


def test_threads_may_play_and_hush_while_the_card_mixes() -> None:
    mixer = Mixer()
    finished = threading.Event()
    dropped: list[str] = []

    def visitor(name: str) -> None:
        for number in range(200):
            mixer.play(f"{name}{number}", ramp(number))
            if number % 7 == 0:
                dropped.extend(mixer.hush())

    visitors = [threading.Thread(target=visitor, args=(name,)) for name in "abc"]

    def watch() -> None:
        for thread in visitors:
            thread.join()
        finished.set()

    for thread in visitors:
        thread.start()
    watcher = threading.Thread(target=watch)
    watcher.start()
    block = 0
    while not finished.is_set() or mixer.busy:
        mixer.next_block(block * STEP)
        block += 1
    watcher.join()
    events = mixer.poll()
    started = [event.clip_id for event in events if isinstance(event, Started)]
    ended = [event.clip_id for event in events if isinstance(event, Played)]
    assert started == ended
    assert sorted(started + dropped) == sorted(f"{n}{i}" for n in "abc" for i in range(200))


# -- a sentence that waits ------------------------------------------------------------------------


def sine(seconds: float) -> Samples:
    wave = 8000 * np.sin(2 * np.pi * 200 * np.arange(round(seconds * RATE)) / RATE)
    return np.asarray(wave, np.int16)


def test_a_pause_fades_within_a_block_and_then_nothing_sounds() -> None:
    mixer = Mixer()
    mixer.play("a", sine(2.0))
    run(mixer, 10)
    mixer.pause()
    fading, silent = run(mixer, 1, 0.3), run(mixer, 20, 0.33)
    assert fading.any()
    assert not silent.any()
    assert mixer.paused
    assert mixer.busy
    assert not mixer.sounding
    assert mixer.sounding_until == pytest.approx(0.33)


def test_what_waits_goes_on_from_its_last_breath_without_a_click() -> None:
    first, second = sine(1.0), sine(2.0)
    clip = np.concatenate([first, np.zeros(1600, np.int16), second])
    mixer = Mixer()
    mixer.play("a", clip)
    before = run(mixer, 60)
    mixer.pause()
    run(mixer, 30, 1.8)
    mixer.resume()
    after = run(mixer, 80, 2.7)
    assert (
        np.abs(np.diff(after.astype(np.int32))).max()
        <= np.abs(np.diff(second.astype(int))).max() + 700
    )
    (started, played) = mixer.poll()
    assert isinstance(started, Started)
    assert isinstance(played, Played)
    assert not played.interrupted
    # A second and a breath, then 0.7 s of the clause twice.
    assert len(before) / RATE == 1.8
    assert played.ended == pytest.approx(2.7 + 2.0, abs=0.03)


def test_a_sentence_hushed_while_it_waits_ended_when_it_fell_silent() -> None:
    mixer = Mixer()
    mixer.play("a", sine(2.0))
    run(mixer, 10)
    mixer.pause()
    run(mixer, 30, 0.3)
    mixer.hush()
    mixer.play("b", sine(0.3))
    run(mixer, 20, 1.2)
    events = [e for e in mixer.poll() if isinstance(e, Played)]
    assert [(e.clip_id, e.interrupted) for e in events] == [("a", True), ("b", False)]
    assert events[0].ended == pytest.approx(0.33)
    assert not mixer.paused


def test_what_is_queued_in_a_pause_waits_too() -> None:
    mixer = Mixer()
    mixer.pause()
    mixer.play("a", sine(0.3))
    assert not run(mixer, 5).any()
    mixer.resume()
    assert run(mixer, 5, 0.15).any()


def test_resume_without_a_pause_changes_nothing() -> None:
    mixer = Mixer()
    mixer.play("a", sine(0.6))
    run(mixer, 10)
    mixer.resume()
    run(mixer, 20, 0.3)
    (_, played) = mixer.poll()
    assert isinstance(played, Played)
    assert played.ended == pytest.approx(0.6)


def test_what_is_left_does_not_count_the_silence_at_the_end() -> None:
    mixer = Mixer()
    mixer.play("gap", np.zeros(RATE // 2, np.int16))
    mixer.play("a", np.concatenate([sine(1.0), np.zeros(RATE, np.int16)]))
    assert mixer.left == pytest.approx(1.5, abs=0.011)
    run(mixer, 50)
    assert mixer.left == 0.0
