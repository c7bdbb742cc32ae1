"""Talking over the coach, in a simulated room: does it obey itself, does it understand the person?

The coach's own sentences, rendered as in a session, come out of a distorting loudspeaker, 120 ms
late, by a clock that drifts, and back into the microphone. First nobody else speaks: whatever is
taken for a command is false. Then people say one word over each sentence, 6 dB softer at the
microphone than the sentence is at the loudspeaker. Four ears hear the same:

- raw: the microphone as it is, listening all the time
- cancelled: the echo canceller's output instead
- half duplex: the microphone, but never while the coach is audible
- barge-in: the canceller and the expected echo tell that somebody speaks, the sentence fades, and
  the recogniser hears the microphone, the echo subtracted, from 200 ms before

With ``--noise MINUTES`` nobody speaks, but coughs, groans, snores and doors, as loud as the person,
fall into the sentences: each must be said to its end all the same, and none of them obeyed.

    pip install ".[bench,echo]"
    python -m scripts.bench.barge_in --data ../shared/data [--prompts 500] [--words 160]
    python -m scripts.bench.barge_in --data ../shared/data --noise 60 --words 10
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from scripts.bench.trials import TEN, capped
from scripts.train.augment import snore
from scripts.train.corpus import read_clips, read_manifest
from voice_coach.audio.echo import EchoCanceller, open_canceller
from voice_coach.audio.mixer import Mixer, Played
from voice_coach.audio.port import BLOCK, RATE, Block, Samples
from voice_coach.commands import setup
from voice_coach.commands.setup import Choices
from voice_coach.content import emergency_number, load_protocol
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.listening.listener import Listener
from voice_coach.listening.port import Grammar, Hearing
from voice_coach.rehearsal.echo_path import Loudspeaker
from voice_coach.rehearsal.noises import NOISES, noise
from voice_coach.rehearsal.room import PERSON_LEVEL, RoomPort, at_level
from voice_coach.turn_taking import TAIL, TurnTaking, choose

GRAMMAR: Final = Grammar("ten words", TEN)
SECONDS: Final = BLOCK / RATE
OVER: Final = 6.0
"""dB by which the sentence at the loudspeaker exceeds the person at the microphone."""

LATENCY: Final = 0.12
DRIVE: Final = 3.0
LONGEST: Final = 30.0
"""Seconds after which a sentence that waits will never be said."""

LONG_ENOUGH: Final = 1.8
"""Seconds a sentence must last to be spoken over."""


class Ear(Protocol):
    """One way to hear; it may stop the coach."""

    def hear(self, block: Block, cleaned: Samples, audible: bool) -> Hearing | None: ...


@dataclass
class Always:
    """Listens all the time, to the microphone or to the cleaned sound."""

    listener: Listener
    cancelled: bool

    def __post_init__(self) -> None:
        self.listener.listen(GRAMMAR)

    def hear(self, block: Block, cleaned: Samples, audible: bool) -> Hearing | None:  # noqa: ARG002
        return self.listener.process(Block(cleaned, block.at) if self.cancelled else block)


@dataclass
class HalfDuplex:
    """Shut while the coach is audible."""

    listener: Listener

    def hear(self, block: Block, cleaned: Samples, audible: bool) -> Hearing | None:  # noqa: ARG002
        if audible:
            self.listener.shut()
        elif not self.listener.open:
            self.listener.listen(GRAMMAR)
        return self.listener.process(block)


class OneGrammar:
    """A listener that listens for the same words in every step. Implements ``turn_taking.Ear``."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    @property
    def speaking(self) -> bool:
        return self._listener.open and self._listener.speaking

    def open(self, step: str) -> None:  # noqa: ARG002 - there is but one
        if not self._listener.open:
            self._listener.listen(GRAMMAR)

    def shut(self) -> None:
        if self._listener.open:
            self._listener.shut()

    def drop(self) -> None:
        self._listener.drop()

    def hear(self, block: Block) -> Hearing | None:
        return self._listener.process(block) if self._listener.open else None

    def interrupted(self, onset: float, blocks: tuple[Block, ...]) -> None:
        self._listener.interrupted(onset, blocks)


