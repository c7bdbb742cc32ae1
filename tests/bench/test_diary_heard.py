"""The doctor's page in the README comes from nights that were spoken and heard."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.bench.diary_heard import UNTIL, heard
from scripts.bench.diary_page import page
from voice_coach.diary.store import Diary


@pytest.mark.slow
def test_a_small_one(tmp_path: Path) -> None:
    heard(tmp_path, cramps=1, stretches=1, seed=2)
    with Diary(tmp_path) as diary:
        ((_, cramp),) = diary.whole()
        (stretch,) = diary.stretchings()
    assert cramp.outcome
    assert len(cramp.steps) > 5
    assert cramp.began < UNTIL
    assert stretch.outcome == "finished"
    assert stretch.held == ("wall_left", "wall_right", "ankles")
    as_html, as_pdf = page(folder=tmp_path)
    assert b"Done on " in as_html
    assert as_pdf.startswith(b"%PDF-")
