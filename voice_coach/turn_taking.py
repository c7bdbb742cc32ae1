"""Turn-taking: who has the floor, the coach or the person, and what the ear hears meanwhile.

Half duplex: the ear is shut while the coach is audible. With a headset it is always open. With an
echo canceller a watch says when somebody speaks over the coach, and the ear opens a little before
that. In the last two whoever speaks gets the floor at once: the sentence fades out and waits. A
word that is understood is acted on. Where none comes - a cough, a groan, a door - the sentence goes
on from its last clause: what was no word was no answer either.

Nothing here knows what a word means. Time is that of the port.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final, Literal, Protocol

import numpy as np

from voice_coach.audio.echo import EchoCanceller
from voice_coach.audio.likeness import OWN, likeness
from voice_coach.audio.mixer import Mixer
from voice_coach.audio.port import BLOCK, RATE, Block, Samples
from voice_coach.listening.barge_in import BargeIn
from voice_coach.listening.port import Hearing

TAIL: Final = 0.15
"""Seconds that the ear stays shut after the coach was audible: the room's echo dies down."""

WORD_WAIT: Final = 1.5
"""Seconds after an interruption, or after words that were not understood, in which a word may
still come: whoever was not understood says it again when the coach keeps silent."""

COUGH_WAIT: Final = 0.5
"""Seconds after a sound that was no speech until the sentence goes on."""

LONGEST: Final = 4.0
"""Seconds that a sentence may be held up by sound that never becomes a word."""

LAST_WORDS: Final = 0.25
"""A sentence with no more than this left, in seconds, is said to its end."""

PATIENCE: Final = 2
"""How often one sentence gives way to what is no word. Then it is said to its end, and only a word
stops it: in a noise like words the coach must still get through."""

LATEST_ECHO: Final = 2.5
"""Seconds after which a sound server that has fallen behind still brings an echo."""

_PLAYED: Final = round((8.5 + LATEST_ECHO) * RATE / BLOCK)
"""Blocks that were played and are remembered: those of the longest utterance and its echo."""

GAP: Final = 0.3
"""Seconds missing between two blocks that mean another sound, and another room."""


class Ear(Protocol):
    """What may be heard in which step; see ``session.Ear``."""

    @property
    def speaking(self) -> bool: ...
    def open(self, step: str) -> None: ...
    def shut(self) -> None: ...
    def drop(self) -> None: ...
    def hear(self, block: Block) -> Hearing | None: ...
    def interrupted(self, onset: float, blocks: tuple[Block, ...]) -> None: ...


@dataclass(frozen=True)
class Mode:
    """How the coach listens while it speaks, and why so."""

    name: Literal["half duplex", "headset", "barge-in"]
    reason: str
    """One sentence."""


@dataclass(frozen=True)
class Heard:
    """What one block has brought."""

    hearing: Hearing | None = None
    onset: float | None = None
    """Port clock, seconds: since when somebody speaks over the coach, the moment it is noticed."""


@dataclass(frozen=True)
class Floor:
    """The floor has passed from one to the other in the middle of a sentence."""

    who: Literal["person", "coach"]
    at: float
    onset: float
    """Since when the person spoke."""
    silent: float
    """Since when the coach was silent. All in seconds on the port's clock."""


class Duplex(Protocol):
    """One way to listen while the coach may be speaking."""

    @property
    def mode(self) -> Mode: ...

    def hear(self, block: Block, step: str, audible: bool) -> Heard:
        """Hear one block. ``audible``: whether the coach is, or was a moment ago."""
        ...

    def go_on(self) -> None:
        """It was no word: drop it, and look out for the next."""
        ...

    def reset(self) -> None:
        """Forget the room: sound was missing."""
        ...


class HalfDuplex:
    """Never listens while the coach is audible. Implements ``Duplex``."""

    def __init__(self, ear: Ear, reason: str) -> None:
        self.mode = Mode("half duplex", reason)
        self._ear = ear

    def hear(self, block: Block, step: str, audible: bool) -> Heard:
        if audible:
            self._ear.shut()
            return Heard()
        self._ear.open(step)
        return Heard(self._ear.hear(block))

    def go_on(self) -> None:
        """Nobody can interrupt."""

    def reset(self) -> None:
        """The room does not matter."""


class Headset:
    """Always listens: what the coach says does not reach the microphone. Implements ``Duplex``."""

    ONSET: Final = 0.09
    """Seconds of sound that are somebody who speaks."""

    def __init__(self, ear: Ear) -> None:
        self.mode = Mode("headset", "The coach's voice stays in the headset.")
        self._ear = ear
        self._since: float | None = None
        self._told = False

    def hear(self, block: Block, step: str, audible: bool) -> Heard:
        self._ear.open(step)
        hearing = self._ear.hear(block)
        if not self._ear.speaking:
            self._since, self._told = None, False
            return Heard(hearing)
        if self._since is None:
            self._since = block.at - BLOCK / RATE
        if not audible or self._told or block.at - self._since < self.ONSET - 1e-6:
            return Heard(hearing)
        self._told = True
        return Heard(hearing, self._since)

    def go_on(self) -> None:
        self._ear.drop()
        self._since, self._told = None, False

    def reset(self) -> None:
        """The room does not matter."""


