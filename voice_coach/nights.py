"""One night after another: take up what was cut off, wait for the call, coach, wait again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.state import State
from voice_coach.diary.recorder import Overheard
from voice_coach.resume import resumption
from voice_coach.resume.journal import Journal
from voice_coach.routine.content import OVER
from voice_coach.service.notify import PULSE, Notifier
from voice_coach.session import Call, Session

Keep = Callable[[State], None]


@dataclass(frozen=True)
class Stretch:
    """The daily stretch, for a coach that keeps watch."""

    dialogue: Callable[[], Dialogue]
    """Makes the one of today."""
    calls: tuple[str, ...]
    """Phrases that call for it."""
    due: Callable[[], bool]
    """Whether the reminder's hour has come since it was asked last."""


class Nights:
    """What the program does for as long as it runs."""

    def __init__(  # noqa: PLR0913 - one night needs no more than many
        self,
        dialogue: Dialogue,
        session: Callable[[Dialogue, Keep | None], Session],
        journal: Journal | None,
        *,
        virtual: bool = False,
        notifier: Notifier | None = None,
        stretch: Stretch | None = None,
        doze: Callable[[], None] = lambda: None,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        """``session`` makes one for a dialogue, and tells its states to whoever keeps them.
        ``doze`` is called now and then while nobody calls, ``wake`` when somebody has."""
        self._doze = doze
        self._wake = wake
        self._stretch = stretch
        self._dialogue = dialogue
        self._make = session
        self._journal = journal
        self._session = session(dialogue, None if journal is None else journal.keep)
        self._asleep = session(_waiting(dialogue, stretch), None) if stretch else self._session
        self._patience = float("inf") if virtual else PULSE
        self._notifier = notifier or Notifier({})

    def take_up(self) -> bool:
        """Go on with a conversation that was cut off, to its end; whether there was one."""
        journal = self._journal
        script = resumption.load()
        found = None if journal is None else journal.interrupted(script.within)
        if journal is None or found is None:
            return False
        elapsed = found.state.now + found.gap
        rest = resumption.resume(self._dialogue, script, found.state, elapsed)
        dialogue: Dialogue = rest
        if isinstance(self._dialogue, Overheard):  # one cramp, one episode
            dialogue = self._dialogue.continued(rest, found.state, elapsed)
        session = self._make(dialogue, lambda state: journal.keep(rest.lasting(state)))
        session.coach(elapsed=elapsed)
        return True

    def coach(self) -> None:
        """Coach at once."""
        self._session.coach()

    def stretch(self, call: Call | None = None) -> None:
        """Lead through the daily stretch, and through the cramp where one comes."""
        assert self._stretch is not None
        ending = self._make(self._stretch.dialogue(), None).coach(call)
        if ending.outcome == OVER:
            self._session.coach()

    def keep_watch(self) -> None:
        """Wait for a call and answer it, again and again, until a recording ends."""
        while True:
            print('Listening. Say "help, calf cramp".', flush=True)
            call = self._wait()
            if call is None:
                print("The recording is over.")
                return
            if self._for_stretch(call):
                self.stretch(call)
            else:
                self._session.coach(call)

    def _for_stretch(self, call: Call) -> bool:
        """Whether it is the daily stretch that was called for, and not help."""
        if self._stretch is None or call.confirmed:
            return False
        return call.hearing.recognition.text in self._stretch.calls

    def _wait(self) -> Call | None:
        """The call; None at the end of a recording. When the reminder is due, it stretches."""
        while True:
            self._notifier.alive()
            call = self._asleep.wait_for_call(self._patience)
            if call is not None or self._patience == float("inf"):
                self._wake()
                return call
            self._doze()
            if self._stretch and self._stretch.due():
                self.stretch()


def _waiting(dialogue: Dialogue, stretch: Stretch) -> Dialogue:
    """Listens for both calls. It is never begun, so nothing of it has to be proven."""
    intents = dialogue.protocol.intents
    both = {**intents, "wake": intents["wake"] + stretch.calls}
    return Dialogue(msgspec.structs.replace(dialogue.protocol, intents=both), dialogue.number)
