"""A conversation led to a given step, so that a test can begin where it matters."""

from __future__ import annotations

from typing import Final

import msgspec

from tests.dialogue.explore import DIALOGUE, PROTOCOL
from voice_coach.dialogue import actions as act
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.playthrough import Playthrough

HEALTHY: Final = {
    "position": "sitting", "stretch_hand": "better", "check_push": "yes", "how_bad": "no",
    "palm": "done", "knead": "skip", "find_knot": "done", "knot": "softer", "gone_check": "yes",
    "tender": "no", "tight": "no", "water": "done", "prevent": "done", "emergency": "okay",
}  # fmt: skip
"""What somebody says whom the coach can help; to everything else it is "no"."""

_SEVERE: Final = {"how_bad": "severe"}
_ELSEWHERE: Final[dict[str, dict[str, str]]] = {
    "stretch_towel": {"position": "can't reach"},
    "stretch_standing": {"position": "standing"},
    "ease_stretch": {"stretch_hand": "worse"},
    "ankle": {"stretch_hand": "worse", "ease_stretch": "still hurts"},
    "eased": {"stretch_hand": "done"},
    "can_stand": {"stretch_hand": "done", "ankle": "done", "eased": "no"},
    "which_leg": {"stretch_hand": "done", "ankle": "done", "eased": "no", "can_stand": "yes"},
    "wall": {
        "stretch_hand": "done", "ankle": "done", "eased": "no", "can_stand": "yes",
        "which_leg": "left",
    },
    "relock": {"stretch_hand": "calf cramp"},
    "glad": {"stretch_hand": "it's gone"},
    "hands_off": {"stretch_hand": "it popped"},
    "ease_press": {"palm": "sharp"},
    "gently": {"palm": "sharp", "ease_press": "done"},
    "ease_end": {"palm": "sharp", "ease_press": "ow"},
    "knot_ask": {"knot": "skip"},
    "thumbs": _SEVERE,
    "thumbs_ask": {**_SEVERE, "thumbs": "skip"},
    "thumbs_more": {**_SEVERE, "thumbs": "softer"},
    "thumbs_gone": {**_SEVERE, "thumbs": "softer", "thumbs_more": "skip"},
    "palm_up": {**_SEVERE, "thumbs": "skip", "thumbs_ask": "no"},
    "note_unresolved": {"gone_check": "not sure"},
    "cold": {"tender": "yes"},
    "heat": {"tight": "yes"},
    "end_routine": {"ask_often": "yes"},
    "end_soon": {"ask_medicine": "yes"},
    "end_urgent": {"ask_pain": "yes"},
    "emergency": {"stretch_hand": "chest pain"},
    "end_emergency": {"stretch_hand": "chest pain"},
    "stop_calm": {"stretch_hand": "stop"},
    "stop_doctor": {"ask_medicine": "yes", "ask_often": "stop"},
    "stop_urgent": {"check_signs": "yes", "hands_off": "stop"},
    "stop_emergency": {"check_chest": "yes", "emergency": "stop"},
}  # fmt: skip

STEPS: Final = tuple(name for name, step in PROTOCOL.steps.items() if step.kind != "route")
"""Every step in which something is said."""


def reach(step: str, dialogue: Dialogue = DIALOGUE) -> Playthrough:
    """A conversation that has just entered ``step``: its first sentence is being spoken."""
    talk = Playthrough(dialogue)
    answers = {**HEALTHY, **_ELSEWHERE.get(step, {})}
    for _ in range(100):
        if talk.state.step == step and talk.state.mode == "lead":
            return talk
        here = talk.state.step
        if step == "limit":
            talk.wait(600.0 - talk.now if talk.now < 600 else 0.1)
        elif here == "hands_off" and here in answers:
            talk.hear(answers[here])
        elif not hear_out(talk):
            talk.hear(answers.get(here, "no"))
    raise AssertionError(f"no way to {step}; the last step was {talk.state.step}")


def hear_out(talk: Playthrough) -> bool:
    """Let the coach speak to the end of this step's sentences; whether that led elsewhere."""
    here = talk.state.step
    while talk.state.queue and talk.state.step == here and not talk.over:
        talk.wait(0.1)
    return talk.state.step != here or talk.over


def at(step: str, dialogue: Dialogue = DIALOGUE) -> Playthrough:
    """As ``reach``, but the step's prompt has been said: it waits, or its hold runs."""
    talk = reach(step, dialogue)
    assert not hear_out(talk), "the step does not wait for anything"
    return talk


def since(talk: Playthrough, before: int) -> list[str]:
    """The prompts said after the first ``before``."""
    return [say.prompt for say in talk.said[before:]]


def last(talk: Playthrough) -> act.Say:
    return talk.said[-1]


def fire(talk: Playthrough, timer: str) -> None:
    """Let a timer run out now that would otherwise take minutes."""
    talk._timers[timer] = talk.now
    talk.wait(0)


def hurried(**limits: float) -> Dialogue:
    """The shipped conversation with other limits, so that a test need not wait for them."""
    changed = msgspec.structs.replace(PROTOCOL.limits, **limits)
    return Dialogue(msgspec.structs.replace(PROTOCOL, limits=changed))
