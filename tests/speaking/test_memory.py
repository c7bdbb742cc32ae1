from __future__ import annotations

import numpy as np

from voice_coach.speaking.memory import ClipMemory


def test_the_least_recently_used_clip_is_forgotten() -> None:
    memory = ClipMemory(limit=600)
    for key in "abc":
        memory.put(key, np.ones(100, np.int16))
    assert memory.get("a") is not None
    memory.put("d", np.ones(100, np.int16))
    assert [key for key in "abcd" if memory.get(key) is not None] == ["a", "c", "d"]


def test_a_clip_put_again_counts_once_and_a_huge_one_not_at_all() -> None:
    memory = ClipMemory(limit=600)
    for _ in range(9):
        memory.put("a", np.ones(150, np.int16))
    memory.put("b", np.ones(150, np.int16))
    memory.put("huge", np.ones(301, np.int16))
    assert memory.get("huge") is None
    assert memory.get("a") is not None
    assert memory.get("b") is not None
