"""The command line, called in this process where that is enough."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from voice_coach.audio import devices
from voice_coach.cli import main
from voice_coach.diary.store import DIARY_VARIABLE
from voice_coach.speaking.cache import CACHE_VARIABLE


@dataclass(frozen=True)
class Done:
    """What a command has left behind."""

    code: int
    out: str
    err: str

    def refused(self, code: int) -> str:
        """Its one sentence, after checking that there was nothing else."""
        assert (self.code, self.out) == (code, "")
        assert self.err.startswith("voice-coach: ")
        assert self.err.count("\n") == 1, self.err
        return self.err.removeprefix("voice-coach: ").strip()


Call = Callable[..., Done]


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip cache of our own, shared by all of these tests."""
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, clips: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder, a cache and a signal handler of their own, and no sound card."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(CACHE_VARIABLE, str(clips))
    monkeypatch.setenv(DIARY_VARIABLE, str(tmp_path / "diary"))
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/nowhere")
    devices.refresh()  # PortAudio remembers the card of an earlier test
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str]) -> Call:
    """Run ``voice-coach ARGUMENTS`` in this process."""

    def run(*arguments: object) -> Done:
        capfd.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as end:  # argparse
            code = int(end.code or 0)
        out, err = capfd.readouterr()
        return Done(code, out, err)

    return run
