"""Lattice-free maximum mutual information from a flat start, as differentiable functions.

The numerator sums over all ways to time the words that were said (every pronunciation, silence
or none between words); the denominator over all ways to time anything, under a phone bigram. A
phone takes its forward pdf in its first frame and its self-loop pdf in every further one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from scripts.train.arrays import Array
from scripts.train.bigram import Bigram
from scripts.train.recursions import (
    best_backward,
    chain_backward,
    chain_best,
    chain_forward,
    free_best,
    free_forward_backward,
)
from scripts.train.transcript import Chain

UNKNOWN, OWNED_UNKNOWN, SILENCE = -1, -2, -3
"""Values of ``truth`` in :meth:`Choice.doubt`."""


@dataclass(frozen=True)
class Chains:
    """Several transcripts as padded arrays."""

    phones: Array
    """(chains, states); -1 behind a chain's last state."""
    before: Array
    """(chains, states, k); ended by -1."""
    first: Array
    last: Array

    def every(self, step: int) -> Chains:
        """The first of every ``step`` chains."""
        return Chains(
            self.phones[::step], self.before[::step], self.first[::step], self.last[::step]
        )


def stack(chains: Sequence[Chain]) -> Chains:
    """Pad chains to one size."""
    states = max(len(c.phones) for c in chains)
    width = max(c.before.shape[1] for c in chains)
    phones = np.full((len(chains), states), -1, dtype=np.int64)
    before = np.full((len(chains), states, width), -1, dtype=np.int64)
    first = np.zeros((len(chains), states), dtype=bool)
    last = np.zeros((len(chains), states), dtype=bool)
    for row, c in enumerate(chains):
        count = len(c.phones)
        phones[row, :count] = c.phones
        before[row, :count, : c.before.shape[1]] = c.before
        first[row, :count] = c.first
        last[row, :count] = c.last
    return Chains(phones, before, first, last)


def _plain(scores: Tensor) -> Array:
    return np.ascontiguousarray(scores.detach().float().cpu().numpy())


class _Numerator(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, scores: Tensor, frames: Tensor, chains: Chains) -> Tensor:
        values, lengths = _plain(scores), frames.cpu().numpy()
        totals, alpha = chain_forward(
            values, lengths, chains.phones, chains.before, chains.first, chains.last
        )
        ctx.kept = (values, lengths, chains, totals, alpha)
        return torch.from_numpy(totals).to(scores)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, None, None]:
        values, lengths, chains, totals, alpha = ctx.kept
        weights = slopes[0].double().cpu().numpy()
        slope = chain_backward(
            values, lengths, chains.phones, chains.before, chains.last, totals, alpha, weights
        )
        return torch.from_numpy(slope).to(slopes[0]), None, None


class _Denominator(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, scores: Tensor, frames: Tensor, bigram: Bigram) -> Tensor:
        parts = (np.exp(part) for part in (bigram.follow, bigram.start, bigram.end))
        plain = _plain(scores[:, :, : 2 * len(bigram.start)])
        totals, slope = free_forward_backward(plain, frames.cpu().numpy(), *parts)
        ctx.slope = torch.zeros_like(scores)
        ctx.slope[:, :, : slope.shape[2]] = torch.from_numpy(slope).to(scores)
        return torch.from_numpy(totals).to(scores)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, None, None]:
        return ctx.slope * slopes[0][:, None, None], None, None


def numerator(scores: Tensor, frames: Tensor, chains: Chains) -> Tensor:
    """Log-sum over all timings of each transcript.

    ``scores``: (batch, time, pdfs); ``frames``: (batch,) valid output frames; ``chains`` may hold
    several for each utterance, one utterance's together. Returns (chains,).
    """
    result: Tensor = _Numerator.apply(scores, frames, chains)  # type: ignore[no-untyped-call]
    return result


def denominator(scores: Tensor, frames: Tensor, bigram: Bigram) -> Tensor:
    """Log-sum over all sequences of plain phones and all timings: (batch,)."""
    result: Tensor = _Denominator.apply(scores, frames, bigram)  # type: ignore[no-untyped-call]
    return result


