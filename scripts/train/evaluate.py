"""Figures of a Vosk model folder on the dev split: right, wrong, rejected, false commands.

Every state is an exact grammar over the model's own graph. The same clips, noises and states for
every model, so two folders can be compared; a phrase is left out when any of them lacks a word.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import vosk

from scripts.train.arrays import Array
from scripts.train.augment import coloured_noise, groan, moan, snore, whisper
from scripts.train.corpus import RATE, Clip, read_clips
from scripts.train.graph import phrase_lines, read_words_table, write_grammar
from scripts.train.lexicon import UNKNOWN
from scripts.train.prepare import generator, held_out_noise

COMMANDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
SIX = ("yes", "no", "stop", "left", "right", "go")
STATE_OF_12 = (
    "yes", "no", "done", "stop", "next", "help", "wait", "still hurts", "too hard",
    "go back", "how long", "not sure",
)  # fmt: skip
LEAD, TRAIL = 0.3, 0.5
"""Seconds of near silence before and after each clip."""


@dataclass(frozen=True)
class Item:
    """One utterance: what was said ("" for noise) and its samples."""

    said: str
    samples: Array
    group: str = ""


@dataclass
class Tally:
    """Outcomes of one test. In-grammar items are right, wrong or rejected; others false or not."""

    right: int = 0
    wrong: int = 0
    rejected: int = 0
    other: int = 0
    false: int = 0
    hours: float = 0.0
    taken: Counter[str] = field(default_factory=Counter)

    def add(self, item: Item, heard: str, phrases: frozenset[str]) -> None:
        accepted = heard in phrases
        self.hours += len(item.samples) / RATE / 3600
        if item.said not in phrases:
            self.other += 1
            self.false += accepted
        elif heard == item.said:
            self.right += 1
        elif accepted:
            self.wrong += 1
        else:
            self.rejected += 1
        if accepted and heard != item.said:
            self.taken[f"{item.said or 'noise'} > {heard}"] += 1

    def figures(self) -> dict[str, object]:
        """Percentages and counts, ready for JSON."""
        said = self.right + self.wrong + self.rejected
        result: dict[str, object] = {}
        if said:
            result = {"n": said, "right": round(100 * self.right / said, 2)}
            result["wrong"] = round(100 * self.wrong / said, 2)
        if self.other:
            result["others"] = self.other
            result["false"] = round(100 * self.false / self.other, 2)
        result["taken"] = dict(self.taken.most_common(8))
        return result


class States:
    """Recognisers of a model folder for exact grammars."""

    def __init__(self, folder: Path) -> None:
        vosk.SetLogLevel(-1)
        self._folder = folder.resolve()
        self.words = read_words_table(self._folder)
        self._temporary = tempfile.TemporaryDirectory()
        self._count = 0

    def knows(self, phrase: str) -> bool:
        return all(word in self.words for word in phrase.split())

    def open(self, phrases: Iterable[str], reject: bool) -> vosk.KaldiRecognizer:
        """A recogniser of exactly these phrases; everything but Gr.fst is shared by links."""
        self._count += 1
        here = Path(self._temporary.name) / str(self._count)
        (here / "graph").mkdir(parents=True)
        for name in ("am", "conf"):
            (here / name).symlink_to(self._folder / name)
        for path in (self._folder / "graph").iterdir():
            if path.name != "Gr.fst":
                (here / "graph" / path.name).symlink_to(path)
        write_grammar(here / "graph" / "Gr.fst", phrase_lines(phrases, self.words, reject))
        return vosk.KaldiRecognizer(vosk.Model(str(here)), RATE)


def pcm(samples: Array) -> bytes:
    """Samples as Vosk takes them."""
    return (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()


def hear(recogniser: vosk.KaldiRecognizer, samples: Array) -> str:
    """The text of one utterance: all of the samples, whatever pauses are in them."""
    recogniser.AcceptWaveform(pcm(samples))  # an endpoint in it is ignored until Result() is asked
    return str(json.loads(recogniser.FinalResult())["text"])


def overhear(recogniser: vosk.KaldiRecognizer, samples: Array) -> list[str]:
    """The texts of all utterances that Vosk's own endpoints cut the samples into."""
    data = pcm(samples)
    texts = []
    for start in range(0, len(data), 8000):
        if recogniser.AcceptWaveform(data[start : start + 8000]):
            texts.append(json.loads(recogniser.Result())["text"])
    texts.append(json.loads(recogniser.FinalResult())["text"])
    return [text for text in texts if text]


