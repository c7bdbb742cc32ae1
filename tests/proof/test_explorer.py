"""Nothing is left out: what random conversations reach was explored."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.proof import explored
from tests.proof.small import small
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.events import Event, Heard, NotUnderstood, PromptEnded, TimerFired
from voice_coach.dialogue.protocol import Protocol
from voice_coach.dialogue.state import Line, State
from voice_coach.proof import watched
from voice_coach.proof.explorer import Explorer, TooLarge, explore
from voice_coach.proof.rules import RULES, judge, required_screens
from voice_coach.proof.turn import Moment, advance, begin

choices = st.lists(
    st.tuples(
        st.sampled_from(("ended", "ended", "ended", "timer", "heard", "heard", "noise")),
        st.integers(0, 10_000),
        st.floats(0, 400, allow_nan=False),
    ),
    max_size=120,
)


def event_of(moment: Moment, what: str, n: int, now: float, protocol: Protocol) -> Event | None:
    state = moment.state
    if what == "ended":
        return PromptEnded(now, state.queue[0].prompt) if state.queue else None
    if what == "timer":
        timers = sorted(moment.timers)
        return TimerFired(now, timers[n % len(timers)]) if timers else None
    if what == "heard":
        intents = sorted(set(protocol.vocabulary(state.step).values()))
        return Heard(now, intents[n % len(intents)])
    return NotUnderstood(now)


def follow(explorer: Explorer, stream: list[tuple[str, int, float]]) -> State:
    """Lead a conversation; every state of it must have been explored, and no rule broken."""
    protocol = explorer.protocol
    dialogue = Dialogue(protocol)
    moment, now = begin(dialogue), 0.0
    for what, n, pause in stream:
        now += pause / 10 if what != "timer" else pause
        event = event_of(moment, what, n, now, protocol)
        if event is None or moment.state.mode == "over":
            continue
        turn = advance(moment, event, dialogue)
        assert explorer.covers(turn.after.state, turn.after.timers), turn
        assert [rule.id for rule in RULES if rule.check(turn) is False] == [], turn
        moment = turn.after
    return moment.state


@given(choices)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_state_of_any_conversation_was_explored(
    stream: list[tuple[str, int, float]],
) -> None:
    follow(explored.shipped()[0], stream)


@given(choices)
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_state_of_a_small_protocol_was_explored(
    stream: list[tuple[str, int, float]],
) -> None:
    follow(explored.little()[0], stream)


@pytest.mark.parametrize("unclear", list(itertools.product(("noise", "timer"), repeat=3)))
def test_however_a_safety_question_is_left_unanswered_was_explored(
    unclear: tuple[str, ...],
) -> None:
    """Random conversations seldom come so far."""
    explorer, _ = explored.little()
    better = sorted(set(explorer.protocol.vocabulary("stretch_hand").values())).index("better")
    said, silence = [("ended", 0, 30.0)] * 3, 2  # of the timers cap, limit and silence
    stream = [*said, ("heard", better, 10.0), *said]
    state = follow(explorer, stream)
    assert (state.step, state.mode) == ("check_chest", "wait")
    for n, what in enumerate(unclear, 1):
        stream += [(what, silence, 6.0), *said]
        state = follow(explorer, stream)
        asked = n + 1 <= (3 if "noise" in unclear[:n] else 2)
        assert (state.step == "check_chest") == asked
        if not asked:
            break


def test_all_of_the_shipped_conversation_is_explored() -> None:
    explorer, verdict = explored.shipped()
    spoken = {n for n, step in explorer.protocol.steps.items() if step.kind != "route"}
    assert explorer.steps() == spoken
    assert verdict.states > 100_000
    assert verdict.transitions > 1_000_000


def test_a_state_that_cannot_be_reached_is_not_covered() -> None:
    explorer, _ = explored.little()
    moment = begin(Dialogue(explorer.protocol))
    assert explorer.covers(moment.state, moment.timers)
    state = moment.state.__class__(step="palm", queue=moment.state.queue)
    assert not explorer.covers(state, moment.timers)


def test_exploring_is_bounded() -> None:
    protocol = small()
    explorer = Explorer(protocol, required_screens(protocol), judge)
    with pytest.raises(TooLarge):
        explorer.run(seconds=0.0)


def test_what_is_known_of_one_place_holds_at_all_that_look_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each place explored on its own gives the same states, transitions and broken rules."""
    protocol = small({"anywhere.chest.to": "end_emergency"})
    shared = explore(protocol, required_screens(protocol), judge)
    monkeypatch.setattr(watched, "stands", lambda *_: False)
    alone = explore(protocol, required_screens(protocol), judge)
    assert alone.turns > shared.turns
    assert alone.reached == shared.reached
    assert alone.transitions() == shared.transitions()
    assert alone.broken.keys() == shared.broken.keys() == {"E1"}
    for one, other in zip(alone.edges, shared.edges, strict=True):
        assert [edge.cubes for edge in one] == [edge.cubes for edge in other]


def test_sentences_that_are_looked_at_are_noted() -> None:
    line = Line("x.say.0", "A sentence.")
    looks: dict[str, object] = {}
    queue = watched.Queue((line,), looks)
    assert queue
    assert looks == {"speaking": True}
    assert queue == (line,)
    assert queue[0] is line
    assert [*queue] == [line]
    assert queue + (line,) == (line, line)  # noqa: RUF005  # its own addition is meant
    assert looks == {"speaking": True, "queue": (line,)}
    with pytest.raises(TypeError):
        len(queue)  # type: ignore[arg-type]


def test_exploring_twice_gives_the_same() -> None:
    protocol = small()
    again = Explorer(protocol, required_screens(protocol), judge)
    again.run()
    assert again.reached == explored.little()[0].reached
