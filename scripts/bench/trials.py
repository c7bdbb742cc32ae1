"""What hearing is measured on: utterances, what was said in them, and the grammar they meet.

People's voices come from a corpus folder's dev speakers, none of whom the model was trained on;
the conversation's own phrases are said by synthetic voices kept out of training. What noise, a
room, distance, pain and whispering do to a voice is done here, alike for every engine.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np

from scripts.train.arrays import Array
from scripts.train.augment import (
    coloured_noise,
    groan,
    moan,
    reverberate,
    shout,
    snore,
    synthetic_room,
    whisper,
)
from scripts.train.corpus import RATE, Clip, read_clips, read_manifest
from scripts.train.prepare import generator, held_out_noise
from scripts.train.synth import held_out_plan, render
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.listening.port import Grammar
from voice_coach.session import WAKE, grammar_for

TEN: Final = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
SIX: Final = ("yes", "no", "stop", "left", "right", "go")
TWELVE: Final = (
    "yes", "no", "done", "stop", "next", "help", "wait", "still hurts", "too hard",
    "go back", "how long", "not sure",
)  # fmt: skip
LEAD, TRAIL = 0.3, 0.5
"""Seconds of near silence before and after each utterance."""


@dataclass(frozen=True)
class Utterance:
    """Sound, and what was said in it ("" for noise)."""

    said: str
    samples: Array
    """(n,) float32, 16 kHz, full scale 1."""

    group: str = ""
    """Who speaks: adult, child, or a synthetic voice."""


@dataclass(frozen=True)
class Trial:
    """Utterances heard with one grammar."""

    test: str
    """The line of the report it counts for; several trials may share one."""

    grammar: Grammar
    recorded: tuple[Utterance, ...]
    how: str = "clean"
    """What is done to the recordings; done when they are asked for, not before."""

    @property
    def utterances(self) -> tuple[Utterance, ...]:
        """What the engines hear."""
        return changed(self.recorded, self.how)

    def means(self, text: str) -> str:
        """What the text means in this grammar; "" for a text that is none of its phrases."""
        return self.grammar.meaning(text) if text in self.grammar.phrases else ""


@dataclass(frozen=True)
class Stream:
    """Sound without end, in which nobody says a phrase."""

    test: str
    grammar: Grammar
    sounds: tuple[Array, ...]


Change = Callable[[Array, np.random.Generator], Array]


def _pink(decibels: float) -> Change:
    def change(samples: Array, draw: np.random.Generator) -> Array:
        power = np.sort(samples**2)
        active = float(np.mean(power[len(power) // 2 :]))
        noise = coloured_noise(draw, (len(samples) + 1) / RATE, 1.0)[: len(samples)]
        gain = np.sqrt(active / 10 ** (decibels / 10)) / float(np.std(noise))
        noisy: Array = samples + np.float32(gain) * noise
        return noisy

    return change


def _quiet(samples: Array, _: np.random.Generator) -> Array:
    """30 dB softer than recorded."""
    softer: Array = samples * np.float32(10 ** (-30 / 20))
    return softer


def _room(samples: Array, draw: np.random.Generator) -> Array:
    """A bedroom (reverberation 0.45 s), two metres away."""
    return reverberate(samples, synthetic_room(draw, 0.45, 0.8))


def _far(samples: Array, draw: np.random.Generator) -> Array:
    """The same room, 20 dB softer, a fan 15 dB below the voice."""
    return _pink(15.0)(_room(samples, draw) * np.float32(0.1), draw)


CHANGES: Final[Mapping[str, Change]] = {
    "pink 20 dB": _pink(20.0),
    "pink 10 dB": _pink(10.0),
    "pink 5 dB": _pink(5.0),
    "pink 0 dB": _pink(0.0),
    "room": _room,
    "far": _far,
    "quiet": _quiet,
    "shouted": shout,
    "groaned": groan,
    "whispered": whisper,
}


def changed(utterances: Iterable[Utterance], how: str) -> tuple[Utterance, ...]:
    """The same utterances, each changed by its own random numbers; "clean" leaves them."""
    if how == "clean":
        return tuple(utterances)
    turn = CHANGES[how]
    return tuple(
        replace(one, samples=turn(one.samples, generator(how, number)))
        for number, one in enumerate(utterances)
    )


def framed(samples: Array, seed: int) -> Array:
    """With a lead and a trail of faint noise."""
    lead, trail = int(LEAD * RATE), int(TRAIL * RATE)
    faint = np.random.default_rng(seed).standard_normal(lead + len(samples) + trail)
    sound = (1e-4 * faint).astype(np.float32)
    sound[lead : lead + len(samples)] += samples
    return sound


@dataclass
class Corpora:
    """Recordings by what they are good for; ``most`` takes of one word or sentence at most."""

    folders: Sequence[Path]
    synthetic: Path
    """Where synthetic voices kept out of training are, or are rendered to."""

    most: int = 40
    clips: list[Clip] = field(init=False)

    def __post_init__(self) -> None:
        self.clips = [clip for folder in self.folders for clip in read_manifest(folder)]

    def speech(self, sources: tuple[str, ...], most: int | None = None) -> list[Clip]:
        """Dev speakers of these sources."""
        found = [c for c in self.clips if c.kind == "speech" and c.split == "dev"]
        return capped([c for c in found if c.source.startswith(sources)], most or self.most)

    def noises(self) -> tuple[Array, ...]:
        """Recorded noise kept out of training."""
        kept = [c for c in self.clips if c.kind == "noise" and held_out_noise(c)]
        found = {clip.key: samples for clip, samples in read_clips(kept)}
        return tuple(found[key] for key in sorted(found))

    def voices(self, phrases: Sequence[str]) -> list[Clip]:
        """Every phrase in each synthetic voice kept out of training; rendered once."""
        listed = self.synthetic / "phrases.txt"
        text = "\n".join(sorted(phrases))
        if not listed.exists() or listed.read_text(encoding="utf-8") != text:
            render(held_out_plan(sorted(phrases)), self.synthetic)
            listed.write_text(text, encoding="utf-8")
        return read_manifest(self.synthetic)


def capped(clips: Iterable[Clip], most: int) -> list[Clip]:
    """At most so many takes of the same words, chosen once and for all."""
    shuffled = sorted(clips, key=lambda clip: clip.key)
    random.Random(5).shuffle(shuffled)
    count: Counter[str] = Counter()
    chosen = []
    for clip in shuffled:
        count[clip.transcript] += 1
        if count[clip.transcript] <= most:
            chosen.append(clip)
    return chosen


def utterances(clips: Iterable[Clip]) -> list[Utterance]:
    """The clips' sound, framed, in an order that only their names decide."""
    found = sorted(((clip.key, clip, samples) for clip, samples in read_clips(clips)))
    return [
        Utterance(clip.transcript, framed(samples, number), _group(clip))
        for number, (_, clip, samples) in enumerate(found)
    ]


