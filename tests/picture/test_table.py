"""The page to print holds all that a reviewer has to see, and room for what they say."""

from __future__ import annotations

import re
from html import unescape

from voice_coach.content import load_protocol
from voice_coach.content.loader import sentences
from voice_coach.picture.table import table
from voice_coach.picture.ways import Numbers, spoken

PROTOCOL = load_protocol()
PAGE = table(PROTOCOL)
TEXT = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", PAGE)))


def test_every_sentence_is_there() -> None:
    for key, text in sentences(PROTOCOL):
        assert spoken((text,)) in TEXT, key


def test_every_step_has_its_number_source_and_room_for_review() -> None:
    numbers = Numbers(PROTOCOL)
    for name, step in PROTOCOL.steps.items():
        assert numbers.titled(name) in TEXT
        assert step.source in TEXT
    assert PAGE.count("☐ right") >= len(PROTOCOL.steps) + len(PROTOCOL.flags)
    for head in ("Reviewed by", "Date", "Signature"):
        assert f"<th>{head}</th>" in PAGE


def test_pressure_and_gate_are_marked() -> None:
    gated = sum(s.touch or n in PROTOCOL.gate.screens for n, s in PROTOCOL.steps.items())
    assert PAGE.count("<tr class=gated>") == gated


def test_flags_words_and_what_is_heard_everywhere_are_listed() -> None:
    for name, flag in PROTOCOL.flags.items():
        assert f"<b>{name}</b>" in PAGE
        assert flag.says in TEXT
    for phrases in PROTOCOL.intents.values():
        assert ", ".join(phrases) in TEXT
    assert "30 minutes →" in TEXT
