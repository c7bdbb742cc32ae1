"""The only loop: joins the ports with the dialogue and holds no rule of its own.

One thread reads microphone blocks, lets the listener hear them, tells the dialogue what happened
and performs what it wants. Time is the port's clock: real on a sound card, counted in samples on
files and in the rehearsal room.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import time
from typing import Final

import numpy as np

from voice_coach.audio.earcon import earcon
from voice_coach.audio.echo import EchoCanceller
from voice_coach.audio.mixer import FADE, Mixer, Played, Started
from voice_coach.audio.port import RATE, AudioPort, Block, Resting, Samples
from voice_coach.audio.watchdog import Finding, Watchdog
from voice_coach.content.faults import load_remarks
from voice_coach.content.standby import Standby, load_standby
from voice_coach.dialogue import actions as act
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.events import Event, Heard, NotUnderstood, PromptEnded, TimerFired
from voice_coach.dialogue.protocol import Protocol
from voice_coach.dialogue.state import State
from voice_coach.errors import VoiceError
from voice_coach.eventlog import EventLog
from voice_coach.faults import LATE, Faults, Spoken
from voice_coach.listening.listener import Listener
from voice_coach.listening.port import Grammar, Hearing
from voice_coach.listening.sentry import Alarm, Sentry
from voice_coach.loudness import Clock, Loudness
from voice_coach.speaking.voice import Voice
from voice_coach.turn_taking import TAIL, Floor, Mode, TurnTaking, choose
from voice_coach.vigil import Vigil

_REMARK: Final = "fault.remark"
"""The prompt of what is said about the sound: no step of the dialogue waits for it."""

WAKE: Final = "wake"
"""Name of the grammar that listens for the call."""

QUESTION: Final = "question"
"""Name of the grammar that listens for the answer to a doubtful call's question."""

ASK: Final = "standby.ask"
"""The prompt of that question."""

_SOFTLY: Final = time(0)
"""Whatever the hour, the question is as soft as at midnight: perhaps nobody has called."""

URGENT: Final = frozenset({"stop", "sharp"})
"""Intents that do not wait for the end of what is being said; nor do emergencies. Other red flags
do: a word torn by the echo is not enough for them."""

RATE_STEP: Final = 0.85
"""Factor of the speech rate for each step slower."""

COURTESY: Final = 1.2
"""Seconds that a count or a reprompt waits for somebody who is talking just now."""

_PATIENCE: Final = 3.0
"""Seconds that somebody who is making sound may hold up the no-input timer."""

AWAKE: Final = 2.0
"""Seconds after the last sound that might have become a call until the card rests again."""

_LAST_WORD: Final = 2.0
"""Seconds after the end of a microphone file in which its last word may still be decided."""

_READ: Final = 0.1
"""Real seconds to wait for a microphone block: without one the timers still go on."""

_READ_ASLEEP: Final = 0.25
"""The same while it waits for a call, and no timer runs: a card that rests brings some each 0.24 s,
and one that is dead for 0.6 s is still noticed within a second."""


@dataclass(frozen=True)
class Call:
    """Somebody called for help."""

    at: float
    """Port clock, seconds: the end of the call's last word."""
    hearing: Hearing
    confirmed: bool = False
    """Whether they were asked if they have a cramp, and said yes: whatever the call was."""


@dataclass(frozen=True)
class Ending:
    """How a session ended."""

    outcome: str
    level: str
    elapsed: float
    """Seconds since the call."""
    turns: int
    """Answers of the person that were acted on."""


class Ear:
    """The listener with the grammars of a dialogue: phrases in, intents out."""

    def __init__(self, dialogue: Dialogue, listener: Listener) -> None:
        self._dialogue = dialogue
        self._listener = listener
        self._intents: dict[str, str] = {}
        self._open = ""

    def open(self, step: str) -> None:
        """Listen for what may be said in ``step`` (or for the call)."""
        if self._open != step:
            grammar, self._intents = grammar_for(self._dialogue, step)
            self._listener.listen(grammar)
            self._open = step

    def shut(self) -> None:
        """Hear nothing, and forget what was half heard."""
        if self._open:
            self._listener.shut()
            self._open = ""

    def drop(self) -> None:
        """Forget what is being said, and listen on."""
        self._listener.drop()

    def interrupted(self, onset: float, blocks: tuple[Block, ...]) -> None:
        """Somebody speaks since ``onset``, and ``blocks`` is what there is of it."""
        if self._open:
            self._listener.interrupted(onset, blocks)

    def hear(self, block: Block) -> Hearing | None:
        return self._listener.process(block) if self._open else None

    def intent(self, hearing: Hearing) -> str:
        """The intent of an accepted phrase; empty when it was not accepted."""
        recognition = hearing.recognition
        return self._intents.get(recognition.text, "") if recognition.accepted else ""

    @property
    def speaking(self) -> bool:
        """Whether somebody is making sound just now."""
        return bool(self._open) and self._listener.speaking


