"""How long the coach takes to answer: from the end of the person's word to its first sample.

The real command on the virtual sound card, led through whole conversations by a synthetic person.
What goes into the microphone and what comes out of the speaker is recorded, both on the machine's
clock. Beside it, on the same sound: when Vosk's own endpoint and PocketSphinx's would have known
that the word was over, with nothing rendered or played yet.

    python -m scripts.bench.latency [--exchanges 30] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pocketsphinx
import vosk

from tests.live.person import Person
from tests.live.program import Program
from tests.virtual_card import VirtualCard
from voice_coach.audio.port import BLOCK, RATE, Samples
from voice_coach.content import load_protocol
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.listening.model import open_model
from voice_coach.session import grammar_for
from voice_coach.speaking.cache import CACHE_VARIABLE, ClipCache
from voice_coach.speaking.port import VoiceSettings
from voice_coach.speaking.pyttsx3_renderer import Pyttsx3Renderer
from voice_coach.speaking.voice import Voice

MEDIAN_TARGET: Final = 400
P95_TARGET: Final = 700
"""Milliseconds."""

CALL: Final = "help calf cramp"

ANSWERS: Final[dict[str, str | tuple[float, str]]] = {
    "position": "sitting|i'm sitting down",
    "stretch_hand": (3.0, "better|it's letting go"),
    "eased": "yes|it's letting go",
    "check_chest": "no|not at all",
    "check_signs": "no|not at all",
    "check_risk": "nope|no",
    "check_injury": "no|not at all",
    "check_push": "yes i can|yep",
    "how_bad": "not bad",
    "palm": "okay|i'm ready",
    "knead": (3.5, "done|all done"),
    "find_knot": "i'm ready|okay",
    "knot": (2.0, "softer|it's softer"),
    "gone_check": "it's gone|all gone",
    "tender": "no|not at all",
    "tight": "no|not at all",
    "water": "done|okay",
    "prevent": "next|okay",
    "ask_pain": "no|not at all",
    "ask_urine": "no|not at all",
    "ask_numb": "nope|no",
    "ask_medicine": "no|not at all",
    "ask_often": "no|not at all",
}
"""What people say on an ordinary night, in its proportions: many a "no"."""

VOICES: Final = ("en-us+f2", "en-us+m3", "en-gb+f3")

_LOUD: Final = 60
"""Sample value above which there is sound: the air is digitally silent otherwise."""

_PAUSE: Final = 0.6
"""Seconds of silence that part one saying from the next."""


@dataclass
class Exchange:
    """One word of the person and the coach's answer; times in milliseconds after the word's end."""

    text: str
    answer: float
    """First sample of the answer, by ear."""
    told: float
    """First sample of the answer, as the event log has it."""
    decided: float
    """When the endpoint was declared, by the event log."""
    vosk: float | None
    pocketsphinx: float | None


class Tape:
    """Records what a sink plays, and when: the sinks' clocks are the machine's own.

    A piece arrives some time after its last sample has passed, never before. So the piece that
    was quickest tells when the recording began, to within a few milliseconds.
    """

    def __init__(self, card: VirtualCard, sink: str) -> None:
        self._recorder = subprocess.Popen(
            [
                *("parec", "--raw", f"--rate={RATE}", "--channels=1", "--format=s16le"),
                *("--latency-msec=10", "-d", f"{sink}.monitor"),
            ],
            env={**os.environ, **card.environment},
            stdout=subprocess.PIPE,
        )
        self._data = bytearray()
        self._began = float("inf")
        self._running = threading.Event()
        self._thread = threading.Thread(target=self._collect, daemon=True)
        self._thread.start()
        self._running.wait(10)

    def _collect(self) -> None:
        assert self._recorder.stdout is not None
        while data := os.read(self._recorder.stdout.fileno(), 65536):
            self._data += data
            self._began = min(self._began, time.monotonic() - len(self._data) / 2 / RATE)
            self._running.set()

    def close(self) -> Track:
        """What was recorded."""
        self._recorder.terminate()
        self._recorder.wait(timeout=10)
        self._thread.join(timeout=10)
        sound = np.frombuffer(bytes(self._data[: len(self._data) // 2 * 2]), "<i2")
        return Track(sound.astype(np.int16), self._began)


@dataclass(frozen=True)
class Track:
    """A recording and the time of its first sample, seconds on the machine's clock."""

    sound: Samples
    began: float

    def stretches(self) -> list[tuple[float, float]]:
        """When each thing that is said begins and ends, by the machine's clock."""
        loud = np.flatnonzero(np.abs(self.sound.astype(np.int32)) > _LOUD)
        if not len(loud):
            return []
        breaks = np.flatnonzero(np.diff(loud) > _PAUSE * RATE)
        starts = loud[np.concatenate([[0], breaks + 1])]
        ends = loud[np.concatenate([breaks, [len(loud) - 1]])] + 1
        return [
            (self.began + s / RATE, self.began + e / RATE)
            for s, e in zip(starts, ends, strict=True)
        ]

    def onset_after(self, moment: float) -> float:
        """When sound begins, the first time after a moment of the machine's clock."""
        first = max(0, round((moment - self.began) * RATE))
        loud = np.flatnonzero(np.abs(self.sound[first:].astype(np.int32)) > _LOUD)
        return self.began + (first + int(loud[0])) / RATE if len(loud) else float("inf")

    def between(self, start: float, end: float) -> Samples:
        """The sound from one moment to another."""
        first = max(0, round((start - self.began) * RATE))
        return self.sound[first : max(0, round((end - self.began) * RATE))]


