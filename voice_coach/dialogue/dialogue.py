"""The conversation: a pure function from state and event to state and actions.

No audio, no clock, no input or output: time arrives with the events. So the same code runs on
the sound card, in a rehearsal, typed in a terminal, and through every reachable state in a proof.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from voice_coach.dialogue import actions as act
from voice_coach.dialogue import controls
from voice_coach.dialogue.events import Event, Heard, NotUnderstood, PromptEnded, TimerFired
from voice_coach.dialogue.protocol import Level, Protocol, Reaction
from voice_coach.dialogue.state import Line, State
from voice_coach.dialogue.turn import Turn
from voice_coach.dialogue.words import digits, duration

Result = tuple[State, tuple[act.Action, ...]]

_CONTROLS: Final[dict[str, Callable[[Turn], None]]] = {
    "pause": controls.pause,
    "resume": controls.resume,
    "repeat": controls.repeat,
    "skip": controls.skip,
    "back": controls.back,
    "restart": controls.restart,
    "elapsed": controls.elapsed,
    "what_now": controls.what_now,
    "why": controls.why,
    "cause": controls.cause,
    "options": controls.options,
    "thanks": controls.thanks,
    "sharp": controls.comfort,
}
_MANNER: Final = ("slower", "faster", "louder", "quieter")
_WHILE_PAUSED: Final = (
    "stop", "pause", "resume", "elapsed", "why", "cause", "options", "thanks", *_MANNER,
)  # fmt: skip
"""What is answered in a pause without ending it."""


@dataclass(frozen=True)
class Dialogue:
    """A protocol made ready to run in a region."""

    protocol: Protocol
    number: str = "112"
    """The emergency number as dialled."""

    def begin(self) -> Result:
        """The call came: time zero. Returns the first state and what to do."""
        turn = self._turn(State(step=self.protocol.start))
        limits = self.protocol.limits
        turn.emit(act.Cue("listening"))
        for seconds in limits.announce:
            turn.emit(act.StartTimer(f"announce:{seconds:g}", seconds))
        turn.emit(act.StartTimer("limit", limits.limit))
        turn.emit(act.StartTimer("cap", limits.cap))
        turn.enter(self.protocol.start)
        return turn.state, tuple(turn.actions)

    def advance(self, state: State, event: Event) -> Result:
        """What ``event`` does to ``state``. A state that is over stays as it is."""
        if state.mode == "over":
            return state, ()
        turn = self._turn(state)
        turn.set(now=max(state.now, event.at))
        if isinstance(event, PromptEnded):
            if state.queue and state.queue[0].prompt == event.prompt:
                turn.line_ended()
        elif isinstance(event, Heard):
            _heard(turn, event.intent)
        elif isinstance(event, NotUnderstood):
            _not_understood(turn)
        elif isinstance(event, TimerFired):
            _timer(turn, event.timer)
        return turn.state, tuple(turn.actions)

    def vocabulary(self, step: str) -> dict[str, str]:
        """Phrases that may be said in ``step``, each with its intent there."""
        return self.protocol.vocabulary(step)

    def _turn(self, state: State) -> Turn:
        return Turn(self.protocol, state, {"number": digits(self.number)})


def _heard(turn: Turn, intent: str) -> None:
    step = turn.step
    reaction = _reaction(turn, intent)
    paused = turn.state.mode == "pause"
    if paused and (reaction is not None or intent not in _WHILE_PAUSED):
        # Whoever speaks is back: the pause is over, and what they said counts.
        turn.set(mode=turn.state.before_pause)
    if intent == "stop":
        _stop(turn)
    elif _early(turn, intent):
        _ask_first(turn)
    elif step.kind == "screen" and intent in ("yes", "no", "unsure"):
        (controls.found if intent == "unsure" or intent in step.danger else controls.clear)(turn)
    elif reaction is not None:
        turn.react(intent, reaction)
    elif intent == "done" and step.kind in ("do", "hold"):
        controls.finish(turn)
    elif intent in _MANNER:
        controls.adjust(turn, intent)
    elif intent in _CONTROLS:
        _CONTROLS[intent](turn)
    elif paused:
        turn.set(mode="pause")
    else:
        _not_understood(turn)


def _reaction(turn: Turn, intent: str) -> Reaction | None:
    """What the content says: red flags first, then the step's table, then what holds anywhere."""
    if intent == "silence":
        return None
    anywhere = turn.protocol.anywhere.get(intent)
    if anywhere is not None and anywhere.flag:
        return anywhere
    own = turn.protocol.reaction(turn.state.step, intent)
    if own is None and anywhere is not None and anywhere.relieved and turn.step.phase == "end":
        # Good to know, but no reason to leave the advice for the safety check.
        return msgspec.structs.replace(anywhere, to="")
    return own or anywhere


