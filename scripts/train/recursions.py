"""The forward and backward recursions of LF-MMI, compiled; plain arrays in, plain arrays out.

The same sums in PyTorch spend most of a training step on a thousand small tensors. Utterances are
shared out among as many threads as ``numba.set_num_threads`` says.
"""

from __future__ import annotations

import numba
import numpy as np

from scripts.train.arrays import Array

NEVER = -1e30
"""Logarithm of a probability that is none."""
LEAST = -80.0
"""How far below a frame's best score another counts, so that no sum comes out as nothing."""


@numba.njit(cache=True)
def _add(a: float, b: float) -> float:
    """log(exp(a) + exp(b))."""
    if a < b:
        a, b = b, a
    return a + np.log1p(np.exp(b - a)) if b > a - 40.0 else a


@numba.njit(cache=True)
def _states(phones: Array) -> int:
    """States of one padded chain."""
    count = len(phones)
    while phones[count - 1] < 0:
        count -= 1
    return count


@numba.njit(cache=True)
def _one_forward(
    row: Array, frames: int, phones: Array, before: Array, first: Array, last: Array, alpha: Array
) -> float:
    """Fills one chain's forward variables (time, states); returns their log-sum at the end."""
    count = _states(phones)
    for s in range(count):
        if first[s]:
            alpha[0, s] = row[0, 2 * phones[s]]
    for t in range(1, frames):
        for s in range(count):
            entered = NEVER
            for k in range(before.shape[1]):
                source = before[s, k]
                if source < 0:
                    break
                entered = _add(entered, alpha[t - 1, source])
            pdf = 2 * phones[s]
            stayed = alpha[t - 1, s] + row[t, pdf + 1]
            alpha[t, s] = _add(stayed, entered + row[t, pdf])
    total = NEVER
    for s in range(count):
        if last[s]:
            total = _add(total, alpha[frames - 1, s])
    return total


@numba.njit(cache=True, parallel=True)
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
    for c in numba.prange(chains):
        u = c // each
        totals[c] = _one_forward(
            scores[u], frames[u], phones[c], before[c], first[c], last[c], alpha[c]
        )
    return totals, alpha


@numba.njit(cache=True)
def _one_backward(
    row: Array,
    frames: int,
    phones: Array,
    before: Array,
    last: Array,
    total: float,
    alpha: Array,
    weight: float,
    into: Array,
) -> None:
    """Adds one chain's weighted derivative to ``into`` (time, pdfs)."""
    count = _states(phones)
    beta, earlier = np.empty(count), np.empty(count)
    for s in range(count):
        beta[s] = 0.0 if last[s] else NEVER
    for t in range(frames - 1, 0, -1):
        earlier[:] = NEVER
        for s in range(count):
            rest = beta[s] - total
            if beta[s] < 0.5 * NEVER:
                continue
            pdf = 2 * phones[s]
            share = alpha[t - 1, s] + row[t, pdf + 1] + rest
            if share > -20.0:
                into[t, pdf + 1] += weight * np.exp(share)
            earlier[s] = _add(earlier[s], row[t, pdf + 1] + beta[s])
            for k in range(before.shape[1]):
                source = before[s, k]
                if source < 0:
                    break
                share = alpha[t - 1, source] + row[t, pdf] + rest
                if share > -20.0:
                    into[t, pdf] += weight * np.exp(share)
                earlier[source] = _add(earlier[source], row[t, pdf] + beta[s])
        beta, earlier = earlier, beta
    for s in range(count):
        share = alpha[0, s] + beta[s] - total
        if share > -20.0:
            into[0, 2 * phones[s]] += weight * np.exp(share)


@numba.njit(cache=True, parallel=True)
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
    each = len(phones) // len(scores)
    slope = np.zeros(scores.shape, dtype=np.float32)
    for u in numba.prange(len(scores)):
        for c in range(u * each, (u + 1) * each):
            if abs(weights[c]) >= 1e-6:
                _one_backward(
                    scores[u],
                    frames[u],
                    phones[c],
                    before[c],
                    last[c],
                    totals[c],
                    alpha[c],
                    weights[c],
                    slope[u],
                )
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
def _one_free(
    row: Array, count: int, follow: Array, backwards: Array, start: Array, end: Array, slope: Array
) -> float:
    """One utterance's log-sum; its derivative goes into ``slope`` (time, pdfs)."""
    phones = len(start)
    enter, stay = np.empty((count, phones)), np.empty((count, phones))
    alpha, arrived = np.empty((count, phones)), np.empty((count, phones))
    beta, pushed, later = np.empty(phones), np.empty(phones), np.empty(phones)
    total = 0.0
    for t in range(count):
        top = np.max(row[t])
        for p in range(phones):
            enter[t, p] = np.exp(max(row[t, 2 * p] - top, LEAST))
            stay[t, p] = np.exp(max(row[t, 2 * p + 1] - top, LEAST))
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
    for p in range(phones):
        beta[p] = end[p] / final
    for t in range(count - 1, 0, -1):
        for p in range(phones):
            gain = beta[p] * enter[t, p]
            slope[t, 2 * p] = arrived[t, p] * gain
            slope[t, 2 * p + 1] = alpha[t - 1, p] * stay[t, p] * beta[p]
            pushed[p] = gain
        _through(pushed, backwards, later)
        for p in range(phones):
            beta[p] = later[p] + stay[t, p] * beta[p]
    for p in range(phones):
        slope[0, 2 * p] = alpha[0, p] * beta[p]
    return total + np.log(final)


