"""How fast and how big: a rehearsal, the start, the model, the memory; PocketSphinx beside Vosk.

The start and the memory are those of the real command on the virtual sound card, its sentences
already rendered. Everything is measured in fresh processes, several times.

    python -m scripts.bench.speed [--runs 5] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np

from tests.live.program import Program, entered
from tests.virtual_card import VirtualCard
from voice_coach.audio.port import RATE, Samples
from voice_coach.commands import setup
from voice_coach.commands.setup import Choices
from voice_coach.session import grammar_for
from voice_coach.speaking.cache import CACHE_VARIABLE, ClipCache
from voice_coach.speaking.port import VoiceSettings
from voice_coach.speaking.pyttsx3_renderer import Pyttsx3Renderer
from voice_coach.speaking.voice import Voice

SCENARIO: Final = "ten-minutes"
STEP: Final = "position"
"""The step whose grammar both recognisers listen with."""

LENGTH: Final = 16
"""Phrases that both recognise to compare the work."""


@dataclass(frozen=True)
class Figure:
    """One thing that was measured, some times."""

    name: str
    unit: str
    values: list[float]
    target: float | None = None
    at_least: bool = False
    """Whether the target is a lower bound."""

    @property
    def met(self) -> bool:
        """Whether the median is on the right side of the target."""
        if self.target is None:
            return True
        middle = median(self.values)
        return middle >= self.target if self.at_least else middle <= self.target

    def row(self) -> str:
        """A line of the table."""
        digits = 0 if max(self.values) >= 100 else 2 if max(self.values) < 10 else 1
        low, middle, high = (
            f"{value:.{digits}f}"
            for value in (min(self.values), median(self.values), max(self.values))
        )
        bound = "" if self.target is None else f"{'>=' if self.at_least else '<='} {self.target:g}"
        return f"| {self.name} | {middle} {self.unit} | {low} - {high} | {bound} |"


# -- measured in a process of their own ---------------------------------------------------------


def _load_vosk() -> Any:
    """Ours: the model, checked, and the graph of one step."""
    dialogue = setup.dialogue(Choices())
    began = time.perf_counter()
    ear = setup.recogniser(Choices(), dialogue.protocol)
    ear.use(grammar_for(dialogue, STEP)[0])
    seconds = time.perf_counter() - began

    def recognise(sound: Samples) -> str:
        ear.feed(sound)
        return ear.finish().text

    return seconds, recognise


def _load_pocketsphinx() -> Any:
    """The peer: its own English model, and the same phrases as a grammar."""
    import pocketsphinx  # noqa: PLC0415 - an extra; and its loading is what is measured

    phrases = grammar_for(setup.dialogue(Choices()), STEP)[0].phrases
    began = time.perf_counter()
    decoder = pocketsphinx.Decoder(lm=None, loglevel="FATAL")
    known = [p for p in phrases if all(decoder.lookup_word(word) for word in p.split())]
    grammar = f"#JSGF V1.0; grammar g; public <p> = {' | '.join(known)};"
    decoder.add_jsgf_string("g", grammar)
    decoder.activate_search("g")
    seconds = time.perf_counter() - began

    def recognise(sound: Samples) -> str:
        decoder.start_utt()
        decoder.process_raw(sound.tobytes(), full_utt=True)
        decoder.end_utt()
        found = decoder.hyp()
        return found.hypstr if found else ""

    return seconds, recognise


_LOADERS: Final[dict[str, Callable[[], Any]]] = {
    "vosk": _load_vosk,
    "pocketsphinx": _load_pocketsphinx,
}


def measure(who: str, folder: Path) -> dict[str, float]:
    """Load a recogniser and let it recognise the clips in a folder."""
    before = resident(os.getpid())
    seconds, recognise = _LOADERS[who]()
    clips = {path.stem: np.load(path) for path in sorted(folder.glob("*.npy"))}
    began = time.process_time()
    right = sum(recognise(sound) == text for text, sound in clips.items())
    spent = time.process_time() - began
    audio = sum(len(sound) for sound in clips.values()) / RATE
    return {
        "load": 1000 * seconds,
        "work": 1000 * spent / audio,
        "right": 100 * right / len(clips),
        "memory": resident(os.getpid()) - before,
    }


def compare(who: str, folder: Path, runs: int) -> list[Figure]:
    """Several fresh processes of ``measure``."""
    found = [
        json.loads(_python("scripts.bench.speed", "--measure", who, str(folder)))
        for _ in range(runs)
    ]
    return [
        Figure(f"{who}: load model and grammar", "ms", [f["load"] for f in found]),
        Figure(f"{who}: processor time for a second of sound", "ms", [f["work"] for f in found]),
        Figure(f"{who}: memory it adds", "MB", [f["memory"] for f in found]),
        Figure(f"{who}: of {LENGTH} synthetic phrases right", "%", [f["right"] for f in found]),
    ]


def _python(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *arguments], capture_output=True, text=True, check=True, timeout=600
    )
    return done.stdout


# -- the whole command ----------------------------------------------------------------------------


def resident(pid: int) -> float:
    """Resident memory of a process in MB (10^6 bytes)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def rehearsals(runs: int) -> list[Figure]:
    """Real time through virtual time, in whole processes."""
    speeds, whole = [], []
    for seed in range(1, runs + 1):
        began = time.monotonic()
        report = json.loads(
            _python("voice_coach", "rehearse", SCENARIO, "--json", "--seed", str(seed))
        )
        whole.append(report["elapsed"] / (time.monotonic() - began))
        speeds.append(report["elapsed"] / report["wall_seconds"])
    return [
        Figure(f"rehearsal {SCENARIO}: faster than real time", "x", speeds, 20, at_least=True),
        Figure("the same with starting and loading", "x", whole),
    ]


