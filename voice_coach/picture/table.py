"""The whole script as one HTML page to print, with room to review and to sign."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from typing import Final

from voice_coach.dialogue.protocol import Protocol, Step
from voice_coach.picture.ways import Numbers, Way, anywhere, kind, spoken, ways

_STYLE: Final = """
@page { size: A4 landscape; margin: 12mm }
body { font: 10pt "DejaVu Sans", Verdana, sans-serif; color: #1b2733 }
table { border-collapse: collapse; width: 100%; margin-bottom: 6mm }
th, td { border: 1px solid #8895a0; padding: 4px 6px; text-align: left; vertical-align: top }
thead { display: table-header-group }
tr { break-inside: avoid }
th { background: #eef3f7 }
h2 { break-after: avoid }
tr.gated td:first-child { border-left: 6px solid #b3261e }
small { color: #56707f }
.review { width: 32mm }
.sign td { height: 12mm }
"""
_PARTS: Final = {
    "say": "", "again": "again: ", "cues": "cues: ", "release": "at the end: ", "why": "why: ",
}  # fmt: skip
_REVIEW: Final = "☐ right<br>☐ change:"


def table(protocol: Protocol) -> str:
    """The page."""
    return "\n".join(_page(protocol)) + "\n"


def _page(protocol: Protocol) -> Iterator[str]:
    numbers = Numbers(protocol)
    title = f"{escape(protocol.title)}, version {escape(protocol.version)}"
    yield f'<!doctype html><html lang="{escape(protocol.language)}"><meta charset="utf-8">'
    yield f"<title>{title}</title><style>{_STYLE}</style>"
    yield f"<h1>{title}</h1>"
    yield "<p>For review. A red bar marks the gate's questions and whatever asks for pressure.</p>"
    signed = ("Reviewed by", "Profession", "Date", "Signature")
    yield _table(signed, ["<tr>" + "<td></td>" * len(signed) + "</tr>"], "sign")
    heads = ("Step", "The coach says", "The person says", "Source", "Review")
    for phase in numbers.phases:
        steps = [name for name, step in protocol.steps.items() if step.phase == phase]
        yield f"<h2>{escape(numbers.file(phase).replace('-', ' '))}</h2>"
        yield _table(heads, (_step(protocol, numbers, name) for name in steps))
    yield from _words(protocol, numbers)


def _step(protocol: Protocol, numbers: Numbers, name: str) -> str:
    step = protocol.steps[name]
    gated = step.touch or name in protocol.gate.screens
    marks = ["pressure"] * step.touch + ["gate"] * (name in protocol.gate.screens)
    about = ", ".join([*marks, kind(step), *([f"waits {step.wait:g} s"] * _asks(step))])
    source = "<br>".join(escape(text) for text in (step.source, " ".join(step.care)) if text)
    cells = (
        f"<b>{escape(numbers.titled(name))}</b><br><small>{escape(about)}</small>",
        "<br>".join(_said(step)),
        "<br>".join(_way(numbers, way) for way in ways(protocol, name)),
        f"<small>{source}</small>",
        _REVIEW,
    )
    row = "".join(f"<td>{cell}</td>" for cell in cells)
    return f"<tr{' class=gated' if gated else ''}>{row}</tr>"


def _asks(step: Step) -> bool:
    """Whether it waits for an answer."""
    return step.kind in ("ask", "screen")


def _said(step: Step) -> Iterator[str]:
    for part, before in _PARTS.items():
        texts = getattr(step, part)
        if texts:
            text = escape(spoken(texts))
            yield f"<small>{before}{text}</small>" if before else text


def _way(numbers: Numbers, way: Way) -> str:
    to = ", then ".join(numbers.titled(name) for name in way.to) or "stays here"
    note = f" <small>({escape(way.note)})</small>" if way.note else ""
    return f"{escape(way.cause)} → <b>{escape(to)}</b>{note}"


def _words(protocol: Protocol, numbers: Numbers) -> Iterator[str]:
    """What belongs to no step: red flags, what is heard everywhere, sentences and words."""
    yield "<h2>In every step</h2>"
    yield _table(("Heard", "Review"), (_row(_way(numbers, way)) for way in anywhere(protocol)))
    yield "<h2>Red flags</h2>"
    flags = (
        _row(
            f"<b>{escape(name)}</b>", escape(flag.says), flag.level,
            escape(", ".join(flag.forbids)), f"<small>{escape(flag.source)}</small>",
        )
        for name, flag in protocol.flags.items()
    )  # fmt: skip
    yield _table(("Flag", "What it is", "Advice", "Forbids", "Source", "Review"), flags)
    yield "<h2>Sentences that belong to no step</h2>"
    common = {name: getattr(protocol.common, name) for name in protocol.common.__struct_fields__}
    sentences = {"limit": protocol.limits.limit_say, **common}
    rows = (
        _row(escape(name.replace("_", " ")), escape(spoken((t,) if isinstance(t, str) else t)))
        for name, t in sentences.items()
    )
    yield _table(("When", "The coach says", "Review"), rows)
    yield "<h2>Words that are understood</h2>"
    phrases = (
        _row(escape(name.replace("_", " ")), escape(", ".join(of)))
        for name, of in protocol.intents.items()
    )
    yield _table(("Meaning", "Any of these", "Review"), phrases)


def _row(*cells: str) -> str:
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in (*cells, _REVIEW)) + "</tr>"


def _table(heads: tuple[str, ...], rows: Iterable[str], kind_: str = "") -> str:
    head = "".join(
        f"<th{' class=review' if name == 'Review' else ''}>{name}</th>" for name in heads
    )
    body = "\n".join(rows)
    named = f' class="{kind_}"' if kind_ else ""
    return f"<table{named}><thead><tr>{head}</tr></thead>\n{body}\n</table>"
