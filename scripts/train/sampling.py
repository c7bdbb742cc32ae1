"""Which utterances an epoch holds, and their batches, augmented anew each time."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from scripts.train.ahead import ahead
from scripts.train.arrays import Array
from scripts.train.augment import Night
from scripts.train.features import Entry, FeatureCache, batches, cepstra
from scripts.train.lexicon import Lexicon
from scripts.train.lfmmi import OWNED_UNKNOWN, SILENCE, UNKNOWN, Chains, stack
from scripts.train.network import extend
from scripts.train.own import OwnPhones
from scripts.train.rivals import Rivals
from scripts.train.transcript import Chain, chain
from scripts.train.weights import Shape, outputs


@dataclass(frozen=True)
class Diet:
    """How much of what an epoch holds."""

    most_alike: int = 900
    """Recordings of people saying the same words, at most."""
    least_alike: int = 0
    """Where at least ``SEVERAL`` people say the same words, they are repeated up to this number,
    but no one more than ``MOST_REPEATED`` times; every repetition is changed anew."""
    synthetic: float = 0.5
    """Share of the synthetic clips."""
    plain: float = 0.4
    """Share of the utterances taken from the copy without room or transform."""
    silences: int = 1200
    """Stretches of noise without a word."""
    long: float = 0.5
    """Share of the utterances longer than ``LONG`` frames."""
    frames: int = 5000
    """Padded frames in a batch."""
    noise: float = 0.6
    """Share of the utterances with noise mixed in."""
    rivals: int = 12
    """Other transcripts that each short utterance is contrasted with; 0 for none."""
    unknown: float = 0.25
    """Share of those utterances that none of the phrases is right for."""


SEVERAL = 5
MOST_REPEATED = 6
LONG = 600
"""Frames (10 ms)."""
MOST_WORDS = 5
"""Words of a transcript that can be another's rival."""
LONGEST_CONTRASTED = 70
"""Output frames of the longest utterances that are contrasted with rivals."""


@dataclass(frozen=True)
class Batch:
    """Inputs extended for the context, output lengths, and what was said."""

    feats: Tensor
    frames: Tensor
    chains: Chains
    rivals: int = 0
    """How many rivals follow each utterance's own transcript in ``chains``."""
    truth: Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.long))
    """Where there are rivals, which of an utterance's chains is right (see ``contrast``)."""

    def to(self, device: torch.device) -> Batch:
        """The same on another device."""
        moved = {name: getattr(self, name).to(device) for name in ("feats", "frames", "truth")}
        return replace(self, **moved)


@dataclass(frozen=True)
class _Item:
    copies: tuple[tuple[int, Entry], ...]
    """(cache number, entry); empty for a stretch of noise."""
    frames: int
    chain: Chain
    words: str = ""


