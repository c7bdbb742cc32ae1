"""The figures as pictures, each with the words and the table that say the same.

Drawn by matplotlib as SVG with its letters as text, for the HTML page and the PDF alike: both stay
small, and paper can be searched. Dark on white, and told apart without colour: each shade is
lighter than the one before.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from voice_coach.diary.episode import EVENING, MORNING, Finding
from voice_coach.diary.figures import FINDINGS, Figures
from voice_coach.diary.report import FOUND, day

INK: Final = "#1f3a5f"
PALE: Final = "#e4ebf3"
FONT: Final = "DejaVu Sans"
"""It comes with matplotlib, and has letters of many languages: a note is the person's own."""
WIDTH: Final = 7.0
"""Inches: the width of a printed page between its margins."""

_MANNER: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",
    "font.family": FONT,
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_SHADES: Final[dict[Finding, str]] = {
    "yes": "#8f2a2a",
    "unsure": "#cf7f3a",
    "unanswered": "#efc98a",
    "no": "#e9eef4",
}

_MANY: Final = 30
"""Bars up to which the numbers above them have their usual size."""


_ROOM: Final = 0.06
"""Share of the longest bar that a number inside a bar needs; smaller ones stand beside it."""

_BESIDE: Final = 1.35
"""The axis, in longest bars: with room for what stands beside them."""


@dataclass(frozen=True)
class Chart:
    """One picture."""

    name: str
    """Short, for links and ids."""
    title: str
    alt: str
    """What it shows, in a sentence or two, for whoever does not see it."""
    svg: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """The numbers behind it; the first cell of a row is its name."""
    remark: str = ""
    """What must be known to read it."""
    labelled: bool = True
    """Whether the picture has all its numbers in it; else paper needs the table, too."""


def charts(figures: Figures) -> tuple[Chart, ...]:
    """Every chart for which there is something to show."""
    drawn = [_over_time(figures), _hours(figures)]
    if figures.techniques:
        drawn.append(_relief(figures))
    if figures.questions:
        drawn.append(_flags(figures))
    return tuple(drawn)


def _draw(name: str, height: float, draw: Callable[[Axes], None]) -> str:
    with mpl.rc_context({**_MANNER, "svg.hashsalt": name}):
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        draw(figure.subplots())
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    # Several drawings on one page must not share the names of their parts.
    return re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{name}_", out.getvalue())


