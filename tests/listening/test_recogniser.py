"""What every Recogniser must do: the fake and Vosk, word for word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from tests.listening.speech import join, silence, speech
from voice_coach.audio.port import BLOCK, RATE, Samples
from voice_coach.errors import ModelError
from voice_coach.listening.fake import FakeRecogniser, spoken
from voice_coach.listening.model import SpeechModel
from voice_coach.listening.port import Grammar, Recogniser, Recognition
from voice_coach.listening.vosk_recogniser import LOADED_GRAPHS, VoskRecogniser, _ExactRoute

STATE = Grammar(
    "hold",
    ("still hurts", "not yet", "it's gone", "softer", "stop", "okay"),
    decoys=("good night",),
)


@dataclass
class Ear:
    """A recogniser and a way to speak to it."""

    recogniser: Recogniser
    say: Callable[[str], Samples]

    def hear(self, text: str, chunk: int = BLOCK) -> Recognition:
        sound = join(silence(0.3), self.say(text), silence(0.5))
        for at in range(0, len(sound), chunk):
            self.recogniser.feed(sound[at : at + chunk])
        return self.recogniser.finish()


@pytest.fixture(params=["fake", "vosk"])
def ear(request: pytest.FixtureRequest, model: SpeechModel) -> Ear:
    if request.param == "fake":
        known = "still hurts not yet it's gone softer stop okay good night yes no"
        return Ear(FakeRecogniser(words=known.split()), spoken)
    return Ear(VoskRecogniser(model), speech)


def test_phrases_are_heard_and_accepted(ear: Ear) -> None:
    ear.recogniser.use(STATE)
    for phrase in STATE.phrases:
        heard = ear.hear(phrase)
        assert (heard.text, heard.accepted) == (phrase, True)
        assert 0 < heard.confidence <= 1
        assert heard.start == pytest.approx(0.3, abs=0.15)
        assert heard.start < heard.end <= 0.3 + len(ear.say(phrase)) / RATE + 0.15


def test_other_speech_is_unknown_and_never_accepted(ear: Ear) -> None:
    ear.recogniser.use(STATE)
    heard = ear.hear("the weather in paris")
    assert heard.text not in STATE.phrases
    assert not heard.accepted


def test_the_words_of_two_phrases_do_not_make_a_third(ear: Ear) -> None:
    ear.recogniser.use(STATE)
    assert not ear.hear("not gone hurts").accepted


def test_a_decoy_is_recognised_but_not_accepted(ear: Ear) -> None:
    ear.recogniser.use(STATE)
    heard = ear.hear("good night")
    assert (heard.text, heard.accepted) == ("good night", False)


def test_silence_is_nothing(ear: Ear) -> None:
    ear.recogniser.use(STATE)
    assert ear.recogniser.finish() == Recognition("", accepted=False)
    ear.recogniser.feed(silence(1.0))
    heard = ear.recogniser.finish()
    assert (heard.text, heard.accepted) == ("", False)


def test_the_grammar_may_change_in_mid_utterance(ear: Ear) -> None:
    ear.recogniser.use(STATE)
    ear.recogniser.feed(ear.say("still hurts"))
    ear.recogniser.use(Grammar("gate", ("yes", "no")))
    assert ear.recogniser.partial() == ""
    assert ear.hear("yes").text == "yes"


def test_reset_drops_what_was_fed(ear: Ear) -> None:
    ear.recogniser.use(STATE)
    ear.recogniser.feed(ear.say("stop"))
    ear.recogniser.reset()
    assert ear.recogniser.partial() == ""
    assert ear.recogniser.finish().text == ""


def test_the_partial_grows_into_the_phrase(ear: Ear) -> None:
    ear.recogniser.use(STATE)
    assert ear.recogniser.partial() == ""
    ear.recogniser.feed(join(ear.say("it's gone"), silence(0.4)))
    assert ear.recogniser.partial() == "it's gone"


def test_unknown_words_are_named(ear: Ear) -> None:
    with pytest.raises(ModelError, match="'zyzzyvax'"):
        ear.recogniser.check(Grammar("state", ("not yet", "not zyzzyvax")))
    with pytest.raises(ModelError, match="'zyzzyvax'"):
        ear.recogniser.use(Grammar("state", ("stop",), decoys=("zyzzyvax",)))


def test_a_grammar_without_phrases_hears_nothing(ear: Ear) -> None:
    ear.recogniser.use(Grammar("deaf", ()))
    heard = ear.hear("stop")
    assert not heard.accepted


def test_vosk_hears_the_same_whatever_the_size_of_the_pieces(model: SpeechModel) -> None:
    ear = Ear(VoskRecogniser(model), speech)
    ear.recogniser.use(STATE)
    whole = ear.hear("still hurts", chunk=10 * RATE)
    assert whole == ear.hear("still hurts", chunk=BLOCK) == ear.hear("still hurts", chunk=1600)


def test_vosk_never_ends_an_utterance_by_itself(model: SpeechModel) -> None:
    ear = Ear(VoskRecogniser(model), speech)
    ear.recogniser.use(STATE)
    for _ in range(200):
        ear.recogniser.feed(silence(0.03))
    heard = ear.hear("softer")
    assert (heard.text, heard.accepted) == ("softer", True)
    assert heard.start == pytest.approx(6.3, abs=0.15)


def test_a_closed_grammar_always_answers(model: SpeechModel) -> None:
    ear = Ear(VoskRecogniser(model), speech)
    grammar = Grammar("closed", ("yes", "no", "not sure"), reject=False)
    ear.recogniser.use(grammar)
    for text in ("yes", "the weather", "banana"):
        heard = ear.hear(text)
        assert heard.accepted
        assert heard.text in grammar.phrases


def test_a_grammar_that_is_expected_or_was_forgotten_works_as_ever(ear: Ear) -> None:
    other = Grammar("other", ("yes", "no"))
    ear.recogniser.expect(other, STATE)
    ear.recogniser.use(STATE)
    assert ear.hear("softer").text == "softer"
    ear.recogniser.forget(other)
    assert ear.hear("stop").text == "stop"
    ear.recogniser.use(other)
    assert ear.hear("yes").text == "yes"


def test_what_is_expected_is_loaded_by_then_and_what_is_forgotten_is_freed(
    model: SpeechModel,
) -> None:
    recogniser = VoskRecogniser(model)
    route = recogniser._route
    assert isinstance(route, _ExactRoute)
    other = Grammar("other", ("yes", "no"))
    recogniser.expect(STATE, other)
    assert route._ahead is not None
    route._ahead.join(30)
    assert len(route._loaded) == 2
    recogniser.forget(STATE)
    assert len(route._loaded) == 1
    recogniser.use(STATE)
    assert len(route._loaded) == 1


def test_a_word_nobody_knows_is_told_by_use_and_not_by_expect(model: SpeechModel) -> None:
    recogniser = VoskRecogniser(model)
    strange = Grammar("strange", ("xyzzy",))
    recogniser.expect(strange)
    with pytest.raises(ModelError, match="xyzzy"):
        recogniser.use(strange)


def test_more_grammars_than_are_kept_loaded_still_work(model: SpeechModel) -> None:
    ear = Ear(VoskRecogniser(model), speech)
    words = ("yes", "no", "stop", "help", "okay", "softer", "better", "worse", "ready", "louder")
    assert len(words) > LOADED_GRAPHS
    for word in (*words, words[0]):
        ear.recogniser.use(Grammar(word, (word, "calf cramp")))
        assert ear.hear("calf cramp").accepted


@pytest.mark.parametrize("seed", range(3))
def test_noise_is_not_taken_for_a_phrase(model: SpeechModel, seed: int) -> None:
    recogniser = VoskRecogniser(model)
    recogniser.use(Grammar("short", ("yes", "no", "stop", "done", "okay", "help")))
    noise = np.random.default_rng(seed).standard_normal(3 * RATE) * 2000
    recogniser.feed(np.asarray(noise, np.int16))
    assert not recogniser.finish().accepted