class Interruptible:
    """As the session does it: the sentence gives way, and goes on if it was no word."""

    def __init__(self, listener: Listener, mixer: Mixer) -> None:
        self._ear = OneGrammar(listener)
        self._mixer = mixer
        self._canceller = open_canceller()
        self._turns = TurnTaking(self._ear, mixer, choose(self._ear, self._canceller, False))
        self.given: list[tuple[float, float]] = []
        """When somebody was noticed to begin, and when the coach was silent; port clock."""

    def sentence(self) -> None:
        self._turns.new_sentence()

    def hear(self, block: Block, cleaned: Samples, audible: bool) -> Hearing | None:  # noqa: ARG002
        hearing = self._turns.hear(block, "")
        floor = self._turns.settle(block.at)
        if floor is not None and floor.who == "person":
            self.given.append((floor.onset, floor.silent))
        if hearing is None or not hearing.recognition.accepted or self._turns.own_voice(hearing):
            return None
        self._turns.release(block.at)
        self._mixer.hush()  # what was understood is answered with something else
        return hearing


@dataclass(frozen=True)
class Sentence:
    """What the coach says."""

    text: str
    samples: Samples


@dataclass
class Scene:
    """A room with the coach in it."""

    port: RoomPort
    mixer: Mixer
    canceller: EchoCanceller
    ears: dict[str, Ear]
    words: list[Samples] = field(default_factory=list)
    """What the person says next, if anything."""
    heard: dict[str, list[str]] = field(default_factory=dict)

    def step(self) -> None:
        """One block."""
        block = self.port.read(0)
        assert block.played is not None
        cleaned = self.canceller.process(block.samples, block.played)
        audible = self.mixer.busy or block.at < self.mixer.sounding_until + TAIL
        for name, ear in self.ears.items():
            hearing = ear.hear(block, cleaned, audible)
            if hearing is not None and hearing.recognition.accepted:
                self.heard[name].append(hearing.recognition.text)

    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds / SECONDS)):
            self.step()

    def begin(self, sentence: Sentence) -> None:
        for ear in self.ears.values():
            if isinstance(ear, Interruptible):
                ear.sentence()
        self.mixer.play(sentence.text, sentence.samples)

    def say(self, sentence: Sentence) -> None:
        """To its end, and until every ear has decided what it was."""
        self.begin(sentence)
        while self.mixer.busy:
            self.step()
        self.wait(1.0)


@dataclass(frozen=True)
class Condition:
    """One line of the table."""

    echo_db: float
    drift_ppm: float

    @property
    def name(self) -> str:
        return f"echo {self.echo_db:g} dB, drift {self.drift_ppm:g} ppm"


