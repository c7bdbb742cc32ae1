"""A world in which anything may happen at any time: fakes for every port of a session.

Time is virtual and flies: sentences last a blink, and where nothing sounds and nothing is due the
clock jumps. So a session of many minutes is a fraction of a second.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
from hypothesis import strategies as st

from voice_coach.audio.mixer import Mixer
from voice_coach.audio.port import BLOCK, RATE, Block, Samples, Source
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.state import State
from voice_coach.errors import VoiceError
from voice_coach.eventlog import EventLog, Record
from voice_coach.listening.fake import FakeRecogniser
from voice_coach.listening.graph import UNKNOWN
from voice_coach.listening.listener import Listener
from voice_coach.listening.port import Grammar, Hearing, Recognition
from voice_coach.session import Ending, Session
from voice_coach.simulation.monitor import JudgedDialogue
from voice_coach.simulation.witness import Witness
from voice_coach.speaking.port import VoiceSettings
from voice_coach.speaking.voice import Voice

JUMP: Final = 10
"""Blocks by which the clock jumps at most where nothing sounds."""

LONGEST: Final = 2 * 3600.0
"""Seconds within which every session must have ended."""

_BLOCK_SECONDS: Final = BLOCK / RATE
_NOISE: Final = np.tile(np.array([3, -3], np.int16), BLOCK // 2)
_SILENCE: Final = np.zeros(BLOCK, np.int16)


class Happening(NamedTuple):
    """Something that comes from outside."""

    what: str
    pause: float
    """Seconds after the last."""
    which: int
    lasts: float


HAPPENINGS: Final = st.lists(
    st.builds(
        Happening,
        st.sampled_from(
            ("word", "word", "word", "word", "mumble", "cough", "talk", "voice", "lost", "mute")
        ),
        st.floats(0.0, 40.0, allow_nan=False),
        st.integers(0, 10_000),
        st.floats(0.1, 30.0, allow_nan=False),
    ),
    max_size=40,
)


class FastVoice(Voice):
    """Says everything at once, in a blink; while it is broken, nothing."""

    def __init__(self) -> None:
        self._settings = VoiceSettings()
        self.broken = 0

    def request(self, text: str, rate: int | None = None) -> Future[Samples]:  # noqa: ARG002
        future: Future[Samples] = Future()
        if self.broken > 0:
            self.broken -= 1
            future.set_exception(VoiceError("The voice is broken; use another."))
        else:
            future.set_result(np.full(BLOCK * (1 + len(text.split()) // 2), 99, np.int16))
        return future

    def made(self, text: str) -> Samples | None:  # noqa: ARG002 - it remembers nothing
        return None


class ScriptedListener(Listener):
    """Hears what the world says, when the ear is open."""

    def __init__(self) -> None:
        super().__init__(FakeRecogniser())
        self.grammar: Grammar | None = None
        self.talking_until = 0.0
        self.heard: deque[tuple[float, str, int]] = deque()
        self._now = 0.0

    @property
    def speaking(self) -> bool:
        return self._now < self.talking_until

    @property
    def open(self) -> bool:
        return self.grammar is not None

    def listen(self, grammar: Grammar, after: float = 0.0) -> None:  # noqa: ARG002
        self.grammar = grammar

    def shut(self) -> None:
        self.grammar = None

    def drop(self) -> None:
        self.talking_until = 0.0

    def interrupted(self, onset: float, blocks: Sequence[Block]) -> None:  # noqa: ARG002
        raise AssertionError("nobody watches the echo here")

    def process(self, block: Block) -> Hearing | None:
        self._now = block.at
        while self.heard and self.heard[0][0] < block.at - 1.0:
            self.heard.popleft()  # said while the ear was shut
        if not self.heard or self.heard[0][0] > block.at:
            return None
        at, what, which = self.heard.popleft()
        assert self.grammar is not None
        phrases = self.grammar.phrases
        text = {"word": phrases[which % len(phrases)], "mumble": UNKNOWN, "cough": ""}[what]
        known = Recognition(text, what == "word", 1.0, 0.0, 0.5)
        return Hearing(known, started=at - 0.5, word_end=at, decided=block.at)


class World:
    """The port, and what happens. Implements ``AudioPort`` and ``Healing``."""

    def __init__(self, script: Sequence[Happening], mixer: Mixer) -> None:
        self._script = deque(_with_times(script))
        self._mixer = mixer
        self._source: Source | None = None
        self._blocks = 0
        self._ill_until = 0.0
        self._mute_until = 0.0
        self.listener = ScriptedListener()
        self.voice = FastVoice()

    def start(self, source: Source) -> None:
        self._source = source

    def now(self) -> float:
        return self._blocks * _BLOCK_SECONDS

    def read(self, timeout: float) -> Block | None:
        assert self.now() < LONGEST, "this session never ends"
        self._happen()
        if not self.healthy():
            self._blocks += round(timeout / _BLOCK_SECONDS)
            return None
        if self._mixer.busy:
            assert self._source is not None
            played = self._source.next_block(self.now())
            self._blocks += 1
        else:
            played = _SILENCE
            self._blocks += self._jump()
        muted = self.now() < self._mute_until
        return Block(_SILENCE if muted else _NOISE, self.now(), played)

    def close(self) -> None:
        self._source = None

    def healthy(self) -> bool:
        return self.now() >= self._ill_until

    def reopen(self) -> bool:
        return self.healthy()

    def _jump(self) -> int:
        """Blocks to what happens next, but not too many at once."""
        due = self._script[0][0] - self.now() if self._script else float("inf")
        return max(1, min(JUMP, int(due / _BLOCK_SECONDS) if due < 60 else JUMP))

    def _happen(self) -> None:
        while self._script and self._script[0][0] <= self.now():
            at, (what, _, which, lasts) = self._script.popleft()
            if what == "talk":
                self.listener.talking_until = at + lasts
            elif what == "voice":
                self.voice.broken = 1 + which % 12
            elif what == "lost":
                self._ill_until = at + lasts
            elif what == "mute":
                self._mute_until = at + lasts
            else:
                self.listener.heard.append((at, what, which))


def _with_times(script: Sequence[Happening]) -> list[tuple[float, Happening]]:
    found, now = [], 0.0
    for happening in script:
        now += happening.pause
        found.append((now, happening))
    return found


@dataclass
class Lived:
    """A session that is over."""

    ending: Ending
    records: list[Record] = field(repr=False)
    states: list[State] = field(repr=False)
    broken: list[str] = field(default_factory=list)
    """Rules, by the proof's judges and by the witness."""


def live(dialogue: Dialogue, script: Sequence[Happening], headset: bool = False) -> Lived:
    """A whole session in this world."""
    judged = JudgedDialogue(dialogue.protocol, dialogue.number)
    witness = Witness(dialogue.protocol, dialogue.number)
    log, records, states = EventLog(), list[Record](), list[State]()
    log.watch(records.append)
    log.watch(witness.watch)
    mixer = Mixer()
    world = World(script, mixer)
    world.start(mixer)
    more: dict[str, Any] = {"virtual": True, "headset": headset, "keep": states.append}
    session = Session(world, mixer, world.voice, world.listener, judged, log, **more)
    ending = session.coach()
    return Lived(ending, records, states, [*judged.judgement.broken, *witness.broken])
