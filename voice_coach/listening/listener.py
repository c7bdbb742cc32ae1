"""From microphone blocks to hearings: gate, pre-roll, recogniser and our own endpoint.

The recogniser's endpoint takes 0.9 s. Here an utterance ends after 120 ms of silence, unless what
was said so far may go on: "still" waits for "hurts". Time is that of the blocks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from voice_coach.audio.port import BLOCK, RATE, Block, Samples
from voice_coach.listening.gate import Gate
from voice_coach.listening.graph import UNKNOWN
from voice_coach.listening.port import Grammar, Hearing, Recogniser, Recognition

BLOCK_SECONDS: Final = BLOCK / RATE

LONGEST_TAIL: Final = 0.3
"""Seconds by which sound may outlast the recogniser's idea of a word and still be its end."""

BRIEF: Final = 0.24
"""Seconds; a word of a syllable takes about so long. Over the coach and in a din a shorter one must
be said by what is surely a voice, any other by what probably is one: fewer coughs and snores are
taken for a word so (``scripts.bench.barge_in --noise 60``)."""

FLEETING: Final = 0.18
"""Seconds; there nothing shorter is a word."""

SURELY: Final = 0.9
PROBABLY: Final = 0.7
"""Probability of a voice that a brief word and any other one need there."""

DIN: Final = 0.85
"""Seconds of sound around a word from which on it may well be a part of a noise. A second of a
recorded word with the noise of its room has less; half a second would cost 7 of 246 such words
(``scripts.bench.endpoint``)."""


@dataclass(frozen=True)
class EndpointTimes:
    """When an utterance is over, in seconds."""

    onset: float = 0.06
    """Sound this long opens an utterance; a click does not."""

    pre_roll: float = 0.3
    """Sound from before the onset that belongs to the utterance: soft first consonants."""

    final: float = 0.12
    """Silence after a phrase that cannot go on."""

    silence: float = 0.12
    """Silence after a phrase that may go on to mean the same. In synthetic voices at 120 to 175
    words a minute nobody pauses so long within "stop it" or "wait a minute"."""

    ahead: float = 0.03
    """How long before the end of that silence it is decided what was said, which takes as long: who
    goes on speaking is heard from the beginning again."""

    unsettled: float = 0.36
    """Silence after something not (yet) recognised: a person searching for words."""

    longer: float = 0.5
    """Silence after the beginning of a longer phrase."""

    stable: float = 0.6
    """In noise that never falls silent: how long a whole phrase must stand unchanged."""

    urgent: float = 0.06
    """How long an urgent phrase must stand unchanged to be acted on in mid-sound."""

    longest: float = 8.0
    """Then it is decided, whatever goes on."""

    shortest_unknown: float = 0.25
    """Strange sounds shorter than this are coughs and knocks, not answers."""


DEFAULT_TIMES: Final = EndpointTimes()


@dataclass
class _Utterance:
    """What is being said now."""

    fed_from: float
    """Port clock, seconds, of the first sample fed."""

    onset: float
    sounded: float
    """Port clock, seconds: the end of the last block with sound."""

    over: bool = False
    """Whether it began while the coach was speaking."""

    text: str = ""
    """The partial last looked at, and since when it has read so."""

    text_since: float = 0.0
    tried: str = ""
    """The urgent phrase that was looked into, and was not believed."""
    audio: list[Samples] = field(default_factory=list)
    decided: Recognition | None = None
    """What was said, if nothing more is."""
    patience: float = 0.0
    """Seconds of silence from which on it holds."""


