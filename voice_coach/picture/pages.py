"""The conversation as pictures: an overview, then one page a phase.

A step is a card: what the coach says, then a row for each answer with the step it leads to. All
rows that lead to the same card of a column share one coloured line, so even a page with thirty
ways stays readable; whatever lies elsewhere is named by its number. The gate before any pressure
is a red card of its own, on the overview and on each page that has pressure on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from voice_coach.dialogue.protocol import Protocol
from voice_coach.picture.svg import Drawing, Font, Pen, wrapped
from voice_coach.picture.ways import Numbers, Way, anywhere, kind, spoken, ways

CARD: Final = 470.0
"""Width of a card, pixels."""

_ASIDE: Final = 190.0
"""Of it, the width for where a row leads."""

_LANE: Final = 13.0
_GAP: Final = 30.0
_MARGIN: Final = 26.0
_SMALL, _NORMAL, _LARGE = 11.0, 12.0, 13.5
_LINE: Final = 16.0
_SHAPE: Final = 1.35
"""Width to height that a page comes near to: a sheet on its side."""

_BLACK, _GREY, _RED = "#1b2733", "#56707f", "#b3261e"
_LINES: Final = (
    "#1f6fb2", "#c05a00", "#2a7d4f", "#7b3fa0", "#a8325e", "#56707f", "#8a6d00", "#0f7f86",
)  # fmt: skip
_FILL: Final = {
    "ask": "#e9f2fb", "screen": "#fdf0dc", "hold": "#e8f5ec", "do": "#f4f5f6", "route": "#ffffff",
    "end": "#e4e6ea", "phase": "#eef3f7", "gate": "#fdeceb",
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """An answer and where it leads."""

    cause: tuple[str, ...]
    """In lines."""
    names: tuple[str, ...]
    """Where it leads, in lines."""
    to: tuple[str, ...] = ()
    """The cards that it leads to."""
    note: tuple[str, ...] = ()

    @property
    def high(self) -> float:
        return _LINE * max(len(self.cause) + len(self.note), len(self.names)) + 5


@dataclass
class Card:
    """A box of the picture."""

    name: str
    title: str
    kind: str
    aside: str = ""
    says: tuple[str, ...] = ()
    """In lines."""
    rows: tuple[Row, ...] = ()
    gated: bool = False
    """It stands behind the gate, or is part of it."""
    x: float = 0.0
    y: float = 0.0

    @property
    def high(self) -> float:
        return 32 + _LINE * len(self.says) + sum(row.high for row in self.rows) + 10


@dataclass(frozen=True)
class Page:
    """A drawn page and the name of its file, without ending."""

    name: str
    svg: str


def pages(protocol: Protocol) -> Iterator[Page]:
    """The overview, then each phase."""
    numbers = Numbers(protocol)
    yield Page("0-overview", _overview(protocol, numbers))
    for phase in numbers.phases:
        yield Page(numbers.file(phase), _phase(protocol, numbers, phase))


# -- what is on a page ----------------------------------------------------------------------------


def _overview(protocol: Protocol, numbers: Numbers) -> str:
    cards: list[Card] = []
    gate = _gate(protocol, numbers)
    for phase in numbers.phases:
        steps = [name for name, step in protocol.steps.items() if step.phase == phase]
        if any(protocol.steps[name].touch for name in steps):
            cards.append(gate)
        leads: dict[str, list[str]] = {}
        for name in steps:
            for way in ways(protocol, name):
                for to in way.to:
                    other = protocol.steps[to].phase
                    if other != phase:
                        leads.setdefault(other, []).append(numbers.of[name])
        rows = [
            _row(f"from {', '.join(dict.fromkeys(froms))}", (numbers.file(to).replace("-", " "),),
                 (to,))
            for to, froms in leads.items()
        ]  # fmt: skip
        labels = dict.fromkeys(protocol.steps[n].label for n in steps if protocol.steps[n].label)
        title = numbers.file(phase).replace("-", " ")
        about = _lines("; ".join(labels)) if labels else ()
        cards.append(Card(phase, title, "phase", f"{len(steps)} steps", about, tuple(rows)))
    always = tuple(_way(numbers, way) for way in anywhere(protocol))
    cards.append(Card("anywhere", "In every step", "phase", "whatever else is heard", (), always))
    return _drawn(cards, f"{protocol.title}: overview", numbers.protocol)


def _phase(protocol: Protocol, numbers: Numbers, phase: str) -> str:
    cards: list[Card] = []
    steps = {name: step for name, step in protocol.steps.items() if step.phase == phase}
    if any(step.touch for step in steps.values()):
        cards.append(_gate(protocol, numbers))
    for name, step in steps.items():
        aside = kind(step)
        if name in protocol.gate.screens:
            aside = f"GATE: {aside}"
        elif step.touch:
            aside = f"PRESSURE: {aside}"
        says = _lines(f"“{spoken(step.say)}”") if step.say else ()
        rows = tuple(_way(numbers, way) for way in ways(protocol, name))
        gated = step.touch or name in protocol.gate.screens
        cards.append(Card(name, numbers.titled(name), step.kind, aside, says, rows, gated))
    title = f"{protocol.title}: {numbers.file(phase).replace('-', ' ')}"
    return _drawn(cards, title, protocol)


def _gate(protocol: Protocol, numbers: Numbers) -> Card:
    gate = protocol.gate
    says = _lines(
        "No pressure before the person has said that the cramp lets go, and before each of these "
        "questions has a clear reassuring answer:"
    )
    asked = tuple(
        line
        for name in gate.screens
        for line in _lines(f"{numbers.of[name]} {protocol.steps[name].say[-1]}")
    )
    rows = (
        _row("a question is open", (numbers.titled(gate.screens[0]),), gate.screens[:1],
             "asked first; then the others"),
        _row("a red flag is raised", (numbers.titled(gate.forbidden),), (gate.forbidden,)),
        _row("the muscle is still locked", (numbers.titled(gate.locked),), (gate.locked,)),
    )  # fmt: skip
    return Card("the gate", "THE GATE", "gate", "kept by the program", says + asked, rows, True)


def _way(numbers: Numbers, way: Way) -> Row:
    names = tuple(f"{'' if i == 0 else 'then '}{numbers.titled(to)}" for i, to in enumerate(way.to))
    ended = () if way.to else ("stays here",)
    return _row(way.cause, names or ended, way.to, way.note)


def _row(cause: str, names: tuple[str, ...], to: tuple[str, ...] = (), note: str = "") -> Row:
    most = CARD - _ASIDE - 24
    return Row(tuple(wrapped(cause, _NORMAL, most)), names, to, tuple(wrapped(note, _SMALL, most)))


def _lines(text: str) -> tuple[str, ...]:
    return tuple(wrapped(text, _NORMAL, CARD - 34))


# -- how it is drawn ------------------------------------------------------------------------------


def _columns(cards: list[Card]) -> list[list[Card]]:
    """The cards in as many columns as come near to the shape of a sheet."""
    total = sum(card.high + _GAP for card in cards)

    def shape(n: int) -> float:
        return abs(n * (CARD + 8 * _LANE) / (total / n) - _SHAPE)

    wanted = min(range(1, 5), key=shape)
    columns: list[list[Card]] = [[]]
    used = 0.0
    for card in cards:
        high = card.high + _GAP
        if columns[-1] and len(columns) < wanted and used + high / 2 > total / wanted:
            columns.append([])
            used = 0.0
        columns[-1].append(card)
        used += high
    return columns


def _drawn(cards: list[Card], title: str, protocol: Protocol) -> str:
    drawing = Drawing()
    x, bottom = _MARGIN, 0.0
    for column in _columns(cards):
        y = 74.0
        for card in column:
            card.x, card.y = x, y
            y += card.high + _GAP
        bottom = max(bottom, y)
        lanes = _ways_between(drawing, column)
        for card in column:
            _draw(drawing, card)
        x += CARD + _LANE * (lanes + 1) + _MARGIN
    drawing.text(_MARGIN, 36, title, Font(20, bold=True))
    note = f"version {protocol.version}. A card is a step: what the coach says, then each answer."
    drawing.text(_MARGIN, 56, note, Font(_SMALL, _GREY))
    return drawing.page(max(x, 620.0), bottom + 6, title)


def _draw(drawing: Drawing, card: Card) -> None:
    screen = card.kind in ("screen", "gate")
    pen = Pen(_FILL[card.kind], "#5c6b78")
    if card.gated:
        pen = Pen(_FILL[card.kind], _RED, thick=2.4, dashed=screen)
    drawing.box(card.x, card.y, CARD, card.high, pen)
    if card.gated and not screen:
        drawing.box(card.x, card.y, 8, card.high, Pen(_RED, corner=3))
    y = card.y + 20
    titled = Font(_LARGE, _RED if screen else _BLACK, bold=True)
    drawing.text(card.x + 16, y, card.title, titled)
    aside = Font(_SMALL, _RED if card.gated else _GREY, anchor="end")
    drawing.text(card.x + CARD - 12, y, card.aside, aside)
    y += 4
    for text in card.says:
        y += _LINE
        says = Font(_NORMAL, italic=card.kind not in ("phase", "gate"))
        drawing.text(card.x + 16, y, text, says)
    y += 8
    for row in card.rows:
        _draw_row(drawing, card, row, y)
        y += row.high


def _draw_row(drawing: Drawing, card: Card, row: Row, y: float) -> None:
    drawing.line([(card.x + 16, y), (card.x + CARD - 12, y)], "#d3d9de")
    for i, text in enumerate(row.cause):
        drawing.text(card.x + 16, y + _LINE * (i + 1) - 2, text, Font(_NORMAL))
    below = y + _LINE * len(row.cause)
    for i, text in enumerate(row.note):
        drawing.text(card.x + 16, below + _LINE * (i + 1) - 2, text, Font(_SMALL, _GREY))
    arrow, font = ("→ ", Font(_NORMAL, bold=True)) if row.to else ("", Font(_NORMAL, _GREY))
    for i, text in enumerate(row.names):
        drawing.text(card.x + CARD - _ASIDE, y + _LINE * (i + 1) - 2, f"{arrow}{text}", font)


def _rows(card: Card) -> Iterator[tuple[Row, float]]:
    """Each row with the height of its first line."""
    y = card.y + 32 + _LINE * len(card.says)
    for row in card.rows:
        yield row, y + _LINE / 2 + 2
        y += row.high


def _ways_between(drawing: Drawing, column: list[Card]) -> int:
    """The lines to the cards of a column: one for each card that is led to. Returns how many
    lanes they take."""
    into: dict[str, list[float]] = {}
    following = {a.name: b for a, b in pairwise(column)}
    by_name = {card.name: card for card in column}
    for card in column:
        for row, y in _rows(card):
            for i, to in enumerate(row.to):
                nearby = following.get(card.name)
                if nearby is not None and to == nearby.name:
                    _straight(drawing, card, nearby)
                elif to in by_name:
                    into.setdefault(to, []).append(y + _LINE * i)
    spans = {to: (min(*ys, _entry(by_name[to])), max(*ys, _entry(by_name[to])))
             for to, ys in into.items()}  # fmt: skip
    lanes = _lanes(spans)
    for n, (to, ys) in enumerate(into.items()):
        card, colour = by_name[to], _LINES[n % len(_LINES)]
        x = card.x + CARD + _LANE * (lanes[to] + 1)
        top, bottom = spans[to]
        drawing.line([(x, top), (x, bottom)], colour)
        for y in ys:
            drawing.line([(card.x + CARD, y), (x, y)], colour)
            drawing.dot(card.x + CARD, y, colour)
        entry = _entry(card)
        drawing.line([(x, entry), (card.x + CARD, entry)], colour, arrow=True)
    return max(lanes.values(), default=-1) + 1


def _entry(card: Card) -> float:
    return card.y + 15


def _straight(drawing: Drawing, card: Card, below: Card) -> None:
    x = card.x + 60
    drawing.line([(x, card.y + card.high), (x, below.y - 1)], "#5c6b78", arrow=True)


def _lanes(spans: dict[str, tuple[float, float]]) -> dict[str, int]:
    """A lane for each span, the shortest nearest to the cards, none over another."""
    taken: list[list[tuple[float, float]]] = []
    lanes: dict[str, int] = {}
    for to, (top, bottom) in sorted(spans.items(), key=lambda item: item[1][1] - item[1][0]):
        free = (
            n for n, lane in enumerate(taken) if all(bottom + 6 < a or b + 6 < top for a, b in lane)
        )
        n = next(free, len(taken))
        if n == len(taken):
            taken.append([])
        taken[n].append((top, bottom))
        lanes[to] = n
    return lanes
