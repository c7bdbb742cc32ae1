"""The page for the doctor as one HTML file: no script, nothing fetched, readable on paper.

Jinja2 fills it in and escapes every word: a note may hold anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from voice_coach.diary.charts import Chart
from voice_coach.diary.report import CAUTION, COLUMNS, TITLE, Report, day

_TEMPLATE: Final = "report.html.j2"


def to_html(report: Report, charts: Sequence[Chart]) -> bytes:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    page = environment.get_template(_TEMPLATE).render(
        title=TITLE, caution=CAUTION, columns=COLUMNS, report=report, charts=charts, day=day,
        drawings={chart.name: Markup(_inline(chart.svg)) for chart in charts},
    )  # fmt: skip
    return page.encode()


def _inline(svg: str) -> str:
    """Without the head of a file of its own. Screen readers meet its description instead."""
    body = svg[svg.index("<svg") :]
    return body.replace("<svg", '<svg aria-hidden="true" focusable="false"', 1)
