"""The decoding graph: every word's phones, [unk], and the grammars laid over them.

Monophones need no context, so the graph is written arc by arc. A phone's arc takes its forward
transition, then its state loops on the self-loop transition. OpenFst's command line tools turn
the text into the look-ahead form that Vosk composes with a grammar at run time.
"""

from __future__ import annotations

import math
import os
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.train.bigram import Bigram
from scripts.train.export import GARBAGE, phone_names, write_lines
from scripts.train.lexicon import PHONE_INDEX, PHONES, UNKNOWN, Lexicon

EPSILON = 0
HALF = math.log(2.0)


@dataclass(frozen=True)
class Rejection:
    """What [unk] costs beside its phone bigram: the cheaper, the more is rejected."""

    word: float = 0.0
    """Natural logarithm, added once."""
    phone: float = -0.8
    """The same, for every phone of it."""


def phone_numbers() -> dict[str, int]:
    """Kaldi's number of each position-dependent phone."""
    return {name: number for number, name in enumerate(phone_names(), 1)}


def placed(phones: Sequence[str]) -> list[str]:
    """Phones of a word with their place in it."""
    if len(phones) == 1:
        return [phones[0] + "_S"]
    places = ["B", *"I" * (len(phones) - 2), "E"]
    return [f"{phone}_{place}" for phone, place in zip(phones, places, strict=True)]


class HclText:
    """Collects states and arcs in OpenFst's text form; state 0 is the start."""

    def __init__(self) -> None:
        self._numbers = phone_numbers()
        self._arcs: list[str] = []
        self._finals: list[str] = []
        self._count = 1
        self.loop = self.state()
        self._silences = self.state()
        self._ends: dict[str, int] = {}
        self.arc(
            0, self.loop, EPSILON, EPSILON, HALF
        )  # fstcompile starts at the first arc's source
        self._enter_silence(0)
        self.loops(self._silences, PHONES[0])
        self.arc(self._silences, self.loop, EPSILON, EPSILON)
        self._finals.append(str(self.loop))

    def state(self) -> int:
        self._count += 1
        return self._count - 1

    def arc(self, source: int, target: int, tid: int, word: int, cost: float = 0.0) -> None:
        weight = f" {cost:.6g}" if cost else ""
        self._arcs.append(f"{source} {target} {tid} {word}{weight}")

    def phone(self, source: int, target: int, name: str, word: int, cost: float = 0.0) -> None:
        """The arc that begins a phone."""
        self.arc(source, target, 2 * self._numbers[name], word, cost)

    def loops(self, state: int, name: str) -> None:
        """The state's arc that continues the phone."""
        self.arc(state, state, 2 * self._numbers[name] - 1, EPSILON)

    def _enter_silence(self, source: int) -> None:
        self.phone(source, self._silences, PHONES[0], EPSILON, HALF)

    def end(self, name: str) -> int:
        """The state in a word's last phone: on with the next word, or a pause first."""
        if name not in self._ends:
            state = self._ends[name] = self.state()
            self.loops(state, name)
            self.arc(state, self.loop, EPSILON, EPSILON, HALF)
            self._enter_silence(state)
        return self._ends[name]

    def lines(self) -> list[str]:
        return self._arcs + self._finals


def _add_words(text: HclText, lexicon: Lexicon, ids: Mapping[str, int]) -> None:
    spoken: dict[tuple[str, ...], list[int]] = {}
    for written, pronunciations in lexicon.items():
        for pronunciation in pronunciations:
            spoken.setdefault(tuple(placed(pronunciation)), []).append(ids[written])
    users: dict[tuple[str, ...], set[int]] = {}
    for phones, words in spoken.items():
        for length in range(1, len(phones) + 1):
            users.setdefault(phones[:length], set()).update(words)
    nodes: dict[tuple[str, ...], int] = {(): text.loop}
    for phones, words in spoken.items():
        for length in range(1, len(phones)):
            prefix = phones[:length]
            if prefix in nodes:
                continue
            nodes[prefix] = text.state()
            alone = len(users[prefix]) == 1 and len(users.get(prefix[:-1], (0, 0))) > 1
            label = next(iter(users[prefix])) if alone else EPSILON
            text.phone(nodes[prefix[:-1]], nodes[prefix], prefix[-1], label)
            text.loops(nodes[prefix], prefix[-1])
        said = len(phones) > 1 and len(users[phones[:-1]]) == 1
        for word in words:
            label = EPSILON if said else word
            text.phone(nodes[phones[:-1]], text.end(phones[-1]), phones[-1], label)


def _add_unknown(text: HclText, bigram: Bigram, rejection: Rejection, word: int) -> None:
    phones = PHONES[1:]
    first = [rejection.word + rejection.phone - float(bigram.start[PHONE_INDEX[p]]) for p in phones]
    total = -math.log(sum(math.exp(-cost + rejection.word + rejection.phone) for cost in first))
    begin = {phone: text.state() for phone in phones}
    inside = {phone: text.state() for phone in phones}
    for phone, cost in zip(phones, first, strict=True):
        name = f"{GARBAGE}{phone}_B"
        text.phone(text.loop, begin[phone], name, word, cost - total)
        text.loops(begin[phone], name)
        text.loops(inside[phone], f"{GARBAGE}{phone}_I")
    for phone in phones:
        row = bigram.follow[PHONE_INDEX[phone]]
        stop = -math.log(math.exp(float(row[0])) + math.exp(float(bigram.end[PHONE_INDEX[phone]])))
        for after in phones:
            cost = rejection.phone - float(row[PHONE_INDEX[after]])
            for state in (begin[phone], inside[phone]):
                text.phone(state, inside[after], f"{GARBAGE}{after}_I", EPSILON, cost)
                last = f"{GARBAGE}{after}_E"
                text.phone(state, text.end(last), last, EPSILON, cost + 0.5 * stop)