def grammar_for(dialogue: Dialogue, step: str) -> tuple[Grammar, dict[str, str]]:
    """The grammar of a step (or of ``WAKE``, ``QUESTION``) and the intent of each phrase."""
    protocol = dialogue.protocol
    expected: tuple[str, ...] = ()
    if step == WAKE:
        intents = dict.fromkeys(protocol.intents["wake"], WAKE)
    elif step == QUESTION:
        intents = _answers(protocol)
        expected = protocol.intents["yes"]
    else:
        intents = dialogue.vocabulary(step)
        expected = protocol.expected(step)
    others = {phrase for phrases in protocol.intents.values() for phrase in phrases}
    decoys = (others | set(protocol.decoys)) - set(intents)
    emergencies = {
        intent
        for intent, reaction in protocol.anywhere.items()
        if reaction.flag and protocol.flags[reaction.flag].level == "emergency"
    }
    urgent = frozenset(p for p, intent in intents.items() if intent in emergencies | URGENT)
    grammar = Grammar(
        step,
        tuple(intents),
        tuple(sorted(decoys)),
        meanings=intents,
        expected=expected,
        urgent=urgent,
    )
    return grammar, intents


def _answers(protocol: Protocol) -> dict[str, str]:
    """What answers "Do you have a cramp?": another call is a yes, and so is a red flag."""
    said = {"no": ("no", "stop"), "yes": ("yes", "cramp", *sorted(_flagged(protocol)), "wake")}
    return {
        phrase: meaning
        for meaning, intents in said.items()
        for intent in intents
        for phrase in protocol.intents.get(intent, ())
    }


def _flagged(protocol: Protocol) -> set[str]:
    """Intents that raise a red flag anywhere."""
    return {intent for intent, reaction in protocol.anywhere.items() if reaction.flag}


