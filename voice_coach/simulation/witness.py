"""A witness who knows only what was said and heard, and when: nothing of the dialogue's state.

What the rules of the proof take from the dialogue's own state, the witness finds out from the log
of a session. Where the log leaves a doubt there is no complaint: the proof is stricter.
"""

from __future__ import annotations

from typing import Final

from voice_coach.dialogue.protocol import Level, Protocol
from voice_coach.dialogue.words import digits
from voice_coach.eventlog import Record

MOST_WORDS: Final = 20
"""Of a sentence."""

AT_ONCE: Final = 0.1
"""Seconds after "stop" was understood within which the coach is silent: a block, and the fade."""

LATE: Final = 1.0
"""Seconds by which the clock's own rules may be late."""

LAST_WORDS: Final = 60.0
"""Seconds that the session may go on after "stop"; and after the longest time allowed, other than
with the advice."""

_RELIEF: Final = frozenset({"better", "softer", "gone"})
_PRESSING: Final = frozenset({"say", "again", "cue"})


class Witness:
    """Watches the records of one session. ``broken`` grows: a rule and what happened."""

    def __init__(self, protocol: Protocol, number: str = "112") -> None:
        self._protocol = protocol
        self._number = digits(number)
        self._step = ""
        self._eased = False
        self._clear: set[str] = set()
        self._forbidden = ""
        self._stopped: float | None = None
        self._emergency = False
        self._must_ease = False
        self._level = Level.self_care
        self._limit = False
        self._advised = False
        self.broken: list[str] = []

    def watch(self, record: Record) -> None:
        """One more record; the order is that of the log."""
        kind, t = record["type"], record["t"]
        if kind == "state":
            self._step = record["step"]
            self._clear.discard(self._step)  # asked again, open again
        elif kind == "heard":
            if record["accepted"]:
                self._heard(record["intent"], record["decided"])
        elif kind == "saying":
            self._saying(record["prompt"], record["text"], t)
        elif kind == "say":
            self._said(record)
        elif kind == "fault" and record["what"] == "voice":
            self._follows(record["prompt"], self._number, t)  # it would have been said
        elif kind == "advice":
            self._advice(Level[record["level"]], record["reason"], t)
        elif kind == "end":
            self._end(t)
        limit = self._protocol.limits.limit
        if kind != "heard" and t > limit + LATE and not self._limit:
            self._complain("S3", t, "the limit has passed without advice")
            self._limit = True

    # -- what was heard -------------------------------------------------------------------------

    def _heard(self, intent: str, t: float) -> None:
        step = self._protocol.steps.get(self._step)
        if step is None:
            return  # the call
        self._stopped = t if intent == "stop" else None  # whoever speaks again goes on
        own = self._protocol.reaction(self._step, intent)
        if intent in _RELIEF or (own is not None and (own.released or own.relieved)):
            self._eased = True
        elif intent == "cramp":
            self._eased = False
        reaction = self._protocol.anywhere.get(intent)
        flag = reaction.flag if reaction is not None else ""
        if flag and self._protocol.flags[flag].level == "emergency":
            self._emergency = True
        if step.kind == "screen" and intent in {"yes", "no"} - set(step.danger):
            self._clear.add(self._step)
        self._must_ease = intent == "sharp" and step.touch

    # -- what was said --------------------------------------------------------------------------

    def _saying(self, prompt: str, text: str, t: float) -> None:
        if len(text.split()) > MOST_WORDS:
            self._complain("S9", t, f"{len(text.split())} words: {text}")
        self._follows(prompt, text, t)
        name, part, *_ = prompt.split(".")
        step = self._protocol.steps.get(name)
        if step is None:
            return
        if self._stopped is not None and step.phase != "end":
            self._complain("S4", t, f"{prompt} was said after stop")
        over = t > self._protocol.limits.cap + LAST_WORDS
        if over and step.phase != "end" and not step.eases:
            self._complain("S7", t, f"{prompt} was said when all should be over")
        if step.touch and part in _PRESSING:
            self._pressing(prompt, t)

    def _follows(self, prompt: str, text: str, t: float) -> None:
        """The first sentence after a word that must be answered by a certain one."""
        step = self._protocol.steps.get(prompt.split(".", maxsplit=1)[0])
        if self._emergency:
            self._emergency = False
            if self._number not in text:
                self._complain("E1", t, f"{prompt} came before the emergency number")
        if self._must_ease and step is not None:
            self._must_ease = False
            if not step.eases and step.phase != "end":
                self._complain("S5", t, f"{prompt} followed on a sharp pain")

    def _pressing(self, prompt: str, t: float) -> None:
        if not self._eased:
            self._complain("S1", t, f"{prompt} before the spasm was said to let go")
        if self._forbidden:
            self._complain("S2", t, f"{prompt} in spite of the flag {self._forbidden}")
        missing = set(self._protocol.gate.screens) - self._clear
        if missing:
            self._complain("S2", t, f"{prompt} before {min(missing)} was answered")

    def _said(self, record: Record) -> None:
        stopped = self._stopped
        if stopped is not None and record["start"] < stopped < record["end"] - AT_ONCE:
            self._complain("S4", stopped, f"{record['prompt']} went on until {record['end']:.2f} s")

    # -- advice and end -------------------------------------------------------------------------

    def _advice(self, level: Level, reason: str, t: float) -> None:
        if level < self._level:
            self._complain("L1", t, f"the advice fell to {level.name}")
        self._level = level
        self._limit = self._limit or reason == "limit"
        self._advised = reason == "end"
        flag = self._protocol.flags.get(reason)
        if flag is not None and "pressure" in flag.forbids:
            self._forbidden = reason

    def _end(self, t: float) -> None:
        if not self._advised:
            self._complain("S7", t, "the session ended without advice")
        if self._stopped is not None and t > self._stopped + LAST_WORDS:
            self._complain("S4", t, "the session went on after stop")

    def _complain(self, rule: str, t: float, what: str) -> None:
        self.broken.append(f"{rule} at {t:.1f} s: {what}")
