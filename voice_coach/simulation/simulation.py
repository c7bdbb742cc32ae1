"""Nights by the thousand, shared among processes.

Each night is drawn from its own number, so that neither how many processes there are nor who comes
first changes anything.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.synchronize import Event

from voice_coach.simulation.night import Night, Result, Stage

_stage: Stage | None = None
_stopped: Event | None = None
"""Of a worker process, for as long as it lives."""


@dataclass(frozen=True)
class Plan:
    """Which nights."""

    nights: int
    seed: int = 1
    snr_db: float | None = None
    persona: str = ""
    """Who calls; empty for anybody."""

    def draw(self, stage: Stage, number: int) -> Night:
        return stage.draw(number, self.seed, self.snr_db, self.persona)


@dataclass(frozen=True)
class Batch:
    """Some nights that one process has played."""

    results: list[Result]
    cpu_seconds: float


def simulate(plan: Plan, make_stage: Callable[[], Stage], jobs: int, batch: int) -> Iterator[Batch]:
    """Play the nights of the plan, in any order, ``batch`` at a time in each of ``jobs`` processes.

    ``make_stage`` is called in each process. Whoever stops iterating stops the processes.
    """
    parts = [range(at, min(at + batch, plan.nights)) for at in range(0, plan.nights, batch)]
    # Fresh processes: the threads of a voice do not survive a fork.
    fresh = multiprocessing.get_context("spawn")
    stopped = fresh.Event()
    processes = min(jobs, max(1, len(parts)))
    pool = ProcessPoolExecutor(processes, fresh, _begin, (make_stage, stopped))
    try:
        with _deaf_to_interrupts():  # the processes inherit it: Ctrl-C is for us, who end them
            played = [pool.submit(_play, plan, part) for part in parts]
        for done in as_completed(played):
            yield done.result()
    finally:
        stopped.set()  # before the next night, not only before the next batch
        pool.shutdown(wait=False, cancel_futures=True)


def play(plan: Plan, stage: Stage, numbers: range, stopped: Event | None = None) -> Batch:
    """The nights with these numbers, or as many of them as come before ``stopped``."""
    began, results = time.process_time(), []
    for number in numbers:
        if stopped is not None and stopped.is_set():
            break
        results.append(stage.play(plan.draw(stage, number)))
    return Batch(results, time.process_time() - began)


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _begin(make_stage: Callable[[], Stage], stopped: Event) -> None:
    global _stage, _stopped  # noqa: PLW0603 - what a worker process keeps has no other place
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _stopped = stopped
    _stage = make_stage()
    gc.freeze()  # the content is not worth looking through again and again


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _play(plan: Plan, numbers: range) -> Batch:
    assert _stage is not None
    return play(plan, _stage, numbers, _stopped)
