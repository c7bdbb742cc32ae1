"""The graph against an independent reader of its file, a search of its paths, and OpenFst."""

from __future__ import annotations

import math
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from voice_coach.listening.fst import Fst
from voice_coach.listening.graph import UNKNOWN, GrammarGraph, build_graph
from voice_coach.listening.lexicon import Lexicon
from voice_coach.listening.model import SpeechModel
from voice_coach.listening.rejection import GraphCosts

LEXICON = Lexicon(
    {
        "no": (("N", "OW"),),
        "not": (("N", "AA", "T"),),
        "yet": (("Y", "EH", "T"),),
        "oh": (("OW",),),
        "calf": (("K", "AE", "F"), ("K", "AA", "F")),
    }
)
NAMES = sorted(LEXICON.phones())
PHONES = {"SIL": 1} | {
    f"{name}_{position}": 2 + 4 * index + place
    for index, name in enumerate(NAMES)
    for place, position in enumerate("BEIS")
}
BIGRAM = {(a, b): 2.0 for a in (*NAMES, "|") for b in (*NAMES, "|") if (a, b) != ("|", "|")}

Arcs = list[list[tuple[int, int, float, int]]]


def read(data: bytes) -> tuple[Arcs, dict[int, float]]:
    """An OpenFst vector file, read independently of the writer."""
    magic, length = struct.unpack_from("<ii", data)
    assert magic == 0x7EB2FDD6
    assert data[8 : 8 + length] == b"vector"
    at = 8 + length
    (length,) = struct.unpack_from("<i", data, at)
    assert data[at + 4 : at + 4 + length] == b"standard"
    at += 4 + length
    version, flags, _, start, states, _ = struct.unpack_from("<iiQqqq", data, at)
    assert (version, flags, start) == (2, 0, 0)
    at += 40
    arcs: Arcs = []
    final = {}
    for state in range(states):
        weight, count = struct.unpack_from("<fq", data, at)
        at += 12
        if math.isfinite(weight):
            final[state] = weight
        arcs.append([struct.unpack_from("<iifi", data, at + 16 * n) for n in range(count)])
        at += 16 * count
    assert at == len(data)
    return arcs, final


def transition_ids(*phones: str, stay: int = 0) -> list[int]:
    """Forward into each phone, then ``stay`` times round its self-loop."""
    ids = []
    for phone in phones:
        ids += [2 * PHONES[phone]] + [2 * PHONES[phone] - 1] * stay
    return ids


Hypotheses = dict[tuple[int, tuple[str, ...]], float]


def step(graph: GrammarGraph, arcs: Arcs, current: Hypotheses, wanted: int) -> Hypotheses:
    """Where one arc with this input label leads from each hypothesis."""
    following: Hypotheses = {}
    for (state, words), total in current.items():
        for ilabel, olabel, cost, target in arcs[state]:
            if ilabel == wanted:
                reached = (target, (*words, graph.words[olabel]) if olabel else words)
                following[reached] = min(total + cost, following.get(reached, math.inf))
    return following


def close(graph: GrammarGraph, arcs: Arcs, found: Hypotheses) -> Hypotheses:
    """These hypotheses and all that epsilon arcs lead to; no cycle is of epsilons only."""
    frontier = found
    while frontier:
        frontier = step(graph, arcs, frontier, 0)
        for reached, total in frontier.items():
            found[reached] = min(total, found.get(reached, math.inf))
    return found


def transduce(graph: GrammarGraph, ids: list[int]) -> dict[tuple[str, ...], float]:
    """Every word sequence these transition ids can mean, with its least cost."""
    arcs, final = read(graph.fst.to_bytes())
    current = close(graph, arcs, {(0, ()): 0.0})
    for wanted in ids:
        current = close(graph, arcs, step(graph, arcs, current, wanted))
    ends: dict[tuple[str, ...], float] = {}
    for (state, words), total in current.items():
        if state in final:
            ends[words] = min(total + final[state], ends.get(words, math.inf))
    return ends


@pytest.fixture(scope="module")
def closed() -> GrammarGraph:
    return build_graph(["no", "not yet", "oh", "calf"], LEXICON, PHONES, None)


@pytest.fixture(scope="module")
def rejecting() -> GrammarGraph:
    return build_graph(["no", "not yet"], LEXICON, PHONES, BIGRAM)


def test_phones_become_phrases(closed: GrammarGraph) -> None:
    assert set(transduce(closed, transition_ids("N_B", "OW_E", stay=3))) == {("no",)}
    assert set(transduce(closed, transition_ids("OW_S"))) == {("oh",)}


def test_every_pronunciation_is_heard(closed: GrammarGraph) -> None:
    for vowel in ("AE_I", "AA_I"):
        assert set(transduce(closed, transition_ids("K_B", vowel, "F_E"))) == {("calf",)}


def test_silence_may_lie_before_between_and_after(closed: GrammarGraph) -> None:
    ids = transition_ids("SIL", "N_B", "AA_I", "T_E", "SIL", "Y_B", "EH_I", "T_E", "SIL", stay=2)
    assert set(transduce(closed, ids)) == {("not", "yet")}


