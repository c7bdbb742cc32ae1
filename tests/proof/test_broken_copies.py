"""A broken copy for each rule about turns: the proof finds it, and shows a conversation.

Content alone cannot break most of the safety rules, because the core keeps them whatever a file
says. So a copy is broken in the content, or in one function of the core, or in both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from tests.proof.small import small
from voice_coach.dialogue import actions as act
from voice_coach.dialogue import controls, dialogue
from voice_coach.dialogue import turn as mechanics
from voice_coach.dialogue.protocol import Level, Protocol
from voice_coach.dialogue.state import State, forbids, open_screens
from voice_coach.dialogue.turn import Turn
from voice_coach.proof.check import REACHED, judged
from voice_coach.proof.counterexample import NOTHING
from voice_coach.proof.rules import RULES


@dataclass(frozen=True)
class Copy:
    """What is changed, and the last lines of the conversation that shows it."""

    shows: tuple[str, ...]
    changes: dict[str, Any] = field(default_factory=dict)
    core: tuple[Any, str, Any] | None = None
    """Object, attribute and what stands there instead; of a table: its key."""


def released_or_not(protocol: Protocol, state: State) -> bool:
    return not forbids(protocol, state, "pressure") and not open_screens(protocol, state)


def asked_or_not(protocol: Protocol, state: State) -> bool:
    return state.released and not forbids(protocol, state, "pressure")


def forbids_pressure_only(protocol: Protocol, state: State, what: Any) -> bool:
    return what == "pressure" and forbids(protocol, state, what)


def locks_again(turn: Turn) -> None:
    turn.set(released=False)
    turn.reply(())


def notes_the_limit(turn: Turn) -> None:
    turn.set(limit=True, limit_unsaid=True)


def forgets_the_limit(turn: Turn) -> None:
    if turn.state.queue:
        turn.emit(act.Hush())
        turn.set(queue=(), limit_unsaid=False)


def waits_for_ever(turn: Turn) -> None:
    if turn.state.mode != "wait":
        SETTLE(turn)


def waits_no_time(turn: Turn) -> None:
    SETTLE(turn)
    turn.actions = [
        act.StartTimer(a.timer, 0.0) if isinstance(a, act.StartTimer) else a for a in turn.actions
    ]


def leaves_the_timer(turn: Turn) -> None:
    turn.set(held=turn.state.hold_elapsed(), held_since=None)


def just_ends(turn: Turn) -> None:
    turn.set(mode="over")
    turn.emit(act.End("relieved"))


def asks_for_ever(turn: Turn) -> None:
    turn.speak(turn.reminder())


def raises_nothing(turn: Turn) -> None:
    turn.leave((), turn.step.found)


def advises_the_last(turn: Turn, level: Level, reason: str) -> None:
    turn.set(level=level)
    turn.emit(act.Advise(level, reason))


def falls_silent_later(turn: Turn) -> None:
    turn.set(queue=())


def stops_the_clock(turn: Turn) -> None:
    turn.emit(act.CancelTimer("limit"))
    PAUSE(turn)


def hears_no_sharp(turn: Turn, intent: str) -> Any:
    return None if intent == "sharp" else REACTION(turn, intent)


def not_the_cap(turn: Turn, timer: str) -> None:
    if timer != "cap":
        TIMER(turn, timer)


SETTLE: Final[Callable[[Turn], None]] = Turn.settle
PAUSE: Final = controls.pause
REACTION: Final = dialogue._reaction
TIMER: Final = dialogue._timer

PALM: Final = "COACH: Lay your palm on the calf, or flat knuckles."
CHEST: Final = "COACH: Does your chest hurt, is breathing hard, did you cough blood, or faint?"
SHORT: Final = "COACH: Chest hurting, breathing hard, coughing blood, or fainting?"
SIGNS: Final = "COACH: Is this calf more swollen, warm, red, or darker than the other?"
BEGUN: Final = "COACH: I am here. Stop moving."
TEN, THIRTY = "(10 minutes since the call)", "(30 minutes since the call)"
WAITING: Final = "COACH: I will wait. Say go on when you like."
ON_NO: Final = {"steps.eased.on.no": {"released": False, "to": "press"}}
NO_CHECK: Final = {"steps.press.cases": [{"when": "no_pressure", "to": "hands_off"}]}

COPIES: Final[dict[str, Copy]] = {
    "S1": Copy((SIGNS, "PERSON: no", PALM), ON_NO, (mechanics, "may_press", released_or_not)),
    "S1-word": Copy(
        ("COACH: Has the cramp started to let go? (cut off)", "PERSON: skip", CHEST),
        {"steps.eased.on.silence": {"released": True, "to": "press"}},
    ),
    "S1-stay": Copy(
        (PALM + " (cut off)", "PERSON: repeat", PALM),
        core=(dialogue._CONTROLS, "repeat", locks_again),
    ),
    "S2": Copy(("PERSON: better", PALM), NO_CHECK, (mechanics, "may_press", asked_or_not)),
    "S2-stretch": Copy(
        ("COACH: Call one one two now. (cut off)", "PERSON: cramp",
         "COACH: Take your hands off the calf."),
        core=(mechanics, "forbids", forbids_pressure_only),
    ),
    "S2-clear": Copy(
        (CHEST + " (cut off)", "PERSON: no", SIGNS), core=(dialogue, "_early", lambda *_: False)
    ),
    "S3": Copy((BEGUN, TEN, NOTHING), core=(dialogue, "_limit", notes_the_limit)),
    "S3-said": Copy(
        (BEGUN, TEN, "PERSON: go on", "COACH: Straighten that leg."),
        core=(Turn, "_allowed", Turn._resolve),
    ),
    "S3-heard": Copy(
        (BEGUN, TEN, THIRTY, "COACH: Get medical help today."),
        core=(Turn, "hush", forgets_the_limit),
    ),
    "S4": Copy(
        (BEGUN + " (cut off)", "PERSON: stop", BEGUN),
        core=(dialogue, "_stop", lambda turn: turn.reply(())),
    ),
    "S5": Copy(
        (PALM + " (cut off)", "PERSON: sharp", "COACH: I hear you. Breathe out slowly."),
        core=(dialogue, "_reaction", hears_no_sharp),
    ),
    "E1": Copy(
        (BEGUN + " (cut off)", "PERSON: chest pain", "COACH: Stay on the line with them."),
        {"anywhere.chest.to": "end_emergency"},
    ),
    "S6": Copy((CHEST, NOTHING), core=(Turn, "settle", waits_for_ever)),
    "S6-out": Copy(
        ("COACH: Has the cramp started to let go?", "(silence 5 s)", "COACH: Is it letting go?",
         "(silence 5 s)", "COACH: I wait."),
        {"steps.eased.on.silence": {"say": ["I wait."]}},
    ),
    "S6-timer": Copy(
        ("COACH: Hold it there.", THIRTY, "COACH: Let go slowly."),
        core=(Turn, "pause_hold", leaves_the_timer),
    ),
    "S7": Copy(
        ("COACH: You can rest now. (cut off)", "PERSON: stop", "(the end)"),
        core=(Turn, "finish", just_ends),
    ),
    "S7-words": Copy(
        ("COACH: Leave the calf alone now.", THIRTY, "COACH: Good night."),
        {"steps.end_urgent.say": ["Good night."]},
    ),
    "S7-cap": Copy((BEGUN, THIRTY, NOTHING), core=(dialogue, "_timer", not_the_cap)),
    "S8": Copy(
        (CHEST, "(silence 6 s)", SHORT, "(silence 6 s)", SIGNS),
        core=(dialogue, "_no_answer", controls.clear),
    ),
    "S8-again": Copy(
        (CHEST, "(silence 6 s)", SHORT, "(silence 6 s)", SHORT),
        core=(dialogue, "_no_answer", asks_for_ever),
    ),
    "S8-yes": Copy(
        (CHEST + " (cut off)", "PERSON: yes", "COACH: Call one one two now."),
        core=(controls, "found", raises_nothing),
    ),
    "L1": Copy(
        ("PERSON: chest pain", "COACH: Call one one two now.", TEN, NOTHING),
        core=(Turn, "advise", advises_the_last),
    ),
    "B1": Copy(
        (BEGUN, "PERSON: stop", "COACH: I am stopping."), core=(Turn, "hush", falls_silent_later)
    ),
    "D1": Copy(
        (BEGUN + " (cut off)", "PERSON: pause", WAITING),
        core=(dialogue._CONTROLS, "pause", stops_the_clock),
    ),
    "T1": Copy(
        ("PERSON: pause", WAITING, NOTHING), core=(Turn, "settle", waits_no_time)
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", COPIES)
def test_a_broken_copy_is_shown_by_a_conversation(
    rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = COPIES[rule]
    if copy.core is not None:
        where, name, instead = copy.core
        if isinstance(where, dict):
            monkeypatch.setitem(where, name, instead)
        else:
            monkeypatch.setattr(where, name, instead)
    _, verdict = judged(small(copy.changes))
    finding = next(f for f in verdict.findings if f.id == rule)
    assert not finding.holds
    assert finding.conversation
    assert finding.real
    assert finding.wrong[0].startswith(BEGUN)
    assert finding.wrong[-len(copy.shows) :] == copy.shows


def test_a_step_that_nothing_leads_to_is_named() -> None:
    changes = {
        "steps.lonely": {"kind": "do", "phase": "check", "say": ["Rest."], "next": "press"},
        "steps.press.cases": [
            {"when": "no_pressure", "to": "hands_off"}, {"when": "no_pressure", "to": "lonely"},
            {"when": "gate_open", "to": "check_chest"},
        ],
    }  # fmt: skip
    _, verdict = judged(small(changes))
    (finding,) = verdict.broken
    assert finding.id == REACHED
    assert finding.wrong == ("steps.lonely: nothing that can be said leads there",)


def test_each_rule_about_turns_has_a_broken_copy() -> None:
    assert set(COPIES) == {rule.id for rule in RULES}