def _over_time(figures: Figures) -> Chart:
    periods = figures.periods
    most = max(periods, key=lambda period: period.count)

    def draw(axes: Axes) -> None:
        bars = axes.bar(range(len(periods)), [p.count for p in periods], color=INK, width=0.8)
        size = 8 if len(periods) <= _MANY else 5.5
        axes.bar_label(bars, [p.count or "" for p in periods], padding=1, fontsize=size)
        every = max(1, -(-len(periods) // 12))
        ticks = range(0, len(periods), every)
        axes.set_xticks(ticks, [periods[i].name for i in ticks], rotation=30, ha="right")
        axes.set_xlim(-0.6, max(len(periods), 6) - 0.4)
        _counts(axes, f"cramps a {figures.unit}")

    of = "in the week of" if figures.unit == "week" else "in"
    return Chart(
        "time",
        "Cramps over time",
        f"Bars: {figures.count} cramps from {day(figures.first)} to {day(figures.last)}, "
        f"at most {most.count} {of} {most.name}.",
        _draw("time", 2.3, draw),
        ("week of" if figures.unit == "week" else figures.unit, "cramps"),
        tuple((period.name, str(period.count)) for period in periods),
    )


def _hours(figures: Figures) -> Chart:
    order = [*range(12, 24), *range(12)]  # the night in the middle
    most = max(range(24), key=lambda hour: figures.hours[hour])

    def draw(axes: Axes) -> None:
        axes.axvspan(order.index(EVENING) - 0.5, order.index(MORNING) - 0.5, color=PALE, lw=0)
        counts = [figures.hours[hour] for hour in order]
        bars = axes.bar(range(24), counts, color=INK, width=0.8)
        axes.bar_label(bars, [count or "" for count in counts], padding=1, fontsize=8)
        axes.set_xticks(range(0, 24, 3), [f"{order[i]}:00" for i in range(0, 24, 3)])
        axes.set_xlim(-0.6, 23.6)
        _counts(axes, "cramps")

    return Chart(
        "hour",
        "Hour of the day",
        f"Bars from noon to noon: {figures.at_night} of {figures.count} cramps came at night, "
        f"most of all between {most}:00 and {(most + 1) % 24}:00.",
        _draw("hour", 2.1, draw),
        ("from", "cramps"),
        tuple((f"{hour}:00", str(figures.hours[hour])) for hour in order if figures.hours[hour]),
        f"Shaded: the night, {EVENING}:00 to {MORNING}:00.",
    )


def _relief(figures: Figures) -> Chart:
    techniques = figures.techniques

    def draw(axes: Axes) -> None:
        for row, technique in enumerate(techniques):
            if technique.count > 1:
                width = technique.high - technique.low
                axes.barh(row, width, left=technique.low, height=0.45, color=PALE, ec=INK)
            axes.plot([technique.median] * 2, [row - 0.32, row + 0.32], color=INK, lw=2.5)
        names = [f"{t.name} ({t.count})" for t in techniques]
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.set_xlim(left=0)
        axes.set_xlabel("seconds from the call until the spasm let go")

    fastest = min(techniques, key=lambda technique: technique.median)
    return Chart(
        "relief",
        "Time to relief by technique",
        f"One line for each of {len(techniques)} techniques; the shortest median is "
        f"{fastest.median:.0f} seconds, {fastest.name} ({fastest.count} times).",
        _draw("relief", 0.8 + 0.36 * len(techniques), draw),
        ("technique", "times", "a quarter within", "half within", "three quarters within"),
        tuple(
            (t.name, str(t.count), f"{t.low:.0f} s", f"{t.median:.0f} s", f"{t.high:.0f} s")
            for t in techniques
        ),
        "The technique that was in use when the person said that the spasm let go. Line: half of "
        "the times were shorter; box: the middle half. The techniques are tried in turn, so a "
        "later one takes longer by itself: the times do not say which is best.",
        labelled=False,
    )


def _flags(figures: Figures) -> Chart:
    questions = figures.questions
    longest = max(question.asked for question in questions)

    def draw(axes: Axes) -> None:
        for row, question in enumerate(questions):
            left = 0
            beside = []
            for finding in FINDINGS:
                count = question.found[finding]
                bar = axes.barh(row, count, left=left, height=0.7, color=_SHADES[finding])
                if count >= _ROOM * longest:
                    colour = "white" if finding == "yes" else "black"
                    axes.bar_label(bar, label_type="center", fontsize=8, color=colour)
                elif count:
                    beside.append(f"{FOUND[finding]} {count}")
                left += count
            # One below the other: a browser's letters may be wider than those reckoned with.
            axes.annotate(
                "\n".join(beside), (left, row), xytext=(4, 0), textcoords="offset points",
                va="center", linespacing=0.95, fontsize=8 - max(0, len(beside) - 1),
            )  # fmt: skip
        axes.set_yticks(range(len(questions)), [question.says for question in questions])
        axes.set_ylim(len(questions) - 0.4, -0.6)
        axes.set_xlim(0, _BESIDE * longest)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        axes.set_xlabel("cramps")
        for finding in FINDINGS:
            axes.barh(0, 0, color=_SHADES[finding], label=FOUND[finding])
        axes.figure.legend(loc="outside upper right", ncols=4, frameon=False)

    raised = [question for question in questions if question.asked > question.found["no"]]
    return Chart(
        "flags",
        "Red-flag questions",
        f"Bars, one for each of {len(questions)} red flags: {len(raised)} of them were answered "
        f"otherwise than by no at least once.",
        _draw("flags", 0.9 + 0.25 * len(questions), draw),
        ("red flag", *(FOUND[finding] for finding in FINDINGS)),
        tuple((q.says, *(str(q.found[finding]) for finding in FINDINGS)) for q in questions),
        '"Yes" means that the sign was there. "Not sure" and no answer were treated as yes.',
    )


def _counts(axes: Axes, label: str) -> None:
    axes.set_ylabel(label)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
    axes.set_ylim(0, 1.12 * axes.get_ylim()[1])  # for the number above the highest bar
