"""The pictures: every step and way is on them, nothing runs over its edge, the gate is seen."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from tests.proof.small import small
from voice_coach.content import load_protocol
from voice_coach.picture import pages as drawing
from voice_coach.picture.pages import Page, pages
from voice_coach.picture.svg import width, wrapped
from voice_coach.picture.ways import Numbers, spoken, ways

PROTOCOL = load_protocol()
PAGES = {page.name: page for page in pages(PROTOCOL)}
NUMBERS = Numbers(PROTOCOL)
SVG = "{http://www.w3.org/2000/svg}"


def texts(page: Page) -> list[str]:
    return [element.text or "" for element in ET.fromstring(page.svg).iter(f"{SVG}text")]


def phase_page(phase: str) -> Page:
    return PAGES[NUMBERS.file(phase)]


def test_there_is_an_overview_and_a_page_for_each_phase() -> None:
    assert list(PAGES) == ["0-overview", *map(NUMBERS.file, NUMBERS.phases)]
    assert len(NUMBERS.phases) == 8


def test_every_step_says_its_sentences_on_the_page_of_its_phase() -> None:
    for name, step in PROTOCOL.steps.items():
        drawn = texts(phase_page(step.phase))
        assert NUMBERS.titled(name) in drawn
        assert spoken(step.say) in " ".join(drawn)


def test_every_way_is_named_by_where_it_leads() -> None:
    for name, step in PROTOCOL.steps.items():
        drawn = texts(phase_page(step.phase))
        for way in ways(PROTOCOL, name):
            for to in way.to:
                assert any(NUMBERS.titled(to) in text for text in drawn), (name, way)


def test_a_number_belongs_to_one_step() -> None:
    assert len(set(NUMBERS.of.values())) == len(PROTOCOL.steps)


def test_the_gate_is_on_the_overview_and_wherever_there_is_pressure() -> None:
    gated = {step.phase for step in PROTOCOL.steps.values() if step.touch}
    for page in (PAGES["0-overview"], *map(phase_page, gated)):
        drawn = " ".join(texts(page))
        assert "THE GATE" in drawn
        for name in PROTOCOL.gate.screens:
            assert PROTOCOL.steps[name].say[-1] in drawn
    assert "THE GATE" not in texts(phase_page("aftercare"))


def test_pressure_and_the_questions_of_the_gate_are_red() -> None:
    for name, step in PROTOCOL.steps.items():
        if step.touch or name in PROTOCOL.gate.screens:
            page = ET.fromstring(phase_page(step.phase).svg)
            asides = [e.text for e in page.iter(f"{SVG}text") if e.get("fill") == "#b3261e"]
            mark = "PRESSURE" if step.touch else "GATE"
            assert any((text or "").startswith(mark) for text in asides)


@pytest.mark.parametrize("name", PAGES)
def test_nothing_runs_over_the_edge(name: str) -> None:
    page = ET.fromstring(PAGES[name].svg)
    wide, high = (float(n) for n in page.attrib["viewBox"].split()[2:])
    for element in page.iter(f"{SVG}text"):
        x, y = float(element.attrib["x"]), float(element.attrib["y"])
        long = width(element.text or "", float(element.attrib["font-size"]))
        left, right = (x - long, x) if element.get("text-anchor") == "end" else (x, x + long)
        assert left >= 0, element.text
        assert right <= wide, element.text
        assert 0 < y <= high
    for element in page.iter(f"{SVG}polyline"):
        for x, y in (map(float, p.split(",")) for p in element.attrib["points"].split()):
            assert 0 <= x <= wide
            assert 0 <= y <= high


def test_lines_that_run_beside_each_other_have_lanes_of_their_own() -> None:
    spans = {"a": (0.0, 100.0), "b": (50.0, 90.0), "c": (200.0, 300.0), "d": (95.0, 210.0)}
    lanes = drawing._lanes(spans)
    assert lanes["b"] == lanes["c"] == 0
    assert len({lanes["a"], lanes["b"], lanes["d"]}) == 3


def test_long_pages_are_laid_in_columns() -> None:
    page = ET.fromstring(phase_page("knead").svg)
    cards = [e for e in page.iter(f"{SVG}rect") if e.get("width") == f"{drawing.CARD:.1f}"]
    assert len({card.attrib["x"] for card in cards}) > 1


def test_what_has_no_words_needs_none() -> None:
    """A step nobody answers, a route without a condition, an answer that stays."""
    protocol = small({"steps.press.cases": [], "steps.palm.on.softer": {"say": ["<Good & so>."]},
                      "intents.softer": ["softer"]})  # fmt: skip
    assert [way.cause for way in ways(protocol, "press")] == ["always"]
    drawn = next(page for page in pages(protocol) if page.name.endswith("knead"))
    assert "says “<Good & so>.”" in " ".join(texts(drawn))
    assert "stays here" in texts(drawn)


def test_text_is_wrapped_and_a_long_word_stands_alone() -> None:
    lines = wrapped("Pull your toes toward your head, gently.", 12, 120)
    assert " ".join(lines) == "Pull your toes toward your head, gently."
    assert all(width(line, 12) <= 120 for line in lines)
    assert wrapped("a " + "m" * 40 + " b", 12, 60) == ["a", "m" * 40, "b"]
    assert wrapped("", 12, 60) == []


def test_placeholders_are_put_in_words() -> None:
    for page in PAGES.values():
        assert not re.search(r"\{\w+\}", page.svg)
