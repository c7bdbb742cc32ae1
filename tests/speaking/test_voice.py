from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from voice_coach.audio.port import Samples
from voice_coach.errors import VoiceError
from voice_coach.speaking.cache import ClipCache
from voice_coach.speaking.fake import FakeRenderer
from voice_coach.speaking.port import VoiceSettings, VoiceUnavailable
from voice_coach.speaking.pyttsx3_renderer import Pyttsx3Renderer
from voice_coach.speaking.voice import BACKGROUND_WORKERS, Voice

WAIT = 10.0


class Gate(FakeRenderer):
    """Renders nothing before it is opened, and counts how many wait at once."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = threading.Event()
        self.entered = threading.Semaphore(0)
        self.began: list[str] = []
        self.at_once = 0
        self.most = 0
        self._count = threading.Lock()

    def render(self, text: str, settings: VoiceSettings, *, background: bool = False) -> Samples:
        with self._count:
            self.began.append(text)
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        self.entered.release()
        try:
            assert self.opened.wait(WAIT)
            return super().render(text, settings, background=background)
        finally:
            with self._count:
                self.at_once -= 1

    def close(self) -> None:
        super().close()
        self.opened.set()


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def slow(gate: Gate, tmp_path: Path) -> Iterator[Voice]:
    with Voice(gate, ClipCache(tmp_path)) as voice:
        yield voice


@pytest.fixture
def fake() -> FakeRenderer:
    return FakeRenderer()


@pytest.fixture
def voice(fake: FakeRenderer, tmp_path: Path) -> Iterator[Voice]:
    with Voice(fake, ClipCache(tmp_path)) as voice:
        yield voice


def test_a_sentence_is_rendered_once_and_then_remembered(voice: Voice, fake: FakeRenderer) -> None:
    assert not voice.ready("Hello there.")
    first = voice.clip("Hello there.")
    assert voice.clip(" Hello  there. ") is first
    assert voice.ready("Hello there.")
    assert fake.calls == ["Hello there."]


def test_the_next_program_renders_nothing(tmp_path: Path) -> None:
    with Voice(FakeRenderer(), ClipCache(tmp_path)) as before:
        clip = before.clip("Hello.")
    fake = FakeRenderer()
    with Voice(fake, ClipCache(tmp_path)) as after:
        assert np.array_equal(after.clip("Hello."), clip)
    assert fake.calls == []


def test_another_rate_is_another_clip(voice: Voice) -> None:
    assert voice.clip("Hello there.", rate=110).size > voice.clip("Hello there.").size
    assert voice.ready("Hello there.", rate=110)
    assert not voice.ready("Hello there.", rate=111)


def test_a_request_never_waits_and_is_done_at_once_when_remembered(slow: Voice, gate: Gate) -> None:
    future = slow.request("Hello.")
    assert not future.done()
    assert not future.cancel()
    gate.opened.set()
    clip = future.result(WAIT)
    assert slow.request("Hello.").result(0) is clip


def test_all_who_want_one_sentence_share_one_rendering(slow: Voice, gate: Gate) -> None:
    slow.prefetch(["Hello."])
    futures = [slow.request("Hello.") for _ in range(5)]
    clips: list[Samples] = []
    threads = [threading.Thread(target=lambda: clips.append(slow.clip("Hello."))) for _ in range(5)]
    for thread in threads:
        thread.start()
    gate.opened.set()
    for thread in threads:
        thread.join(WAIT)
    assert len(clips) == 5
    assert {id(clip) for clip in clips} == {id(future.result(WAIT)) for future in futures}
    assert gate.calls == ["Hello."]


def test_a_prompt_never_waits_behind_a_prefetch(slow: Voice, gate: Gate) -> None:
    slow.prefetch([f"Sentence {index}." for index in range(20)])
    for _ in range(BACKGROUND_WORKERS):
        assert gate.entered.acquire(timeout=WAIT)
    future = slow.request("Now.")
    assert gate.entered.acquire(timeout=WAIT)
    assert gate.at_once == BACKGROUND_WORKERS + 1
    gate.opened.set()
    future.result(WAIT)


def test_prefetch_keeps_to_two_at_a_time(slow: Voice, gate: Gate) -> None:
    texts = [f"Sentence {index}." for index in range(20)]
    slow.prefetch(texts)
    for _ in range(BACKGROUND_WORKERS):
        assert gate.entered.acquire(timeout=WAIT)
    assert not gate.entered.acquire(timeout=0.2)
    gate.opened.set()
    for text in texts:
        slow.clip(text)
    assert sorted(gate.calls) == sorted(texts)


def test_the_newest_wish_comes_first(tmp_path: Path) -> None:
    gate = Gate()
    with Voice(gate, ClipCache(tmp_path)) as voice:
        voice.prefetch(["Busy one.", "Busy two."])
        first = voice.request("Busy three.")
        for _ in range(BACKGROUND_WORKERS + 1):
            assert gate.entered.acquire(timeout=WAIT)
        futures = [voice.request(text) for text in ("Old.", "Middle.", "New.", "Old.")]
        gate.opened.set()
        for future in (first, *futures):
            future.result(WAIT)
    asked = [text for text in gate.calls if not text.startswith("Busy")]
    assert asked == ["Old.", "New.", "Middle."]


def test_a_prefetched_sentence_that_is_needed_now_overtakes(slow: Voice, gate: Gate) -> None:
    slow.prefetch([f"Sentence {index}." for index in range(20)])
    for _ in range(BACKGROUND_WORKERS):
        assert gate.entered.acquire(timeout=WAIT)
    future = slow.request("Sentence 19.")
    assert gate.entered.acquire(timeout=WAIT)
    assert sorted(gate.began) == ["Sentence 0.", "Sentence 1.", "Sentence 19."]
    gate.opened.set()
    future.result(WAIT)
    assert gate.calls.count("Sentence 19.") == 1


class Broken(FakeRenderer):
    """Fails as often as it is told to."""

    def __init__(self, failures: int, error: Exception) -> None:
        super().__init__()
        self.failures = failures
        self.error = error
        self.tried = 0

    def render(self, text: str, settings: VoiceSettings, *, background: bool = False) -> Samples:
        self.tried += 1
        if self.tried <= self.failures:
            raise self.error
        return super().render(text, settings, background=background)


def test_a_failure_reaches_everybody_and_is_not_remembered(tmp_path: Path) -> None:
    broken = Broken(1, VoiceError("The voice engine was ended by signal 6."))
    with Voice(broken, ClipCache(tmp_path)) as voice:
        with pytest.raises(VoiceError, match="signal 6"):
            voice.clip("Hello.")
        assert not voice.ready("Hello.")
        assert voice.clip("Hello.").size > 0


def test_a_fault_of_ours_does_not_leave_anybody_waiting(tmp_path: Path) -> None:
    with Voice(Broken(1, ZeroDivisionError("oops")), ClipCache(tmp_path)) as voice:
        with pytest.raises(ZeroDivisionError):
            voice.request("Hello.").result(WAIT)
        assert voice.clip("Hello.").size > 0


def test_without_an_engine_prefetching_gives_up(tmp_path: Path) -> None:
    broken = Broken(10_000, VoiceUnavailable("There is no voice engine: install one."))
    with Voice(broken, ClipCache(tmp_path)) as voice:
        voice.prefetch([f"Sentence {index}." for index in range(500)])
        with pytest.raises(VoiceUnavailable, match="no voice engine"):
            voice.clip("Sentence 499.")
    assert broken.tried < 50


def test_a_damaged_entry_is_made_again(tmp_path: Path) -> None:
    with Voice(FakeRenderer(), ClipCache(tmp_path)) as before:
        clip = before.clip("Hello.")
    for path in (tmp_path / "clips").iterdir():
        path.write_bytes(path.read_bytes()[:-1])
    fake = FakeRenderer()
    with Voice(fake, ClipCache(tmp_path)) as after:
        assert np.array_equal(after.clip("Hello."), clip)
    assert fake.calls == ["Hello."]


def test_a_cache_that_cannot_be_written_costs_a_warning_and_no_prompt(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    fake = FakeRenderer()
    with Voice(fake, ClipCache(blocker)) as voice:
        assert voice.warning == ""
        assert voice.clip("Hello.") is voice.clip("Hello.")
        assert "cannot be kept" in voice.warning
    assert fake.calls == ["Hello."]


def test_closing_answers_everybody_and_what_comes_after(slow: Voice) -> None:
    others = set(threading.enumerate())
    futures = [slow.request(f"Sentence {index}.") for index in range(5)]
    slow.prefetch(["Later."])
    slow.close()
    slow.close()
    for future in futures:
        with pytest.raises(VoiceError, match="closed"):
            future.result(0)
    with pytest.raises(VoiceError, match="closed"):
        slow.clip("Hello.")
    slow.prefetch(["Hello."])
    left = set(threading.enumerate()) - others
    assert not [thread for thread in left if thread.name == "voice"]


def children() -> set[int]:
    """Living children of this process, those that are not yet collected included."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            if parent == os.getpid():
                found.add(int(entry.name))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_closing_ends_hanging_children_at_once(tmp_path: Path) -> None:
    before = children()
    body = "import sys, time; print(sys.stdin.read()); time.sleep(600)"
    renderer = Pyttsx3Renderer(command=[sys.executable, "-c", body], timeout=60)
    renderer.__dict__["_version"] = "hangs 1"
    voice = Voice(renderer, ClipCache(tmp_path))
    voice.prefetch([f"Sentence {index}." for index in range(9)])
    future = voice.request("Now.")
    end = time.monotonic() + WAIT
    while len(children() - before) < BACKGROUND_WORKERS + 1:
        assert time.monotonic() < end
        time.sleep(0.01)
    began = time.monotonic()
    voice.close()
    assert time.monotonic() - began < 2.0
    assert children() - before == set()
    with pytest.raises(VoiceError):
        future.result(0)


def test_what_was_forgotten_is_on_disk_and_can_be_fetched_again(tmp_path: Path) -> None:
    texts = ["One.", "Two.", "Three."]
    with Voice(FakeRenderer(), ClipCache(tmp_path)) as voice:
        clips = [voice.clip(text) for text in texts]
        voice.forget(["One."])
        assert voice.request("One.").done()
        assert not voice.request("Two.").done() or np.array_equal(voice.clip("Two."), clips[1])
        voice.forget(["One."])
        voice.prefetch(texts)
        for text, clip in zip(texts, clips, strict=True):
            assert np.array_equal(voice.clip(text), clip)


def test_the_real_engine_from_prefetch_to_disk(tmp_path: Path) -> None:
    texts = ["Hold it there.", "Let go now.", "Well done."]
    with Voice(Pyttsx3Renderer(), ClipCache(tmp_path)) as voice:
        voice.prefetch(texts)
        clips = [voice.clip(text) for text in texts]
    fake_free = Voice(Pyttsx3Renderer(), ClipCache(tmp_path))
    with fake_free as again:
        assert all(
            np.array_equal(clip, again.clip(text)) for clip, text in zip(clips, texts, strict=True)
        )
    assert len(list((tmp_path / "clips").iterdir())) == 3
