"""A signal ends the program, also when it comes while something is being freed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

from voice_coach.errors import Terminated
from voice_coach.interrupt import interruptible

BOTH = [(signal.SIGTERM, Terminated), (signal.SIGINT, KeyboardInterrupt)]


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number, _ in BOTH}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    interruptible()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class Freed:
    """Gets a signal while it is freed, as a recogniser may."""

    def __init__(self, number: signal.Signals) -> None:
        self._number = number

    def __del__(self) -> None:
        os.kill(os.getpid(), self._number)
        time.sleep(0.001)  # the handler runs here


@pytest.mark.parametrize(("number", "raised"), BOTH)
def test_it_ends_what_runs(number: signal.Signals, raised: type[BaseException]) -> None:
    def run() -> None:
        os.kill(os.getpid(), number)
        time.sleep(5)

    with pytest.raises(raised):
        run()


@pytest.mark.parametrize(("number", "raised"), BOTH)
def test_it_is_not_lost_in_a_destructor(
    number: signal.Signals, raised: type[BaseException]
) -> None:
    def run() -> None:
        Freed(number)
        time.sleep(5)

    with pytest.raises(raised):
        run()


def test_whoever_ignores_ctrl_c_keeps_it_so() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    interruptible()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
