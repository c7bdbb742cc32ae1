"""Writes an episode while it happens: after each turn that tells something new.

It listens at the dialogue itself, and never stands in its way: a diary that cannot be written is
reported once, and the coaching goes on.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from voice_coach.content.loader import problems
from voice_coach.dialogue.dialogue import Dialogue, Result
from voice_coach.dialogue.events import Event, Heard
from voice_coach.dialogue.protocol import Protocol
from voice_coach.dialogue.state import State
from voice_coach.diary import script
from voice_coach.diary.account import Turn, opened, told
from voice_coach.diary.episode import Episode
from voice_coach.diary.informed import FORGET, HANDOVER, informed, variants, with_handover
from voice_coach.diary.knowledge import Known, knowledge
from voice_coach.diary.script import Script
from voice_coach.diary.store import Diary
from voice_coach.errors import CoachError, OutputError
from voice_coach.proof import seal

_BACK: Final = 366
"""Days of the diary that bear on a night."""
_CLOCK_SLACK: Final = 120.0
"""Seconds by which the clock on the wall may have been set between a crash and the way back."""

_MOST: Final = 200
"""And cramps, at most: the call must not wait."""

BUSY: Final = 0.2
"""Seconds that a turn of the conversation waits for another program that is writing."""


@dataclass(frozen=True)
class Overheard(Dialogue):
    """The same dialogue, with somebody who is told of every turn. One conversation at a time."""

    listener: Callable[[Turn], None] = field(kw_only=True)
    take_up: Callable[[float], None] = field(default=lambda _: None, kw_only=True)
    """Told that the next turns go on with a conversation that was cut off, and how many seconds ago
    its call came."""
    prepare: Callable[[], Protocol] | None = field(default=None, kw_only=True)
    """Makes the protocol of a night when its call comes; it understands what ``protocol`` does."""
    _tonight: list[Protocol] = field(default_factory=list, init=False, compare=False)

    def begin(self) -> Result:
        self._tonight[:] = [self.protocol if self.prepare is None else self.prepare()]
        state, actions = Dialogue(self._tonight[0], self.number).begin()
        self.listener(Turn(None, None, state, actions, self._tonight[0]))
        return state, actions

    def advance(self, state: State, event: Event) -> Result:
        protocol = self._tonight[0]
        if isinstance(event, Heard) and event.intent == HANDOVER:
            protocol = with_handover(protocol, script.load(), state, self.number)
        after, actions = Dialogue(protocol, self.number).advance(state, event)
        self.listener(Turn(state, event, after, actions, protocol))
        return after, actions

    def continued(self, rest: Dialogue, old: State, elapsed: float) -> Dialogue:
        """The ``rest`` of the conversation that stood like ``old``, overheard like this one."""
        self.take_up(elapsed)
        return Continued(rest.protocol, rest.number, rest=rest, old=old, listener=self.listener)


@dataclass(frozen=True)
class Continued(Dialogue):
    """The rest of a conversation that was cut off, with the same listener."""

    rest: Dialogue = field(kw_only=True)
    """Begins where the conversation was cut off."""
    old: State = field(kw_only=True)
    """How it stood then."""
    listener: Callable[[Turn], None] = field(kw_only=True)

    def begin(self) -> Result:
        state, actions = self.rest.begin()
        before = replace(self.old, now=state.now)  # a gap is no step of the person's
        self.listener(Turn(before, None, state, actions, self.protocol))
        return state, actions

    def advance(self, state: State, event: Event) -> Result:
        rest, protocol = self.rest, self.protocol
        if isinstance(event, Heard) and event.intent == HANDOVER:
            protocol = with_handover(protocol, script.load(), state, self.number)
            rest = replace(rest, protocol=protocol)
        after, actions = rest.advance(state, event)
        self.listener(Turn(state, event, after, actions, protocol))
        return after, actions


class Recorder:
    """Keeps the episode that is going on in the diary."""

    def __init__(
        self,
        diary: Diary,
        *,
        complain: Callable[[str], None],
        clock: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        """``complain``: told, once an episode, why it cannot be kept. ``clock``: with a zone."""
        self._diary = diary
        self._complain = complain
        self._clock = clock
        self._episode: Episode | None = None
        self._written: Episode | None = None
        """As it stands in the diary."""
        self._forgotten = False
        self._complained = False

    def take_up(self, elapsed: float) -> None:
        """The next turns go on with the episode that was cut off; ``elapsed``: seconds since its
        call. Where it is not there, because it was forgotten, nothing more is kept either."""
        self._episode = self._written = None
        self._complained = False
        now = self._clock()
        try:
            newest = self._diary.recent(now - timedelta(seconds=elapsed + _CLOCK_SLACK), 1)
        except OutputError as error:
            self._complain(str(error))
            newest = []
        if newest and not newest[0].outcome and newest[0].began <= now:
            self._episode = self._written = newest[0]
        self._forgotten = self._episode is None

    def hear(self, turn: Turn) -> None:
        """Take one turn of the dialogue into the episode, and write what is new."""
        if turn.before is None:
            self._episode, self._written = opened(self._clock(), turn), None
            self._forgotten = self._complained = False
        elif self._episode is not None:
            self._episode = told(self._episode, turn)
        if isinstance(turn.event, Heard) and turn.event.intent == FORGET:
            self._forget()
        if self._episode is not None and not self._forgotten and self._is_news(turn):
            self._write(self._episode, turn.after.mode == "over")

    def _forget(self) -> None:
        """The person wants nothing of this cramp kept."""
        self._forgotten = True
        if self._episode is not None:
            try:
                self._diary.forget(self._episode.uid)
            except OutputError as error:
                self._complain(str(error))

    def _is_news(self, turn: Turn) -> bool:
        assert self._episode is not None
        if self._written is None or turn.after.mode == "over":
            return True
        at = self._written.seconds  # that time goes on is no news
        return msgspec.structs.replace(self._episode, seconds=at) != self._written

    def _write(self, episode: Episode, over: bool) -> None:
        """What could not be written now is written with the next turn."""
        try:
            if self._written is None:
                self._diary.add([episode])
            elif not self._diary.update(episode):
                self._forgotten = True  # somebody has deleted it meanwhile, and that stands
                return
            self._written = episode
            if over:
                self._diary.settle()
        except OutputError as error:
            if not self._complained:
                self._complained = True
                self._complain(str(error))


def overheard(dialogue: Dialogue, recorder: Recorder) -> Overheard:
    """The dialogue, with the recorder listening."""
    return Overheard(
        dialogue.protocol, dialogue.number, listener=recorder.hear, take_up=recorder.take_up
    )


def kept(
    dialogue: Dialogue,
    folder: Path | None,
    stack: ExitStack,
    hears: Callable[[tuple[str, ...]], bool],
    *,
    learning: bool = True,
) -> Dialogue:
    """The dialogue with the diary in ``folder`` listening, and saying what it knows; as it was
    where there can be none, because nobody in pain shall wait for a diary. What is wrong is said on
    stderr. ``hears``: whether the ear knows these phrases. ``learning``: whether what helped before
    may come first, where the content allows it at all."""
    try:
        diary = stack.enter_context(Diary(folder, busy=BUSY))
        told = script.load()
    except CoachError as error:
        complain(str(error))
        return dialogue
    if diary.mended is not None:
        complain(str(diary.mended))
    recorder = Recorder(diary, complain=complain)
    plain = dialogue.protocol
    phrases = tuple(phrase for group in told.phrases.values() for phrase in group)
    if not hears(phrases) or not all(map(seal.proven, variants(plain, told))):
        return overheard(dialogue, recorder)  # nothing that was not proven is ever said
    if not learning:  # the proven ones hold the usual order, too
        told = unlearned(told)

    def prepare() -> Protocol:
        return tonight(diary, plain, told, datetime.now().astimezone())

    return Overheard(
        informed(plain, told, Known()), dialogue.number, listener=recorder.hear,
        take_up=recorder.take_up, prepare=prepare,
    )  # fmt: skip


def unlearned(told: Script) -> Script:
    """The same, but nothing that helped before comes first."""
    off = msgspec.structs.replace(told.learning, on=False)
    return msgspec.structs.replace(told, learning=off)


def tonight(diary: Diary, plain: Protocol, told: Script, now: datetime) -> Protocol:
    """The protocol of a night, with what the diary knows when the call comes."""
    try:
        before = diary.recent(now - timedelta(days=_BACK), _MOST)
        known = knowledge(before, now, told, plain)
    except OutputError as error:
        complain(str(error))
        known = Known()
    made = informed(plain, told, known)
    return informed(plain, told, Known()) if any(problems(made)) else made


def complain(why: str) -> None:
    """Say on stderr why the diary cannot be kept."""
    print(f"voice-coach: {why}", file=sys.stderr, flush=True)
