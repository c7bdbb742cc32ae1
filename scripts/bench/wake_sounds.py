"""A day and a night of sound in which nobody calls, and calls in three rooms, made from a seed.

Speech and noise come from a corpus folder (``../shared/data``), put together in pieces of five
minutes: talk of people the model was trained on and of people it never heard, a television (talk
in a room over noise and music 10 dB softer), recorded noise, and a bedroom of made snoring, a fan,
rain, a clock and traffic, with a cough, a groan or a door now and then. The same seed makes the
same sound, piece by piece, whatever was made before.
"""

from __future__ import annotations

import random
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from scripts.train.arrays import Array
from scripts.train.augment import coloured_noise, reverberate, snore, synthetic_room
from scripts.train.corpus import RATE, Clip, decode, read_clips, read_manifest
from scripts.train.prepare import generator
from scripts.train.synth import HELD_OUT, Take, render
from voice_coach.audio.port import Samples
from voice_coach.rehearsal.noises import NOISES, noise

PIECE: Final = 300.0
"""Seconds of sound in a piece."""

DAY: Final[Mapping[str, float]] = {
    "talk": 6.0, "talk, new people": 3.0, "television": 9.0, "noise": 6.0,
}  # fmt: skip
NIGHT: Final[Mapping[str, float]] = {
    "snoring": 2.0, "fan": 1.5, "rain": 1.5, "clock": 1.0, "traffic": 2.0,
}  # fmt: skip
"""Hours of each kind of sound, in 24 and in 8 of them."""

ROOMS: Final = ("clean", "noise 10 dB", "room 3 m", "room 3 m, noise 10 dB")
RATES: Final = (0.85, 1.0, 1.2)
"""How fast a call is said, 1 = the voice's own rate."""

FAR: Final = 0.25
"""Direct sound against all the rest (energy 1) at 3 m in a bedroom of 40 m3 and 0.45 s of
reverberation, for a mouth (directivity 2): -12 dB, from the critical distance of 0.77 m."""


@dataclass(frozen=True)
class Piece:
    """Five minutes of one kind of sound."""

    kind: str
    number: int

    @property
    def name(self) -> str:
        return f"{self.kind} {self.number:03d}"


@dataclass(frozen=True)
class Sound:
    """A piece's samples, and whose recordings are in it: (first second, transcript), in order."""

    samples: Samples
    said: tuple[tuple[float, str], ...] = ()


def pieces(hours: float = 32.0) -> list[Piece]:
    """So many of the 32 hours, each kind with its share of them, evenly mixed."""
    every = [
        ((number + 0.5) / round(length * 3600 / PIECE), kind, number)
        for kind, length in {**DAY, **NIGHT}.items()
        for number in range(round(length * 3600 / PIECE))
    ]
    chosen = sorted(every)[: max(1, round(hours * 3600 / PIECE))]
    return [Piece(kind, number) for _, kind, number in chosen]


