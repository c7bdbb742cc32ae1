"""A microphone paired with a file as speaker."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.audio.fake import FakePort
from voice_coach.audio import wav
from voice_coach.audio.mixer import Mixer
from voice_coach.audio.port import BLOCK
from voice_coach.audio.split import SplitPort


def test_what_is_played_lands_in_the_file(tmp_path: Path) -> None:
    out = tmp_path / "out.wav"
    port = SplitPort(FakePort(), out)
    mixer = Mixer()
    port.start(mixer)
    clip = np.full(2 * BLOCK, 1_000, dtype=np.int16)
    mixer.play("clip", clip)
    for _ in range(4):
        assert port.read(1.0) is not None
    port.close()
    written = wav.load(out)
    assert np.count_nonzero(written) == len(clip)


class _Ill(FakePort):
    """A card that can be opened again."""

    def healthy(self) -> bool:
        return False

    def reopen(self) -> bool:
        return True


def test_a_microphone_that_fell_ill_can_be_opened_again(tmp_path: Path) -> None:
    assert SplitPort(FakePort(), tmp_path / "out.wav").healthy()
    port = SplitPort(_Ill(), tmp_path / "out.wav")
    assert not port.healthy()
    assert port.reopen()


def test_closing_twice_is_harmless(tmp_path: Path) -> None:
    port = SplitPort(FakePort(), tmp_path / "out.wav")
    port.start(Mixer())
    port.close()
    port.close()
