"""What must be true of every turn of every conversation: one function a rule.

A rule answers None where it does not apply, else whether it held.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.dialogue.explore import PROTOCOL, Turn
from voice_coach.dialogue import actions as act
from voice_coach.dialogue.events import Heard, NotUnderstood, PromptEnded, TimerFired
from voice_coach.dialogue.protocol import Level
from voice_coach.dialogue.state import forbids, open_screens

Rule = Callable[[Turn], "bool | None"]


def _presses(turn: Turn) -> bool:
    """Pressure is spoken, or a step with pressure is entered."""
    return any(isinstance(action, act.Say) and action.touch for action in turn.actions) or any(
        isinstance(action, act.Enter) and PROTOCOL.steps[action.step].touch
        for action in turn.actions
    )


def no_pressure_before_release(turn: Turn) -> bool | None:
    return turn.after.state.released if _presses(turn) else None


def no_pressure_with_a_flag_or_an_open_screen(turn: Turn) -> bool | None:
    if not _presses(turn):
        return None
    state = turn.after.state
    return not forbids(PROTOCOL, state, "pressure") and not open_screens(PROTOCOL, state)


def nobody_stays_where_pressure_is_forbidden(turn: Turn) -> bool | None:
    step = PROTOCOL.steps[turn.after.state.step]
    if not step.touch:
        return None
    return turn.after.state.released and not forbids(PROTOCOL, turn.after.state, "pressure")


def no_stretch_with_a_flag_against_it(turn: Turn) -> bool | None:
    if not PROTOCOL.steps[turn.after.state.step].stretch:
        return None
    return not forbids(PROTOCOL, turn.after.state, "stretch")


def the_limit_is_noticed(turn: Turn) -> bool | None:
    if turn.event != TimerFired(turn.event.at, "limit"):
        return None
    advised = any(isinstance(a, act.Advise) and a.reason == "limit" for a in turn.actions)
    state = turn.after.state
    level = state.relieved or state.level >= Level[PROTOCOL.limits.limit_level]
    return advised and level and state.limit and state.limit_unsaid


def the_limit_is_said_before_anything_else_begins(turn: Turn) -> bool | None:
    """Until it was heard to its end, a new step is the limit's own, or says it as well."""
    entered = any(isinstance(action, act.Enter) for action in turn.actions)
    state = turn.after.state
    if not (entered and state.limit_unsaid and state.mode != "over"):
        return None
    said = state.queue[-1:] and state.queue[-1].prompt.startswith("common.limit")
    eases = PROTOCOL.steps[state.step].eases  # "Ease off at once." cannot wait
    return state.step == PROTOCOL.limits.limit_step or eases or bool(said)


def the_limit_is_forgotten_only_when_heard(turn: Turn) -> bool | None:
    if not turn.before.state.limit_unsaid or turn.after.state.limit_unsaid:
        return None
    return isinstance(turn.event, PromptEnded)


def stop_ends_speech_and_session(turn: Turn) -> bool | None:
    if turn.intent != "stop":
        return None
    hushed = any(isinstance(action, act.Hush) for action in turn.actions)
    state = turn.after.state
    ending = state.mode == "over" or PROTOCOL.steps[state.step].kind == "end"
    return ending and hushed == turn.before.state.speaking


def sharp_eases_off(turn: Turn) -> bool | None:
    if turn.intent != "sharp" or not PROTOCOL.steps[turn.before.state.step].touch:
        return None
    return PROTOCOL.steps[turn.after.state.step].eases and not _presses(turn)


def there_is_always_a_way_on(turn: Turn) -> bool | None:
    """Something is being said, or the timer runs that the mode waits for."""
    state, timers = turn.after.state, turn.after.timers
    if state.mode == "over":
        return None
    if state.queue:
        return True
    return {"wait": "silence", "pause": "silence", "hold": "hold"}.get(state.mode) in timers


def no_timer_is_left_running(turn: Turn) -> bool | None:
    state, timers = turn.after.state, turn.after.timers
    if "hold" in timers and (state.mode != "hold" or state.held_since is None):
        return False
    return not ("silence" in timers and (state.queue or state.mode not in ("wait", "pause")))


def the_advice_comes_before_the_end(turn: Turn) -> bool | None:
    kinds = [type(action) for action in turn.actions]
    if act.End not in kinds:
        return None if turn.after.state.mode != "over" else False
    ends = [a for a in turn.actions if isinstance(a, act.Advise) and a.reason == "end"]
    return (
        len(ends) == 1
        and kinds[-1] is act.End
        and ends[0].level is turn.after.state.level
        and PROTOCOL.steps[turn.before.state.step].kind == "end"
    )


def only_a_plain_answer_clears_a_question(turn: Turn) -> bool | None:
    """Nothing but the reassuring word, after the question was put, makes a screen clear."""
    new = turn.after.state.cleared - turn.before.state.cleared
    if not new:
        return None
    step = PROTOCOL.steps[turn.before.state.step]
    reassuring = {"yes", "no"} - set(step.danger)
    state = turn.before.state
    waited = (state.before_pause if state.mode == "pause" else state.mode) == "wait"
    return new == {turn.before.state.step} and {turn.intent} == reassuring and waited


def what_was_not_understood_counts_as_not_sure(turn: Turn) -> bool | None:
    """Who leaves a question by silence, by other words or by "skip" has raised its flag."""
    step = PROTOCOL.steps[turn.before.state.step]
    silent = turn.event == TimerFired(turn.event.at, "silence")
    if step.kind != "screen" or turn.after.state.step == turn.before.state.step:
        return None
    if turn.before.state.mode not in ("lead", "wait") or not (
        silent or isinstance(turn.event, NotUnderstood) or turn.intent in ("skip", "unsure")
    ):
        return None
    return step.flag in turn.after.state.flags


def danger_is_believed_at_once(turn: Turn) -> bool | None:
    step = PROTOCOL.steps[turn.before.state.step]
    if step.kind != "screen" or turn.intent not in step.danger:
        return None
    return step.flag in turn.after.state.flags


def emergency_words_come_first(turn: Turn) -> bool | None:
    if turn.intent != "chest":
        return None
    said = [action for action in turn.actions if isinstance(action, act.Say)]
    return (
        turn.after.state.level is Level.emergency
        and turn.after.state.step == "emergency"
        and [say.prompt for say in said] == ["emergency.say.0"]
    )


def nothing_is_taken_back(turn: Turn) -> bool:
    """Neither the level nor a flag nor the clock."""
    before, after = turn.before.state, turn.after.state
    advised = [action.level for action in turn.actions if isinstance(action, act.Advise)]
    levels = [before.level, *advised, after.level]
    return (
        levels == sorted(levels)
        and before.flags <= after.flags
        and after.limit >= before.limit
        and after.now >= before.now
    )


def whoever_speaks_over_the_coach_silences_it(turn: Turn) -> bool | None:
    """Except where last words ("Let go slowly.") are spoken, which are heard to their end."""
    if not isinstance(turn.event, Heard) or not turn.before.state.speaking:
        return None
    state = turn.before.state
    if state.mode == "leave" or (state.mode == "pause" and state.before_pause == "leave"):
        return None
    return any(isinstance(action, act.Hush) for action in turn.actions)


RULES: dict[str, Rule] = {
    name: rule
    for name, rule in list(globals().items())
    if callable(rule) and getattr(rule, "__module__", "") == __name__ and not name.startswith("_")
}