@dataclass
class Bench:
    """What all measurements share."""

    sentences: list[Sentence]
    words: list[tuple[str, Samples]]
    choices: Choices

    def scene(self, condition: Condition, seed: int, interruptible: bool) -> Scene:
        """A new room. The coach cannot be hushed by one ear and go on for another."""
        words: list[Samples] = []
        port = RoomPort(
            lambda _: words.pop() if words else None,
            seed=seed,
            echo_db=condition.echo_db,
            loudspeaker=Loudspeaker(LATENCY, condition.drift_ppm, DRIVE),
        )
        mixer = Mixer(10 ** ((PERSON_LEVEL + OVER - loudness(self.sentences)) / 20))
        port.start(mixer)
        ears: dict[str, Ear]
        if interruptible:
            ears = {"barge-in": Interruptible(self.listener(), mixer)}
        else:
            ears = {
                "raw": Always(self.listener(), cancelled=False),
                "cancelled": Always(self.listener(), cancelled=True),
                "half duplex": HalfDuplex(self.listener()),
            }
        return Scene(port, mixer, open_canceller(), ears, words, {name: [] for name in ears})

    def listener(self) -> Listener:
        return Listener(setup.recogniser(self.choices))

    def alone(self, condition: Condition, prompts: int, interruptible: bool) -> dict[str, str]:
        """False commands while only the coach speaks, twenty sentences to a room."""
        false: Counter[str] = Counter()
        stopped = 0
        draw = np.random.default_rng(11)
        for room in range(-(-prompts // 20)):
            scene = self.scene(condition, 100 + room, interruptible)
            scene.wait(1.0)
            for _ in range(min(20, prompts - 20 * room)):
                scene.say(self.sentences[draw.integers(len(self.sentences))])
            false.update({name: len(heard) for name, heard in scene.heard.items()})
            stopped += sum(len(e.given) for e in scene.ears.values() if hasattr(e, "given"))
        cells = {name: f"{false[name]} of {prompts}" for name in scene.heard}
        if interruptible:
            cells["barge-in"] += f" ({stopped} sentences stopped)"
        return cells

    def over(self, condition: Condition, interruptible: bool) -> dict[str, str]:
        """Words spoken over a sentence, forty to a room: understood / taken for another."""
        right: Counter[str] = Counter()
        wrong: Counter[str] = Counter()
        late: list[float] = []
        found = 0
        draw = np.random.default_rng(12)
        long = [s for s in self.sentences if len(s.samples) > LONG_ENOUGH * RATE]
        for first in range(0, len(self.words), 40):
            scene = self.scene(condition, 200 + first, interruptible)
            scene.wait(1.0)
            scene.say(long[draw.integers(len(long))])
            for word, samples in self.words[first : first + 40]:
                began = self._interrupt(scene, samples, draw, long[draw.integers(len(long))])
                for name, heard in scene.heard.items():
                    right[name] += word in heard
                    wrong[name] += bool(set(heard) - {word})
                    heard.clear()
                for ear in scene.ears.values():
                    known = [at for _, at in getattr(ear, "given", []) if began <= at]
                    found += bool(known)
                    late += [1000 * (at - began) for at in known[:1]]
        count = len(self.words)
        cells = {
            name: f"{100 * right[name] / count:.0f} / {100 * wrong[name] / count:.0f} %"
            for name in scene.heard
        }
        if interruptible:
            median, p95 = np.percentile(late, [50, 95])
            cells["barge-in"] += (
                f" (silent {100 * found / count:.0f} %, after {median:.0f} ms, p95 {p95:.0f})"
            )
        return cells

    def disturbed(self, condition: Condition, minutes: float) -> str:
        """Coughs, groans, snores and doors over the coach, twenty sentences to a room."""
        draw, chance = np.random.default_rng(13), random.Random(13)
        held = unfinished = sentences = 0
        obeyed: Counter[str] = Counter()
        longest = seconds = 0.0
        while seconds < 60 * minutes:
            scene = self.scene(condition, 300 + sentences, True)
            scene.wait(1.0)
            (ear,) = scene.ears.values()
            assert isinstance(ear, Interruptible)
            for _ in range(20):
                sentence = self.sentences[draw.integers(len(self.sentences))]
                scene.begin(sentence)
                scene.wait(LATENCY + float(draw.uniform(0.1, 1.0)))
                kind = chance.choice([*NOISES, "snore"])
                scene.words.append(
                    np.asarray(20_000 * snore(draw, 4.0), np.int16)
                    if kind == "snore"
                    else noise(kind, chance)
                )
                ended = _end(scene)
                sentences += 1
                held += len(ear.given)
                ear.given.clear()
                unfinished += ended is None
                longest = max(longest, (ended or 0.0) - len(sentence.samples) / RATE)
                scene.wait(1.0)
                obeyed.update(f"{kind} as {word!r}" for word in scene.heard["barge-in"])
                scene.heard["barge-in"].clear()
            seconds += scene.port.now()
        return (
            f"{obeyed.total()} obeyed, {held} of {sentences} sentences held up in "
            f"{seconds / 60:.0f} min, {unfinished} not said to their end, "
            f"the longest {longest:.1f} s late"
            + "".join(f"; {what}: {count}" for what, count in obeyed.most_common())
        )

    def _interrupt(
        self, scene: Scene, word: Samples, draw: np.random.Generator, sentence: Sentence
    ) -> float:
        """Say the word into the sentence; when the word began, port clock, seconds."""
        scene.begin(sentence)
        scene.wait(LATENCY + float(draw.uniform(0.5, 1.0)))
        scene.words.append(word)
        began = scene.port.now() + onset(word)
        scene.wait(len(word) / RATE)
        while scene.mixer.busy:
            scene.step()
        scene.wait(1.2)
        return began


def _end(scene: Scene) -> float | None:
    """Seconds until the sentence had been said to its end; None when it was broken off."""
    begun = scene.port.now()
    while scene.mixer.busy and scene.port.now() < begun + LONGEST:
        scene.step()
    whole = [e for e in scene.mixer.poll() if isinstance(e, Played) and not e.interrupted]
    return scene.port.now() - begun if whole else None


def onset(word: Samples) -> float:
    """Seconds until the first 10 ms that are within 20 dB of the loudest."""
    frames = at_level(word, PERSON_LEVEL)[: len(word) // 160 * 160].reshape(-1, 160)
    power = np.mean(frames**2, axis=1)
    return float(np.argmax(power > power.max() / 100)) * 0.01


def loudness(sentences: Sequence[Sentence]) -> float:
    """The median of their levels while there is speech, dBFS."""
    levels = []
    for sentence in sentences:
        samples = sentence.samples
        frames = samples[: len(samples) // BLOCK * BLOCK].reshape(-1, BLOCK) / 32768
        power = np.mean(frames**2, axis=1)
        levels.append(10 * np.log10(np.mean(power[power > power.max() * 10**-2.5])))
    return float(np.median(levels))


def people(data: Path, most: int) -> list[tuple[str, Samples]]:
    """Words of speakers the model was not trained on, as many of each."""
    clips = [
        clip
        for clip in read_manifest(data)
        if clip.kind == "speech" and clip.split == "dev" and clip.transcript in TEN
    ]
    chosen = capped(
        (clip for clip in clips if clip.source.startswith("speech_commands")), most // len(TEN)
    )
    found = sorted((clip.key, clip.transcript, samples) for clip, samples in read_clips(chosen))
    np.random.default_rng(1).shuffle(found)
    return [(text, np.asarray(32767 * samples, np.int16)) for _, text, samples in found]


def sentences(choices: Choices) -> list[Sentence]:
    """What the coach says, in its own voice."""
    dialogue = Dialogue(load_protocol(choices.protocol), emergency_number(choices.region))
    texts = sorted(set(setup.fixed_sentences(dialogue)))
    with setup.voice(choices) as voice:
        voice.prefetch(texts)
        return [Sentence(text, voice.clip(text)) for text in texts]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--prompts", type=int, default=500, help="sentences with nobody speaking")
    parser.add_argument("--others", type=int, help="the same for the other ears (as many)")
    parser.add_argument("--words", type=int, default=160)
    parser.add_argument("--echo", type=float, action="append", help="dB (-6 and -14)")
    parser.add_argument("--drift", type=float, action="append", help="ppm (0 and 100)")
    parser.add_argument("--noise", type=float, metavar="MINUTES", help="only that")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    choices = Choices(region="GB", model=args.model)
    bench = Bench(sentences(choices), people(args.data, args.words), choices)
    if open_canceller().reason:
        raise SystemExit(open_canceller().reason)
    if args.noise:
        for echo in args.echo or [-6.0, -14.0]:
            condition = Condition(echo, (args.drift or [100.0])[0])
            print(f"{condition.name}: {bench.disturbed(condition, args.noise)}", flush=True)
        return
    columns = ("raw", "cancelled", "half duplex", "barge-in")
    print("| what | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 1) + "|", flush=True)
    report = {}
    for echo in args.echo or [-6.0, -14.0]:
        for drift in args.drift or [0.0, 100.0]:
            condition = Condition(echo, drift)
            rows = {}
            if args.prompts:
                others = args.prompts if args.others is None else args.others
                rows["false commands"] = bench.alone(condition, others, False) | bench.alone(
                    condition, args.prompts, True
                )
            if bench.words:
                rows["understood / mistaken"] = bench.over(condition, False) | bench.over(
                    condition, True
                )
            for what, cells in rows.items():
                line = " | ".join(cells[column] for column in columns)
                print(f"| {what}, {condition.name} | {line} |", flush=True)
            report[condition.name] = rows
    if args.json:
        args.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