def _early(turn: Turn, intent: str) -> bool:
    """Whether a plain answer came before its question.

    Somebody who says "no" twice must not answer the next safety question with the second one, nor
    "okay" a question that stands behind other sentences. "Yes" to a danger counts at any time; a
    "no" that would be one ("Can you ...?") is asked about before it sends anybody to hospital.
    """
    step, state = turn.step, turn.state
    if state.mode not in ("lead", "leave") or intent not in ("yes", "no", "unsure", "done"):
        return False
    if step.kind == "screen":
        if intent in step.danger:
            return intent == "no" and state.mode == "lead"
        return intent in ("yes", "no")
    if state.mode == "leave":
        return False
    question = turn.own("say", step.say)[-1:]
    return step.kind == "ask" and state.queue[:1] != question


def _ask_first(turn: Turn) -> None:
    """The question, in short; where other sentences stand before it, those first."""
    if turn.step.kind == "screen" and turn.state.mode == "lead":
        turn.set(mode="wait")
        turn.speak(turn.reminder())
    else:
        turn.reply(())


def _stop(turn: Turn) -> None:
    state = turn.state
    leaving = (state.before_pause if state.mode == "pause" else state.mode) == "leave"
    if turn.step.kind == "end" and not leaving:  # say no more, the advice stands
        turn.hush()
        turn.finish()
    else:
        controls.stop(turn)


def _not_understood(turn: Turn) -> None:
    """Ask again in other words. During a hold, a pause or while speaking a groan is no answer."""
    state = turn.state
    if state.mode != "wait" or state.speaking:
        return
    words = turn.protocol.common.nomatch
    miss = state.misses % len(words)
    turn.set(misses=state.misses + 1, mumbled=True)
    _ask_again(turn, () if turn.step.repeats else turn.common(f"nomatch_{miss}", words[miss]))


def _silence(turn: Turn) -> None:
    state = turn.state
    if state.speaking:
        return
    if state.mode == "pause":
        _still_paused(turn)
    elif state.mode == "wait":
        _ask_again(turn, ())


def _ask_again(turn: Turn, first: tuple[Line, ...]) -> None:
    """Say ``first`` and the next reprompt, or go on when all of them were said."""
    step, attempts = turn.step, turn.state.attempts
    most = step.repeats or len(step.again)
    if attempts > most or (attempts == most and not _once_more(turn)):
        _no_answer(turn)
        return
    turn.set(attempts=attempts + 1)
    if attempts == most:
        turn.speak(turn.common("plain", turn.protocol.common.plain) + turn.reminder())
    elif step.repeats:
        turn.speak(first + turn.own("again", step.again))
    else:
        turn.speak(first + turn.own("again", (step.again[attempts],), attempts))


def _once_more(turn: Turn) -> bool:
    """Whether the last answer is waited for once more. Two that were not understood are more often
    the ear's fault than the person's, and a danger that nobody has named is no small matter; but
    who has said nothing at all may be past speaking, and is waited for no longer."""
    return turn.state.mumbled and turn.protocol.asks_of_danger(turn.state.step)


def _no_answer(turn: Turn) -> None:
    """Silence to the end: a safety question counts as "not sure", anything else goes on."""
    if turn.step.kind == "screen":
        controls.found(turn)
    else:
        controls.give_up(turn)


def _still_paused(turn: Turn) -> None:
    if turn.state.reminders >= turn.protocol.pause_reminders:
        controls.resume(turn)
        return
    turn.set(reminders=turn.state.reminders + 1)
    turn.speak(turn.common("still_paused", turn.protocol.common.still_paused))


def _timer(turn: Turn, timer: str) -> None:
    if timer == "silence":
        _silence(turn)
    elif timer == "hold":
        turn.hold_due()
    elif timer == "limit":
        _limit(turn)
    elif timer == "cap":
        if turn.step.phase != "end":
            turn.leave(_let_go(turn), turn.protocol.limits.cap_step)
    elif timer.startswith("announce:"):
        _announce(turn, float(timer.split(":")[1]))


def _announce(turn: Turn, seconds: float) -> None:
    if turn.step.phase == "end":
        return
    text = turn.protocol.common.announce
    time = duration(seconds).capitalize()
    lines = turn.common(f"announce_{seconds:g}", text, time=time)
    turn.set(owed=lines)  # a later one takes the place of one that could never be said
    turn.interject(lines)


def _limit(turn: Turn) -> None:
    """Rule S3: at the limit of self-care it is said, and the advice given, whatever the step."""
    limits = turn.protocol.limits
    level = turn.state.level if turn.state.relieved else Level[limits.limit_level]
    turn.set(limit=True, limit_unsaid=True)
    turn.advise(level, "limit")
    if turn.past_help():
        turn.interject(turn.unsaid())
    elif turn.state.mode != "leave":  # else it is said on entering the next step
        turn.leave_after(_let_go(turn), limits.limit_step)


def _let_go(turn: Turn) -> tuple[Line, ...]:
    """The last words of a hold that is running: nobody is left pulling or pressing."""
    return turn.own("release", turn.step.release) if turn.state.mode == "hold" else ()