@dataclass
class Library:
    """A corpus folder's recordings, each read when it is wanted."""

    folder: Path
    leave_out: frozenset[str]
    """Transcripts that are calls."""

    clips: list[Clip] = field(init=False)
    _places: dict[str, tuple[Path, int, int]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.clips = sorted(read_manifest(self.folder), key=lambda clip: clip.key)
        for tar_name in sorted({clip.tar for clip in self.clips if clip.kind != "rir"}):
            path = self.folder / tar_name
            with tarfile.open(path) as tar:
                for member in tar:
                    place = (path, member.offset_data, member.size)
                    self._places[f"{tar_name}/{member.name}"] = place

    def talk(self, new: bool | None) -> list[Clip]:
        """People's speech; ``new``: only of those whom the model never heard, or of the others."""
        return [
            clip
            for clip in self.clips
            if clip.kind == "speech"
            and clip.transcript not in self.leave_out
            and (new is None or (clip.split == "dev") == new)
        ]

    def noises(self, *labels: str) -> list[Clip]:
        """Recorded noise; of these classes alone, when there are any."""
        return [
            clip
            for clip in self.clips
            if clip.kind == "noise" and (not labels or clip.label.endswith(labels))
        ]

    def samples(self, clip: Clip) -> Array:
        """float32, 16 kHz, full scale 1."""
        path, at, size = self._places[clip.key]
        with path.open("rb") as file:
            file.seek(at)
            return decode(file.read(size))

    def sound(self, piece: Piece, seed: int) -> Sound:
        """The piece's five minutes."""
        draw = generator(f"{piece.name} {seed}", 0)
        kind = piece.kind
        if kind.startswith("talk"):
            return _talk(self, draw, new="new" in kind)
        if kind == "television":
            return _television(self, draw)
        if kind == "noise":
            return Sound(_pcm(_noise(self, draw)))
        return Sound(_pcm(_visited(BEDROOM[kind](self, draw), draw)))


# -- the day --------------------------------------------------------------------------------------


def _level(samples: Array, decibels: float) -> Array:
    """Its louder half at this level, dBFS."""
    power = np.sort(samples**2)
    active = float(np.mean(power[len(power) // 2 :])) + 1e-12
    louder: Array = samples * np.float32(10 ** (decibels / 20) / np.sqrt(active))
    return louder


def _one_after_another(
    library: Library,
    clips: list[Clip],
    draw: np.random.Generator,
    gap: tuple[float, float],
    level: tuple[float, float],
) -> Iterator[tuple[int, Clip, Array]]:
    """Clips, where each begins, and their samples at a level drawn once a minute."""
    at = 0
    loud = draw.uniform(*level)
    while at < PIECE * RATE:
        if draw.uniform() < 0.05:
            loud = draw.uniform(*level)
        clip = clips[int(draw.integers(len(clips)))]
        samples = _level(library.samples(clip), loud)
        yield at, clip, samples
        at += len(samples) + int(draw.uniform(*gap) * RATE)


def _line_up(parts: list[tuple[int, Clip, Array]]) -> Array:
    total = np.zeros(int(PIECE * RATE), np.float32)
    for at, _, samples in parts:
        piece = samples[: max(0, len(total) - at)]
        total[at : at + len(piece)] += piece
    return total


def _said(parts: list[tuple[int, Clip, Array]]) -> tuple[tuple[float, str], ...]:
    return tuple((round(at / RATE, 2), clip.transcript) for at, clip, _ in parts)


def _talk(library: Library, draw: np.random.Generator, new: bool) -> Sound:
    """People in the room, close by or in the next one."""
    clips = library.talk(new)
    parts = list(_one_after_another(library, clips, draw, (0.2, 2.0), (-45.0, -20.0)))
    total = _line_up(parts)
    if draw.uniform() < 0.5:
        total = reverberate(total, synthetic_room(draw, 0.45, float(draw.uniform(0.3, 1.0))))
    return Sound(_pcm(total + _faint(draw)), _said(parts))


def _television(library: Library, draw: np.random.Generator) -> Sound:
    """Talk almost without a pause, over music or noise 10 dB softer, heard across a room."""
    clips = library.talk(None)
    parts = list(_one_after_another(library, clips, draw, (0.0, 0.6), (-24.0, -24.0)))
    if draw.uniform() < 0.5:
        below = _music(draw)
    else:
        below = _line_up(
            list(_one_after_another(library, library.noises(), draw, (0.0, 0.0), (-24.0, -24.0)))
        )
    below *= np.float32(10 ** (-34 / 20) / (np.std(below) + 1e-9))
    total = reverberate(_line_up(parts) + below, synthetic_room(draw, 0.45, 0.5))
    total *= np.float32(10 ** (draw.uniform(-20, 4) / 20))
    return Sound(_pcm(total + _faint(draw)), _said(parts))


def _music(draw: np.random.Generator) -> Array:
    """Chords of plucked strings over a bass."""
    total = np.zeros(int(PIECE * RATE), np.float32)
    beat = draw.uniform(0.3, 0.7)
    for number in range(int(PIECE / beat)):
        tone = _chord(int(draw.integers(0, 12)), bass=number % 4 == 0)
        at = int(number * beat * RATE)
        total[at : at + len(tone)] += tone[: len(total) - at]
    return total


@cache
def _chord(semitones: int, bass: bool) -> Array:
    time = np.arange(2 * RATE) / RATE
    tone = np.zeros(len(time))
    for step in (-12, 0) if bass else (0, 4, 7):
        hertz = 110 * 2 ** ((semitones + step) / 12)
        tone += sum(np.sin(2 * np.pi * hertz * k * time) / k**1.5 for k in (1, 2, 3, 5))
    plucked: Array = (tone * np.exp(-3 * time)).astype(np.float32)
    return plucked


def _noise(library: Library, draw: np.random.Generator) -> Array:
    """Recorded noise, one thing after another, soft and loud."""
    clips = library.noises()
    parts = list(_one_after_another(library, clips, draw, (0.0, 3.0), (-50.0, -15.0)))
    return _line_up(parts) + _faint(draw)


def _faint(draw: np.random.Generator, decibels: float = -72.0) -> Array:
    """The noise of a room and its microphone."""
    noise = np.resize(coloured_noise(draw, 20.0, 1.0), int(PIECE * RATE))
    faint: Array = noise * np.float32(10 ** (decibels / 20) / np.std(noise))
    return faint


# -- the night ------------------------------------------------------------------------------------


def _snoring(_: Library, draw: np.random.Generator) -> Array:
    sound = np.concatenate([snore(draw, 30.0) for _ in range(10)])
    louder: Array = sound * np.float32(10 ** (draw.uniform(-25, 0) / 20)) + _faint(draw)
    return louder


def _fan(_: Library, draw: np.random.Generator) -> Array:
    """Air, and blades that beat; it turns from side to side."""
    time = np.arange(int(PIECE * RATE)) / RATE
    air = np.resize(coloured_noise(draw, 30.0, float(draw.uniform(0.8, 1.6))), len(time))
    hum = sum(np.sin(2 * np.pi * draw.uniform(20, 30) * k * time) / k for k in range(1, 6))
    turn = 1 + 0.5 * np.sin(2 * np.pi * time / draw.uniform(8, 20))
    sound: Array = ((air + 0.02 * hum) * turn * 10 ** (draw.uniform(-20, 0) / 20)).astype(
        np.float32
    )
    return sound


def _recorded(library: Library, draw: np.random.Generator, *labels: str) -> Array:
    """Recordings of these classes without a gap, at one level."""
    level = draw.uniform(-45.0, -22.0)
    clips = library.noises(*labels)
    parts = _one_after_another(library, clips, draw, (0.0, 0.0), (level, level))
    return _line_up(list(parts)) + _faint(draw)


def _rain(library: Library, draw: np.random.Generator) -> Array:
    return _recorded(library, draw, "Rain", "Sea waves")


def _clock(library: Library, draw: np.random.Generator) -> Array:
    return _recorded(library, draw, "Clock tick")


def _traffic(_: Library, draw: np.random.Generator) -> Array:
    """Cars that come, pass and go, behind a window."""
    count = int(PIECE * RATE)
    total = np.zeros(count, np.float32)
    time = np.arange(count) / RATE
    for _number in range(int(draw.integers(20, 60))):
        middle, length = draw.uniform(0, PIECE), draw.uniform(1.5, 6.0)
        first, last = (int(max(0, middle + s * 3 * length) * RATE) for s in (-1, 1))
        here = time[first:last]
        if len(here):
            tyres = np.resize(coloured_noise(draw, 8.0, float(draw.uniform(1.2, 2.2))), len(here))
            swell = np.exp(-0.5 * ((here - middle) / length) ** 2)
            total[first : first + len(here)] += (
                tyres * swell * 10 ** (draw.uniform(-25, 0) / 20)
            ).astype(np.float32)
    return total + _faint(draw)


def _visited(sound: Array, draw: np.random.Generator) -> Array:
    """With a cough, a groan or a door every minute or so, as the rehearsal's people make them."""
    chance = random.Random(int(draw.integers(2**32)))
    at = draw.exponential(60.0)
    while at < PIECE - 2:
        made = noise(chance.choice(sorted(NOISES)), chance).astype(np.float32) / 32768
        first = int(at * RATE)
        sound[first : first + len(made)] += made * np.float32(10 ** (draw.uniform(-24, 0) / 20))
        at += 2 + draw.exponential(60.0)
    return sound


BEDROOM: Final[Mapping[str, Callable[[Library, np.random.Generator], Array]]] = {
    "snoring": _snoring, "fan": _fan, "rain": _rain, "clock": _clock, "traffic": _traffic,
}  # fmt: skip


# -- the calls ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Called:
    """One call in a room, with some seconds of that room before and after it."""

    phrase: str
    voice: str
    samples: Samples


def calls(phrases: tuple[str, ...], folder: Path, where: str) -> Iterator[Called]:
    """Every phrase in every synthetic voice kept out of training, at three rates, in one room.

    ``folder`` keeps the voices; they are rendered once.
    """
    listed = folder / "phrases.txt"
    if not listed.exists() or listed.read_text(encoding="utf-8") != "\n".join(phrases):
        takes = [
            Take(p, *voice, rate, 1.0) for p in phrases for voice in HELD_OUT for rate in RATES
        ]
        render(takes, folder)
        listed.write_text("\n".join(phrases), encoding="utf-8")
    found = sorted(
        ((c.key, c, s) for c, s in read_clips(read_manifest(folder))), key=lambda f: f[0]
    )
    for number, (_, clip, samples) in enumerate(found):
        yield Called(clip.transcript, clip.speaker, _called(samples, where, number))


def _called(samples: Array, where: str, number: int) -> Samples:
    """A call after three seconds of its room's own sound."""
    draw = generator(where, number)
    sound = np.zeros(3 * RATE + len(samples) + 2 * RATE, np.float32)
    sound[3 * RATE : 3 * RATE + len(samples)] = _level(samples, -23.0)
    if "room" in where:
        # The tail of the room goes on after the call; 12 dB are lost on the way.
        sound = reverberate(sound, synthetic_room(draw, 0.45, FAR)) * np.float32(0.25)
    loud = float(np.sqrt(np.mean(np.sort(sound[3 * RATE : -2 * RATE] ** 2)[len(samples) // 2 :])))
    quiet = -10.0 if "10 dB" in where else -45.0
    made = coloured_noise(draw, (len(sound) + 1) / RATE, 1.0)[: len(sound)]
    return _pcm(sound + made * np.float32(loud * 10 ** (quiet / 20) / np.std(made)))


def _pcm(samples: Array) -> Samples:
    found: Samples = (np.clip(samples, -1.0, 1.0) * 32767).astype(np.int16)
    return found
