from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from tests.listening.speech import hiss, join, silence, speech
from voice_coach.audio.port import RATE, Samples
from voice_coach.errors import AudioFileError, ModelError, UsageError
from voice_coach.listening.hear import hear, parse_phrases
from voice_coach.listening.model import SpeechModel
from voice_coach.listening.port import Grammar


def wav(path: Path, samples: Samples) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return path


def test_phrases_are_split_tidied_and_closed_unless_unk_is_among_them() -> None:
    assert parse_phrases("yes| No |yes|still   hurts|") == Grammar(
        "--phrases", ("yes", "no", "still hurts"), reject=False
    )
    assert parse_phrases("[unk]|yes") == Grammar("--phrases", ("yes",), reject=True)


@pytest.mark.parametrize("text", ["", "|", "[unk]"])
def test_no_phrases_is_a_mistake(text: str) -> None:
    with pytest.raises(UsageError, match="--phrases"):
        parse_phrases(text)


def test_a_result_a_file_in_order(tmp_path: Path, model: SpeechModel) -> None:
    files = [wav(tmp_path / f"{text}.wav", speech(text)) for text in ("yes", "stop", "no")]
    heard = list(hear(files, parse_phrases("yes|no|stop|[unk]"), model))
    assert [Path(result.file).stem for result in heard] == ["yes", "stop", "no"]
    assert [result.text for result in heard] == ["yes", "stop", "no"]
    assert all(result.accepted and result.intent == result.text for result in heard)
    assert heard[0].audio_seconds == pytest.approx(len(speech("yes")) / RATE)
    assert set(heard[0].as_json()) >= {
        "file",
        "text",
        "intent",
        "accepted",
        "audio_seconds",
        "cpu_seconds",
    }
    assert 0 < heard[0].cpu_seconds < 1


def test_with_unk_other_speech_is_rejected_and_has_no_intent(
    tmp_path: Path, model: SpeechModel
) -> None:
    file = wav(tmp_path / "a.wav", speech("the weather is nice in paris"))
    (result,) = hear([file], parse_phrases("yes|not sure|[unk]"), model)
    assert (result.text, result.intent, result.accepted) == ("[unk]", None, False)


def test_without_unk_it_is_always_one_of_the_phrases(tmp_path: Path, model: SpeechModel) -> None:
    sounds = (speech("the weather is nice in paris"), hiss(0.1, -20), hiss(2, -40))
    files = [wav(tmp_path / f"{n}.wav", sound) for n, sound in enumerate(sounds)]
    for result in hear(files, parse_phrases("yes|not sure"), model):
        assert result.text in ("yes", "not sure")


@pytest.mark.parametrize("phrases", ["yes|no", "yes|no|[unk]"])
def test_digital_silence_is_empty(tmp_path: Path, model: SpeechModel, phrases: str) -> None:
    (result,) = hear([wav(tmp_path / "s.wav", silence(1))], parse_phrases(phrases), model)
    assert (result.text, result.accepted) == ("", False)


def test_intents_come_from_the_caller(tmp_path: Path, model: SpeechModel) -> None:
    file = wav(tmp_path / "nope.wav", speech("nope"))
    intents = {"nope": "no"}
    (result,) = hear([file], Grammar("gate", ("yes", "nope")), model, intents.get)
    assert (result.text, result.intent) == ("nope", "no")


def test_the_first_phrase_of_a_long_recording_counts(tmp_path: Path, model: SpeechModel) -> None:
    weather = speech("the weather is nice in paris")
    sound = join(silence(2), weather, silence(18), speech("not yet"), silence(3), speech("stop"))
    (result,) = hear([wav(tmp_path / "l.wav", sound)], parse_phrases("not yet|stop|[unk]"), model)
    assert (result.text, result.accepted) == ("not yet", True)


def test_unknown_words_and_bad_files_are_named(tmp_path: Path, model: SpeechModel) -> None:
    with pytest.raises(ModelError, match="'qqxx'"):
        list(hear([], parse_phrases("yes|qqxx"), model))
    with pytest.raises(AudioFileError):
        list(hear([tmp_path / "none.wav"], parse_phrases("yes"), model))


def test_a_file_of_one_sample_is_no_crash(tmp_path: Path, model: SpeechModel) -> None:
    file = wav(tmp_path / "short.wav", np.array([1], np.int16))
    (result,) = hear([file], parse_phrases("yes|no|[unk]"), model)
    assert not result.accepted
