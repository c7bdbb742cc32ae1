"""The rules of the proof by name, for conversations on the ordinary dialogue."""

from __future__ import annotations

from typing import Final

from voice_coach.proof import rules

RULES: Final = {rule.check.__name__: rule.check for rule in rules.RULES}
