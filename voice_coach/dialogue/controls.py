"""The words that work in every step: repeat, slower, how long, why, pause, go back, ..."""

from __future__ import annotations

from typing import Final

from voice_coach.dialogue import actions as act
from voice_coach.dialogue.protocol import Reaction
from voice_coach.dialogue.state import Line
from voice_coach.dialogue.turn import Turn
from voice_coach.dialogue.words import duration

RATE_STEPS: Final = 2
"""How many times slower or faster than normal."""

VOLUME_STEPS: Final = 3
"""How many times louder or quieter than normal."""


def stop(turn: Turn) -> None:
    turn.leave((), turn.protocol.stop)


def pause(turn: Turn) -> None:
    """Wait until the person goes on. Last words ("Let go slowly.") are said to their end first."""
    before = turn.state.mode
    paused = turn.common("paused", turn.protocol.common.paused)
    if before == "pause":
        turn.reply(paused)
        return
    turn.set(mode="pause", before_pause=before, reminders=0)
    if before == "leave":
        turn.set(queue=turn.state.queue + paused)
        return
    if before == "hold":
        turn.pause_hold()
    turn.speak(paused)


def resume(turn: Turn) -> None:
    """Leave a pause; where there is none, "go on" means done."""
    if turn.state.mode != "pause":
        _go_on(turn)
        return
    before = turn.state.before_pause
    turn.set(mode=before)
    lines = turn.common("resumed", turn.protocol.common.resumed)
    if before == "lead":
        lines += turn.own("say", turn.step.say)
    elif before != "leave":
        lines += turn.reminder()
    turn.speak(lines)


def _go_on(turn: Turn) -> None:
    done = turn.protocol.reaction(turn.state.step, "done")
    if done is not None:
        turn.react("done", done)
    elif turn.step.kind == "do":
        turn.leave((), turn.step.next)
    else:
        turn.reply(turn.question())


def finish(turn: Turn) -> None:
    """Done with what the step asks for: of a hold, its end; last words are not cut short."""
    if turn.state.mode == "leave":
        turn.reply(())
    elif turn.step.kind == "hold":
        turn.end_hold()
    else:
        turn.leave((), turn.step.next)


def skip(turn: Turn) -> None:
    """On to the next step. A safety question that is skipped counts as "not sure"."""
    kind = turn.step.kind
    if turn.state.mode == "leave":
        turn.leave((), turn.state.target)
    elif kind == "screen":
        found(turn)
    elif kind == "hold":
        turn.end_hold()
    elif kind == "end":
        turn.reply(())
    else:
        give_up(turn)


def back(turn: Turn) -> None:
    if not turn.state.trail:
        turn.reply(turn.common("nothing_before", turn.protocol.common.nothing_before))
        return
    *trail, previous = turn.state.trail
    turn.set(trail=tuple(trail))
    if not turn.protocol.follows_relief(previous):
        turn.set(relieved=False)  # whoever goes back to the stretching is not done with it
    if turn.protocol.steps[previous].kind == "end":
        previous = turn.protocol.limits.cap_step  # the advice as it is now
    turn.enter(previous, back=True)


def restart(turn: Turn) -> None:
    """From the first step again. The clock, the flags and the level stay; the gate shuts."""
    turn.set(
        released=False, relieved=False, severe=False, position=None, trail=(), counts=(),
        cleared=frozenset(),
    )  # fmt: skip
    turn.leave((), turn.protocol.start)


def repeat(turn: Turn) -> None:
    if turn.state.mode == "leave":
        turn.reply(())
    else:
        turn.speak(turn.own("say", turn.step.say))


def what_now(turn: Turn) -> None:
    if turn.state.mode in ("lead", "leave"):
        repeat(turn)
    else:
        turn.reply(turn.reminder())


def elapsed(turn: Turn) -> None:
    """The time left of the hold, or of the step, then of the whole cramp."""
    state, common = turn.state, turn.protocol.common
    lines: tuple[Line, ...] = ()
    if state.mode == "hold":
        left = duration(max(0.0, turn.step.seconds - state.hold_elapsed()))
        lines = turn.common("hold_left", common.hold_left, time=left)
    elif state.now - state.entered >= 10:
        lines = turn.common("step_time", common.step_time, time=duration(state.now - state.entered))
    lines += turn.common("elapsed", common.elapsed, time=duration(state.now))
    turn.reply(lines + turn.question())


def why(turn: Turn) -> None:
    step = turn.step
    lines = (
        turn.own("why", step.why)
        if step.why
        else turn.lines("common.why", turn.protocol.common.why)
    )
    turn.reply(lines + turn.question())


def cause(turn: Turn) -> None:
    turn.reply(turn.lines("common.cause", turn.protocol.common.cause) + turn.question())


def options(turn: Turn) -> None:
    turn.reply(turn.lines("common.options", turn.protocol.common.options) + turn.question())


def thanks(turn: Turn) -> None:
    turn.reply(turn.common("welcome", turn.protocol.common.welcome) + turn.question())


def comfort(turn: Turn) -> None:
    """ "Ow" where no hand is pressing: a kind word, and the step goes on."""
    turn.reply(turn.lines("common.comfort", turn.protocol.common.comfort) + turn.question())


def adjust(turn: Turn, what: str) -> None:
    """Slower, faster, louder or quieter; answered in the new manner."""
    state, common = turn.state, turn.protocol.common
    rate = state.rate + {"slower": -1, "faster": 1}.get(what, 0)
    volume = state.volume + {"quieter": -1, "louder": 1}.get(what, 0)
    if abs(rate) > RATE_STEPS or abs(volume) > VOLUME_STEPS:
        turn.reply(turn.common("at_limit", common.at_limit))
        return
    turn.set(rate=rate, volume=volume)
    turn.emit(act.Adjust(rate, volume))
    turn.reply(turn.common(what, getattr(common, what)) + turn.question())


def give_up(turn: Turn) -> None:
    """No answer came, or none was wanted: the step's gentle way on.

    An ``ask`` may say what silence means in its table (intent "silence"); else ``next``.
    """
    silence = turn.protocol.reaction(turn.state.step, "silence")
    turn.react("silence", silence or Reaction(to=turn.step.next))


def found(turn: Turn) -> None:
    """A screen was answered by "yes", "not sure", or by nothing that could be understood."""
    turn.raise_flag(turn.step.flag)
    turn.leave((), turn.step.found)


def clear(turn: Turn) -> None:
    """A screen was answered with a clear reassuring answer."""
    turn.set(cleared=turn.state.cleared | {turn.state.step})
    turn.leave((), turn.step.next)
