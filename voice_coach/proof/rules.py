"""What must be true of every turn of every conversation: one function a rule.

A rule answers None where it does not apply, else whether it held. It reads as little as it can: its
verdict stands for every state that agrees in what it read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

from voice_coach.dialogue import actions as act
from voice_coach.dialogue.events import Heard, NotUnderstood, PromptEnded
from voice_coach.dialogue.protocol import Level, Protocol
from voice_coach.dialogue.state import forbids
from voice_coach.dialogue.words import digits
from voice_coach.proof.events import last_attempt
from voice_coach.proof.turn import Turn

Check = Callable[[Turn], "bool | None"]

OF_RELIEF: Final = ("better", "softer", "gone")
"""Words that say by themselves that the spasm lets go."""

_ASKED_BEFORE_PRESSURE: Final = {"E1", "E2", "E3"}
"""Rows of the care list whose questions must be answered before any pressure."""


@dataclass(frozen=True)
class Rule:
    id: str
    text: str
    check: Check


RULES: Final[list[Rule]] = []


def _rule(ident: str, text: str) -> Callable[[Check], Check]:
    def note(check: Check) -> Check:
        RULES.append(Rule(ident, text, check))
        return check

    return note


def judge(turn: Turn) -> list[str]:
    """The rules that a turn breaks, by id."""
    return [rule.id for rule in RULES if rule.check(turn) is False]


@cache
def _screens(care: tuple[tuple[str, tuple[str, ...], bool], ...]) -> tuple[str, ...]:
    return tuple(
        name for name, rows, stops in care if stops or _ASKED_BEFORE_PRESSURE.intersection(rows)
    )


def required_screens(protocol: Protocol) -> tuple[str, ...]:
    """Every question that stands before pressure, whether the gate names it or not."""
    asked = tuple(
        (name, step.care, "pressure" in protocol.flags[step.flag].forbids)
        for name, step in protocol.steps.items()
        if step.kind == "screen"
    )
    return tuple(dict.fromkeys((*protocol.gate.screens, *_screens(asked))))


# -- S1, S2: pressure -----------------------------------------------------------------------------


@_rule("S1", "no pressure before the person has said that the spasm lets go")
def no_pressure_before_release(turn: Turn) -> bool | None:
    return turn.after.state.released if turn.presses else None


@_rule("S1-word", "only a word of relief, or a plain answer to a question, means letting go")
def only_a_word_of_relief_releases(turn: Turn) -> bool | None:
    after = turn.after.state
    if "released" not in getattr(after, "written", ("released",)):
        return None
    if not after.released or turn.before.state.released:
        return None
    if turn.intent in OF_RELIEF:
        return True
    own = turn.protocol.reaction(turn.before.state.step, turn.intent)
    return turn.here.kind == "ask" and turn.intent in ("yes", "no") and own is not None


@_rule("S1-stay", "nobody is left at a step of pressure that may no longer be taken")
def nobody_stays_where_pressure_is_forbidden(turn: Turn) -> bool | None:
    if not turn.there.touch or turn.after.state.mode in ("leave", "over"):
        return None
    if turn.after.state.mode == "pause" and turn.after.state.before_pause == "leave":
        return None
    return turn.after.state.released and not forbids(turn.protocol, turn.after.state, "pressure")


@_rule("S2", "no pressure with a red flag, or before every question about one is answered")
def no_pressure_with_a_flag_or_an_open_screen(turn: Turn) -> bool | None:
    if not turn.presses:
        return None
    state = turn.after.state
    if forbids(turn.protocol, state, "pressure"):
        return False
    return all(name in state.cleared for name in required_screens(turn.protocol))


@_rule("S2-stretch", "no stretch with a red flag that forbids it")
def no_stretch_with_a_flag_against_it(turn: Turn) -> bool | None:
    if not any(turn.protocol.steps[name].stretch for name in turn.entered):
        return None
    return not forbids(turn.protocol, turn.after.state, "stretch")


@_rule("S2-clear", "a question is clear only by its reassuring answer, after it was put")
def only_a_plain_answer_clears_a_question(turn: Turn) -> bool | None:
    new = turn.became_clear()
    if not new:
        return None
    state = turn.before.state
    waited = (state.before_pause if state.mode == "pause" else state.mode) == "wait"
    return new == {state.step} and turn.intent in {"yes", "no"} - set(turn.here.danger) and waited


# -- S3: the limit --------------------------------------------------------------------------------


@_rule("S3", "at the limit the advice is given at once, whatever the step")
def the_limit_is_noticed(turn: Turn) -> bool | None:
    if turn.timer != "limit":
        return None
    state = turn.after.state
    if not any(a.reason == "limit" for a in turn.advised) or not (
        state.limit and state.limit_unsaid
    ):
        return False
    return state.relieved or state.level >= Level[turn.protocol.limits.limit_level]


@_rule("S3-said", "until the limit was heard to its end, nothing else begins without it")
def the_limit_is_said_before_anything_else_begins(turn: Turn) -> bool | None:
    state = turn.after.state
    if not turn.entered or state.mode == "over" or not state.limit_unsaid:
        return None
    if state.step == turn.protocol.limits.limit_step or turn.there.eases:
        return True  # "Ease off at once." cannot wait
    return bool(state.queue) and state.queue[-1].prompt.startswith("common.limit")


@_rule("S3-heard", "the limit is forgotten only when it was heard")
def the_limit_is_forgotten_only_when_heard(turn: Turn) -> bool | None:
    after = turn.after.state
    if "limit_unsaid" not in getattr(after, "written", ("limit_unsaid",)):
        return None
    if after.limit_unsaid or not turn.before.state.limit_unsaid:
        return None
    return isinstance(turn.event, PromptEnded)


# -- S4, S5, E1: words that must work -------------------------------------------------------------


@_rule("S4", "stop ends the speech at once, and the session within one turn")
def stop_ends_speech_and_session(turn: Turn) -> bool | None:
    if turn.intent != "stop":
        return None
    ending = turn.after.state.mode == "over" or turn.there.kind == "end"
    return ending and turn.hushed == bool(turn.before.state.queue)


@_rule("S5", "a sharp pain under pressure is answered by easing off")
def sharp_eases_off(turn: Turn) -> bool | None:
    if turn.intent != "sharp" or not turn.here.touch:
        return None
    return turn.there.eases and not turn.presses


@_rule("E1", "emergency words lead to the emergency number, within one turn from every state")
def emergency_words_come_first(turn: Turn) -> bool | None:
    if not turn.intent or turn.intent not in _emergencies(turn.protocol):
        return None
    return (
        turn.after.state.level is Level.emergency
        and turn.there.phase == "end"
        and bool(turn.said)
        and digits(turn.number) in turn.said[0].text
    )


def _emergencies(protocol: Protocol) -> set[str]:
    return {
        intent
        for intent, reaction in protocol.anywhere.items()
        if reaction.flag and protocol.flags[reaction.flag].level == "emergency"
    } | {"chest"}


# -- S6, S7: the way on, and the end --------------------------------------------------------------


@_rule("S6", "every state has a way on without an answer: no dead end")
def there_is_always_a_way_on(turn: Turn) -> bool | None:
    state, timers = turn.after.state, turn.after.timers
    if state.mode == "over":
        return None
    if state.queue:
        return True
    return {"wait": "silence", "pause": "silence", "hold": "hold"}.get(state.mode) in timers


@_rule("S6-out", "silence leads out of every step that listens, after its reprompts at the latest")
def silence_leads_out(turn: Turn) -> bool | None:
    state = turn.before.state
    if turn.timer != "silence" or state.queue:
        return None
    if state.mode == "pause":
        over = state.reminders >= turn.protocol.pause_reminders
        return turn.after.state.mode != "pause" if over else None
    if state.mode != "wait" or state.attempts < _most(turn):
        return None
    after = turn.after.state
    return after.mode in ("leave", "over") or after.step != state.step


def _most(turn: Turn) -> int:
    """How often the question is asked again: a safety question once more for who has spoken."""
    state = turn.before.state
    spoke = state.mumbled or isinstance(turn.event, NotUnderstood)
    more = spoke and turn.protocol.asks_of_danger(state.step)
    return last_attempt(turn.here) + more


@_rule("S6-timer", "no timer is left running that belongs to nothing")
def no_timer_is_left_running(turn: Turn) -> bool | None:
    state, timers = turn.after.state, turn.after.timers
    if "hold" in timers and (state.mode != "hold" or state.held_since is None):
        return False
    return not ("silence" in timers and (state.queue or state.mode not in ("wait", "pause")))


@_rule("S7", "every ending has given its advice, as urgent as it has become")
def the_advice_comes_before_the_end(turn: Turn) -> bool | None:
    ended = [action for action in turn.actions if isinstance(action, act.End)]
    if not ended:
        return None if turn.after.state.mode != "over" else False
    ends = [a for a in turn.advised if a.reason == "end"]
    return (
        len(ends) == 1
        and turn.actions[-1] is ended[0]
        and ends[0].level is turn.after.state.level
        and turn.here.kind == "end"
    )


@_rule(
    "S7-words", "the last sentences say what the advice level means: today, a doctor, the number"
)
def the_ending_fits_the_level(turn: Turn) -> bool | None:
    step = turn.there
    if step.kind != "end" or not (turn.entered or turn.after.state.mode == "over"):
        return None
    words = " ".join(step.say).lower()
    level = turn.after.state.level
    if level is Level.emergency:
        return step.outcome == "emergency"
    if level is Level.urgent:
        return "today" in words or turn.after.state.limit  # which is said there as well (S3)
    if level is Level.soon and step.outcome != "stopped":
        return "doctor" in words and "day" in words
    return level is Level.self_care or "doctor" in words


@_rule("S7-cap", "the longest session is led to its end at once")
def the_cap_ends_the_session(turn: Turn) -> bool | None:
    if turn.timer != "cap" or turn.here.phase == "end":
        return None
    state = turn.after.state
    target = state.target if state.mode == "leave" else state.step
    return state.mode == "over" or _leads_to_end(turn.protocol, target)


def _leads_to_end(protocol: Protocol, step: str) -> bool:
    return protocol.steps[step].phase == "end"


# -- S8: red flags --------------------------------------------------------------------------------


@_rule("S8", "what was not understood is asked again, then counts as not sure, which counts as yes")
def what_was_not_understood_counts_as_not_sure(turn: Turn) -> bool | None:
    state = turn.before.state
    unclear = isinstance(turn.event, NotUnderstood) or turn.timer == "silence"
    if turn.here.kind != "screen" or not (unclear or turn.intent in ("skip", "unsure")):
        return None
    if (
        state.mode == "leave"
        or (state.mode == "pause" and unclear)
        or state.before_pause == "leave"
    ):
        return None
    if turn.after.state.step == state.step:
        return unclear
    if unclear and state.attempts == 0:
        return False  # asked again first
    return _raised(turn)


@_rule("S8-again", "a safety question is asked once more after silence, twice after words, no more")
def it_is_asked_again_so_often_and_no_more(turn: Turn) -> bool | None:
    state = turn.before.state
    unclear = isinstance(turn.event, NotUnderstood) or turn.timer == "silence"
    if not unclear or not turn.protocol.asks_of_danger(state.step):
        return None
    if state.mode != "wait" or state.queue:
        return None  # a groan while the coach speaks is no answer
    after = turn.after.state
    asked = after.step == state.step and after.mode == "wait" and bool(turn.said)
    return asked == (state.attempts < _most(turn))


@_rule("S8-yes", 'a dangerous answer is believed at once; a "no" before its question, if it stays')
def danger_is_believed_at_once(turn: Turn) -> bool | None:
    if turn.here.kind != "screen" or turn.intent not in turn.here.danger:
        return None
    before, after = turn.before.state, turn.after.state
    mode = before.before_pause if before.mode == "pause" else before.mode
    if turn.intent == "no" and mode == "lead" and not _raised(turn):
        # The second "no" to the question before: asked again, and open as long as that takes.
        return after.step == before.step and after.mode == "wait"
    return _raised(turn)


def _raised(turn: Turn) -> bool:
    return any(action.reason == turn.here.flag for action in turn.advised)


# -- the rest -------------------------------------------------------------------------------------


@_rule("L1", "the advice level never falls; no flag and no clock is taken back")
def nothing_is_taken_back(turn: Turn) -> bool | None:
    before, after = turn.before.state, turn.after.state
    written = getattr(after, "written", ("level", "flags", "limit"))
    if "limit" in written and before.limit and not after.limit:
        return False
    if "flags" in written and not before.flags <= after.flags:
        return False
    if "level" not in written and not turn.advised:
        return None
    levels = [before.level, *(action.level for action in turn.advised), after.level]
    return levels == sorted(levels)


@_rule("B1", "whoever speaks over the coach silences it, but for the words that end a hold")
def whoever_speaks_over_the_coach_silences_it(turn: Turn) -> bool | None:
    state = turn.before.state
    if not isinstance(turn.event, Heard) or not state.queue:
        return None
    if state.mode == "leave" or (state.mode == "pause" and state.before_pause == "leave"):
        return None
    return turn.hushed


@_rule("D1", "a lost microphone or speaker stops no clock: the limit and the end come all the same")
def the_clock_is_never_stopped(turn: Turn) -> bool | None:
    """Without a microphone the person is silent, and silence is led to the end (S6, S7-end).
    Without a speaker no sentence ends; the clock still leads to the advice (S3, S7-cap)."""
    stopped = [a.timer for a in turn.actions if isinstance(a, act.CancelTimer)]
    return set(stopped) <= {"silence", "hold"} if stopped else None


@_rule("T1", "no turn goes on for ever: no loop without time passing")
def time_passes(turn: Turn) -> bool | None:
    """Whatever begins takes time. A turn that does not end at all is found where it is run."""
    begun = [a for a in turn.actions if isinstance(a, act.StartTimer)]
    return all(say.text.strip() for say in turn.said) and all(a.seconds > 0 for a in begun)