def test_a_phrase_is_whole_or_not_at_all(closed: GrammarGraph) -> None:
    assert transduce(closed, transition_ids("N_B", "AA_I", "T_E")) == {}
    twice = transition_ids("N_B", "OW_E", "N_B", "OW_E")
    assert transduce(closed, twice) == {}


def test_a_closed_grammar_never_hears_nothing(closed: GrammarGraph) -> None:
    assert transduce(closed, transition_ids("SIL", stay=9)) == {}


def test_other_speech_is_unknown_and_dearer_for_a_phrase(rejecting: GrammarGraph) -> None:
    assert set(transduce(rejecting, transition_ids("T_B", "AA_E"))) == {(UNKNOWN,)}
    heard = transduce(rejecting, transition_ids("N_B", "OW_E"))
    assert heard["no",] < heard[UNKNOWN,]


def test_unknown_may_be_several_words_but_no_phrase_follows_it(rejecting: GrammarGraph) -> None:
    ids = transition_ids("T_S", "SIL", "Y_B", "OW_E")
    assert set(transduce(rejecting, ids)) == {(UNKNOWN, UNKNOWN)}
    mixed = transduce(rejecting, transition_ids("T_S", "N_B", "OW_E"))
    assert set(mixed) == {(UNKNOWN, UNKNOWN)}


def test_nothing_at_all_is_heard_as_nothing(rejecting: GrammarGraph) -> None:
    assert () in transduce(rejecting, transition_ids("SIL", stay=5))


def test_costs_are_the_ones_asked_for() -> None:
    costs = GraphCosts(unknown=0.5, unknown_phone=-0.25, phrase=0.0, pause=0.0)
    graph = build_graph(["no"], LEXICON, PHONES, BIGRAM, costs)
    heard = transduce(graph, transition_ids("N_B", "OW_E"))
    assert heard["no",] == pytest.approx(0.0)
    # Two phones after the edge and the edge after them: three pairs, two phones, one word.
    assert heard[UNKNOWN,] == pytest.approx(3 * 2.0 - 2 * 0.25 + 0.5)


def test_what_was_asked_for_costs_less() -> None:
    costs = GraphCosts(phrase=1.0, expected=0.5, pause=0.0)
    graph = build_graph(["no", "oh"], LEXICON, PHONES, None, costs, expected=["oh"])
    assert transduce(graph, transition_ids("N_B", "OW_E"))["no",] == pytest.approx(math.log(2))
    assert transduce(graph, transition_ids("OW_S"))["oh",] == pytest.approx(math.log(2) - 0.5)


def test_a_word_with_phones_of_its_own_is_made_of_them() -> None:
    own = {"N.no_B": 90, "OW.no_E": 91}
    graph = build_graph(["no", "oh"], LEXICON, {**PHONES, **own}, None)
    assert set(transduce(graph, [2 * 90, 2 * 90 - 1, 2 * 91])) == {("no",)}
    assert transduce(graph, transition_ids("N_B", "OW_E")) == {}
    assert set(transduce(graph, transition_ids("OW_S"))) == {("oh",)}


def test_a_phrase_given_twice_is_one_path() -> None:
    once = build_graph(["no"], LEXICON, PHONES, None, GraphCosts(phrase=0.0))
    twice = build_graph(["no", "no"], LEXICON, PHONES, None, GraphCosts(phrase=0.0))
    assert once.fst.to_bytes() == twice.fst.to_bytes()


def test_the_symbol_table_names_every_label(rejecting: GrammarGraph) -> None:
    rows = [line.split() for line in rejecting.words_text().splitlines()]
    assert rows[0] == ["<eps>", "0"]
    assert {word for word, _ in rows} == {"<eps>", "no", "not", "yet", UNKNOWN}
    assert [int(label) for _, label in rows] == list(range(len(rows)))


def test_an_empty_transducer_is_a_valid_file() -> None:
    fst = Fst()
    fst.final[fst.add_state()] = 0.0
    assert read(fst.to_bytes()) == ([[]], {0: 0.0})


@pytest.mark.skipif(shutil.which("fstinfo") is None, reason="OpenFst's tools are not installed")
def test_openfst_reads_the_shipped_models_graph(model: SpeechModel, tmp_path: Path) -> None:
    exact = model.exact
    assert exact is not None
    graph = build_graph(["no", "calf cramp"], exact.lexicon, exact.phones, exact.bigram)
    path = tmp_path / "HCLG.fst"
    path.write_bytes(graph.fst.to_bytes())
    info = subprocess.run(["fstinfo", path], capture_output=True, text=True, check=True).stdout
    facts = dict(line.rsplit(maxsplit=1) for line in info.splitlines() if line.strip())
    states = facts["# of states"]
    assert facts["# of connected states"] == states  # no dead end, nothing unreachable
    assert facts["error"] == "n"
