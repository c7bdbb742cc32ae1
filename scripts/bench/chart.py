"""The hearing report as one picture: noise, tests, confusions and false commands."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes

COLOURS: Final = {"vosk": "#1f77b4", "pocketsphinx": "#d08a3a"}
NAMES: Final = {"vosk": "this ear (Vosk)", "pocketsphinx": "PocketSphinx"}
LEVELS: Final = ("clean", "pink 20 dB", "pink 10 dB", "pink 5 dB", "pink 0 dB")
SAID: Final = (
    "6 commands, clean", "10 commands, pink 10 dB", "10 commands, shouted", "10 commands, groaned",
    "10 commands, whispered", "35 words, room", "35 words, far", "35 words, quiet",
    "L2 phrases, 150, clean", "own phrases, new voices, clean",
    "own phrases, new voices, pink 10 dB",
)  # fmt: skip
FALSE: Final = (
    "6 commands, clean", "10 commands, clean", "L2 phrases, 150, clean",
    "sentences in a state of 12",
)  # fmt: skip
CONFUSED: Final = "10 commands, clean"

Reports = Mapping[str, Mapping[str, Any]]


def draw(reports: Reports, path: Path) -> None:
    """Write the picture. Tests that were not run are left out."""
    figure, axes = plt.subplots(2, 2, figsize=(12, 9), layout="constrained")
    _noise(axes[0, 0], reports)
    _said(axes[0, 1], reports)
    _confusions(axes[1, 0], reports)
    _false(axes[1, 1], reports)
    figure.suptitle("Dev speakers, none of whom the model was trained on; both ears, same sound")
    figure.savefig(path, dpi=80)
    plt.close(figure)


def _tests(report: Mapping[str, Any]) -> Mapping[str, Any]:
    tests: Mapping[str, Any] = report["tests"]
    return tests


def _noise(axes: Axes, reports: Reports) -> None:
    for name, report in reports.items():
        tests = _tests(report)
        found = [(level, tests.get(f"35 words, {level}")) for level in LEVELS]
        shown = [(level, figures["right"]) for level, figures in found if figures]
        axes.plot(*zip(*shown, strict=True), "o-", color=COLOURS[name], label=NAMES[name])
        for level, right in shown:
            axes.annotate(f"{right:.0f}", (level, right), (0, 5), textcoords="offset points")
    axes.set(title="35 words, closed grammar, in noise", ylabel="right, %", ylim=(0, 105))
    axes.legend()
    axes.grid(alpha=0.3)


def _bars(axes: Axes, reports: Reports, names: tuple[str, ...], key: str, colour: bool) -> None:
    first = _tests(next(iter(reports.values())))
    shown = [name for name in names if name in first and key in first[name]]
    height = 0.8 / len(reports)
    for row, (engine, report) in enumerate(reports.items()):
        where = [i + row * height for i in range(len(shown))]
        values = [_tests(report)[name][key] for name in shown]
        bars = axes.barh(where, values, height, color=COLOURS[engine], label=NAMES[engine])
        axes.bar_label(
            bars,
            fmt="%.1f",
            fontsize=7,
            label_type="center",
            color="white" if key == "right" else "black",
        )
        if colour:
            wrong = [_tests(report)[name]["wrong"] for name in shown]
            axes.barh(where, wrong, height / 3, left=values, color="#b22222", label=None)
    axes.set_yticks([i + height / 2 for i in range(len(shown))], shown, fontsize=8)
    axes.invert_yaxis()


def _said(axes: Axes, reports: Reports) -> None:
    _bars(axes, reports, SAID, "right", colour=True)
    axes.set(title="right, and in red what was taken for another phrase, %", xlim=(0, 118))
    axes.legend(fontsize=8, loc="lower right")


def _false(axes: Axes, reports: Reports) -> None:
    _bars(axes, reports, FALSE, "false", colour=False)
    axes.set(title="other words and sentences taken for a phrase, %", xlim=(0, 118))


def _confusions(axes: Axes, reports: Reports) -> None:
    figures = _tests(reports["vosk"]).get(CONFUSED) if "vosk" in reports else None
    if not figures:
        axes.axis("off")
        return
    said = list(figures["phrases"])
    heard = [*said, ""]
    counts = {(a, b): count for a, b, count in figures["confusions"]}
    table = [[counts.get((a, b), 0) for b in heard] for a in said]
    axes.imshow(table, cmap="Blues", vmax=max(map(max, table)))
    for row, line in enumerate(table):
        for column, count in enumerate(line):
            if count:
                colour = "white" if count > 0.6 * max(line) else "black"
                axes.text(column, row, str(count), ha="center", va="center", color=colour)
    axes.set_xticks(range(len(heard)), [*said, "rejected"], rotation=45, ha="right")
    axes.set_yticks(range(len(said)), said)
    axes.set(title=f"this ear, {CONFUSED}: said (rows) and heard", ylabel="said")