def disagreement(card: VirtualCard) -> list[float]:
    """Seconds by which the two recordings' clocks differ, for clicks that go to both sinks."""
    both = card.control(
        "load-module", "module-combine-sink", "sink_name=both", "slaves=spk,micfeed"
    )
    spk, micfeed = Tape(card, "spk"), Tape(card, "micfeed")
    clicks = np.zeros(6 * RATE, "<i2")
    clicks[RATE::RATE] = 20_000
    subprocess.run(
        ["paplay", "--raw", f"--rate={RATE}", "--channels=1", "--format=s16le", "-d", "both",
         "/dev/stdin"],
        input=clicks.tobytes(), env={**os.environ, **card.environment}, check=True, timeout=30,
    )  # fmt: skip
    tracks = spk.close(), micfeed.close()
    card.control("unload-module", both)
    pairs = zip(*(track.stretches() for track in tracks), strict=False)
    return [one[0] - other[0] for one, other in pairs]


def converse(card: VirtualCard, voice: Voice, environment: dict[str, str]) -> list[Exchange]:
    """One night, and what its exchanges took."""
    protocol = load_protocol()
    person = Person(card, voice, protocol, ANSWERS)
    tapes = Tape(card, "spk"), Tape(card, "micfeed")
    with Program("--region", "GB", environment=environment) as program:
        program.wait_for_output("Listening")
        for _ in range(5):
            person.call(CALL)
            try:
                program.wait_for_record(lambda record: record["type"] == "heard", 4.0)
                break
            except TimeoutError:
                continue
        person.converse(program, 400.0)
        program.interrupt()
        records = program.records
    coach, said = (tape.close() for tape in tapes)
    return measure(records, coach, said, Dialogue(protocol))


def measure(
    records: list[dict[str, Any]], coach: Track, said: Track, dialogue: Dialogue
) -> list[Exchange]:
    """Match what was said with what was heard and answered."""
    words = said.stretches()
    rivals = Rivals(dialogue)
    zero = _zero(records, words)
    exchanges = []
    step = ""
    for i, record in enumerate(records):
        step = record["step"] if record["type"] == "state" else step
        if record["type"] != "heard" or not record["accepted"] or record["intent"] == "wake":
            continue
        start, end = min(words, key=lambda word: abs(word[1] - zero - record["word_end"]))
        answer = next(r for r in records[i:] if r["type"] == "say" and r["t"] > record["decided"])
        if abs(end - zero - record["word_end"]) > 0.5 or not start < end:
            continue  # not one of ours
        grammar, _ = grammar_for(dialogue, step)
        sound = said.between(start - 0.3, end + 3.0)
        ended = round((end - start + 0.3) * RATE)
        exchanges.append(
            Exchange(
                record["text"],
                float(1000 * (coach.onset_after(end) - end)),
                1000 * (answer["start"] - record["word_end"]),
                1000 * (record["decided"] - record["word_end"]),
                rivals.vosk(sound, grammar.phrases, ended),
                rivals.pocketsphinx(sound, ended),
            )
        )
    return exchanges


