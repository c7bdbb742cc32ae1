"""The forward and backward recursions of LF-MMI, compiled; plain arrays in, plain arrays out.

The same sums in PyTorch spend most of a training step on a thousand small tensors.
"""

from __future__ import annotations

import numba
import numpy as np

from scripts.train.arrays import Array

NEVER = -1e30
"""Logarithm of a probability that is none."""


@numba.njit(cache=True)
def _add(a: float, b: float) -> float:
    """log(exp(a) + exp(b))."""
    if a < b:
        a, b = b, a
    return a + np.log1p(np.exp(b - a)) if b > a - 40.0 else a


@numba.njit(cache=True)
def chain_forward(
    scores: Array, frames: Array, phones: Array, before: Array, first: Array, last: Array
) -> tuple[Array, Array]:
    """The log-sum over all timings of each chain, (chains,), and the forward variables.

    ``scores``: (batch, time, pdfs); chains come in as many as divide by the batch, those of one
    utterance together. ``before``: (chains, states, k), ended by -1; ``phones``: -1 behind the
    last state of a chain.
    """
    chains, states = phones.shape
    each = chains // len(scores)
    alpha = np.full((chains, scores.shape[1], states), NEVER)
    totals = np.full(chains, NEVER)
    for c in range(chains):
        row = scores[c // each]
        count = states
        while phones[c, count - 1] < 0:
            count -= 1
        for s in range(count):
            if first[c, s]:
                alpha[c, 0, s] = row[0, 2 * phones[c, s]]
        for t in range(1, frames[c // each]):
            for s in range(count):
                entered = NEVER
                for k in range(before.shape[2]):
                    source = before[c, s, k]
                    if source < 0:
                        break
                    entered = _add(entered, alpha[c, t - 1, source])
                pdf = 2 * phones[c, s]
                stayed = alpha[c, t - 1, s] + row[t, pdf + 1]
                alpha[c, t, s] = _add(stayed, entered + row[t, pdf])
        for s in range(count):
            if last[c, s]:
                totals[c] = _add(totals[c], alpha[c, frames[c // each] - 1, s])
    return totals, alpha


@numba.njit(cache=True)
def chain_backward(
    scores: Array,
    frames: Array,
    phones: Array,
    before: Array,
    last: Array,
    totals: Array,
    alpha: Array,
    weights: Array,
) -> Array:
    """Derivative of the weighted sum of ``totals`` by the scores: (batch, time, pdfs)."""
    chains, states = phones.shape
    each = chains // len(scores)
    slope = np.zeros(scores.shape, dtype=np.float32)
    beta, earlier = np.empty(states), np.empty(states)
    for c in range(chains):
        weight = weights[c]
        if abs(weight) < 1e-6:
            continue
        row, into = scores[c // each], slope[c // each]
        count = states
        while phones[c, count - 1] < 0:
            count -= 1
        for s in range(count):
            beta[s] = 0.0 if last[c, s] else NEVER
        for t in range(frames[c // each] - 1, 0, -1):
            earlier[:count] = NEVER
            for s in range(count):
                rest = beta[s] - totals[c]
                if beta[s] < 0.5 * NEVER:
                    continue
                pdf = 2 * phones[c, s]
                share = alpha[c, t - 1, s] + row[t, pdf + 1] + rest
                if share > -20.0:
                    into[t, pdf + 1] += weight * np.exp(share)
                earlier[s] = _add(earlier[s], row[t, pdf + 1] + beta[s])
                for k in range(before.shape[2]):
                    source = before[c, s, k]
                    if source < 0:
                        break
                    share = alpha[c, t - 1, source] + row[t, pdf] + rest
                    if share > -20.0:
                        into[t, pdf] += weight * np.exp(share)
                    earlier[source] = _add(earlier[source], row[t, pdf] + beta[s])
            beta, earlier = earlier, beta
        for s in range(count):
            share = alpha[c, 0, s] + beta[s] - totals[c]
            if share > -20.0:
                into[0, 2 * phones[c, s]] += weight * np.exp(share)
    return slope


@numba.njit(cache=True, fastmath=True)
def _through(vector: Array, matrix: Array, out: Array) -> None:
    """``out`` = vector @ matrix."""
    out[:] = 0.0
    for i in range(len(vector)):
        factor = vector[i]
        for j in range(len(out)):
            out[j] += factor * matrix[i, j]


@numba.njit(cache=True)
def free_forward_backward(
    scores: Array, frames: Array, follow: Array, start: Array, end: Array
) -> tuple[Array, Array]:
    """The log-sum over all phone sequences and timings, (batch,), and its derivative.

    ``follow``, ``start``, ``end``: the bigram's probabilities (no logarithms). Variables are
    scaled in every frame, so nothing overflows.
    """
    batch, time, pdfs = scores.shape
    phones = pdfs // 2
    totals = np.zeros(batch)
    slope = np.zeros(scores.shape, dtype=np.float32)
    backwards = np.ascontiguousarray(follow.T)
    enter, stay = np.empty((time, phones)), np.empty((time, phones))
    alpha, arrived = np.empty((time, phones)), np.empty((time, phones))
    beta, pushed, later = np.empty(phones), np.empty(phones), np.empty(phones)
    for b in range(batch):
        count = frames[b]
        total = 0.0
        for t in range(count):
            top = np.max(scores[b, t])
            for p in range(phones):
                enter[t, p] = np.exp(scores[b, t, 2 * p] - top)
                stay[t, p] = np.exp(scores[b, t, 2 * p + 1] - top)
            if t == 0:
                for p in range(phones):
                    arrived[0, p] = start[p]
                    alpha[0, p] = start[p] * enter[0, p]
            else:
                _through(alpha[t - 1], follow, arrived[t])
                for p in range(phones):
                    alpha[t, p] = alpha[t - 1, p] * stay[t, p] + arrived[t, p] * enter[t, p]
            size = np.sum(alpha[t])
            alpha[t] /= size
            # Scaling the factors by the same size keeps both recursions consistent.
            enter[t] /= size
            stay[t] /= size
            total += top + np.log(size)
        final = np.sum(alpha[count - 1] * end)
        totals[b] = total + np.log(final)
        for p in range(phones):
            beta[p] = end[p] / final
        for t in range(count - 1, 0, -1):
            for p in range(phones):
                gain = beta[p] * enter[t, p]
                slope[b, t, 2 * p] = arrived[t, p] * gain
                slope[b, t, 2 * p + 1] = alpha[t - 1, p] * stay[t, p] * beta[p]
                pushed[p] = gain
            _through(pushed, backwards, later)
            for p in range(phones):
                beta[p] = later[p] + stay[t, p] * beta[p]
        for p in range(phones):
            slope[b, 0, 2 * p] = alpha[0, p] * beta[p]
    return totals, slope
