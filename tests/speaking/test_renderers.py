"""What every renderer promises, asked of the real one and of the fake."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from voice_coach.audio.port import RATE
from voice_coach.errors import VoiceError
from voice_coach.speaking.fake import FakeRenderer
from voice_coach.speaking.loudness import active_level
from voice_coach.speaking.port import Renderer, VoiceSettings, VoiceUnavailable
from voice_coach.speaking.pyttsx3_renderer import Pyttsx3Renderer

SENTENCE = "Keep your knee straight, and pull your toes slowly toward your shin."
OTHER_VOICE = "en-us+f3"


@pytest.fixture(params=[Pyttsx3Renderer, lambda: FakeRenderer([OTHER_VOICE])], ids=["real", "fake"])
def renderer(request: pytest.FixtureRequest) -> Iterator[Renderer]:
    make: Callable[[], Renderer] = request.param
    made = make()
    yield made
    made.close()


def test_speech_is_16_bit_mono_of_a_plausible_length(renderer: Renderer) -> None:
    clip = renderer.render(SENTENCE, VoiceSettings())
    assert clip.dtype == np.int16
    assert clip.ndim == 1
    assert 2.5 * RATE < clip.size < 6.0 * RATE


@pytest.mark.parametrize("text", ["No.", "Stop!", SENTENCE, "Hold, hold; and hold."])
def test_every_sentence_is_equally_loud(renderer: Renderer, text: str) -> None:
    speech = renderer.render(text, VoiceSettings()).astype(np.float32) / np.float32(32_768)
    assert active_level(speech) == pytest.approx(-20.0, abs=1.5)
    assert 20 * np.log10(np.abs(speech).max()) <= -1.0


def test_silence_around_the_speech_is_cut(renderer: Renderer) -> None:
    clip = renderer.render(SENTENCE, VoiceSettings()).astype(np.float32)
    loud = np.flatnonzero(np.abs(clip) > 0.02 * np.abs(clip).max())
    assert loud[0] <= 0.04 * RATE
    assert clip.size - loud[-1] <= 0.08 * RATE


def test_the_same_sentence_is_the_same_sound(renderer: Renderer) -> None:
    first = renderer.render(SENTENCE, VoiceSettings())
    again = renderer.render(f"  {SENTENCE}\n", VoiceSettings())
    assert np.array_equal(first, again)


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("Breathe out slowly.", VoiceSettings()),
        ("Breathe in slowly.", VoiceSettings(voice=OTHER_VOICE)),
        ("Breathe in slowly.", VoiceSettings(rate=120)),
        ("Breathe in slowly.", VoiceSettings(pitch=70)),
    ],
)
def test_text_voice_rate_and_pitch_are_heard(
    renderer: Renderer, text: str, settings: VoiceSettings
) -> None:
    plain = renderer.render("Breathe in slowly.", VoiceSettings())
    assert not np.array_equal(plain, renderer.render(text, settings))


def test_a_slower_rate_is_slower(renderer: Renderer) -> None:
    normal = renderer.render(SENTENCE, VoiceSettings(rate=155)).size
    slow = renderer.render(SENTENCE, VoiceSettings(rate=110)).size
    assert slow / normal == pytest.approx(155 / 110, rel=0.12)


def test_a_rate_holds_for_a_whole_text_of_several_sentences(renderer: Renderer) -> None:
    once = renderer.render(SENTENCE, VoiceSettings(rate=110)).size
    twelve = renderer.render(" ".join([SENTENCE] * 12), VoiceSettings(rate=110)).size
    assert twelve >= 12 * once


@pytest.mark.parametrize("text", ["", " \n "])
def test_nothing_to_say_is_refused(renderer: Renderer, text: str) -> None:
    with pytest.raises(VoiceError, match="nothing to say"):
        renderer.render(text, VoiceSettings())


def test_an_unknown_voice_is_refused_by_name(renderer: Renderer) -> None:
    with pytest.raises(VoiceUnavailable, match="'no-such-voice' is not installed"):
        renderer.render("Yes.", VoiceSettings(voice="no-such-voice"))


def test_the_version_names_the_engine_and_stays(renderer: Renderer) -> None:
    assert len(renderer.version) > 3
    assert renderer.version == renderer.version


def test_threads_get_what_each_asked_for(renderer: Renderer) -> None:
    texts = ["Yes.", "No.", "Hold it there.", "Let go now, and rest a little."]
    alone = {text: renderer.render(text, VoiceSettings()) for text in texts}
    together = {}

    def render(text: str) -> None:
        together[text] = renderer.render(text, VoiceSettings(), background=True)

    threads = [threading.Thread(target=render, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for text in texts:
        assert np.array_equal(alone[text], together[text])


def test_a_closed_renderer_refuses(renderer: Renderer) -> None:
    renderer.close()
    renderer.close()
    with pytest.raises(VoiceUnavailable, match="closed"):
        renderer.render("Yes.", VoiceSettings())
