"""The page for the doctor as a PDF.

fpdf2 writes it: pure Python, text that can be searched and copied, the charts as the same drawings
as on the HTML page, with their descriptions. A browser is not needed.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import matplotlib as mpl
from fpdf import FPDF
from fpdf.enums import TableBordersLayout, XPos, YPos
from fpdf.fonts import FontFace

from voice_coach.diary.charts import FONT, Chart
from voice_coach.diary.report import CAUTION, COLUMNS, TITLE, Report, day

MARGIN: Final = 16.0
"""Millimetres."""
_BREADTH: Final = 210.0 - 2 * MARGIN
_INK: Final = (31, 58, 95)
_FIRST: Final = 82.0
"""Width of the names in a chart's table."""
_NARROW: Final = (31.0, 10.0, 17.0, 28.0, 36.0, 25.0, 31.0)
"""Widths of the columns of the newest cramps, millimetres."""

_NOTE: Final = 160
"""Characters of a note in the table; a longer one stands below, whole."""


class _Paper(FPDF):
    """A4 pages with their numbers."""

    def footer(self) -> None:
        self.set_y(-12)
        self.set_font(FONT, size=8)
        self.set_text_color(90, 90, 90)
        self.cell(0, 5, f"{self.page_no()} / {{nb}}", align="R")


def to_pdf(report: Report, charts: Sequence[Chart]) -> bytes:
    # matplotlib adds a description of the file that fpdf2 need not understand.
    # And of a letter that the font lacks, a box in its place says enough.
    for name in ("fpdf.svg", "fpdf.output", "fpdf.fonts"):
        logging.getLogger(name).setLevel(logging.ERROR)
    paper = _paper()
    _title(paper)
    _facts(paper, report)
    for chart in charts:
        _chart(paper, chart)
    _newest(paper, report)
    _small(paper, f"Made on {day(report.made)} by voice_coach, on the person's own computer.")
    return bytes(paper.output())


def _paper() -> _Paper:
    paper = _Paper(format="A4")
    fonts = Path(mpl.get_data_path(), "fonts", "ttf")
    paper.add_font(FONT, fname=fonts / "DejaVuSans.ttf")
    paper.add_font(FONT, "B", fname=fonts / "DejaVuSans-Bold.ttf")
    paper.set_margin(MARGIN)
    paper.set_auto_page_break(True, MARGIN)
    paper.set_title(TITLE)
    paper.set_lang("en")
    paper.set_creator("voice_coach")
    paper.add_page()
    return paper


def _title(paper: _Paper) -> None:
    paper.set_font(FONT, "B", 16)
    _line(paper, 9, TITLE)
    paper.set_font(FONT, size=9)
    _line(paper, 4.6, CAUTION)
    paper.ln(4)
    paper.cell(_BREADTH, 5, f"Name: {'_' * 38}   Born: {'_' * 24}")
    paper.ln(9)


def _facts(paper: _Paper, report: Report) -> None:
    _heading(paper, "In short")
    for name, value in report.facts:
        paper.set_font(FONT, "B", 9)
        paper.cell(44, 5, name)
        paper.set_font(FONT, size=9)
        _line(paper, 5, value, _BREADTH - 44)


def _chart(paper: _Paper, chart: Chart) -> None:
    """With its heading, its remark and its numbers on one page."""
    height = _BREADTH * _ratio(chart.svg)
    rows = () if chart.labelled else chart.rows
    if paper.will_page_break(height + 20 + 5.5 * (len(rows) + 1)):
        paper.add_page()
    _heading(paper, chart.title)
    paper.image(
        io.BytesIO(chart.svg.encode()), w=_BREADTH, h=height, title=chart.title, alt_text=chart.alt
    )
    _small(paper, chart.remark or chart.alt)
    if rows:
        others = len(chart.head) - 1
        _table(paper, chart.head, rows, (_FIRST, *[(_BREADTH - _FIRST) / others] * others))


def _ratio(svg: str) -> float:
    """Height by width, from matplotlib's viewBox."""
    box = svg[svg.index('viewBox="') + 9 :].split('"', 1)[0].split()
    return float(box[3]) / float(box[2])


def _newest(paper: _Paper, report: Report) -> None:
    if paper.will_page_break(40):
        paper.add_page()
    _heading(paper, f"The newest {len(report.rows)} of {report.count} cramps")
    _table(paper, COLUMNS, [(*row[:-1], _begun(row[-1])) for row in report.rows], _NARROW)
    long = [(row[0], row[-1]) for row in report.rows if len(row[-1]) > _NOTE]
    if long:
        _heading(paper, "Long notes")
    for began, note in long:
        paper.set_font(FONT, "B", 8)
        _line(paper, 4.5, began)
        paper.set_font(FONT, size=8)
        _line(paper, 4.2, note)
        paper.ln(2)


def _begun(note: str) -> str:
    """A note for the table: a row that is higher than a page cannot be set."""
    return note if len(note) <= _NOTE else f"{note[:_NOTE].rsplit(' ', 1)[0]} … (whole below)"


def _table(
    paper: _Paper,
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    widths: Sequence[float],
) -> None:
    paper.set_font(FONT, size=7.5)
    paper.set_draw_color(200, 205, 212)
    with paper.table(
        width=sum(widths), col_widths=tuple(widths), align="LEFT", text_align="LEFT",
        line_height=4, borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        headings_style=FontFace(emphasis="BOLD"), padding=(0.4, 1.2, 0.4, 0),
    ) as table:  # fmt: skip
        for cells in (head, *rows):
            row = table.row()
            for cell in cells:
                row.cell(cell)
    paper.ln(3)


def _heading(paper: _Paper, text: str) -> None:
    paper.ln(3)
    paper.set_font(FONT, "B", 11)
    paper.set_text_color(*_INK)
    _line(paper, 7, text)
    paper.set_text_color(0, 0, 0)


def _small(paper: _Paper, text: str) -> None:
    paper.set_font(FONT, size=8)
    paper.set_text_color(70, 70, 70)
    _line(paper, 4, text)
    paper.set_text_color(0, 0, 0)
    paper.ln(2)


def _line(paper: _Paper, height: float, text: str, width: float = 0.0) -> None:
    paper.multi_cell(width, height, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
