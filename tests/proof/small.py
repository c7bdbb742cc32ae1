"""A short protocol cut out of the shipped one, so that all of it is explored in a moment."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import cache
from typing import Any

from voice_coach.content import default_protocol_path
from voice_coach.content.loader import problems
from voice_coach.content.toml import convert, read
from voice_coach.dialogue.protocol import Protocol

_KEPT = (
    "unload", "stretch_hand", "eased", "relock", "press", "check_chest", "check_signs",
    "hands_off", "palm", "ease_press", "advice", "end_self", "end_urgent", "emergency",
    "end_emergency", "limit", "stopping", "stop_calm", "stop_urgent", "stop_emergency",
)  # fmt: skip
_AGAIN = {"released": False, "to": "stretch_hand"}
_CHANGED: dict[str, Any] = {
    "limits.announce": [],
    "gate.screens": ["check_chest", "check_signs"],
    "gate.locked": "stretch_hand",
    "steps.unload.next": "stretch_hand",
    "steps.stretch_hand.on": {"better": {"released": True, "to": "press"}},
    "steps.eased.next": "stretch_hand",
    "steps.eased.on": {
        "yes": {"released": True, "to": "press"}, "better": {"released": True, "to": "press"},
        "no": _AGAIN, "unsure": _AGAIN, "silence": _AGAIN,
    },
    "steps.relock.next": "stretch_hand",
    "steps.press.cases": [
        {"when": "no_pressure", "to": "hands_off"}, {"when": "gate_open", "to": "check_chest"},
    ],
    "steps.press.next": "palm",
    "steps.check_signs.next": "press",
    "steps.check_signs.care": ["E2", "E3"],
    "steps.palm.next": "advice",
    "steps.palm.on": {"sharp": "ease_press"},
    "steps.ease_press.next": "advice",
    "steps.ease_press.on": {},
    "steps.advice.cases": [
        {"when": "emergency", "to": "emergency"}, {"when": "urgent", "to": "end_urgent"},
    ],
    "steps.limit.on": {"yes": "stretch_hand", "no": "advice", "unsure": "advice"},
    "steps.stopping.cases": [
        {"when": "emergency", "to": "stop_emergency"}, {"when": "urgent", "to": "stop_urgent"},
    ],
    "steps.check_chest.care": ["E1"],
}  # fmt: skip


@cache
def _data() -> dict[str, Any]:
    data = read(default_protocol_path())
    data["steps"] = {name: data["steps"][name] for name in _KEPT}
    data["anywhere"] = {
        "chest": {"flag": "chest", "to": "emergency"},
        "cramp": {"released": False, "to": "relock"},
    }
    data["flags"] = {name: data["flags"][name] for name in ("chest", "signs")}
    data["flags"]["signs"]["forbids"] = ["pressure", "stretch"]
    _apply(data, _CHANGED)
    used = {*data["anywhere"], "better", "wake", "yes", "no", "unsure", "done"}
    used |= {intent for step in data["steps"].values() for intent in step.get("on", {})}
    spare = {"gone", "worse", "injury", "signs", "numb", "sitting", "lying", "standing"}
    spare |= {"cant_reach", "left", "right", "severe", "mild", "still", "softer"}
    data["intents"] = {n: p for n, p in data["intents"].items() if n in used or n not in spare}
    return data


def _apply(data: dict[str, Any], changes: Mapping[str, Any]) -> None:
    for key, value in changes.items():
        *path, last = key.split(".")
        table = data
        for name in path:
            table = table[name]
        if value is None:
            del table[last]
        else:
            table[last] = value


def data(changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The small protocol's tables with values changed: {"steps.palm.wait": 9}; None removes."""
    changed = copy.deepcopy(_data())
    _apply(changed, changes or {})
    return changed


def small(changes: Mapping[str, Any] | None = None) -> Protocol:
    """The small protocol, as the loader would have it."""
    protocol = convert(default_protocol_path(), data(changes), Protocol)
    assert not (found := list(problems(protocol))), found
    return protocol
