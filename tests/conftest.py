"""Fixtures that more than one room of the house needs."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.virtual_card import VirtualCard
from voice_coach.audio import devices
from voice_coach.places import CONFIG_VARIABLE, STATE_VARIABLE


@pytest.fixture(scope="session", autouse=True)
def nobodys_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test depends on the settings or the state of whoever runs it, nor changes them."""
    folder = tmp_path_factory.mktemp("nobody")
    (folder / "settings.toml").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CONFIG_VARIABLE, str(folder / "settings.toml"))
        patch.setenv(STATE_VARIABLE, str(folder / "state"))
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes real time on the sound card goes first and into one process, one after the other.

    So another process can do what takes the processor's time, and no card test waits for another.
    """

    def in_real_time(item: pytest.Item) -> bool:
        return "card" in item.keywords or "own_card" in getattr(item, "fixturenames", ())

    for item in items:
        if in_real_time(item):
            item.add_marker(pytest.mark.xdist_group("card"))
    items.sort(key=lambda item: not in_real_time(item))


@pytest.fixture(scope="session")
def card() -> Iterator[VirtualCard]:
    """The virtual sound card, running, and the only one that PortAudio sees in this process.

    ``card.environment`` shows it to child processes. A test that stops or breaks it must put it
    right again; one that kills it is better off with a card of its own.
    """
    with VirtualCard() as running, attached(running):
        yield running


@pytest.fixture
def own_card() -> Iterator[VirtualCard]:
    """A virtual card for one test alone, which may do to it what it likes."""
    with VirtualCard() as running, attached(running):
        yield running


class attached:
    """Lets PortAudio in this process see exactly this card while the context lasts; afterwards
    whatever it saw before, another virtual card included. No stream may be open at either end."""

    def __init__(self, card: VirtualCard) -> None:
        self._set = {k: v for k, v in card.environment.items() if k.startswith("PULSE_")}
        self._before = {name: os.environ.get(name) for name in self._set}

    def __enter__(self) -> None:
        os.environ.update(self._set)
        devices.portaudio()
        devices.refresh()

    def __exit__(self, *_: object) -> None:
        for name, value in self._before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        devices.refresh()