class Cancelling:
    """Listens while the coach speaks, with an echo canceller and a watch. Implements ``Duplex``.

    While the room rings with the coach the ear is open only for what the watch has noticed.
    """

    def __init__(self, ear: Ear, canceller: EchoCanceller, watch: BargeIn | None = None) -> None:
        self.mode = Mode("barge-in", "The coach's own echo is cancelled.")
        self._ear = ear
        self._canceller = canceller
        self._watch = watch or BargeIn()
        self._noticed = False

    def hear(self, block: Block, step: str, audible: bool) -> Heard:
        if block.played is None:  # a microphone without its speaker: as half duplex as can be
            return HalfDuplex(self._ear, "").hear(block, step, audible)
        onset = self._watch.process(block, self._canceller.process(block.samples, block.played))
        if onset is not None and self._watch.ringing:
            self._noticed = True
            self._ear.open(step)
            self._ear.interrupted(onset.at, onset.blocks)
            return Heard(onset=onset.at)
        if not self._watch.ringing:
            self._ear.open(step)
            self._noticed = False
            self._watch.arm()
        elif self._noticed:
            self._ear.open(step)
        else:
            self._ear.shut()
        heard = self._watch.heard
        return Heard(self._ear.hear(heard) if heard is not None else None)

    def go_on(self) -> None:
        self._ear.shut()
        self._noticed = False
        self._watch.arm()

    def reset(self) -> None:
        self._canceller.reset()
        self._watch.reset()


def choose(ear: Ear, canceller: EchoCanceller | None, headset: bool) -> Duplex:
    """The best way to listen that there is."""
    if headset:
        return Headset(ear)
    if canceller is None or canceller.reason:
        return HalfDuplex(ear, canceller.reason if canceller else "The echo canceller is off.")
    return Cancelling(ear, canceller)


@dataclass
class _Hold:
    """A sentence that waits for the person."""

    onset: float
    until: float
    """Port clock, seconds: when it goes on unless something is heard."""
    sound: bool = True
    """Whether the sound that interrupted it lasts."""
    told: bool = False
    """Whether it is known that the coach has fallen silent."""


class TurnTaking:
    """Gives the floor to whoever speaks over the coach, and takes it back."""

    def __init__(self, ear: Ear, mixer: Mixer, duplex: Duplex) -> None:
        self._ear = ear
        self._mixer = mixer
        self._duplex = duplex
        self._hold: _Hold | None = None
        self._aside = False
        """Somebody speaks, and no sentence waits for them."""
        self._in_vain = 0
        self._played: deque[Samples] = deque(maxlen=_PLAYED)
        self._last = float("-inf")

    @property
    def mode(self) -> Mode:
        """How the coach listens while it speaks."""
        return self._duplex.mode

    def new_sentence(self) -> None:
        """Another sentence is about to be said: it gives way again."""
        self._in_vain = 0

    def hear(self, block: Block, step: str) -> Hearing | None:
        """Hear one block with the grammar of ``step``."""
        if block.at - self._last > GAP:
            self._duplex.reset()
        self._last = block.at
        if block.played is not None:
            self._played.append(block.played)
        begins = self._mixer.busy and not self._mixer.paused
        audible = begins or block.at < self._mixer.sounding_until + TAIL
        heard = self._duplex.hear(block, step, audible)
        if heard.onset is not None:
            self._begin(heard.onset, block.at)
        if heard.hearing is not None and self._hold is not None:
            # It was speech: if it is not understood, they are likely to say it again.
            self._hold.until = block.at + WORD_WAIT
            self._hold.sound = False
        return heard.hearing

    def over_coach(self, hearing: Hearing) -> bool:
        """Whether this was said, or begun, while the coach was speaking."""
        return self._hold is not None or hearing.started < self._mixer.sounding_until

    def own_voice(self, hearing: Hearing) -> bool:
        """Whether the coach has heard itself, for all that was done against it."""
        if self._duplex.mode.name != "barge-in" or hearing.audio is None:
            return False
        blocks = len(hearing.audio) // BLOCK + round(LATEST_ECHO * RATE / BLOCK)
        played = list(self._played)[-blocks:]
        return bool(played) and likeness(hearing.audio, np.concatenate(played)) >= OWN

    def settle(self, now: float) -> Floor | None:
        """Let the sentence go on when it is time; who has got the floor just now, if anybody."""
        if self._aside and not self._ear.speaking:
            self._aside = False
            self._duplex.go_on()
        hold = self._hold
        if hold is None:
            return None
        if not self._mixer.paused:  # it was hushed for another one
            self._hold, self._aside = None, True
            return None
        if not hold.told and not self._mixer.sounding:
            hold.told = True
            return Floor("person", now, hold.onset, self._mixer.sounding_until)
        if hold.sound and not self._ear.speaking:
            hold.sound = False
            hold.until = min(hold.until, now + COUGH_WAIT)
        if now < (hold.onset + LONGEST if self._ear.speaking else hold.until):
            return None
        self._in_vain = PATIENCE if self._ear.speaking else self._in_vain + 1
        return self.release(now)

    def release(self, now: float) -> Floor | None:
        """The person was answered, or said nothing: a sentence that still waits goes on."""
        hold, self._hold = self._hold, None
        if hold is None:
            return None
        self._duplex.go_on()
        waiting = self._mixer.paused
        self._mixer.resume()
        return Floor("coach", now, hold.onset, self._mixer.sounding_until) if waiting else None

    def _begin(self, onset: float, now: float) -> None:
        if self._hold is not None:
            return
        if self._mixer.left <= LAST_WORDS or self._in_vain >= PATIENCE:
            self._aside = True
            return
        self._mixer.pause()
        self._hold = _Hold(onset, now + WORD_WAIT)
