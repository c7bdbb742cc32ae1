"""Drawing: text, boxes and lines as SVG, with text measured well enough to be wrapped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.sax.saxutils import escape, quoteattr

FONT: Final = "DejaVu Sans, Verdana, sans-serif"

_NARROW: Final = frozenset("iljtfrI.,:;'|!()[] ")
_WIDE: Final = frozenset("mwMWQO@→")


def width(text: str, size: float) -> float:
    """How wide a text is at most, pixels, in a wide plain font."""
    units = 0.0
    for letter in text:
        units += 0.42 if letter in _NARROW else 0.98 if letter in _WIDE else 0.63
    return units * size


def wrapped(text: str, size: float, most: float) -> list[str]:
    """The text in lines of at most ``most`` pixels; a longer word stands alone."""
    lines: list[str] = []
    for word in text.split():
        if lines and width(f"{lines[-1]} {word}", size) <= most:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


@dataclass(frozen=True)
class Pen:
    """How a box looks."""

    fill: str
    line: str = "none"
    thick: float = 1.0
    dashed: bool = False
    corner: float = 6.0


@dataclass(frozen=True)
class Font:
    """How a text looks."""

    size: float
    colour: str = "#1b2733"
    bold: bool = False
    italic: bool = False
    anchor: str = "start"
    """Where its x lies: "start" or "end"."""


@dataclass
class Drawing:
    """Shapes in the order they are put down."""

    parts: list[str] = field(default_factory=list)

    def box(self, x: float, y: float, wide: float, high: float, pen: Pen) -> None:
        dash = ' stroke-dasharray="7 4"' if pen.dashed else ""
        self.parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}" '
            f'rx="{pen.corner:g}" fill="{pen.fill}" stroke="{pen.line}" '
            f'stroke-width="{pen.thick:g}"{dash}/>'
        )

    def text(self, x: float, y: float, text: str, font: Font) -> None:
        style = (' font-weight="bold"' * font.bold) + (' font-style="italic"' * font.italic)
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{font.size:g}" fill="{font.colour}" '
            f'text-anchor="{font.anchor}"{style}>{escape(text)}</text>'
        )

    def line(self, points: list[tuple[float, float]], colour: str, *, arrow: bool = False) -> None:
        """A line through the points; an arrow's head lies at its end."""
        way = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(
            f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="1.8" '
            f'stroke-linejoin="round"/>'
        )
        if arrow:
            head = " ".join(f"{x:.1f},{y:.1f}" for x, y in _head(points))
            self.parts.append(f'<polygon points="{head}" fill="{colour}"/>')

    def dot(self, x: float, y: float, colour: str) -> None:
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="{colour}"/>')

    def page(self, wide: float, high: float, title: str) -> str:
        """The whole as one SVG document."""
        body = "\n".join(self.parts)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0f} {high:.0f}" '
            f'width="{wide:.0f}" height="{high:.0f}" font-family={quoteattr(FONT)}>\n'
            f"<title>{escape(title)}</title>\n"
            f'<rect width="100%" height="100%" fill="#ffffff"/>\n{body}\n</svg>\n'
        )


def _head(points: list[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    (x1, y1), (x, y) = points[-2:]
    if abs(x - x1) >= abs(y - y1):
        back = 8.0 if x < x1 else -8.0
        yield from ((x, y), (x + back, y - 4.5), (x + back, y + 4.5))
    else:
        back = 8.0 if y < y1 else -8.0
        yield from ((x, y), (x - 4.5, y + back), (x + 4.5, y + back))