def _group(clip: Clip) -> str:
    if clip.source.startswith("tts_"):
        return clip.speaker
    years = float(clip.age) if clip.age.replace(".", "", 1).isdigit() else None
    if years is None:
        return "age unknown"
    return "child" if years < 16 else "adult"


def _grammar(name: str, phrases: Iterable[str], closed: bool = False) -> Grammar:
    return Grammar(name, tuple(dict.fromkeys(phrases)), reject=not closed)


def trials(corpora: Corpora, dialogue: Dialogue) -> Iterator[Trial]:
    """All tests on utterances, one after the other: they need much memory together."""
    yield from _words(corpora)
    yield from _sentences(corpora)
    yield from _conversation(corpora, dialogue)


def _words(corpora: Corpora) -> Iterator[Trial]:
    """Single words of people who recorded them in their rooms, on their own machines."""
    spoken = tuple(utterances(corpora.speech(("speech_commands",))))
    words = sorted({one.said for one in spoken})
    closed = _grammar("35 words", words, closed=True)
    for how in ("clean", "pink 20 dB", "pink 10 dB", "pink 5 dB", "pink 0 dB", "room", "far"):
        yield Trial(f"35 words, {how}", closed, spoken, how)
    yield Trial("35 words, quiet", closed, spoken, "quiet")
    others = utterances(corpora.speech(("speech_commands",), max(1, corpora.most // 4)))
    for name, commands in (("6 commands", SIX), ("10 commands", TEN)):
        tried = tuple(one for one in spoken if one.said in commands)
        tried += tuple(one for one in others if one.said not in TEN)
        grammar = _grammar(name, commands)
        yield Trial(f"{name}, clean", grammar, tried)
        if commands is TEN:
            for how in ("pink 10 dB", "shouted", "groaned", "whispered"):
                yield Trial(f"{name}, {how}", grammar, tried, how)


def _sentences(corpora: Corpora) -> Iterator[Trial]:
    """Read sentences: as phrases by people who learnt English late, and as talk to be ignored."""
    spoken = corpora.speech(("speechocean",))
    learners = tuple(utterances(c for c in spoken if _words_in(c) >= 3))
    texts = sorted({one.said for one in learners})
    random.Random(3).shuffle(texts)
    state = _grammar("L2 phrases, 150", texts[:150])
    for how in ("clean", "pink 10 dB"):
        yield Trial(f"L2 phrases, 150, {how}", state, learners, how)
    readers = utterances(corpora.speech(("librispeech", "commonvoice")))
    talk = (*learners, *readers)
    yield Trial("sentences in a state of 12", _grammar("12", TWELVE), talk)


def _words_in(clip: Clip) -> int:
    return len(clip.transcript.split())


def _conversation(corpora: Corpora, dialogue: Dialogue) -> Iterator[Trial]:
    """The conversation's own states: their phrases in new voices, people's words in them."""
    states = grammars(dialogue)
    homes = home_states(states)
    spoken: dict[str, list[Utterance]] = {}
    for one in utterances(corpora.voices(sorted(homes))):
        spoken.setdefault(one.said, []).append(one)
    for how in ("clean", "pink 10 dB"):
        for state in sorted(set(homes.values())):
            here = (phrase for phrase, home in homes.items() if home == state)
            said = tuple(one for phrase in here for one in spoken[phrase])
            yield Trial(f"own phrases, new voices, {how}", states[state], said, how)
    everybody = utterances(corpora.speech(("speech_commands",), most=10_000))
    answers = tuple(one for one in everybody if one.said in ("yes", "no"))
    yield Trial("yes and no, in a safety question", _safety_question(states), answers)
    people = utterances(corpora.speech(("speech_commands",)))
    for state, grammar in states.items():
        known = [one for one in people if one.said in grammar.phrases]
        if state == homes.get("yes") or state == WAKE:
            known = people
        if known:
            yield Trial(f"state {state}, people", grammar, tuple(known))


def grammars(dialogue: Dialogue) -> dict[str, Grammar]:
    """The conversation's states by name; of those that hear the same only the first."""
    found: dict[tuple[frozenset[str], ...], tuple[str, Grammar]] = {}
    for name, step in dialogue.protocol.steps.items():
        if step.kind != "route":
            grammar, _ = grammar_for(dialogue, name)
            if grammar.phrases:
                heard = (frozenset(grammar.phrases), frozenset(grammar.expected))
                found.setdefault(heard, (name, grammar))
    wake, _ = grammar_for(dialogue, WAKE)
    return {WAKE: wake, **dict(found.values())}


def _safety_question(states: Mapping[str, Grammar]) -> Grammar:
    return next(grammar for name, grammar in states.items() if name.startswith("check_"))


def home_states(states: Mapping[str, Grammar]) -> dict[str, str]:
    """For each phrase the state in which it has the most rivals."""
    largest = sorted(states, key=lambda name: (-len(states[name].phrases), name))
    homes: dict[str, str] = {}
    for name in largest:
        for phrase in states[name].phrases:
            homes.setdefault(phrase, name)
    return dict(sorted(homes.items()))


def streams(corpora: Corpora, dialogue: Dialogue) -> Iterator[Stream]:
    """Noise, snoring and moaning, through the whole ear: gate, endpoint and thresholds."""
    state = _grammar("12", TWELVE)
    yield Stream("noise, recorded", state, corpora.noises())
    question = _safety_question(grammars(dialogue))
    yield Stream("noise, recorded, in a safety question", question, corpora.noises())
    draw = np.random.default_rng(99)
    for name, make in (("snoring", snore), ("moaning", moan)):
        yield Stream(f"{name}, made", state, tuple(make(draw, 10.0) for _ in range(60)))
