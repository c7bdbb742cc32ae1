"""One night after another: take up what was cut off, wait for the call, coach, wait again."""

from __future__ import annotations

from collections.abc import Callable

from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.state import State
from voice_coach.diary.recorder import Overheard
from voice_coach.resume import resumption
from voice_coach.resume.journal import Journal
from voice_coach.service.notify import PULSE, Notifier
from voice_coach.session import Call, Session

Keep = Callable[[State], None]


class Nights:
    """What the program does for as long as it runs."""

    def __init__(
        self,
        dialogue: Dialogue,
        session: Callable[[Dialogue, Keep | None], Session],
        journal: Journal | None,
        *,
        virtual: bool = False,
        notifier: Notifier | None = None,
    ) -> None:
        """``session`` makes one for a dialogue, and tells its states to whoever keeps them."""
        self._dialogue = dialogue
        self._make = session
        self._journal = journal
        self._session = session(dialogue, None if journal is None else journal.keep)
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

    def keep_watch(self) -> None:
        """Wait for the call and coach, again and again, until a recording ends."""
        while True:
            print('Listening. Say "help, calf cramp".', flush=True)
            call = self._wait()
            if call is None:
                print("The recording is over.")
                return
            self._session.coach(call)

    def _wait(self) -> Call | None:
        """The call; None at the end of a recording."""
        while True:
            self._notifier.alive()
            call = self._session.wait_for_call(self._patience)
            if call is not None or self._patience == float("inf"):
                return call
