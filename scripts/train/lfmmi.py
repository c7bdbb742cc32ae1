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
from scripts.train.recursions import chain_backward, chain_forward, free_forward_backward
from scripts.train.transcript import Chain


@dataclass(frozen=True)
class Chains:
    """Several transcripts as padded arrays."""

    phones: Array
    """(chains, states); -1 behind a chain's last state."""
    before: Array
    """(chains, states, k); ended by -1."""
    first: Array
    last: Array


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


def contrast(
    scores: Tensor, frames: Tensor, choices: Chains, truth: Tensor
) -> tuple[Tensor, Tensor]:
    """The numerator of what was said, and how much likelier something else seems, both (batch,).

    ``choices``: for each utterance what was said in plain phones, then as many others as for
    every other. ``truth``: (batch,) which of them is right: 0, or 1 where the second says the
    same in phones of its own, to which the plain ones are a rival. The second result is the
    cross entropy of an exact grammar's choice: 0 when it is certain.
    """
    totals = numerator(scores, frames, choices).view(len(scores), -1)
    right = totals.gather(1, truth[:, None])[:, 0]
    return totals[:, 0], totals.logsumexp(1) - right