class Sampler:
    """Draws epochs from caches of copies. Epoch numbers decide the draw, so training resumes."""

    def __init__(  # noqa: PLR0913
        self,
        caches: Sequence[FeatureCache],
        lexicon: Lexicon,
        noises: Sequence[Array],
        seed: int,
        diet: Diet,
        processes: int = 0,
    ) -> None:
        """``processes``: how many make the batches; 0 for one thread."""
        self._processes = processes
        self._caches = caches
        self._diet = diet
        self._seed = seed
        self._noises = noises
        self._cepstra = cepstra().astype(np.float32)
        by_key: dict[str, list[tuple[int, Entry]]] = {}
        for number, cache in enumerate(caches):
            for entry in cache.entries:
                if entry.kind == "speech":
                    by_key.setdefault(entry.key, []).append((number, entry))
        chains: dict[str, Chain] = {}
        self._items: dict[str, _Item] = {}
        self._people: dict[str, list[str]] = {}
        self._synthetic: list[str] = []
        for key, copies in by_key.items():
            entry = copies[0][1]
            if entry.transcript not in chains:
                chains[entry.transcript] = chain(entry.transcript.split(), lexicon)
            words = entry.transcript
            self._items[key] = _Item(tuple(copies), entry.frames, chains[words], words)
            if entry.source.startswith("tts_"):
                self._synthetic.append(key)
            else:
                self._people.setdefault(entry.transcript, []).append(key)
        self._silence = chain([], lexicon)
        common = [words for words in chains if len(words.split()) <= MOST_WORDS]
        often = [w for w, said in self._people.items() if len(said) >= SEVERAL and w in common]
        self._rivals = Rivals(common, lexicon, often) if diet.rivals else None
        self._chains = {**chains, "": self._silence}
        self._owned: dict[str, Chain] = {}

    def with_own(self, own: OwnPhones, lexicon: Lexicon) -> Sampler:
        """The same recordings; these phones belong to single words."""
        other, numbers = copy.copy(self), own.numbers
        owners = {name.partition(".")[2] for name in own.names}
        other._owned = {
            words: chain(words.split(), lexicon, numbers)
            for words in self._chains
            if owners & set(words.split())
        }
        return other

    @property
    def diet(self) -> Diet:
        """How much of what an epoch holds."""
        return self._diet

    def with_diet(self, diet: Diet) -> Sampler:
        """The same recordings, drawn otherwise."""
        other = copy.copy(self)
        other._diet = diet
        other._seed = self._seed + 1
        return other

    @property
    def transcripts(self) -> list[list[str]]:
        """Every utterance's words, for the phone bigram."""
        return [item.copies[0][1].transcript.split() for item in self._items.values()]

    def drop(self, keys: set[str]) -> None:
        """Leave these utterances out of all further epochs."""
        for key in keys:
            self._items.pop(key, None)
        self._synthetic = [key for key in self._synthetic if key not in keys]
        self._people = {
            words: [key for key in found if key not in keys]
            for words, found in self._people.items()
        }

    def leave_out(self, words: set[str]) -> None:
        """Drop every recording of a person saying one of these words."""
        self.drop(
            {
                key
                for key, item in self._items.items()
                if not item.copies[0][1].source.startswith("tts_")
                and words & set(item.copies[0][1].transcript.split())
            }
        )

    def _chosen(self, draw: np.random.Generator) -> list[_Item]:
        keys: list[str] = []
        for found in self._people.values():
            keys.extend(draw.permutation(self._repeated(found))[: self._diet.most_alike].tolist())
        share = int(self._diet.synthetic * len(self._synthetic))
        keys.extend(draw.permutation(self._synthetic)[:share].tolist())
        items = [self._items[key] for key in keys]
        items = [i for i in items if i.frames <= LONG or draw.random() < self._diet.long]
        lengths = draw.integers(80, 450, self._diet.silences)
        return items + [_Item((), int(length), self._silence) for length in lengths]

    def _repeated(self, found: list[str]) -> list[str]:
        if len(found) < SEVERAL:
            return found
        return found * min(MOST_REPEATED, max(1, round(self._diet.least_alike / len(found))))

    def _feats(self, item: _Item, night: Night, draw: np.random.Generator) -> Array:
        if not item.copies:
            return night.silence(item.frames)
        # Copy 0 of a corpus stands first: the recording as it is.
        plain = len(item.copies) == 1 or draw.random() < self._diet.plain
        chosen = 0 if plain else int(draw.integers(1, len(item.copies)))
        number, entry = item.copies[chosen]
        feats = night.speech(self._caches[number][entry])
        if outputs(len(feats)) < item.chain.shortest:
            feats = self._caches[number][entry]
        return feats

    def epoch(self, number: int, shape: Shape) -> tuple[int, Iterator[Batch]]:
        """How many batches epoch ``number`` has, and the batches."""
        draw = np.random.default_rng([self._seed, number])
        items = self._chosen(draw)
        groups = list(
            batches([i.frames + 40 for i in items], self._diet.frames, draw.permutation(len(items)))
        )
        night = self._night()

        def make(place: int) -> Batch:
            # Random numbers of its own: whoever makes it, it comes out the same.
            night.draw = np.random.default_rng([self._seed, number, place])
            return self._batch([items[int(index)] for index in groups[place]], night, shape)

        return len(groups), ahead(make, range(len(groups)), self._processes)

    def _night(self) -> Night:
        spare = self._items[next(iter(self._items))]
        babble = [self._caches[0][e] for e in self._caches[0].entries if e.frames > 500][:300]
        babble = babble or [self._caches[0][spare.copies[0][1]]]
        return Night(self._noises, babble, noise=self._diet.noise)

    def _batch(self, chosen: Sequence[_Item], night: Night, shape: Shape) -> Batch:
        draw = night.draw
        feats = [self._feats(item, night, draw) @ self._cepstra for item in chosen]
        tensors = [torch.from_numpy(feat) for feat in feats]
        frames = torch.tensor([outputs(len(feat)) for feat in feats])
        rivals = self._diet.rivals if int(frames.max()) <= LONGEST_CONTRASTED else 0
        chains = [one for item in chosen for one in self._choices(item, rivals, draw)]
        truth = torch.tensor([self._right(item, draw) for item in chosen])
        return Batch(extend(tensors, shape), frames, stack(chains), rivals, truth)

    def _right(self, item: _Item, draw: np.random.Generator) -> int:
        """Which of the choices is right; of some, the grammar lacks what was said."""
        if not item.words:
            return SILENCE
        owned = item.words in self._owned
        if draw.random() < self._diet.unknown:
            return OWNED_UNKNOWN if owned else UNKNOWN
        return int(owned)

    def _choices(self, item: _Item, rivals: int, draw: np.random.Generator) -> list[Chain]:
        """What was said in plain phones, the same in its own if it has some, then others."""
        if not rivals or self._rivals is None:
            return [item.chain]
        owned = [self._owned[item.words]] if item.words in self._owned else []
        others = self._rivals.of(item.words, rivals - len(owned), draw)
        return [item.chain, *owned, *(self._heard_as(words) for words in others)]

    def _heard_as(self, words: str) -> Chain:
        return self._owned.get(words) or self._chains[words]