def _zero(records: list[dict[str, Any]], words: list[tuple[float, float]]) -> float:
    """When the log's time began: at the end of the call, which is one of these words."""
    heard = [record["word_end"] for record in records if record["type"] == "heard"]
    ends = np.array([end for _, end in words])

    def misfit(zero: float) -> float:
        return float(np.median([np.abs(ends - zero - at).min() for at in heard]))

    return min((float(end) for end in ends), key=misfit)


class Rivals:
    """When other endpoints, as they come out of the box, say that the word is over."""

    def __init__(self, dialogue: Dialogue) -> None:
        vosk.SetLogLevel(-1)
        self._model = vosk.Model(str(open_model().folder))
        words = {
            w for phrases in dialogue.protocol.intents.values() for p in phrases for w in p.split()
        }
        self._unknown = {w for w in words if self._model.vosk_model_find_word(w) < 0}

    def vosk(self, sound: Samples, phrases: tuple[str, ...], end: int) -> float | None:
        """Milliseconds after sample ``end`` at which a grammar of these phrases has its result."""
        known = [p for p in phrases if not self._unknown & set(p.split())]
        recogniser = vosk.KaldiRecognizer(self._model, RATE, json.dumps([*known, "[unk]"]))
        for at in range(BLOCK, len(sound), BLOCK):
            if recogniser.AcceptWaveform(sound[at - BLOCK : at].tobytes()) and at > end:
                return 1000 * (at - end) / RATE
        return None

    def pocketsphinx(self, sound: Samples, end: int) -> float | None:
        """Milliseconds after sample ``end`` at which the speech is over; no word is known yet."""
        endpointer = pocketsphinx.Endpointer()
        size = endpointer.frame_bytes // 2
        spoken = False
        for at in range(size, len(sound), size):
            endpointer.process(sound[at - size : at].tobytes())
            spoken = spoken or endpointer.in_speech
            if spoken and not endpointer.in_speech and at > end:
                return 1000 * (at - end) / RATE
        return None


def _row(name: str, values: list[float]) -> str:
    if not values:
        return f"| {name} | 0 | | | |"
    low, middle, high, top = np.percentile(values, [0, 50, 95, 100])
    return f"| {name} | {len(values)} | {middle:.0f} | {high:.0f} | {low:.0f} - {top:.0f} |"


def table(exchanges: list[Exchange]) -> str:
    """The results in Markdown."""
    vosk_alone = [e.vosk for e in exchanges if e.vosk is not None]
    sphinx = [e.pocketsphinx for e in exchanges if e.pocketsphinx is not None]
    rows = [
        "| milliseconds after the end of the word | n | median | p95 | range |",
        "|---|---|---|---|---|",
        _row("first sample of the answer at the speaker", [e.answer for e in exchanges]),
        _row("the same by the event log", [e.told for e in exchanges]),
        _row("our endpoint, by the event log", [e.decided for e in exchanges]),
        _row("Vosk's own endpoint has its result", vosk_alone),
        _row("PocketSphinx's endpointer: speech is over", sphinx),
    ]
    return "\n".join(rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--exchanges", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE", help="every exchange")
    args = parser.parse_args()
    chance = random.Random(args.seed)
    exchanges: list[Exchange] = []
    with tempfile.TemporaryDirectory() as folder, VirtualCard() as card:
        # A first night starts with no sentence rendered; the ones after it find them.
        off = 1000 * max(map(abs, disagreement(card)))
        print(f"The two recordings' clocks agree within {off:.0f} ms.", file=sys.stderr)
        environment = {**card.environment, CACHE_VARIABLE: folder}
        cache = ClipCache(Path(environment[CACHE_VARIABLE]))
        while len(exchanges) < args.exchanges:
            settings = VoiceSettings(
                VOICES[chance.randrange(len(VOICES))], chance.randrange(140, 171, 5)
            )
            with Voice(Pyttsx3Renderer(), cache, settings) as voice:
                exchanges += converse(card, voice, environment)
            print(f"{len(exchanges)} exchanges", file=sys.stderr)
    print(table(exchanges))
    if args.json:
        args.json.write_text(json.dumps([asdict(e) for e in exchanges], indent=1))
    median, p95 = np.percentile([e.answer for e in exchanges], [50, 95])
    return 0 if median <= MEDIAN_TARGET and p95 <= P95_TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