class Session:
    """Runs one dialogue after another over one open port."""

    def __init__(  # noqa: PLR0913 - the loop is where all the ports meet
        self,
        port: AudioPort,
        mixer: Mixer,
        voice: Voice,
        listener: Listener,
        dialogue: Dialogue,
        log: EventLog,
        *,
        virtual: bool = False,
        headset: bool = False,
        canceller: EchoCanceller | None = None,
        clock: Clock | None = None,
        keep: Callable[[State], None] | None = None,
        standby: Standby | None = None,
    ) -> None:
        """``virtual``: time stands still while a prompt is rendered. The person may speak over the
        coach with a ``headset``, which keeps the coach out of the microphone, or with a
        ``canceller`` that takes it out again; else the ear is shut meanwhile. By the ``clock`` on
        the wall it speaks softly at night; without one it is day. ``keep`` is told every state,
        before anybody hears of it: the journal. ``standby``: how it waits, if not as shipped."""
        self._port = port
        self._resting = port if isinstance(port, Resting) else None
        self._mixer = mixer
        self._voice = voice
        self._ear = Ear(dialogue, listener)
        self._dialogue = dialogue
        self._log = log
        self._virtual = virtual
        self._keep = keep
        self._turns = TurnTaking(self._ear, mixer, choose(self._ear, canceller, headset))
        self._clock = clock
        self._normal = mixer.volume
        self._watchdog = Watchdog(port)
        self._faults = Faults(voice, dialogue, load_remarks())
        self._standby = standby or load_standby()
        self._sentry = Sentry(listener.recogniser, self._standby)
        self._vigil = Vigil(self._standby)
        self._question = voice.request(self._standby.ask)
        self._wake, _ = grammar_for(dialogue, WAKE)
        self._may_tell_from = float("-inf")
        self._stirred = float("-inf")
        self._forget()

    def _forget(self) -> None:
        self._zero = 0.0
        self._rate = self._voice.settings.rate
        self._state: State | None = None
        self._timers: dict[str, float] = {}
        self._pending: tuple[act.Say, Future[Samples]] | None = None
        self._wanted: act.Say | None = None
        self._asked = 0.0
        self._saying: dict[str, act.Say] = {}
        self._courtesy = 0.0
        self._clips = 0
        self._answers = 0
        self._shown = ("", "")
        self._call: Call | None = None

    @property
    def mode(self) -> Mode:
        """How it listens while it speaks, and why so."""
        return self._turns.mode

    # -- the two ways to use it ---------------------------------------------------------------

    def wait_for_call(self, seconds: float = float("inf")) -> Call | None:
        """Listen until somebody calls for help.

        None when nobody has within ``seconds``, or when a microphone file ends first.
        """
        self._forget()
        deadline = self._port.now() + seconds
        while True:
            block = self._read(_READ_ASLEEP)
            self._played()
            if self._look_out(block):
                self._sentry.shut()
                self._ear.shut()
                return self._call
            if getattr(self._port, "ended", False):
                deadline = min(deadline, self._port.now() + _LAST_WORD)
            if self._port.now() >= deadline and not self._vigil.asking:
                return None

    def coach(self, call: Call | None = None, elapsed: float = 0.0) -> Ending:
        """Lead a person through the cramp, from the call to the advice.

        ``elapsed``: seconds since the call, of a conversation that is taken up again.
        """
        self._rouse()
        self._forget()
        self._faults.begin()
        self._zero = call.at if call else self._port.now() - elapsed
        self._loudness = Loudness(self._normal, self._clock() if self._clock else None)
        self._mixer.volume = self._loudness.gain
        if call:
            self._note_heard(call.hearing, WAKE)
        self._enter(*self._dialogue.begin())
        assert self._state is not None
        while self._state.mode != "over" or (self._mixer.busy and not self._watchdog.lost):
            self._tick()
        state = self._state
        elapsed = self._now()
        self._log.add(elapsed, "end", outcome=state.outcome, elapsed=elapsed)
        return Ending(state.outcome, state.level.name, elapsed, self._answers)

    # -- one turn of the loop -----------------------------------------------------------------

    def _tick(self) -> None:
        block = self._read()
        self._start_pending()
        self._played()
        assert self._state is not None
        if self._state.mode == "over":
            self._ear.shut()
            self._turns.release(self._port.now())  # nothing waits for anybody any more
        elif block is not None:
            self._listen(block, self._state.step)
        self._fire_timers()
        self._show_state()

    def _listen(self, block: Block, step: str) -> None:
        hearing = self._turns.hear(block, step)
        if hearing is not None:
            self._heard(hearing)
        self._note_floor(self._turns.settle(block.at))

    def _read(self, seconds: float = _READ) -> Block | None:
        block = self._port.read(seconds)
        for finding in self._watchdog.look(block):
            self._found(finding)
        return block

    def _now(self) -> float:
        return self._port.now() - self._zero

    # -- waiting for a call ---------------------------------------------------------------------

    def _look_out(self, block: Block | None) -> bool:
        """Whether ``self._call`` is one, after this block."""
        now = self._port.now()
        if self._mixer.busy or now < self._mixer.sounding_until + TAIL:
            self._ear.shut()  # a remark, or the question, may still be in the air
            self._sentry.shut()
        elif self._vigil.asking:
            return self._await_answer(block, now)
        else:
            self._sentry.open(self._wake)
            alarm = self._sentry.process(block) if block is not None else None
            if alarm is not None:
                return self._alarmed(alarm, now)
            self._rest_or_rouse(now)
        return False

    def _rest_or_rouse(self, now: float) -> None:
        """The card rests but while something is said that may be a call, and shortly after."""
        if self._resting is None:
            return
        if self._sentry.hearing:
            self._stirred = now
            self._resting.rouse()
        elif now >= self._stirred + AWAKE:
            self._resting.rest()

    def _alarmed(self, alarm: Alarm, now: float) -> bool:
        move = self._vigil.call(alarm.verdict, now, alarm.restless)
        if move == "wait":
            return False
        self._call = Call(alarm.hearing.word_end, alarm.hearing)
        if move == "ask":
            self._sentry.shut()
            self._ask()
        return move == "start"

    def _ask(self) -> None:
        if self._virtual:
            self._question.exception()
        ready = self._question.done() and self._question.exception() is None
        samples = self._question.result() if ready else earcon("attention")
        self._mixer.volume = Loudness(self._normal, _SOFTLY).gain
        self._play(act.Say(ASK, self._standby.ask if ready else ""), samples)

    def _await_answer(self, block: Block | None, now: float) -> bool:
        self._ear.open(QUESTION)
        hearing = self._ear.hear(block) if block is not None else None
        intent = self._ear.intent(hearing) if hearing is not None else ""
        move = self._vigil.answer(intent, self._ear.speaking, now)
        if move == "sleep":
            self._ear.shut()
            self._mixer.volume = self._normal
        elif move == "start" and self._call is not None:
            self._call = replace(self._call, confirmed=True)
        return move == "start"

    # -- what is heard --------------------------------------------------------------------------

    def _heard(self, hearing: Hearing) -> None:
        intent = self._ear.intent(hearing)
        if not intent and not hearing.recognition.text:
            return  # a sound, but no speech
        if self._turns.own_voice(hearing):
            self._log.add(self._now(), "echo", text=hearing.recognition.text)
            return
        self._note_heard(hearing, intent)
        now = max(self._now(), hearing.decided - self._zero)
        if intent:
            self._answers += 1
            self._dispatch(Heard(now, intent, hearing.recognition.text))
            self._note_floor(self._turns.release(self._port.now()))
        elif not self._turns.over_coach(hearing):  # what was said over the coach is no answer
            self._dispatch(NotUnderstood(now))

    def _note_heard(self, hearing: Hearing, intent: str) -> None:
        self._log.add(
            hearing.decided - self._zero,
            "heard",
            text=hearing.recognition.text,
            intent=intent,
            accepted=bool(intent),
            confidence=hearing.recognition.confidence,
            word_end=hearing.word_end - self._zero,
            decided=hearing.decided - self._zero,
        )

    def _note_floor(self, floor: Floor | None) -> None:
        if floor is not None:
            self._log.add(
                floor.at - self._zero,
                "floor",
                who=floor.who,
                onset=floor.onset - self._zero,
                silent=floor.silent - self._zero,
            )

    def _fire_timers(self) -> None:
        now = self._now()
        while (name := self._due_timer(now)) is not None:
            del self._timers[name]
            self._log.add(now, "timer", timer=name)
            if name == "silence":
                self._loudness.silence()
                self._mixer.volume = self._loudness.gain
            self._dispatch(TimerFired(now, name))

    def _due_timer(self, now: float) -> str | None:
        """The timer that is overdue the longest; nobody who is talking is cut off by silence."""
        due = {name: at for name, at in self._timers.items() if at <= now}
        if self._ear.speaking and now < due.get("silence", now) + _PATIENCE:
            due.pop("silence", None)
        return min(due, key=lambda name: due[name]) if due else None

    def _show_state(self) -> None:
        assert self._state is not None
        shown = (self._state.step, "speaking" if self._state.speaking else self._state.mode)
        if shown != self._shown:
            self._shown = shown
            self._log.add(self._now(), "turn", step=shown[0], mode=shown[1])

    # -- faults ---------------------------------------------------------------------------------

    def _found(self, finding: Finding) -> None:
        """Something is wrong with the sound, or right again; the clock and the timers go on."""
        self._log.add(self._now(), "fault", what=finding)
        if finding == "card lost":
            self._ear.shut()
            # What is being said was not heard to its end: it waits, to be said again.
            wanted = self._wanted
            self._hush(fade=0.0)
            if wanted is not None:
                self._say(wanted)
        elif self._state is not None or self._must_tell(finding):
            self._remark(self._faults.remark(finding, self._port.now()))

    def _must_tell(self, finding: Finding) -> bool:
        """Whether it is a reason to wake a sleeper: that nobody would be heard, once a night."""
        if finding != "microphone muted" or self._port.now() < self._may_tell_from:
            return False
        self._faults.begin()
        self._may_tell_from = self._port.now() + self._standby.muted_again
        return True

    def _remark(self, spoken: Spoken | None) -> None:
        """Say something about the sound: outside the dialogue, which does not know of it."""
        if spoken is not None:
            self._play(act.Say(_REMARK, spoken.text), spoken.samples)

    def _voice_lost(self, say: act.Say, error: BaseException | None) -> None:
        """A sentence could not be made, or not in time: another stands in, and the step goes on."""
        if error is not None and not isinstance(error, VoiceError):
            raise error
        assert self._state is not None
        spoken = self._faults.instead_of(say.text, self._state)
        self._log.add(self._now(), "fault", what="voice", prompt=say.prompt, instead=spoken.how)
        self._play(replace(say, text=spoken.text), spoken.samples)

    # -- performing what the dialogue wants -----------------------------------------------------

    def _dispatch(self, event: Event) -> None:
        assert self._state is not None
        self._enter(*self._dialogue.advance(self._state, event))

    def _enter(self, state: State, actions: tuple[act.Action, ...]) -> None:
        self._state = state
        if self._keep is not None:  # before anything is said: a red flag must outlive a crash
            self._keep(state)
        self._perform(actions)

    def _perform(self, actions: tuple[act.Action, ...]) -> None:
        for action in actions:
            if isinstance(action, act.Say):
                self._say(action)
            elif isinstance(action, act.StartTimer):
                self._timers[action.timer] = self._now() + action.seconds
            elif isinstance(action, act.CancelTimer):
                self._timers.pop(action.timer, None)
            elif isinstance(action, act.Hush):
                self._hush()
            elif isinstance(action, act.Cue):
                self._log.add(self._now(), "cue", name=action.name)
                if not self._watchdog.lost:  # a cue is for its moment
                    self._mixer.play(f"cue:{action.name}", earcon(action.name))
            else:
                self._perform_quiet(action)

    def _perform_quiet(self, action: act.Action) -> None:
        if isinstance(action, act.Enter):
            step = self._dialogue.protocol.steps[action.step]
            self._log.add(self._now(), "state", step=action.step, phase=step.phase)
        elif isinstance(action, act.Advise):
            self._log.add(self._now(), "advice", level=action.level.name, reason=action.reason)
        elif isinstance(action, act.Adjust):
            self._rate = round(self._voice.settings.rate * RATE_STEP**-action.rate)
            self._loudness.ask(action.volume)
            self._mixer.volume = self._loudness.gain

    def _say(self, say: act.Say) -> None:
        future = self._voice.request(say.text, self._rate)
        self._pending = (say, future)
        self._wanted = say
        self._asked = self._port.now()
        self._courtesy = self._port.now() + COURTESY
        if self._virtual:
            future.exception()  # time stands still until it is there
        self._start_pending()

    def _start_pending(self) -> None:
        """Play the wanted sentence as soon as it is rendered and nobody is talking."""
        if self._pending is None or self._watchdog.lost:
            return
        say, future = self._pending
        now = self._port.now()
        if not future.done():
            if now >= self._asked + LATE:
                self._pending = None
                self._voice_lost(say, None)
            return
        if self._ear.speaking and now < self._courtesy:
            return
        self._pending = None
        error = future.exception()
        if error is not None:
            self._voice_lost(say, error)
        else:
            self._play(say, future.result())

    def _rouse(self) -> None:
        """Something is going to be said: the speaker must be open."""
        if self._resting is not None:
            self._resting.rouse()

    def _play(self, say: act.Say, samples: Samples) -> None:
        self._rouse()
        if say.gap > 0:
            self._mixer.play("gap", np.zeros(round(say.gap * RATE), dtype=np.int16))
        self._turns.new_sentence()
        self._clips += 1
        clip = f"{self._clips}"
        self._saying[clip] = say
        self._mixer.play(clip, samples)

    def _hush(self, fade: float = FADE) -> None:
        self._pending = None
        self._wanted = None
        for clip in self._mixer.hush(fade):
            self._saying.pop(clip, None)

    def _played(self) -> None:
        """Record what has sounded, and tell the dialogue which sentence was heard to its end."""
        for event in self._mixer.poll():
            say = self._saying.get(event.clip_id)
            if say is None:
                continue
            if isinstance(event, Started):
                at = event.at - self._zero
                self._log.add(at, "saying", prompt=say.prompt, text=say.text)
            elif isinstance(event, Played):
                del self._saying[event.clip_id]
                self._note_said(say, event)
                if not event.interrupted and self._state is not None:
                    now = max(self._now(), event.ended - self._zero)
                    if self._wanted is not None and self._wanted.prompt == say.prompt:
                        self._wanted = None
                    self._dispatch(PromptEnded(now, say.prompt))

    def _note_said(self, say: act.Say, event: Played) -> None:
        self._log.add(
            event.ended - self._zero,
            "say",
            prompt=say.prompt,
            text=say.text,
            start=event.started - self._zero,
            end=event.ended - self._zero,
            interrupted=event.interrupted,
        )