class _Best(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, scores: Tensor, frames: Tensor, chains: Chains) -> Tensor:
        values, lengths = _plain(scores), frames.cpu().numpy()
        totals, ends, came = chain_best(
            values, lengths, chains.phones, chains.before, chains.first, chains.last
        )
        ctx.kept = (values.shape, lengths, chains.phones, ends, came)
        return torch.from_numpy(totals).to(scores)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, None, None]:
        slope = best_backward(*ctx.kept, slopes[0].double().cpu().numpy())
        return torch.from_numpy(slope).to(slopes[0]), None, None


class _Anything(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, scores: Tensor, frames: Tensor, bigram: Bigram) -> Tensor:
        plain = _plain(scores[:, :, : 2 * len(bigram.start)])
        totals, paths = free_best(
            plain, frames.cpu().numpy(), bigram.follow, bigram.start, bigram.end
        )
        inside = torch.arange(scores.shape[1], device=frames.device)[None] < frames[:, None]
        ctx.kept = (torch.from_numpy(paths).to(scores.device), inside.to(scores), scores.shape)
        return torch.from_numpy(totals).to(scores)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, None, None]:
        paths, inside, shape = ctx.kept
        slope = torch.zeros(shape, dtype=slopes[0].dtype, device=slopes[0].device)
        slope.scatter_(2, paths[:, :, None], (inside * slopes[0][:, None])[:, :, None])
        return slope, None, None


def best(scores: Tensor, frames: Tensor, chains: Chains) -> Tensor:
    """The score of each transcript's best timing, which is what the decoder goes by: (chains,)."""
    result: Tensor = _Best.apply(scores, frames, chains)  # type: ignore[no-untyped-call]
    return result


def anything(scores: Tensor, frames: Tensor, bigram: Bigram) -> Tensor:
    """The score of the best sequence of plain phones and its best timing: (batch,)."""
    result: Tensor = _Anything.apply(scores, frames, bigram)  # type: ignore[no-untyped-call]
    return result


@dataclass(frozen=True)
class Choice:
    """What a decoder chooses by among the phrases of a grammar and other speech."""

    other_speech: Bigram
    """How phones follow each other in ``[unk]``, with its price for each."""
    prior: float = 2.5
    """What any phrase costs, in nats: as one of twelve."""
    margin: float = 2.0
    """By how many nats the right choice must lead before it teaches nothing more."""

    def doubt(self, scores: Tensor, frames: Tensor, choices: Chains, truth: Tensor) -> Tensor:
        """The cross entropy of the choice, with every rival ``margin`` better than it is: (batch,).

        ``choices``: for each utterance what was said in plain phones, then as many others as for
        every other; ``[unk]`` comes last of all. ``truth``: (batch,) which is right: 0, or 1 where
        the second says the same in phones of its own, to which the plain ones are a rival, or
        ``UNKNOWN`` or ``OWNED_UNKNOWN`` where the grammar lacks what was said (its first chain, or
        first two), or ``SILENCE`` where nothing was said, which ``[unk]`` may be as well.
        """
        phrases = best(scores, frames, choices).view(len(scores), -1) - self.prior
        other = anything(scores, frames, self.other_speech)
        totals = torch.cat([phrases, other[:, None]], 1)
        lacking = truth < 0
        absent = torch.zeros_like(totals, dtype=torch.bool)
        absent[:, 0] = lacking & (truth != SILENCE)
        absent[:, 1] = truth == OWNED_UNKNOWN
        absent[:, -1] = truth == SILENCE
        last = totals.shape[1] - 1
        right = torch.where(lacking, last, truth)
        right = torch.where(truth == SILENCE, 0, right)[:, None]
        totals = (totals + self.margin).scatter_add(
            1, right, torch.full_like(right, -self.margin, dtype=totals.dtype)
        )
        totals = totals.masked_fill(absent, -1e30)
        return totals.logsumexp(1) - totals.gather(1, right)[:, 0]
