"""Work done ahead keeps its order, looks no further than it may, and can be left in the middle."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

torch = pytest.importorskip("torch")

from scripts.train.ahead import ahead  # noqa: E402


@pytest.mark.parametrize("processes", [0, 2])
def test_results_come_in_the_order_of_their_items(processes: int) -> None:
    assert list(ahead(lambda n: n * n, range(50), processes)) == [n * n for n in range(50)]


def test_processes_are_others() -> None:
    assert os.getpid() not in set(ahead(lambda _: os.getpid(), range(8), 2))


@pytest.mark.parametrize("processes", [0, 2])
def test_only_so_many_are_taken_before_they_are_needed(processes: int) -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for n in range(100):
            taken.append(n)
            yield n

    results = ahead(lambda n: n, items(), processes, most=5)
    assert next(results) == 0
    assert len(taken) <= 6
    results.close()  # type: ignore[attr-defined]
    assert len(taken) <= 6


@pytest.mark.parametrize("processes", [0, 2])
def test_what_goes_wrong_is_said_where_the_result_is_wanted(processes: int) -> None:
    results = ahead(lambda n: 1 / n, (1, 0), processes)
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_processes_do_not_wait_for_threads_that_were_not_forked() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        torch.ones(400, 400).sum().item()  # wakes the parent's OpenMP threads
        sizes = ahead(lambda n: float(torch.zeros(400, 400).add(n).sum()), range(3), 2)
        assert list(sizes) == [0.0, 160_000.0, 320_000.0]
    finally:
        torch.set_num_threads(before)
