"""The ear that waits all night for a call, costs next to nothing, and says how sure it is.

    energy gate -> voice gate (in a restless room) -> the call or other speech -> a second look

The first look listens for the calls alone, as cheaply as can be, and takes too much for one. The
second hears just the sound of the supposed call again, with its edges cut elsewhere, among every
phrase of the conversation and the words that sound like a call, and weighs the best call against
the best of all the rest. Where both agree, and it is a voice, it is a call; how sure it must be
depends on how long it was (``content/standby.toml``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from voice_coach.audio.port import BLOCK, RATE, Block, Samples
from voice_coach.content.standby import Standby, Verdict
from voice_coach.errors import ModelError
from voice_coach.listening.listener import EndpointTimes, Listener
from voice_coach.listening.port import Grammar, Hearing, Recogniser, Recognition
from voice_coach.listening.voice_gate import VoiceGate

TIMES: Final = EndpointTimes(final=0.24, silence=0.5, ahead=0.0, stable=0.9)
"""Longer than in a conversation: who calls has nothing more to say, and who talks has. "Help" waits
half a second for "calf cramp", so that nobody is asked in mid-call."""

EDGE: Final = 0.2
"""Seconds of sound around the call's words that the second look hears."""

QUIET: Final = 60.0
"""Seconds without a word after which the second look's grammars, 27 MB, are let go of. They are
loaded again as soon as something is said, while it is said."""

LATELY: Final = 30.0
"""Seconds over which it is judged whether the room is ever quiet."""


@dataclass(frozen=True)
class Evidence:
    """What speaks for a call."""

    phrase: str
    first: float
    """Posterior of a call among all that was listened for, 0..1, ..."""
    margin: float
    """Nats by which a call is likelier than anything else in the second look; 0 where it is not."""
    voice: float
    """How surely it is a voice, 0..1."""


@dataclass(frozen=True)
class Alarm:
    """Somebody may have called."""

    hearing: Hearing
    evidence: Evidence
    verdict: Verdict
    restless: bool
    """Whether the room was."""


class Sentry:
    """Hears blocks all night. Shut while the coach speaks, as any ear."""

    def __init__(self, recogniser: Recogniser, standby: Standby) -> None:
        self._recogniser = recogniser
        self._standby = standby
        self._gate = VoiceGate(recogniser, standby.restless.voice)
        self._listener = Listener(self._gate, TIMES)
        self._decoys = tuple(word for word in standby.decoys if _knows(recogniser, word))
        self._first = self._second = self._rivals = Grammar("nothing", ())
        self._share = 0.0
        self._quiet = 0
        """Blocks since something was said; -1 when all is let go of."""

    @property
    def gate(self) -> VoiceGate:
        """The second gate, for whoever measures it."""
        return self._gate

    @property
    def hearing(self) -> bool:
        """Whether something is being said just now that may become a call."""
        return self._listener.speaking and self._gate.open

    @property
    def restless(self) -> bool:
        """Whether there was sound for much of the last half minute."""
        return self._share >= self._standby.restless.share

    def open(self, grammar: Grammar) -> None:
        """Listen for the phrases of ``grammar``; its decoys are for the second look."""
        if self._listener.open:
            return
        decoys = tuple(dict.fromkeys((*grammar.decoys, *self._decoys)))
        decoys = tuple(decoy for decoy in decoys if decoy not in grammar.phrases)
        self._first = replace(grammar, decoys=(), thrifty=True)
        self._second = replace(grammar, name=f"{grammar.name} again", decoys=decoys, voiced=False)
        self._rivals = replace(self._second, phrases=(), expected=(), urgent=frozenset())
        for later in (self._second, self._rivals):
            self._recogniser.check(later)  # now, not when somebody calls
        self._quiet = 1
        self._listener.listen(self._first)

    def shut(self) -> None:
        """Hear nothing, and forget what was half heard."""
        if self._listener.open:
            self._listener.shut()

    def process(self, block: Block) -> Alarm | None:
        """Hear one block; an alarm at the end of what may be a call, whatever its verdict."""
        self._gate.strict = self.restless
        hearing = self._listener.process(block)
        lately = BLOCK / RATE / LATELY
        self._share += (self._listener.speaking - self._share) * lately
        self._mind_memory()
        if hearing is None or hearing.recognition.text not in self._first.phrases:
            return None
        return self._judge(hearing)

    def _mind_memory(self) -> None:
        """Load what the second look needs while somebody speaks; let go of it in the silence."""
        if self.hearing:
            if self._quiet:
                self._recogniser.expect(self._second, self._rivals)
            self._quiet = 0
        elif self._quiet >= 0:
            self._quiet += 1
            if self._quiet * BLOCK / RATE >= QUIET:
                self._recogniser.forget(self._first)
                self._quiet = -1

    def _judge(self, hearing: Hearing) -> Alarm:
        found = hearing.recognition
        evidence = Evidence(found.text, found.confidence, self._margin(hearing), found.speech)
        seconds = found.end - found.start
        verdict = self._standby.judge(
            found.text, seconds, evidence.first, evidence.margin, evidence.voice
        )
        return Alarm(hearing, evidence, verdict, self.restless)

    def _margin(self, hearing: Hearing) -> float:
        """Hear the sound of the call again, cut out: any call, and then anything but a call."""
        assert hearing.audio is not None
        found = hearing.recognition
        first = max(0, round((found.start - EDGE) * RATE))
        sound = hearing.audio[first : round((found.end + EDGE) * RATE)]
        again = self._look(self._second, sound)
        margin = 0.0
        if again.text in self._second.phrases:
            rival = self._look(self._rivals, sound)
            margin = max(0.0, again.likelihood - rival.likelihood)
        self._recogniser.use(self._first)
        return margin

    def _look(self, grammar: Grammar, sound: Samples) -> Recognition:
        self._recogniser.use(grammar)
        self._recogniser.feed(sound)
        return self._recogniser.finish()


def _knows(recogniser: Recogniser, phrase: str) -> bool:
    try:
        recogniser.check(Grammar("a decoy", (phrase,)))
    except ModelError:
        return False
    return True
