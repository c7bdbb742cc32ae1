"""Weighted finite-state transducers, and OpenFst's binary "vector" layout for them.

Only what a decoder needs to be handed: states, arcs, final weights, in the tropical semiring
(weights are costs in nats). Little endian, as every platform we run on writes it.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field
from typing import Final, NamedTuple

EPSILON: Final = 0
_MAGIC: Final = 0x7EB2FDD6
_VERSION: Final = 2
_EXPANDED: Final = 0x1  # kExpanded
_MUTABLE: Final = 0x2  # kMutable
_HEADER: Final = struct.Struct("<iiQqqq")
_STATE: Final = struct.Struct("<fq")
_ARC: Final = struct.Struct("<iifi")


class Arc(NamedTuple):
    """One transition."""

    ilabel: int
    """Input: a transition id of the acoustic model, or EPSILON."""

    olabel: int
    """Output: a word id, or EPSILON."""

    cost: float
    target: int


@dataclass
class Fst:
    """A transducer under construction; state 0 is the start."""

    arcs: list[list[Arc]] = field(default_factory=list)
    """Outgoing arcs by state."""

    final: dict[int, float] = field(default_factory=dict)
    """Final states and their costs."""

    def add_state(self) -> int:
        """A new state's number."""
        self.arcs.append([])
        return len(self.arcs) - 1

    def add_arc(self, source: int, ilabel: int, olabel: int, cost: float, target: int) -> None:
        """A transition from ``source`` to ``target``."""
        self.arcs[source].append(Arc(ilabel, olabel, cost, target))

    def to_bytes(self) -> bytes:
        """The file OpenFst reads as fst type "vector", arc type "standard"."""
        kind, arc_type = b"vector", b"standard"
        parts = [
            struct.pack("<ii", _MAGIC, len(kind)),
            kind,
            struct.pack("<i", len(arc_type)),
            arc_type,
            _HEADER.pack(_VERSION, 0, _EXPANDED | _MUTABLE, 0, len(self.arcs), 0),
        ]
        for state, arcs in enumerate(self.arcs):
            parts.append(_STATE.pack(self.final.get(state, math.inf), len(arcs)))
            parts.extend(_ARC.pack(*arc) for arc in arcs)
        return b"".join(parts)
