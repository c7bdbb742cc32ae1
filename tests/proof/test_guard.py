"""Only what was proven is started; what was proven once is known by its hash."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import platformdirs
import pytest

from voice_coach.content import default_protocol_path, load_protocol
from voice_coach.dialogue.protocol import Protocol
from voice_coach.errors import ContentError
from voice_coach.proof import guard, seal
from voice_coach.proof.check import Finding, Verdict
from voice_coach.proof.explorer import TooLarge
from voice_coach.proof.guard import load_proven


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    cache = tmp_path / "cache"
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_, **__: cache)
    return cache


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A user's own file: another title, so another hash."""
    path = tmp_path / "mine.toml"
    text = default_protocol_path().read_text(encoding="utf-8")
    path.write_text(text.replace('title = "Calf cramp"', 'title = "Mine"'), encoding="utf-8")
    return path


class Checker:
    """Stands for the exploration; counts how often it is asked."""

    def __init__(self, *findings: Finding, late: bool = False) -> None:
        self.findings = findings
        self.late = late
        self.asked: list[dict[str, Any]] = []

    def __call__(self, _: Protocol, **limits: Any) -> Verdict:
        self.asked.append(limits)
        if self.late:
            raise TooLarge("not explored in time")
        return Verdict(self.findings)


HOLDS = Finding("S1", "no pressure")
FAILS = Finding("S2", "no pressure with a red flag", ("PERSON: no",), conversation=True)


def test_the_shipped_protocol_is_sealed_and_starts_without_a_check(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert seal.shipped() == seal.fingerprint(load_protocol()), (
        "content or core has changed: prove it again with `python -m voice_coach.proof`"
    )
    checker = Checker(HOLDS)
    monkeypatch.setattr(guard, "check", checker)
    assert load_proven() == load_protocol()
    assert checker.asked == []
    assert capsys.readouterr().err == ""


def test_a_new_file_is_checked_once_and_said_to_be(
    mine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checker = Checker(HOLDS)
    monkeypatch.setattr(guard, "check", checker)
    assert load_proven(mine, seconds=7.0).title == "Mine"
    assert capsys.readouterr().err.startswith("Checking the protocol")
    load_proven(mine)
    assert checker.asked == [{"seconds": 7.0, "first_only": True, "examples": False}]
    assert capsys.readouterr().err == ""


def test_a_changed_file_is_checked_again(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checker = Checker(HOLDS)
    monkeypatch.setattr(guard, "check", checker)
    load_proven(mine)
    mine.write_text(mine.read_text(encoding="utf-8").replace("Good night.", "Sleep well."))
    load_proven(mine)
    assert len(checker.asked) == 2


def test_a_broken_rule_is_refused_every_time(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checker = Checker(HOLDS, FAILS)
    monkeypatch.setattr(guard, "check", checker)
    for _ in range(2):
        with pytest.raises(ContentError) as caught:
            load_proven(mine)
        assert str(caught.value) == (
            f"{mine}: breaks the safety rule S2 (no pressure with a red flag), so it is not "
            f"started; to see how, run `voice-coach protocol check {mine}`."
        )
    assert len(checker.asked) == 2


def test_what_cannot_be_proven_in_time_is_refused(
    mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "check", Checker(late=True))
    with pytest.raises(ContentError, match="could not be proven safe within 3 seconds"):
        load_proven(mine, seconds=3)


def test_a_cache_that_cannot_be_written_only_means_checking_again(
    mine: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_cache.write_text("in the way")
    checker = Checker(HOLDS)
    monkeypatch.setattr(guard, "check", checker)
    load_proven(mine)
    load_proven(mine)
    assert len(checker.asked) == 2


def test_the_seal_is_of_content_and_core(monkeypatch: pytest.MonkeyPatch) -> None:
    before = seal.fingerprint(load_protocol())
    monkeypatch.setattr(seal, "_code", lambda: b"another core")
    assert seal.fingerprint(load_protocol()) != before
