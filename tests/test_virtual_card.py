"""The virtual card itself: sound goes in and out, and nothing is left behind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.virtual_card import VirtualCard

pytestmark = pytest.mark.card


def test_it_leaves_no_process_and_no_file_behind() -> None:
    with VirtualCard() as card:
        pid, folder = card.pid, Path(card.environment["HOME"])
        assert folder.is_dir()
        os.kill(pid, 0)
    assert not folder.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_it_can_be_killed_and_started_again() -> None:
    with VirtualCard() as card:
        first = card.pid
        card.stop()
        card.start()
        assert card.pid != first
        assert "spk" in card.control("get-default-sink")


def test_two_cards_do_not_disturb_each_other(card: VirtualCard) -> None:
    with VirtualCard() as other:
        assert other.pid != card.pid
    assert "mic" in card.control("get-default-source")


def test_a_second_start_is_refused(card: VirtualCard) -> None:
    with pytest.raises(RuntimeError, match="already running"):
        card.start()
