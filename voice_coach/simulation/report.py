"""What many nights add up to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from voice_coach.simulation.night import Result, Verdict
from voice_coach.simulation.persona import personas

MOST_LISTED: Final = 20
"""Nights that are listed one by one."""

_HEADS: Final = (
    "persona", "nights", "right", "more careful", "wrong", "outcomes", "relief", "length",
    "misheard", "violations",
)  # fmt: skip


@dataclass(frozen=True)
class Report:
    """The results, in the order of the nights."""

    results: Sequence[Result]

    @property
    def violations(self) -> int:
        """Rules that were broken, counted each time."""
        return sum(len(result.violations) for result in self.results)

    def share(self, verdict: Verdict) -> int:
        return sum(result.verdict == verdict for result in self.results)

    @property
    def relief(self) -> float | None:
        """Median seconds until the cramp was gone, of those whom it left."""
        return _median([r.relieved_at for r in self.results if r.relieved_at is not None])

    def table(self) -> list[str]:
        """One line a persona, and one for all of them: Markdown, in columns."""
        rows = [_HEADS, *(_row(name, of) for name, of in self._by_persona().items())]
        rows.append(_row("all", self.results, outcomes=False))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [_line(row, widths) for row in rows]
        lines.insert(1, f"|{'|'.join('-' * (width + 2) for width in widths)}|")
        return lines

    def notable(self) -> list[Result]:
        """Nights with a violation, then those with the wrong outcome."""
        broken = [r for r in self.results if r.violations]
        return broken + [r for r in self.results if r.verdict == "wrong" and not r.violations]

    def as_json(self) -> dict[str, Any]:
        return {
            **_summary(self.results),
            "personas": {name: _summary(of) for name, of in self._by_persona().items()},
            "notable": [result.as_json() for result in self.notable()],
        }

    def _by_persona(self) -> dict[str, list[Result]]:
        found: dict[str, list[Result]] = {name: [] for name in personas().personas}
        for result in self.results:
            found[result.persona].append(result)
        return {name: of for name, of in found.items() if of}


def _summary(results: Sequence[Result]) -> dict[str, Any]:
    report = Report(results)
    return {
        "nights": len(results), "right": report.share("right"),
        "more_careful": report.share("more careful"), "wrong": report.share("wrong"),
        "outcomes": dict(Counter(f"{r.outcome}/{r.level}" for r in results).most_common()),
        "relief_seconds": report.relief, "median_seconds": _median([r.elapsed for r in results]),
        "turns": sum(r.turns for r in results), "misheard": sum(r.misheard for r in results),
        "violations": report.violations,
    }  # fmt: skip


def _row(name: str, results: Sequence[Result], outcomes: bool = True) -> tuple[str, ...]:
    of = _summary(results)
    ends = ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in of["outcomes"].items())
    return (
        name.replace("_", " "), f"{of['nights']}", f"{of['right']}", f"{of['more_careful']}",
        f"{of['wrong']}", ends if outcomes else "", _seconds(of["relief_seconds"]),
        _seconds(of["median_seconds"]), f"{of['misheard']} of {of['turns']}", f"{of['violations']}",
    )  # fmt: skip


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return f"| {' | '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))} |"


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.0f} s"


def _median(values: Sequence[float]) -> float | None:
    return round(median(values), 2) if values else None
