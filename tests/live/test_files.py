"""A call in a WAV file, answered into another one, in virtual time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from tests.live.hearing import Listener, activity, offset_of, transcribe
from tests.live.program import ROOT
from voice_coach.audio import wav
from voice_coach.audio.port import RATE, Samples
from voice_coach.content.loader import sentences
from voice_coach.dialogue.protocol import Protocol
from voice_coach.speaking.cache import CACHE_VARIABLE
from voice_coach.speaking.voice import Voice

CALL_AT: Final = 1.0
"""Seconds of silence before the call."""


@dataclass(frozen=True)
class Night:
    """What one run of the command left behind."""

    records: list[dict[str, Any]]
    output: str
    played: Samples

    def said(self) -> list[dict[str, Any]]:
        return [record for record in self.records if record["type"] == "say"]


def run(folder: Path, clips: Path, microphone: Samples) -> Night:
    """``voice-coach --mic call.wav --speaker out.wav --events e.jsonl``."""
    wav.save(folder / "call.wav", microphone)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "voice_coach", "--mic", "call.wav", "--speaker", "out.wav"),
            *("--events", "e.jsonl", "--region", "GB"),
        ],
        cwd=folder,
        env={**os.environ, CACHE_VARIABLE: str(clips), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
        text=True,
        timeout=180,
    )
    lines = (folder / "e.jsonl").read_text(encoding="utf-8").splitlines()
    return Night([json.loads(line) for line in lines], done.stdout, wav.load(folder / "out.wav"))


def spoken_at(parts: list[tuple[float, Samples]]) -> Samples:
    """A recording of clips that begin at these seconds."""
    sound = np.zeros(round(max(at for at, _ in parts) * RATE) + 4 * RATE, np.int16)
    for at, clip in parts:
        first = round(at * RATE)
        sound[first : first + len(clip)] = clip
    return sound


@pytest.mark.slow
def test_a_recorded_call_is_answered_into_a_file(
    tmp_path: Path, clips: Path, somebody: Voice, protocol: Protocol
) -> None:
    call = somebody.clip("help calf cramp")
    parts = [(CALL_AT, call)]
    zero = CALL_AT + len(call) / RATE
    # Each run tells when the next question ends. Time is virtual, so up to there all are the same.
    for prompt, delay, answer in (
        ("position.say.0", 1.0, "i'm sitting down"),
        ("stretch_hand.say.2", 8.0, "chest pain"),
        ("emergency.say.3", 1.0, "okay"),
    ):
        night = run(tmp_path, clips, spoken_at(parts))
        asked = next(record["end"] for record in night.said() if record["prompt"] == prompt)
        parts.append((zero + asked + delay, somebody.clip(answer)))
    night = run(tmp_path, clips, spoken_at(parts))

    heard = [(record["intent"], record["text"]) for record in night.records
             if record["type"] == "heard"]  # fmt: skip
    assert heard == [
        ("wake", "help calf cramp"), ("sitting", "i'm sitting down"), ("chest", "chest pain"),
        ("done", "okay"),
    ]  # fmt: skip
    assert night.records[-1]["outcome"] == "emergency"
    levels = [record["level"] for record in night.records if record["type"] == "advice"]
    assert levels[-1] == "emergency"
    assert night.output.rstrip().endswith("The recording is over.")

    # What is in the file is what the log says, at the time it says.
    offset = offset_of(night.played, night.said())
    assert offset == pytest.approx(zero, abs=0.3)
    sounding = activity(night.played)
    spoken_edges = [edge for r in night.said() for edge in (r["start"], r["end"])]
    beside = spoken_edges + [cue["t"] for cue in night.records if cue["type"] == "cue"]
    alone = [edge for edge in spoken_edges if sum(abs(b - edge) < 0.25 for b in beside) == 1]
    assert len(alone) > len(night.said())
    for edge in alone:
        middle = round((edge + offset) * 100)
        changes = np.flatnonzero(np.diff(sounding[middle - 8 : middle + 9])) - 7
        assert len(changes), edge
        assert min(abs(changes)) <= 6, edge
    listener = Listener([text for _, text in sentences(protocol)] + ["Call nine nine nine now."])
    spoken = transcribe(night.played, night.said(), listener, offset)
    assert [s.heard for s in spoken if s.text in listener.known] == [
        s.text for s in spoken if s.text in listener.known
    ]
    assert "call nine nine nine now" in [s.heard for s in spoken]


def test_a_file_without_a_call_ends_quietly(tmp_path: Path, clips: Path) -> None:
    night = run(tmp_path, clips, np.zeros(3 * RATE, np.int16))
    assert night.records == []
    assert not night.played.any()
    assert "The recording is over." in night.output
