"""What the coach says to its own ear, with a voice and an ear that are made up."""

from __future__ import annotations

import numpy as np

from tests.proof.small import small
from voice_coach.audio.port import RATE, Samples
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.lint.hearing import HearingLint
from voice_coach.lint.wording import words_of
from voice_coach.listening.fake import FakeRecogniser, spoken
from voice_coach.listening.port import Grammar
from voice_coach.session import grammar_for

PROTOCOL = small({"steps.unload.say": ["I am here. Stop.", "Okay.", "Lie down."]})
PAUSE = np.zeros(RATE, np.int16)


def slow(text: str) -> Samples:
    """A voice that waits a second at each full stop."""
    parts = [" ".join(words_of(part)) for part in text.split(".") if part.strip()]
    return np.concatenate([np.concatenate([spoken(part), PAUSE]) for part in parts])


def quick(text: str) -> Samples:
    """A voice that waits for nothing."""
    return spoken(" ".join(words_of(text)))


def grammar_of(step: str) -> Grammar:
    return grammar_for(Dialogue(PROTOCOL), step)[0]


def in_unload(text: str) -> list[tuple[str, str, dict[str, str]]]:
    return [("steps.unload.say[0]", text, PROTOCOL.vocabulary("unload"))]


def test_stop_between_two_pauses_is_obeyed_and_must_be_changed() -> None:
    lint = HearingLint(PROTOCOL, slow, FakeRecogniser(), grammar_of)
    found = lint.obeyed(in_unload("I am here. Stop."))
    assert found.wrong == ('steps.unload.say[0]: "I am here. Stop." is heard as "stop" (stop)',)


def test_a_harmless_word_is_a_note() -> None:
    lint = HearingLint(PROTOCOL, slow, FakeRecogniser(), grammar_of)
    found = lint.obeyed(in_unload("Okay."))
    assert found.holds
    assert found.notes == ('steps.unload.say[0]: "Okay." is heard as "okay" (done)',)


def test_the_all_clear_to_a_safety_question_must_be_changed() -> None:
    lint = HearingLint(PROTOCOL, slow, FakeRecogniser(), grammar_of)
    words = PROTOCOL.vocabulary("check_signs")
    found = lint.obeyed([("steps.check_signs.plain", "Say yes. No.", words)])
    assert found.wrong == ('steps.check_signs.plain: "Say yes. No." is heard as "no" (no)',)
    assert not found.notes


def test_a_word_inside_a_sentence_is_not_obeyed() -> None:
    lint = HearingLint(PROTOCOL, quick, FakeRecogniser(), grammar_of)
    assert lint.obeyed(in_unload("I am here. Stop.")).wrong == ()


def test_all_sentences_of_steps_are_listened_to_in_their_own_state() -> None:
    found = HearingLint(PROTOCOL, slow, FakeRecogniser(), grammar_of).obeyed()
    assert not found.holds
    assert any(line.startswith("steps.unload.say[1]") for line in found.notes)


def test_a_clear_voice_is_understood_and_a_mumble_is_not() -> None:
    clear = HearingLint(PROTOCOL, quick, FakeRecogniser(), grammar_of).clear()
    assert clear.holds
    assert "(100%)" in clear.text
    mumble = HearingLint(PROTOCOL, lambda _: spoken("mumble"), FakeRecogniser(), grammar_of)
    found = mumble.clear([("a", "Lie down."), ("b", "Okay.")])
    assert found.wrong == ("2 of 2 are not",)
    assert found.notes[0] == 'a: "Lie down." is heard as "[unk]"'


def test_each_sentence_is_spoken_once() -> None:
    said: list[str] = []

    def speak(text: str) -> Samples:
        said.append(text)
        return quick(text)

    lint = HearingLint(PROTOCOL, speak, FakeRecogniser(), grammar_of)
    lint.obeyed()
    lint.clear()
    assert len(said) == len(set(said))
    assert not any("{" in text for text in said)
