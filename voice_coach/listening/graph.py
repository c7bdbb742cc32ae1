"""The decoding graph of one grammar: exactly its phrases, other speech, or nothing.

    start -> [SIL] -> one phrase, SIL optional between its words -> [SIL] -> end
                    | [unk]+ : any phones, by a phone bigram
                    | nothing

The input labels are Kaldi transition ids of a monophone chain model: entering phone p is
transition 2p, staying in it 2p-1. So an arc for a phone is a forward arc, which carries the word
on its first phone, into a state with a self-loop. Every phone exists in four positions (begin,
end, internal, singleton), from which the decoder aligns words.

Written by hand because a bag-of-words language model, which is what a run-time grammar amounts
to in this recogniser, also hears "help calf hurts" and loses long phrases to such salads.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

from voice_coach.listening.fst import EPSILON, Fst
from voice_coach.listening.lexicon import Lexicon, Phones
from voice_coach.listening.rejection import DEFAULT_REJECTION, GraphCosts

UNKNOWN: Final = "[unk]"
"""The word that stands for speech outside the grammar."""

SILENCE: Final = "SIL"
EDGE: Final = "|"
"""Either end of a word in the phone bigram."""

Bigram = Mapping[tuple[str, str], float]
"""-log P(second | first) of phones within a word, EDGE at its ends."""


@dataclass(frozen=True)
class GrammarGraph:
    """A graph and the words its output labels stand for."""

    fst: Fst
    words: tuple[str, ...]
    """By output label; 0 is <eps>."""

    def words_text(self) -> str:
        """The graph's symbol table, in OpenFst's text form."""
        return "".join(f"{word} {label}\n" for label, word in enumerate(self.words))


def build_graph(  # noqa: PLR0913 -- a grammar, a language, and their prices
    phrases: Sequence[str],
    lexicon: Lexicon,
    phones: Mapping[str, int],
    bigram: Bigram | None,
    costs: GraphCosts = DEFAULT_REJECTION.costs,
    decoys: Sequence[str] = (),
    expected: Sequence[str] = (),
) -> GrammarGraph:
    """The graph of these phrases and decoys, all of whose words the lexicon must know.

    ``expected``: the phrases that were just asked for, which cost less.
    ``phones`` maps SIL and position-dependent phones ("K_B") to their ids; where it holds a
    phone of the word's own ("Y.yes_B"), the word is made of that. Without a ``bigram`` the
    grammar is closed: neither [unk] nor nothing at all is in it.
    """
    builder = _Builder(lexicon, phones, costs)
    wanted = list(dict.fromkeys(phrases))
    others = [decoy for decoy in dict.fromkeys(decoys) if decoy not in wanted]
    asked_for = frozenset(expected)
    for phrase in wanted:
        prior = costs.phrase * math.log(len(wanted))
        builder.add_phrase(phrase.split(), prior - costs.expected * (phrase in asked_for))
    for decoy in others:
        builder.add_phrase(decoy.split(), costs.decoy * math.log(len(wanted) + len(others)))
    if bigram is not None:
        builder.add_unknown(bigram)
    return builder.graph()


class _Builder:
    """Adds ways from ``enter`` to ``leave``; silence lies before and after them."""

    def __init__(self, lexicon: Lexicon, phones: Mapping[str, int], costs: GraphCosts) -> None:
        self._lexicon = lexicon
        self._phones = phones
        self._costs = costs
        self._labels: dict[str, int] = {"<eps>": EPSILON}
        self._fst = Fst()
        start = self._fst.add_state()
        self._enter = self._pause(start)
        self._leave = self._fst.add_state()
        self._fst.final[self._pause(self._leave)] = 0.0

    def graph(self) -> GrammarGraph:
        return GrammarGraph(self._fst, tuple(self._labels))

    def add_phrase(self, words: Sequence[str], prior: float) -> None:
        state = self._fst.add_state()
        self._fst.add_arc(self._enter, EPSILON, EPSILON, prior, state)
        for index, word in enumerate(words):
            if index:
                state = self._pause(state)
            after = self._fst.add_state()
            for pronunciation in self._lexicon.pronunciations(word):
                end = self._word(state, word, pronunciation)
                self._fst.add_arc(end, EPSILON, EPSILON, 0.0, after)
            state = after
        self._fst.add_arc(state, EPSILON, EPSILON, 0.0, self._leave)

    def add_unknown(self, bigram: Bigram) -> None:
        """Nothing, or one or more [unk], each a run of phones with the bigram's costs."""
        self._fst.final[self._enter] = 0.0
        names = sorted({name for name, _ in bigram if name != EDGE})
        label = self._label(UNKNOWN)
        per_phone = self._costs.unknown_phone
        word_start, word_end = self._fst.add_state(), self._fst.add_state()
        self._fst.add_arc(self._enter, EPSILON, EPSILON, self._costs.unknown, word_start)
        self._fst.add_arc(word_end, EPSILON, EPSILON, 0.0, self._leave)
        again = self._pause(word_end)
        self._fst.add_arc(again, EPSILON, EPSILON, self._costs.unknown, word_start)
        inside: dict[str, int] = {name: self._fst.add_state() for name in names}
        internal: dict[str, int] = {}
        last: dict[str, int] = {}
        for name in names:
            # Begun with this phone, gone on with it, or ended with it: `inside` is "it came last,
            # and the word goes on".
            begun = self._phone_state(name, "B")
            internal[name] = self._phone_state(name, "I")
            last[name] = self._phone_state(name, "E")
            only = self._phone_state(name, "S")
            cost = bigram[EDGE, name] + per_phone
            self._enter_phone(word_start, begun, name, "B", cost, label)
            whole = cost + bigram[name, EDGE]
            self._enter_phone(word_start, only, name, "S", whole, label)
            self._fst.add_arc(begun, EPSILON, EPSILON, 0.0, inside[name])
            self._fst.add_arc(internal[name], EPSILON, EPSILON, 0.0, inside[name])
            self._fst.add_arc(last[name], EPSILON, EPSILON, 0.0, word_end)
            self._fst.add_arc(only, EPSILON, EPSILON, 0.0, word_end)
        for first, second in product(names, names):
            cost = bigram[first, second] + per_phone
            self._enter_phone(inside[first], internal[second], second, "I", cost)
            ending = cost + bigram[second, EDGE]
            self._enter_phone(inside[first], last[second], second, "E", ending)

    def _label(self, word: str) -> int:
        return self._labels.setdefault(word, len(self._labels))

    def _pause(self, source: int) -> int:
        """Silence or none from here on; the state after it."""
        after, silence = self._fst.add_state(), self._fst.add_state()
        phone = self._phones[SILENCE]
        self._fst.add_arc(source, EPSILON, EPSILON, self._costs.pause, after)
        self._fst.add_arc(source, 2 * phone, EPSILON, self._costs.pause, silence)
        self._fst.add_arc(silence, 2 * phone - 1, EPSILON, 0.0, silence)
        self._fst.add_arc(silence, EPSILON, EPSILON, 0.0, after)
        return after

    def _word(self, source: int, word: str, pronunciation: Phones) -> int:
        """One pronunciation as a chain of phones; its last state."""
        label = self._label(word)
        for index, common in enumerate(pronunciation):
            position = _position(index, len(pronunciation))
            own = own_phone(common, word)
            name = own if f"{own}_{position}" in self._phones else common
            target = self._phone_state(name, position)
            self._enter_phone(source, target, name, position, 0.0, 0 if index else label)
            source = target
        return source

    def _phone_state(self, name: str, position: str) -> int:
        """A state in which the decoder may stay in this phone."""
        state = self._fst.add_state()
        self._fst.add_arc(state, 2 * self._phones[f"{name}_{position}"] - 1, EPSILON, 0.0, state)
        return state

    def _enter_phone(  # noqa: PLR0913 -- an arc has this many parts
        self, source: int, target: int, name: str, position: str, cost: float, label: int = EPSILON
    ) -> None:
        self._fst.add_arc(source, 2 * self._phones[f"{name}_{position}"], label, cost, target)


def own_phone(phone: str, word: str) -> str:
    """What a phone is called that a model has for one word alone: "EH.yes"."""
    return f"{phone}.{word}"


def _position(index: int, length: int) -> str:
    """Where in its word a phone stands: Begin, End, Internal or Singleton."""
    if length == 1:
        return "S"
    if index == 0:
        return "B"
    return "E" if index == length - 1 else "I"
