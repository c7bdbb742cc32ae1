"""Vosk with our graphs beside PocketSphinx with the same phrases, on the same utterances.

Each engine runs in a process of its own, the same clips in the same order, one grammar a set.
PocketSphinx has its bundled en-us model and a JSGF grammar, which knows no [unk]; Vosk runs as
the coach runs it. Right, wrong and rejected are in percent of the clips; for speech and noise
outside the grammar every acceptance is wrong.

    pip install ".[bench]" soundfile
    python scripts/bench/hearing.py [--corpora ../shared/data] [--json hearing.json]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from recordings import RATE, Samples
from trials import Trial, trials

from voice_coach.errors import ModelError
from voice_coach.listening.model import open_model
from voice_coach.listening.port import Grammar
from voice_coach.listening.vosk_recogniser import VoskRecogniser

Hear = Callable[[Samples], str]
"""What is accepted of an utterance; "" when nothing is."""


@dataclass
class Score:
    """One engine on one set."""

    engine: str
    set: str
    clips: int = 0
    right: int = 0
    wrong: int = 0
    audio_seconds: float = 0.0
    cpu_seconds: float = 0.0

    def row(self) -> str:
        """One line of the table."""
        right, wrong = 100 * self.right / self.clips, 100 * self.wrong / self.clips
        return (
            f"{self.engine:<13}{self.set:<17}{self.clips:>5}{right:>8.1f}{wrong:>8.1f}"
            f"{100 - right - wrong:>10.1f}{self.cpu_seconds / self.audio_seconds:>9.4f}"
        )


@dataclass
class Report:
    """All of one engine."""

    scores: list[Score]
    load_seconds: float
    memory_mb: float
    """Resident memory it added, its model included."""

    peak_mb: float
    """Of the whole process, the clips included."""


class VoskEngine:
    """The coach's own ear."""

    def __init__(self) -> None:
        self._recogniser = VoskRecogniser(open_model())

    def use(self, phrases: list[str]) -> None:
        self._recogniser.use(Grammar("benchmark", tuple(phrases)))

    def knows(self, phrase: str) -> bool:
        try:
            self._recogniser.check(Grammar("phrase", (phrase,)))
        except ModelError:
            return False
        return True

    def hear(self, samples: Samples) -> str:
        self._recogniser.feed(samples)
        heard = self._recogniser.finish()
        return heard.text if heard.accepted else ""


class SphinxEngine:
    """PocketSphinx, its own model, a JSGF grammar."""

    def __init__(self) -> None:
        from pocketsphinx import Decoder  # noqa: PLC0415 -- only this engine's process needs it

        self._decoder: Any = Decoder(lm=None, samprate=RATE, loglevel="FATAL")
        self._number = 0

    def use(self, phrases: list[str]) -> None:
        self._number += 1
        search = f"g{self._number}"
        rule = f"public <phrase> = {' | '.join(phrases)};"
        self._decoder.add_jsgf_string(search, f"#JSGF V1.0; grammar {search}; {rule}")
        self._decoder.activate_search(search)

    def knows(self, phrase: str) -> bool:
        return all(self._decoder.lookup_word(word) for word in phrase.split())

    def hear(self, samples: Samples) -> str:
        self._decoder.start_utt()
        self._decoder.process_raw(samples.tobytes(), full_utt=True)
        self._decoder.end_utt()
        found = self._decoder.hyp()
        return str(found.hypstr) if found else ""


ENGINES: dict[str, type[VoskEngine] | type[SphinxEngine]] = {
    "vosk": VoskEngine,
    "pocketsphinx": SphinxEngine,
}


def memory_mb(kind: str) -> float:
    """This process's resident (VmRSS) or peak (VmHWM) memory; 0 where the system does not say."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return int(fields[kind].split()[0]) / 1000


def measure(name: str, corpora: Path | None, part: float) -> Report:
    """Everything about one engine; runs in a process of its own."""
    tried = list(trials(corpora, part))
    before, started = memory_mb("VmRSS"), time.perf_counter()
    engine = ENGINES[name]()
    loaded = time.perf_counter() - started
    scores: dict[str, Score] = {}
    for trial in tried:
        score = scores.setdefault(trial.name, Score(name, trial.name))
        _run(engine, trial, score)
    added = memory_mb("VmRSS") - before
    return Report(list(scores.values()), loaded, added, memory_mb("VmHWM"))


def _run(engine: VoskEngine | SphinxEngine, trial: Trial, score: Score) -> None:
    known = [phrase for phrase in trial.phrases if engine.knows(phrase)]
    engine.use(known)
    for clip in trial.clips:
        started = time.process_time()
        heard = engine.hear(clip.samples)
        score.cpu_seconds += time.process_time() - started
        score.audio_seconds += len(clip.samples) / RATE
        score.clips += 1
        score.right += heard == clip.text and heard in known
        score.wrong += heard != clip.text and heard in known


def main() -> None:
    """Print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, help="folder with manifest.jsonl and its tars")
    parser.add_argument("--part", type=float, default=0.33, help="part of the recordings to use")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    reports = {}
    for name in ENGINES:
        with get_context("spawn").Pool(1) as pool:
            reports[name] = pool.apply(measure, (name, arguments.corpora, arguments.part))
    print(f"{'engine':<13}{'set':<17}clips  right%  wrong% rejected%  CPU s/s")
    for pair in zip(*(report.scores for report in reports.values()), strict=True):
        for score in pair:
            print(score.row())
    for name, report in reports.items():
        print(
            f"{name}: loaded in {report.load_seconds:.2f} s, +{report.memory_mb:.0f} MB, "
            f"peak {report.peak_mb:.0f} MB with the clips"
        )
    if arguments.json:
        figures = {name: asdict(report) for name, report in reports.items()}
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
