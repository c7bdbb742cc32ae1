"""What a lint has found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Lint:
    """One thing that was looked at in every sentence."""

    id: str
    text: str
    wrong: tuple[str, ...] = ()
    """What must be changed."""
    notes: tuple[str, ...] = ()
    """What is worth a look."""

    @property
    def holds(self) -> bool:
        return not self.wrong