@numba.njit(cache=True, parallel=True)
def free_forward_backward(
    scores: Array, frames: Array, follow: Array, start: Array, end: Array
) -> tuple[Array, Array]:
    """The log-sum over all phone sequences and timings, (batch,), and its derivative.

    ``follow``, ``start``, ``end``: the bigram's probabilities (no logarithms). Variables are
    scaled in every frame, so nothing overflows.
    """
    totals = np.zeros(len(scores))
    slope = np.zeros(scores.shape, dtype=np.float32)
    backwards = np.ascontiguousarray(follow.T)
    for b in numba.prange(len(scores)):
        totals[b] = _one_free(scores[b], frames[b], follow, backwards, start, end, slope[b])
    return totals, slope


@numba.njit(cache=True)
def _one_best(
    row: Array, frames: int, phones: Array, before: Array, first: Array, last: Array, came: Array
) -> tuple[float, int]:
    """One chain's best timing and its last state; ``came`` (time, states) gets where from."""
    count = _states(phones)
    best, later = np.full(count, NEVER), np.empty(count)
    for s in range(count):
        if first[s]:
            best[s] = row[0, 2 * phones[s]]
    for t in range(1, frames):
        for s in range(count):
            pdf = 2 * phones[s]
            later[s] = best[s] + row[t, pdf + 1]
            came[t, s] = s
            for k in range(before.shape[1]):
                source = before[s, k]
                if source < 0:
                    break
                entered = best[source] + row[t, pdf]
                if entered > later[s]:
                    later[s] = entered
                    came[t, s] = source
        best, later = later, best
    total, end = NEVER, 0
    for s in range(count):
        if last[s] and best[s] > total:
            total, end = best[s], s
    return total, end


@numba.njit(cache=True, parallel=True)
def chain_best(
    scores: Array, frames: Array, phones: Array, before: Array, first: Array, last: Array
) -> tuple[Array, Array, Array]:
    """The best timing of each chain: its score, its last state, and the way back.

    Arguments as for :func:`chain_forward`; results (chains,), (chains,), (chains, time, states).
    """
    chains, states = phones.shape
    each = chains // len(scores)
    came = np.empty((chains, scores.shape[1], states), dtype=np.int16)
    totals, ends = np.full(chains, NEVER), np.zeros(chains, dtype=np.int64)
    for c in numba.prange(chains):
        u = c // each
        totals[c], ends[c] = _one_best(
            scores[u], frames[u], phones[c], before[c], first[c], last[c], came[c]
        )
    return totals, ends, came


@numba.njit(cache=True, parallel=True)
def best_backward(
    shape: tuple[int, int, int],
    frames: Array,
    phones: Array,
    ends: Array,
    came: Array,
    weights: Array,
) -> Array:
    """Derivative of the weighted sum of the best timings' scores: ``shape`` (batch, time, pdfs)."""
    each = len(phones) // shape[0]
    slope = np.zeros(shape, dtype=np.float32)
    for u in numba.prange(shape[0]):
        for c in range(u * each, (u + 1) * each):
            if abs(weights[c]) >= 1e-6:
                s = ends[c]
                for t in range(frames[u] - 1, 0, -1):
                    source = came[c, t, s]
                    slope[u, t, 2 * phones[c, s] + (1 if source == s else 0)] += weights[c]
                    s = source
                slope[u, 0, 2 * phones[c, s]] += weights[c]
    return slope


@numba.njit(cache=True)
def _one_free_best(
    row: Array, count: int, follow: Array, start: Array, end: Array, path: Array
) -> float:
    """The best sequence of phones and its timing; its pdfs go into ``path`` (time,)."""
    phones = len(start)
    best, later = np.empty(phones), np.empty(phones)
    came = np.empty((count, phones), dtype=np.int16)
    for p in range(phones):
        best[p] = start[p] + row[0, 2 * p]
    for t in range(1, count):
        for p in range(phones):
            entered, source = NEVER, 0
            for q in range(phones):
                if best[q] + follow[q, p] > entered:
                    entered, source = best[q] + follow[q, p], q
            later[p] = entered + row[t, 2 * p]
            came[t, p] = source
            # Entering the same phone anew is told from staying by a number of its own.
            stayed = best[p] + row[t, 2 * p + 1]
            if stayed >= later[p]:
                later[p] = stayed
                came[t, p] = -1
        best, later = later, best
    total, p = NEVER, 0
    for q in range(phones):
        if best[q] + end[q] > total:
            total, p = best[q] + end[q], q
    for t in range(count - 1, 0, -1):
        stayed_here = came[t, p] < 0
        path[t] = 2 * p + (1 if stayed_here else 0)
        if not stayed_here:
            p = came[t, p]
    path[0] = 2 * p
    return total


@numba.njit(cache=True, parallel=True)
def free_best(
    scores: Array, frames: Array, follow: Array, start: Array, end: Array
) -> tuple[Array, Array]:
    """The best phone sequence and timing of each utterance: scores (batch,), pdfs (batch, time).

    ``follow``, ``start``, ``end``: logarithms, so that a price for a phone can be added.
    """
    totals = np.zeros(len(scores))
    paths = np.zeros(scores.shape[:2], dtype=np.int64)
    for b in numba.prange(len(scores)):
        totals[b] = _one_free_best(scores[b], frames[b], follow, start, end, paths[b])
    return totals, paths