def starts(runs: int) -> list[Figure]:
    """From the start of the process until it listens, and its memory then and in a session."""
    ready, waiting, coaching = [], [], []
    with VirtualCard() as card:
        cache = {CACHE_VARIABLE: os.environ[CACHE_VARIABLE]} if CACHE_VARIABLE in os.environ else {}
        home = {"HOME": os.environ.get("HOME", "")}  # where the cache lies, if nowhere else
        environment = {**card.environment, **home, **cache}
        voice = Voice(Pyttsx3Renderer(), ClipCache(), VoiceSettings("en-us+f2", 145))
        with voice:
            call = voice.clip("help calf cramp")
        for _ in range(runs):
            began = time.monotonic()
            with Program(environment=environment) as program:
                program.wait_for_output("Listening")
                ready.append(time.monotonic() - began)
                card.speak(call)
                waiting.append(resident(program.pid))
                program.wait_for_record(entered("stretch_hand"))
                coaching.append(resident(program.pid))
                program.interrupt()
    return [
        Figure("ready to listen after", "s", ready, 2.0),
        Figure("resident memory, waiting for the call", "MB", waiting, 200),
        Figure("resident memory, coaching", "MB", coaching, 200),
    ]


def render_clips(folder: Path) -> None:
    """Phrases of one step, spoken by somebody, with silence round them."""
    phrases = grammar_for(setup.dialogue(Choices()), STEP)[0].phrases
    quiet = np.zeros(RATE // 3, np.int16)
    with Voice(Pyttsx3Renderer(), ClipCache(), VoiceSettings("en-us+f2", 145)) as voice:
        for phrase in phrases[:: max(1, len(phrases) // LENGTH)][:LENGTH]:
            np.save(folder / f"{phrase}.npy", np.concatenate([quiet, voice.clip(phrase), quiet]))


def report(figures: Sequence[Figure]) -> str:
    """The results in Markdown."""
    return "\n".join(
        ["| | median | range | target |", "|---|---|---|---|", *(f.row() for f in figures)]
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--measure", nargs=2, metavar=("WHO", "FOLDER"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(measure(args.measure[0], Path(args.measure[1]))))
        return 0
    _python("voice_coach", "rehearse", SCENARIO, "--json")  # from here on the cache is warm
    figures = rehearsals(args.runs) + starts(args.runs)
    with tempfile.TemporaryDirectory() as folder:
        render_clips(Path(folder))
        for who in _LOADERS:
            figures += compare(who, Path(folder), args.runs)
    print(report(figures))
    if args.json:
        values = {f.name: f.values for f in figures}
        args.json.write_text(json.dumps(values, indent=1), encoding="utf-8")
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
