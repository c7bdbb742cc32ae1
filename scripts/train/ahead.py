"""Work done ahead of whoever uses its results, in order, by a thread or by processes."""

from __future__ import annotations

import multiprocessing
import pickle
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_work: Callable[[Any], Any] | None = None
"""What the forked processes do: inherited, because it holds too much to be sent."""


def _remote(item: Any) -> bytes:
    # Pickled here, so that tensors travel as bytes rather than as shared memory.
    assert _work is not None
    return pickle.dumps(_work(item), protocol=pickle.HIGHEST_PROTOCOL)


def _alone() -> None:
    """A forked process has none of its parent's OpenMP threads, and would wait for them forever."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)


def ahead(
    work: Callable[[T], R], items: Iterable[T], processes: int = 0, most: int = 8
) -> Iterator[R]:
    """``work`` of each item in their order, at most ``most`` (or two a process) ahead.

    ``processes``: 0 for one thread. ``work`` runs in copies of this process as it is now: what it
    changes is lost there.
    """
    global _work  # noqa: PLW0603 - what a fork inherits
    pool: Executor
    if processes:
        _work = work
        pool = ProcessPoolExecutor(processes, multiprocessing.get_context("fork"), _alone)
    else:
        pool = ThreadPoolExecutor(1)
    source = iter(items)
    ready: deque[Future[Any]] = deque()
    with pool:
        try:
            while True:
                while len(ready) < max(most, 2 * processes):
                    try:
                        item = next(source)
                    except StopIteration:
                        break
                    ready.append(pool.submit(_remote if processes else work, item))
                if not ready:
                    return
                result = ready.popleft().result()
                yield pickle.loads(result) if processes else result
        finally:
            for future in ready:
                future.cancel()
