"""Every sentence spoken by the coach's voice and heard by the coach's own ear.

Two questions: would the ear obey what the coach itself says, if it were open and nothing took the
coach's voice out of it? And is the sentence clear enough to be told from all others, and from the
free succession of sounds that stands for any other speech? A machine that understands it proves no
person does; one that does not says where to listen first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from voice_coach.audio.port import BLOCK, RATE, Block, Samples
from voice_coach.content.loader import sentences
from voice_coach.dialogue.protocol import Protocol
from voice_coach.lint.finding import Lint
from voice_coach.lint.wording import in_their_state, urgent, words_of
from voice_coach.listening.hear import hear_samples
from voice_coach.listening.listener import Listener
from voice_coach.listening.port import Grammar, Recogniser

CLEAR: Final = 0.8
"""Share of the sentences that must come back as themselves."""

_SILENCE: Final = np.zeros(RATE, np.int16)

Speak = Callable[[str], Samples]
"""A sentence as the coach says it."""

GrammarOf = Callable[[str], Grammar]
"""What is listened for in a step."""


@dataclass
class HearingLint:
    """Both questions about one protocol."""

    protocol: Protocol
    speak: Speak
    ear: Recogniser
    grammar_of: GrammarOf
    _clips: dict[str, Samples] = field(default_factory=dict)

    @property
    def sentences(self) -> list[tuple[str, str]]:
        """How many there are tells how long it takes."""
        return list(sentences(self.protocol))

    def obeyed(self, among: Iterable[tuple[str, str, dict[str, str]]] | None = None) -> Lint:
        """L1. ``among``: sentences with the words of their state; all of them by default."""
        wrong: list[str] = []
        notes: list[str] = []
        for key, text, words in in_their_state(self.protocol) if among is None else among:
            step = key.split(".")[1]
            grammar = self.grammar_of(step)
            for phrase in dict.fromkeys(self._heard(text, grammar)):
                intent = words.get(phrase, phrase)
                line = f'{key}: "{text}" is heard as "{phrase}" ({intent})'
                (wrong if intent in urgent(self.protocol, step) else notes).append(line)
        text = "the coach's own voice says no stop, no red flag and no all-clear to its ear"
        return Lint("L1", text, tuple(wrong), tuple(notes))

    def clear(self, among: Iterable[tuple[str, str]] | None = None) -> Lint:
        """L2. ``among``: sentences; all of them by default."""
        texts = list(dict(self.sentences if among is None else among).items())
        said = {key: " ".join(words_of(text)) for key, text in texts}
        every = {" ".join(words_of(text)) for _, text in self.sentences}
        grammar = Grammar("sentences", tuple(sorted(every)))
        self.ear.check(grammar)
        self.ear.use(grammar)
        notes = []
        for key, text in texts:
            heard = hear_samples(self._clip(text), grammar, self.ear)
            if heard.text != said[key]:
                notes.append(f'{key}: "{text}" is heard as "{heard.text}"')
        share = 1 - len(notes) / len(texts)
        about = f"{CLEAR:.0%} of the sentences are understood by the ear ({share:.0%})"
        wrong = () if share >= CLEAR else (f"{len(notes)} of {len(texts)} are not",)
        return Lint("L2", about, wrong, tuple(notes))

    def _heard(self, text: str, grammar: Grammar) -> Iterator[str]:
        """The phrases that are accepted: of the whole, and of what stands between its pauses."""
        self.ear.use(grammar)
        whole = hear_samples(self._clip(text), grammar, self.ear)
        if whole.accepted:
            yield whole.text
        listener = Listener(self.ear)
        listener.listen(grammar)
        sound = np.concatenate([_SILENCE, self._clip(text), _SILENCE])
        for at in range(0, len(sound) - BLOCK + 1, BLOCK):
            hearing = listener.process(Block(sound[at : at + BLOCK], (at + BLOCK) / RATE))
            if hearing is not None and hearing.recognition.accepted:
                yield hearing.recognition.text

    def _clip(self, text: str) -> Samples:
        spoken = " ".join(words_of(text)) if "{" in text else text
        if spoken not in self._clips:
            self._clips[spoken] = self.speak(spoken)
        return self._clips[spoken]
