"""What the ear makes of audio files."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import numpy as np
import pytest
import soxr

from tests.commands.conftest import Call
from tests.listening.speech import speech
from voice_coach.audio import wav
from voice_coach.commands import hear as command
from voice_coach.listening.model import SpeechModel, open_model


def written(path: Path, *, rate: int = 16_000, channels: int = 1, width: int = 2) -> Path:
    """ "still hurts" in a format of choice."""
    samples = speech("still hurts").astype(np.float64)
    if rate != 16_000:
        samples = soxr.resample(samples, 16_000, rate)
    frames = np.repeat(np.clip(samples, -32768, 32767)[:, None], channels, axis=1)
    data = (
        frames.astype("<i2").tobytes()
        if width == 2
        else np.clip(frames / 256 + 128, 0, 255).astype(np.uint8).tobytes()
    )
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(data)
    return path


@pytest.mark.parametrize(
    "form",
    [{}, {"channels": 2}, {"width": 1}, {"rate": 44_100}, {"rate": 22_050, "channels": 2}],
    ids=["16 kHz mono", "stereo", "8 bit", "44.1 kHz", "22 kHz stereo"],
)
def test_files_of_every_usual_form_are_heard(
    call: Call, tmp_path: Path, form: dict[str, int]
) -> None:
    file = written(tmp_path / "a.wav", **form)
    done = call("hear", file, "--phrases", "yes|no|stop|still hurts|[unk]")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"{file}: still hurts (still hurts, confidence ")


def test_a_step_of_the_conversation_gives_phrases_and_intents(call: Call, tmp_path: Path) -> None:
    file = written(tmp_path / "a.wav")
    done = call("hear", file, "--state", "eased", "--json")
    heard = json.loads(done.out)
    assert (heard["text"], heard["intent"], heard["accepted"]) == ("still hurts", "still", True)
    assert set(heard) == {
        "file", "text", "intent", "accepted", "confidence", "audio_seconds", "cpu_seconds",
    }  # fmt: skip


def test_what_a_step_does_not_know_is_not_understood(call: Call, tmp_path: Path) -> None:
    file = written(tmp_path / "a.wav")
    done = call("hear", file, "--state", "check_chest")
    assert done.code == 0
    assert done.out.startswith(f"{file}: not understood")


def test_wake_is_a_state(call: Call, tmp_path: Path) -> None:
    wav.save(tmp_path / "call.wav", speech("help calf cramp"))
    done = call("hear", tmp_path / "call.wav", "--state", "wake")
    assert done.out.startswith(f"{tmp_path / 'call.wav'}: help calf cramp (wake, confidence ")


def test_bad_files_are_named_and_the_others_heard_all_the_same(call: Call, tmp_path: Path) -> None:
    good = written(tmp_path / "good.wav")
    empty = tmp_path / "empty.wav"
    empty.touch()
    text = tmp_path / "text.wav"
    text.write_text("This is no sound at all, however long one listens to it.")
    missing = tmp_path / "missing.wav"
    done = call("hear", missing, empty, text, tmp_path, good, "--phrases", "still hurts|yes")
    assert done.code == 7
    assert done.out.count("\n") == 1
    assert "still hurts" in done.out
    errors = done.err.splitlines()
    assert [str(path) in line for path, line in zip(
        (missing, empty, text, tmp_path), errors, strict=True)] == [True] * 4  # fmt: skip
    assert all(line.startswith("voice-coach: ") for line in errors)
    assert "There is no file" in errors[0]
    assert "is empty" in errors[1]
    assert "is not a WAV file" in errors[2]


def test_hundreds_of_files_load_the_model_once(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads = []

    def counted(folder: Path | None) -> SpeechModel:
        loads.append(folder)
        return open_model(folder)

    monkeypatch.setattr(command, "open_model", counted)
    wav.save(tmp_path / "quiet.wav", np.zeros(1600, np.int16))
    files = [tmp_path / "quiet.wav"] * 300
    done = call("hear", *files, "--phrases", "yes|no")
    assert done.out.count("not understood\n") == 300
    assert len(loads) == 1


def test_words_the_model_does_not_know(call: Call, tmp_path: Path) -> None:
    file = written(tmp_path / "a.wav")
    assert "xylofonix" in call("hear", file, "--phrases", "xylofonix|yes").refused(4)
