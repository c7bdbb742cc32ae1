"""The page for the doctor."""

from __future__ import annotations

import re
import subprocess
from datetime import date, datetime, timezone
from html.parser import HTMLParser
from pathlib import Path
from shutil import which
from xml.etree import ElementTree

import msgspec
import pytest

from scripts.bench.diary_nights import nights
from scripts.bench.diary_page import AXE, barriers, chromium
from tests.dialogue.explore import PROTOCOL
from tests.diary.test_store import episode
from voice_coach.diary import paper
from voice_coach.diary.charts import Chart, charts
from voice_coach.diary.episode import Answer, Episode
from voice_coach.diary.figures import figures
from voice_coach.diary.paper import to_pdf
from voice_coach.diary.report import NEWEST, report
from voice_coach.diary.webpage import to_html

TODAY = date(2026, 11, 1)
NASTY = '<script>alert(1)</script> & "quoted" {{ 7 * 7 }} {% raw %} ночью'


@pytest.fixture(scope="module")
def episodes() -> list[Episode]:
    until = datetime(2026, 11, 1, tzinfo=timezone.utc)
    made = sorted(nights(60, years=0.9, until=until), key=lambda one: one.began)
    made[-1] = msgspec.structs.replace(made[-1], note=NASTY)
    return made


@pytest.fixture(scope="module")
def drawn(episodes: list[Episode]) -> tuple[Chart, ...]:
    return charts(figures(episodes, PROTOCOL))


@pytest.fixture(scope="module")
def page(episodes: list[Episode], drawn: tuple[Chart, ...]) -> str:
    return to_html(report(figures(episodes, PROTOCOL), PROTOCOL, TODAY), drawn).decode()


class Reader(HTMLParser):
    """What a browser finds in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_in_short(episodes: list[Episode]) -> None:
    facts = report(figures(episodes, PROTOCOL), PROTOCOL, TODAY).facts
    said = dict(facts)
    assert said["Cramps"].startswith("60, from ")
    assert said["Of late"] == "7 in the last 7 days, 11 in the last 30 days, up to 1 Nov 2026"
    assert "sleep broken in" in said["At night"]
    assert any("a statin or a diuretic: yes" in value for _, value in facts)


def test_a_medicine_that_nobody_takes_was_asked_about_all_the_same() -> None:
    one = episode(answers=(Answer("medicine", "no", 1.0), Answer("pain", "no", 1.0)))
    facts = report(figures([one], PROTOCOL), PROTOCOL, TODAY).facts
    assert ("Medicines asked about", "a statin or a diuretic: no 1") in facts
    assert not any(name == "Red flag" for name, _ in facts)


def test_every_chart_says_what_it_shows(drawn: tuple[Chart, ...]) -> None:
    assert [chart.name for chart in drawn] == ["time", "hour", "relief", "flags"]
    for chart in drawn:
        assert len(chart.alt) > 40
        assert chart.rows
        assert {len(row) for row in chart.rows} == {len(chart.head)}
        ElementTree.fromstring(chart.svg)
    time = drawn[0]
    assert sum(int(row[1]) for row in time.rows) == 60


def test_the_same_diary_gives_the_same_page(
    episodes: list[Episode], drawn: tuple[Chart, ...]
) -> None:
    assert charts(figures(episodes, PROTOCOL)) == drawn


def test_one_cramp_without_anything_known_is_a_page_too() -> None:
    found = figures([episode()], PROTOCOL)
    made = report(found, PROTOCOL, TODAY)
    drawn = charts(found)
    assert [chart.name for chart in drawn] == ["time", "hour"]
    assert b"1, on 5 Mar 2026" in to_html(made, drawn)
    assert to_pdf(made, drawn).startswith(b"%PDF-")


def test_the_longest_notes_are_whole_on_paper(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of them alone would fill more than a page of the table's last column."""
    lines: list[str] = []
    write = paper._line

    def line(page: paper._Paper, height: float, text: str, width: float = 0.0) -> None:
        lines.append(text)
        write(page, height, text, width)

    monkeypatch.setattr(paper, "_line", line)
    notes = (("word " * 400).strip(), "x" * 2000, "w" * 161, "short")
    found = figures([episode(n, note=note) for n, note in enumerate(notes)], PROTOCOL)
    made = report(found, PROTOCOL, TODAY)
    path = tmp_path / "page.pdf"
    path.write_bytes(to_pdf(made, charts(found)))
    assert set(notes[:3]) < set(lines)
    assert notes[3] not in lines, "it stands in the table"
    if which("pdftotext") is not None:
        text = printed(path)
        assert text.count("(whole") == 3
        assert text.count("x" * 20) >= 2000 // 130
        assert "short" in text


