"""The rule of the night: a certain call starts the coach, a doubtful one is asked about, once; in a
restless room only when it is repeated: who calls for help and hears nothing calls again.

Nothing is said without a call, and nothing after the question when nobody answers. No clock inside:
times are seconds of the port.
"""

from __future__ import annotations

from collections import deque
from typing import Final, Literal

from voice_coach.content.standby import Standby, Verdict

Move = Literal["start", "ask", "sleep", "wait"]

PATIENCE: Final = 3.0
"""Seconds that somebody who is making sound may take longer to answer."""


class Vigil:
    """Decides what to do about calls and answers."""

    def __init__(self, standby: Standby) -> None:
        self._standby = standby
        self._asked: deque[float] = deque(maxlen=max(1, standby.most))
        self._doubtful = float("-inf")
        """When a doubtful call came last."""
        self._until: float | None = None
        self.asking = False
        """Whether a question stands."""

    def call(self, verdict: Verdict, now: float, restless: bool = False) -> Move:
        """Somebody may have called; ``restless``: in a room that is never quiet."""
        if verdict == "certain":
            return "start"
        if verdict == "nothing":
            return "wait"
        before, self._doubtful = self._doubtful, now
        repeated = now - before <= self._standby.restless.again
        if (restless and not repeated) or not self._may_ask(now):
            return "wait"
        self._asked.append(now)
        self.asking, self._until = True, None
        return "ask"

    def answer(self, intent: str, speaking: bool, now: float) -> Move:
        """What came after the question: an intent, or none; call it for as long as it stands.

        The time for an answer begins with the first call, when the question was heard to its end.
        """
        if self._until is None:
            self._until = now + self._standby.wait
        late = now >= self._until + (PATIENCE if speaking else 0.0)
        if not intent and not late:
            return "wait"
        self.asking = False
        return "start" if intent == "yes" else "sleep"

    def _may_ask(self, now: float) -> bool:
        recent = [at for at in self._asked if now - at < self._standby.within]
        return len(recent) < self._standby.most
