"""Lattice-free maximum mutual information from a flat start, in plain tensors.

The numerator sums over all ways to time the words that were said (every pronunciation, silence
or none between words); the denominator over all ways to time anything, under a phone bigram. A
phone takes its forward pdf in its first frame and its self-loop pdf in every further one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from scripts.train.bigram import Bigram
from scripts.train.transcript import Chain

NEVER = -1e5
"""Logarithm of a probability that is none, small enough and still finite."""


@dataclass(frozen=True)
class Chains:
    """Several transcripts as padded tensors."""

    phones: Tensor
    before: Tensor
    """(batch, states, k); the index ``states`` stands for "no way"."""
    first: Tensor
    last: Tensor

    def to(self, device: torch.device) -> Chains:
        """The same on another device."""
        parts = (self.phones, self.before, self.first, self.last)
        return Chains(*(part.to(device) for part in parts))


def stack(chains: Sequence[Chain]) -> Chains:
    """Pad chains to one size."""
    states = max(len(c.phones) for c in chains)
    width = max(c.before.shape[1] for c in chains)
    phones = np.zeros((len(chains), states), dtype=np.int64)
    before = np.full((len(chains), states, width), -1, dtype=np.int64)
    first = np.zeros((len(chains), states), dtype=bool)
    last = np.zeros((len(chains), states), dtype=bool)
    for row, c in enumerate(chains):
        count = len(c.phones)
        phones[row, :count] = c.phones
        before[row, :count, : c.before.shape[1]] = c.before
        first[row, :count] = c.first
        last[row, :count] = c.last
    before[before < 0] = states
    return Chains(
        torch.from_numpy(phones),
        torch.from_numpy(before),
        torch.from_numpy(np.where(first, 0.0, NEVER).astype(np.float32)),
        torch.from_numpy(np.where(last, 0.0, NEVER).astype(np.float32)),
    )


def numerator(scores: Tensor, frames: Tensor, chains: Chains) -> Tensor:
    """Log-sum over all timings of each transcript.

    ``scores``: (batch, time, pdfs); ``frames``: (batch,) valid output frames; returns (batch,).
    """
    batch, time, _ = scores.shape
    states = chains.phones.shape[1]
    index = (2 * chains.phones)[:, None, :].expand(batch, time, states)
    forward = scores.gather(2, index).transpose(0, 1)
    loop = scores.gather(2, index + 1).transpose(0, 1)
    ways = chains.before.reshape(batch, -1)
    nowhere = scores.new_full((batch, 1), NEVER)
    alpha = chains.first + forward[0]
    for t in range(1, time):
        earlier = torch.cat((alpha, nowhere), 1).gather(1, ways)
        entered = earlier.view(batch, states, -1).logsumexp(2) + forward[t]
        moved = torch.logaddexp(alpha + loop[t], entered)
        alpha = torch.where((t < frames)[:, None], moved, alpha)
    return (alpha + chains.last).logsumexp(1)


def denominator(scores: Tensor, frames: Tensor, bigram: Bigram) -> Tensor:
    """Log-sum over all phone sequences and timings: (batch,)."""
    forward, loop = scores[:, :, 0::2], scores[:, :, 1::2]
    follow, start, end = (
        torch.as_tensor(part, dtype=torch.float32, device=scores.device)
        for part in (np.exp(bigram.follow), bigram.start, bigram.end)
    )
    alpha = start + forward[:, 0]
    for t in range(1, scores.shape[1]):
        top = alpha.detach().amax(1, keepdim=True)
        arrived = torch.log((alpha - top).exp() @ follow + 1e-30) + top
        moved = torch.logaddexp(alpha + loop[:, t], arrived + forward[:, t])
        alpha = torch.where((t < frames)[:, None], moved, alpha)
    return (alpha + end).logsumexp(1)


def contrast(scores: Tensor, frames: Tensor, choices: Chains) -> tuple[Tensor, Tensor]:
    """The numerator of what was said, and how much likelier something else seems, both (batch,).

    ``choices``: for each utterance what was said, then as many rivals as for every other. The
    second result is the cross entropy of an exact grammar's choice: 0 when it is certain.
    """
    each = len(choices.phones) // len(scores)
    totals = numerator(
        scores.repeat_interleave(each, 0), frames.repeat_interleave(each, 0), choices
    ).view(-1, each)
    return totals[:, 0], totals.logsumexp(1) - totals[:, 0]