class Listener:
    """The ear: opened for a grammar, shut while the coach speaks."""

    def __init__(self, recogniser: Recogniser, times: EndpointTimes = DEFAULT_TIMES) -> None:
        self._recogniser = recogniser
        self._times = times
        self._gate = Gate()
        self._grammar: Grammar | None = None
        self._deaf_until = 0.0
        self._answered = 0.0
        """Port clock, seconds: what was said until then has been passed on and believed."""
        self._run = 0
        self._onset_blocks = max(1, round(times.onset / BLOCK_SECONDS))
        pre_roll_blocks = round(times.pre_roll / BLOCK_SECONDS) + self._onset_blocks
        self._pre_roll: deque[Samples] = deque(maxlen=pre_roll_blocks)
        self._utterance: _Utterance | None = None

    @property
    def recogniser(self) -> Recogniser:
        """What it hears with."""
        return self._recogniser

    @property
    def speaking(self) -> bool:
        """Whether somebody seems to be talking right now: no time for a reprompt."""
        return self._utterance is not None or self._run > 0

    @property
    def open(self) -> bool:
        """Whether the ear is open at all."""
        return self._grammar is not None

    def listen(self, grammar: Grammar, after: float = 0.0) -> None:
        """Open the ear for ``grammar``; blocks that began before ``after`` are not heard.

        ``after``, on the port's clock, is the end of the coach's own voice and of its echo. What
        was being said is dropped. Raises ModelError for words the model does not know.
        """
        self._forget()
        self._recogniser.use(grammar)
        self._grammar = grammar
        self._deaf_until = after

    def shut(self) -> None:
        """Close the ear and drop what was being said."""
        self._forget()
        if self._grammar is not None:
            self._recogniser.reset()
        self._grammar = None

    def interrupted(self, onset: float, blocks: Sequence[Block]) -> None:
        """Somebody is known to be speaking since ``onset`` (port clock, seconds): hear what there
        is of it, ``blocks`` in order, a little from before it included. The ear must be open.

        What was understood is not heard a second time when somebody goes on speaking after it."""
        self._forget()
        for block in blocks:
            self._gate.process(block.samples)
        new = [block for block in blocks if block.at > self._answered + 1e-6] or blocks[-1:]
        first, last = new[0], new[-1]
        kept = [block.samples for block in new]
        fed_from = first.at - BLOCK_SECONDS
        self._utterance = _Utterance(
            fed_from, onset, last.at, over=True, text_since=last.at, audio=kept
        )
        self._recogniser.reset()
        self._recogniser.feed(np.concatenate(kept))

    def drop(self) -> None:
        """Forget what is being said, and stay open."""
        self._forget()
        self._recogniser.reset()

    def process(self, block: Block) -> Hearing | None:
        """Hear one block; what was said, when it ended an utterance worth passing on."""
        if self._grammar is None or block.at - BLOCK_SECONDS < self._deaf_until - 1e-6:
            return None
        sound = self._gate.process(block.samples)
        if self._utterance is None:
            self._wait_for_onset(block, sound)
            return None
        self._hear(self._utterance, block, sound)
        if self._ended(self._utterance, self._grammar, block.at):
            return self._decide(self._utterance, block.at)
        if self._urgent(self._utterance, self._grammar, block.at):
            return self._act_at_once(self._utterance, block.at)
        return None

    def flush(self, at: float) -> Hearing | None:
        """End of the sound: decide on an utterance still open."""
        return None if self._utterance is None else self._decide(self._utterance, at)

    def _forget(self) -> None:
        self._utterance = None
        self._run = 0
        self._pre_roll.clear()

    def _wait_for_onset(self, block: Block, sound: bool) -> None:
        self._pre_roll.append(block.samples)
        self._run = self._run + 1 if sound else 0
        if self._run < self._onset_blocks:
            return
        kept = list(self._pre_roll)
        started = block.at - self._run * BLOCK_SECONDS
        fed_from = block.at - len(kept) * BLOCK_SECONDS
        self._forget()
        self._utterance = _Utterance(fed_from, started, block.at, text_since=block.at, audio=kept)
        self._recogniser.feed(np.concatenate(kept))

    def _hear(self, utterance: _Utterance, block: Block, sound: bool) -> None:
        utterance.audio.append(block.samples)
        if sound:
            utterance.sounded = block.at
        if utterance.decided is None:
            self._recogniser.feed(block.samples)
        elif sound:
            utterance.decided = None
            self._recogniser.feed(np.concatenate(utterance.audio))

    def _ended(self, utterance: _Utterance, grammar: Grammar, at: float) -> bool:
        times = self._times
        if at - utterance.onset >= times.longest:
            return True
        silence = _whole_blocks(at - utterance.sounded)
        if utterance.decided is not None:
            return silence >= utterance.patience
        # A partial costs more than a block of decoding: look only when it can decide something.
        if silence < times.final and len(utterance.audio) % (2 if grammar.urgent else 4):
            return False
        text = self._recogniser.partial()
        if text != utterance.text:
            utterance.text, utterance.text_since = text, at
        known = text in grammar.phrases or text in grammar.decoys
        patience = times.unsettled
        if known:
            patience = times.silence if grammar.goes_on(text) else times.final
        steady = times.stable
        if _may_go_on(text, grammar):
            patience, steady = times.longer, times.stable + times.longer
        if silence >= patience or (known and at - utterance.text_since >= steady):
            return True
        if known and silence >= patience - times.ahead:
            utterance.decided, utterance.patience = self._recogniser.finish(), patience
        return False

    def _urgent(self, utterance: _Utterance, grammar: Grammar, at: float) -> bool:
        """Whether an urgent phrase has stood for long enough, and cannot go on to mean another."""
        text = utterance.text
        return (
            text in grammar.urgent
            and text != utterance.tried
            and utterance.decided is None
            and _whole_blocks(at - utterance.text_since) >= self._times.urgent
            and not _may_go_on(text, grammar)
        )

    def _act_at_once(self, utterance: _Utterance, at: float) -> Hearing | None:
        """What was said, if that is believed as it stands; else hear on as if nothing had been."""
        recognition = self._recogniser.finish()
        if recognition.accepted and recognition.text == utterance.text:
            self._forget()
            self._answered = at
            return _hearing(utterance, recognition, at)
        utterance.tried = utterance.text
        self._recogniser.feed(np.concatenate(utterance.audio))
        return None

    def _decide(self, utterance: _Utterance, at: float) -> Hearing | None:
        recognition = utterance.decided or self._recogniser.finish()
        doubtful = utterance.over or _in_a_din(utterance, recognition)
        if doubtful and not self._surely_said(recognition):
            recognition = replace(recognition, accepted=False)
        self._forget()
        if not self._worth_telling(recognition):
            return None
        if recognition.accepted:
            self._answered = at
        return _hearing(utterance, recognition, at)

    def _surely_said(self, recognition: Recognition) -> bool:
        """Where a noise is as likely: what is urgent is obeyed rather once too often."""
        urgent = self._grammar is not None and recognition.text in self._grammar.urgent
        return urgent or _surely(recognition)

    def _worth_telling(self, recognition: Recognition) -> bool:
        short = recognition.end - recognition.start < self._times.shortest_unknown
        if recognition.text == UNKNOWN:
            return not short
        if short and not recognition.accepted and recognition.start == 0.0:
            return False  # the end of what began before: the echo of the coach's own sentence
        return recognition.text != ""