def test_a_note_is_text_and_nothing_else(page: str) -> None:
    found = Reader(page)
    assert NASTY in found.text
    assert not [tag for tag, _ in found.tags if tag in ("script", "iframe", "object", "form")]


def test_nothing_is_fetched(page: str) -> None:
    found = Reader(page)
    policy = next(a["content"] for t, a in found.tags if a.get("http-equiv"))
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    for tag, attributes in found.tags:
        assert tag not in ("link", "img", "base")
        for name in ("src", "href", "xlink:href", "srcset", "action"):
            assert (attributes.get(name) or "#").startswith("#")
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)


def test_it_can_be_read_by_ear(page: str) -> None:
    found = Reader(page)
    assert ("html", {"lang": "en"}) in found.tags
    images = [a for _, a in found.tags if a.get("role") == "img"]
    assert len(images) == 4
    assert all(image["aria-label"] for image in images)
    tables = [tag for tag, _ in found.tags if tag == "table"]
    assert len(tables) == 5, "one behind each chart, and the newest cramps"
    identities = [a["id"] for _, a in found.tags if "id" in a]
    assert len(identities) == len(set(identities)), "no two drawings share a name"


def test_a_lifetime_is_still_a_page(drawn: tuple[Chart, ...]) -> None:
    until = datetime(2026, 11, 1, tzinfo=timezone.utc)
    found = figures(list(nights(3000, years=30, until=until)), PROTOCOL)
    made = report(found, PROTOCOL, TODAY)
    assert len(made.rows) == NEWEST
    page = to_html(made, charts(found))
    assert len(page) < 400_000
    assert f"The newest {NEWEST} of 3000 cramps".encode() in page
    assert drawn


def printed(path: Path) -> str:
    """The text of a PDF."""
    command = ["pdftotext", "-layout", str(path), "-"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_the_pdf_can_be_searched(
    tmp_path: Path, episodes: list[Episode], drawn: tuple[Chart, ...]
) -> None:
    path = tmp_path / "page.pdf"
    path.write_bytes(to_pdf(report(figures(episodes, PROTOCOL), PROTOCOL, TODAY), drawn))
    assert path.read_bytes().startswith(b"%PDF-")
    if which("pdftotext") is None:
        pytest.skip("there is no pdftotext here")
    text = printed(path)
    assert "Calf cramps: a page for the doctor" in text
    assert "stretching the calf by hand (" in text, "in the chart, too"
    assert "<script>" in text
    assert "ночью" in text


@pytest.mark.skipif(
    chromium() is None or not AXE.is_file(), reason="needs Chromium and axe-core (npm)"
)
def test_nobody_is_shut_out(page: str) -> None:
    found = barriers(page.encode(), chromium() or "")
    assert found["violations"] == []
    assert found["passes"] > 20
    assert found["fetched"] == []
    with_picture = page.replace("</body>", '<img alt="x" src="http://127.0.0.1:9/x.png"></body>')
    worse = barriers(with_picture.encode(), chromium() or "")
    assert worse["fetched"] == ["http://127.0.0.1:9/x.png"], "or it would see nothing at all"