def _tool(command: Sequence[str], data: bytes | None = None) -> bytes:
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


def _lookahead_environment(folder: Path) -> dict[str, str]:
    """Debian ships the look-ahead types under a name that the tools do not search for."""
    found = sorted(Path("/usr/lib").glob("*/libfstlookahead.so*"))
    if not found:
        raise SystemExit(
            "OpenFst's look-ahead library is missing: install libfst22 and libfst-tools."
        )
    (folder / "olabel_lookahead-fst.so").symlink_to(found[-1])
    paths = [str(folder), os.environ.get("LD_LIBRARY_PATH", "")]
    return {**os.environ, "LD_LIBRARY_PATH": ":".join(path for path in paths if path)}


def _compile_hcl(lines: Iterable[str], target: Path) -> dict[int, int]:
    """Write HCLr.fst; returns how the look-ahead type renumbered the words."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        binary = _tool(["fstcompile"], "".join(line + "\n" for line in lines).encode())
        sorted_ = _tool(["fstarcsort", "--sort_type=olabel"], binary)
        (folder / "HCL.fst").write_bytes(sorted_)
        relabel = folder / "relabel.txt"
        subprocess.run(
            [
                "fstconvert",
                "--fst_type=olabel_lookahead",
                f"--save_relabel_opairs={relabel}",
                str(folder / "HCL.fst"),
                str(target),
            ],
            check=True,
            env=_lookahead_environment(folder),
        )
        pairs = (line.split() for line in relabel.read_text().splitlines())
        return {int(old): int(new) for old, new in pairs}


def write_grammar(target: Path, lines: Iterable[str]) -> None:
    """Compile an acceptor given as text into a Gr.fst."""
    text = "".join(line + "\n" for line in lines).encode()
    binary = _tool(["fstcompile", "--acceptor"], text)
    small = _tool(["fstminimize"], _tool(["fstdeterminize"], _tool(["fstrmepsilon"], binary)))
    ordered = _tool(["fstarcsort", "--sort_type=ilabel"], small)
    target.write_bytes(_tool(["fstconvert", "--fst_type=const"], ordered))


def phrase_lines(phrases: Iterable[str], words: Mapping[str, int], reject: bool) -> list[str]:
    """An acceptor of exactly these phrases; with ``reject`` also of [unk]s and of nothing."""
    lines: list[str] = []
    count = 2
    for phrase in phrases:
        state = 0
        for word in phrase.split():
            lines.append(f"{state} {count} {words[word]}")
            state, count = count, count + 1
        lines.append(f"{state}")
    if reject:
        lines += [f"0 1 {words[UNKNOWN]}", f"1 1 {words[UNKNOWN]}", "1", "0"]
    return lines


def read_words_table(folder: Path) -> dict[str, int]:
    """words.txt of a model folder."""
    lines = (folder / "graph" / "words.txt").read_text(encoding="utf-8").splitlines()
    return {word: int(number) for word, number in (line.split() for line in lines)}


def write_graph(
    folder: Path,
    lexicon: Lexicon,
    bigram: Bigram,
    rejection: Rejection,
    own: Sequence[str] = (),
) -> None:
    """``graph/`` of a Vosk model folder, for grammars given at run time.

    ``own`` phones of single words stand in its tables; only an exact graph uses them.
    """
    graph = folder / "graph"
    (graph / "phones").mkdir(parents=True, exist_ok=True)
    ids = {word: number for number, word in enumerate([*lexicon, UNKNOWN], 1)}
    text = HclText()
    _add_words(text, lexicon, ids)
    _add_unknown(text, bigram, rejection, ids[UNKNOWN])
    renumbered = _compile_hcl(text.lines(), graph / "HCLr.fst")
    table = {word: renumbered.get(number, number) for word, number in ids.items()}
    rows = sorted((number, word) for word, number in table.items())
    write_lines(graph / "words.txt", ["<eps> 0", *(f"{word} {number}" for number, word in rows)])
    cost = math.log(len(table))
    arcs = [f"0 0 {number} {cost:.4f}" for number, _ in rows]
    binary = _tool(["fstcompile", "--acceptor"], ("\n".join([*arcs, "0"]) + "\n").encode())
    ordered = _tool(["fstarcsort", "--sort_type=ilabel"], binary)
    (graph / "Gr.fst").write_bytes(_tool(["fstconvert", "--fst_type=const"], ordered))
    names = phone_names(own)
    write_lines(graph / "phones.txt", ["<eps> 0", *(f"{n} {i}" for i, n in enumerate(names, 1))])
    places = {"B": "begin", "E": "end", "I": "internal", "S": "singleton"}
    kinds = [places[name[-1]] if "_" in name else "nonword" for name in names]
    boundary = [f"{number} {kind}" for number, kind in enumerate(kinds, 1)]
    write_lines(graph / "phones" / "word_boundary.int", boundary)
    write_lines(graph / "disambig_tid.int", [str(2 * len(names) + 1)])