def run(
    recogniser: vosk.KaldiRecognizer, phrases: Iterable[str], items: Iterable[Item], tally: Tally
) -> None:
    """Add every item's outcome to the tally."""
    known = frozenset(phrases)
    for item in items:
        tally.add(item, hear(recogniser, item.samples), known)


def framed(samples: Array, seed: int) -> Array:
    """With a lead and a trail of faint noise."""
    draw = np.random.default_rng(seed)
    lead, trail = int(LEAD * RATE), int(TRAIL * RATE)
    faint = 1e-4 * draw.standard_normal(lead + len(samples) + trail)
    faint[lead : lead + len(samples)] += samples
    return faint.astype(np.float32)


def noisy(item: Item, decibels: float, seed: int) -> Item:
    """In pink noise at a signal-to-noise ratio over the active speech."""
    power = np.sort(item.samples**2)
    active = float(np.mean(power[len(power) // 2 :]))
    noise = coloured_noise(np.random.default_rng(seed), (len(item.samples) + 1) / RATE, 1.0)
    noise = noise[: len(item.samples)] / float(np.std(noise))
    gain = np.sqrt(active / 10 ** (decibels / 10))
    return Item(item.said, item.samples + gain * noise, item.group)


def changed(items: Sequence[Item], how: str) -> list[Item]:
    """All items whispered, groaned, in pink noise ("pink 5"), or quiet ("level -30")."""
    if how.startswith("pink"):
        return [noisy(item, float(how.split()[1]), k) for k, item in enumerate(items)]
    if how.startswith("level"):
        gain = 10 ** (float(how.split()[1]) / 20)
        return [Item(item.said, item.samples * gain, item.group) for item in items]
    turn = {"whispered": whisper, "groaned": groan}[how]
    return [Item(i.said, turn(i.samples, generator(how, k)), i.group) for k, i in enumerate(items)]


def _items(clips: Iterable[Clip]) -> list[Item]:
    found = {clip.key: (clip, samples) for clip, samples in read_clips(clips)}
    return [
        Item(clip.transcript, framed(samples, number), clip.age or clip.speaker)
        for number, (_, (clip, samples)) in enumerate(sorted(found.items()))
    ]


def _capped(clips: Iterable[Clip], most: int, seed: int = 5) -> list[Clip]:
    shuffled = sorted(clips, key=lambda clip: clip.key)
    random.Random(seed).shuffle(shuffled)
    count: Counter[str] = Counter()
    chosen = []
    for clip in shuffled:
        count[clip.transcript] += 1
        if count[clip.transcript] <= most:
            chosen.append(clip)
    return chosen


@dataclass(frozen=True)
class Test:
    """A named set of (phrases, rejection, items)."""

    name: str
    states: tuple[tuple[tuple[str, ...], bool, tuple[Item, ...]], ...]


def _one(name: str, phrases: Iterable[str], reject: bool, items: Iterable[Item]) -> Test:
    return Test(name, ((tuple(phrases), reject, tuple(items)),))


def command_tests(clips: Sequence[Clip], most: int) -> Iterator[Test]:
    """Isolated words of people: closed grammar, and commands with rejection."""
    speech = [c for c in clips if c.split == "dev" and c.source.startswith("speech_commands")]
    words = sorted({c.transcript for c in clips if c.source.startswith("speech_commands")})
    items = _items(_capped(speech, most))
    for how in ("clean", "pink 5"):
        yield _one(
            f"35 words {how}", words, False, items if how == "clean" else changed(items, how)
        )
    mixed = [i for i in items if i.said in COMMANDS]
    others = _items(_capped([c for c in speech if c.transcript not in COMMANDS], 15))
    yield _one("10 commands", COMMANDS, True, mixed + others)
    yield _one("6 commands", SIX, True, [i for i in mixed if i.said in SIX] + others)
    for how in ("whispered", "groaned", "pink 5", "level -30"):
        yield _one(f"10 commands {how}", COMMANDS, True, changed(mixed + others, how))


def sentence_tests(clips: Sequence[Clip]) -> Iterator[Test]:
    """Read sentences: phrases of L2 speakers, and speech that is no command."""
    dev = [c for c in clips if c.split == "dev" and c.kind == "speech"]
    ocean = [c for c in dev if c.source == "speechocean762" and len(c.transcript.split()) >= 3]
    texts = sorted({c.transcript for c in ocean})
    random.Random(3).shuffle(texts)
    state = frozenset(texts[:150])
    items = _items(ocean)
    yield _one("L2 phrases, 150", sorted(state), True, items)
    yield _one("L2 phrases, 150, pink 10", sorted(state), True, changed(items, "pink 10"))
    books = [c for c in dev if c.source.startswith(("librispeech", "commonvoice"))]
    yield _one("sentences in a state of 12", STATE_OF_12, True, items + _items(books))


def phrase_tests(clips: Sequence[Clip], phrases: Sequence[str], most: int) -> Iterator[Test]:
    """The content's phrases in voices kept out of training, each in a state of twelve."""
    spoken = [c for c in clips if c.source.startswith("tts_") and c.split == "dev"]
    shuffled = sorted(set(phrases))
    random.Random(4).shuffle(shuffled)
    groups = [tuple(shuffled[start : start + 12]) for start in range(0, len(shuffled), 12)]
    chosen = _capped([c for c in spoken if c.transcript in shuffled], most)
    by_text: dict[str, list[Item]] = {}
    for item in _items(chosen):
        by_text.setdefault(item.said, []).append(item)
    for how in ("clean", "pink 10"):
        states = []
        for group in groups:
            items = [item for text in group for item in by_text.get(text, [])]
            states.append((group, True, tuple(items if how == "clean" else changed(items, how))))
        yield Test(f"held-out voices {how}", tuple(states))


def noises(clips: Sequence[Clip], seed: int = 99) -> list[Array]:
    """The kept-aside noise recordings, and made snores and moans."""
    kept = [c for c in clips if c.kind == "noise" and held_out_noise(c)]
    found = {clip.key: samples for clip, samples in read_clips(kept)}
    draw = np.random.default_rng(seed)
    made = [make(draw, 10.0) for _ in range(15) for make in (snore, moan)]
    return [found[key] for key in sorted(found)] + made


def false_commands(states: States, sounds: Sequence[Array]) -> dict[str, object]:
    """Commands heard in noise with the state of twelve, without gate or threshold, per hour."""
    recogniser = states.open([p for p in STATE_OF_12 if states.knows(p)], True)
    taken: Counter[str] = Counter()
    for sound in sounds:
        taken.update(t for t in overhear(recogniser, sound) if t.replace(UNKNOWN, "").strip())
    hours = sum(len(sound) for sound in sounds) / RATE / 3600
    count = sum(taken.values())
    return {"hours": round(hours, 3), "per_hour": round(count / hours, 1), "taken": dict(taken)}


def build_tests(clips: Sequence[Clip], phrases: Sequence[str], most: int = 40) -> list[Test]:
    """All tests; ``most`` limits how often one word or phrase occurs."""
    return [
        *command_tests(clips, most),
        *sentence_tests(clips),
        *phrase_tests(clips, phrases, max(1, most // 20)),
    ]


def evaluate(
    folder: Path, tests: Sequence[Test], sounds: Sequence[Array], shared: Sequence[Path] = ()
) -> dict[str, dict[str, object]]:
    """All figures of one model folder. Phrases that it or one of ``shared`` lacks are left out."""
    states = States(folder)
    peers = [read_words_table(path) for path in shared]
    result: dict[str, dict[str, object]] = {}
    for test in tests:
        tally = Tally()
        for phrases, reject, items in test.states:
            known = _known(phrases, [states.words, *peers])
            dropped = set(phrases) - set(known)
            recogniser = states.open(known, reject)
            run(recogniser, known, (i for i in items if i.said not in dropped), tally)
        result[test.name] = tally.figures()
    result["noise in a state of 12"] = false_commands(states, sounds)
    return result


def _known(phrases: Sequence[str], tables: Sequence[Mapping[str, int]]) -> list[str]:
    return [p for p in phrases if all(w in table for table in tables for w in p.split())]