def _whole_blocks(seconds: float) -> float:
    """A card's times waver by a hair: a block too many to wait is 30 ms."""
    return round(seconds / BLOCK_SECONDS) * BLOCK_SECONDS + 1e-6


def _in_a_din(utterance: _Utterance, recognition: Recognition) -> bool:
    """Whether there was much more sound than the words took."""
    words = recognition.end - recognition.start
    return utterance.sounded - utterance.onset - words >= DIN


def _surely(recognition: Recognition) -> bool:
    """Whether a word was said, and not a cough or a snore."""
    seconds = round(recognition.end - recognition.start, 3)
    least = SURELY if seconds < BRIEF else PROBABLY
    return seconds >= FLEETING and recognition.speech >= least


def _hearing(utterance: _Utterance, recognition: Recognition, at: float) -> Hearing:
    return Hearing(
        recognition,
        started=utterance.onset,
        word_end=_word_end(utterance, recognition),
        decided=at,
        audio=np.concatenate(utterance.audio),
    )


def _word_end(utterance: _Utterance, recognition: Recognition) -> float:
    """When the last word ended. Vosk leaves out the word's soft tail (0.14 s in the median), which
    the gate still hears; sound that goes on for longer is something else."""
    end = utterance.fed_from + recognition.end
    return utterance.sounded if 0 < utterance.sounded - end < LONGEST_TAIL else end


def _may_go_on(text: str, grammar: Grammar) -> bool:
    """Whether this is the beginning of some longer phrase that means something else."""
    meant = grammar.meaning(text)
    return bool(text) and any(
        phrase.startswith(text + " ") and grammar.meaning(phrase) != meant
        for phrase in (*grammar.phrases, *grammar.decoys)
    )
