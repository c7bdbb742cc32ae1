"""How long after a call the coach's first word sounds, live on the virtual sound card.

    .venv/bin/python -m scripts.bench.first_word [--calls 20] [--phrase "calf cramp"] [--json FILE]

The real command waits for the call; what goes into the microphone and what comes out of the speaker
is recorded, both on the machine's clock (``scripts/bench/latency.py``). Each call is made to a
fresh process whose sentences are already rendered, by one of several voices. A call that nobody
heard, or that was asked about, is counted apart. Timings want a quiet machine.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import threading
from collections import defaultdict
from pathlib import Path
from typing import Final

import numpy as np

from scripts.bench.latency import VOICES, Tape, Track, disagreement
from tests.live.program import Program
from tests.virtual_card import VirtualCard
from voice_coach.audio.port import Samples
from voice_coach.session import ASK
from voice_coach.speaking.cache import CACHE_VARIABLE, ClipCache
from voice_coach.speaking.port import VoiceSettings
from voice_coach.speaking.pyttsx3_renderer import Pyttsx3Renderer
from voice_coach.speaking.voice import Voice

TARGET: Final = 500
"""Milliseconds, median."""

PHRASES: Final = ("help calf cramp", "i have a cramp", "calf cramp", "help", "cramp")

_QUIET: Final = 2.5
"""Seconds before the call in which the energy gate learns the room."""


def delay(coach: Track, said: Track) -> float:
    """Milliseconds from the end of the call to the first sound of the coach."""
    ended = said.stretches()[-1][1]
    return 1000 * (coach.onset_after(ended) - ended)


def call(card: VirtualCard, environment: dict[str, str], clip: Samples) -> float | str:
    """Milliseconds to the first word; "asked" or "missed" where there was none."""
    with Program("--region", "GB", "--no-diary", environment=environment) as program:
        program.wait_for_output("Listening")
        threading.Event().wait(_QUIET)
        tapes = Tape(card, "spk"), Tape(card, "micfeed")
        try:
            card.speak(clip)
            try:
                first = program.wait_for_record(lambda record: record["type"] == "say", 8.0)
            except TimeoutError:
                return "missed"
            asked = program.records[first]["prompt"] == ASK
        finally:
            coach, said = (tape.close() for tape in tapes)
            program.interrupt()
    return "asked" if asked else float(delay(coach, said))


def row(name: str, found: list[float | str]) -> str:
    """A line of the table."""
    times = [one for one in found if isinstance(one, float)]
    counts = f"{len(times)} | {found.count('asked')} | {found.count('missed')}"
    if not times:
        return f"| {name} | {counts} | | |"
    middle, high = np.percentile(times, [50, 95])
    return f"| {name} | {counts} | {middle:.0f} | {high:.0f} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--calls", type=int, default=20)
    parser.add_argument("--phrase", action="append", help="only these")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    chance = random.Random(args.seed)
    phrases = args.phrase or PHRASES
    found: dict[str, list[float | str]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder, VirtualCard() as card:
        off = 1000 * max(map(abs, disagreement(card)))
        print(f"The two recordings' clocks agree within {off:.0f} ms.", file=sys.stderr)
        environment = {**card.environment, CACHE_VARIABLE: folder}
        cache = ClipCache(Path(folder))
        for number in range(-1, args.calls):
            phrase = phrases[number % len(phrases)]
            settings = VoiceSettings(chance.choice(VOICES), chance.randrange(140, 171, 5))
            with Voice(Pyttsx3Renderer(), cache, settings) as voice:
                clip = voice.clip(phrase)
            heard = call(card, environment, clip)
            print(f"{phrase}: {heard}", file=sys.stderr)
            if number >= 0:  # the first process of all renders the sentences
                found[phrase].append(heard)
    print("| milliseconds after the call | started | asked | missed | median | p95 |")
    print("|---|---|---|---|---|---|")
    for phrase, times in found.items():
        print(row(phrase, times))
    every = [one for times in found.values() for one in times]
    print(row("**all**", every))
    if args.json:
        args.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    delays = [one for one in every if isinstance(one, float)]
    return 0 if delays and np.median(delays) <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
