"""Finding and checking the speech model.

A model folder is a Vosk model folder. One with a ``lexicon.txt`` and a monophone acoustic model
is our own kind: every grammar gets an exact graph of its own. Any other is foreign, and must take
a grammar at run time.

libvosk may print, crash or abort the process on a damaged model, so the files are looked at here
first, and a folder not seen before is loaded once in a child process.
"""

from __future__ import annotations

import hashlib
import os
import struct
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import platformdirs

import voice_coach
from voice_coach.errors import ModelError
from voice_coach.listening.bundle import bundle, write_bundle
from voice_coach.listening.graph import EDGE, SILENCE, Bigram, build_graph
from voice_coach.listening.lexicon import Lexicon
from voice_coach.listening.rejection import DEFAULT_REJECTION, Rejection
from voice_coach.store.installed import find_installed, is_name

DEFAULT_NAME: Final = "coach-en"
_PACKAGE: Final = Path(voice_coach.__file__).parent
_PLACES: Final = (_PACKAGE / "models", _PACKAGE.parent / "models")
_HEADER: Final = b"\0B<TransitionModel> "
_TRIAL_TIMEOUT: Final = 60.0
_TRIAL: Final = """
import socket, sys
socket.has_ipv6 = False  # see listening/engine.py
import vosk
vosk.SetLogLevel(-1)
recogniser = vosk.KaldiRecognizer(vosk.Model(sys.argv[1]), 16000)
recogniser.AcceptWaveform(bytes(16000))
recogniser.FinalResult()
"""
"""Loads a model and hears half a second of silence with it."""


@dataclass(frozen=True)
class ExactParts:
    """What an exact graph is built from."""

    lexicon: Lexicon
    phones: Mapping[str, int]
    """Ids by name: SIL, K_B, K_E, K_I, K_S, ..."""

    bigram: Bigram
    rejection: Rejection = DEFAULT_REJECTION


@dataclass(frozen=True)
class SpeechModel:
    """A checked model folder."""

    folder: Path
    exact: ExactParts | None
    """None for a foreign model, which takes its grammar at run time."""

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())


def find_model(path: str | Path | None = None) -> Path:
    """The folder asked for, or the one that came with the program. Raises ModelError.

    What is not a path to anything may be the name of an installed model, or of a shipped one.
    """
    if path is not None:
        folder = Path(path).expanduser()
        return folder if _there(folder) else _named(str(path)) or folder
    shipped = _shipped(DEFAULT_NAME)
    if shipped is None:
        raise ModelError(
            f"The speech model {DEFAULT_NAME} is missing from {_PLACES[0]}; "
            f"install voice-coach again, or name a Vosk model folder with --model."
        )
    return shipped


def _there(path: Path) -> bool:
    """Whether it exists: of a name too long to be looked up, `Path.exists` raises."""
    return os.path.exists(path)


def _named(name: str) -> Path | None:
    """The folder of an installed or shipped model, or None."""
    if not is_name(name):
        return None
    installed = find_installed(name)
    return installed.folder if installed else _shipped(name)


def _shipped(name: str) -> Path | None:
    return next((place / name for place in _PLACES if (place / name).is_dir()), None)


def open_model(path: str | Path | None = None) -> SpeechModel:
    """Find, check and describe a model. Raises ModelError, never crashes on a damaged one."""
    folder = find_model(path)
    acoustic = _acoustic_file(folder)
    tuples = _check_acoustic(acoustic)
    exact = _exact_parts(folder, tuples)
    model = SpeechModel(folder, exact)
    if exact is None:
        _check_takes_grammar(folder)
    _try_once(model)
    return model


def _acoustic_file(folder: Path) -> Path:
    """Where the folder keeps its acoustic model; both of Vosk's layouts."""
    if not _there(folder):
        raise ModelError(
            f"There is no speech model at {folder}; name with --model a Vosk model folder, or a "
            f"model that `voice-coach model list` shows."
        )
    if not folder.is_dir():
        raise ModelError(
            f"{folder} is a file, not a model folder; unpack it and name the folder with --model."
        )
    for name in ("am/final.mdl", "final.mdl"):
        if (folder / name).is_file():
            return folder / name
    raise ModelError(
        f"{folder} is not a Vosk model: it has no am/final.mdl; "
        f"name the folder that holds am, conf and graph with --model."
    )


def _check_acoustic(path: Path) -> list[tuple[int, int]]:
    """Its (phone, state) list, after a look at both ends of the file."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error}); check its permissions.") from error
    if not data.startswith(_HEADER):
        raise ModelError(
            f"{path} is not an acoustic model of the kind Vosk reads; restore the model folder."
        )
    broken = ModelError(f"{path} is damaged or cut short; restore or download the model again.")
    # The last thing in the file is a vector of floats: it must end exactly where the file does.
    mark = b"<Priors> FV \x04"
    priors = data.rfind(mark)
    if priors < 0 or len(data) < priors + len(mark) + 4:
        raise broken
    (length,) = struct.unpack_from("<i", data, priors + len(mark))
    if len(data) != priors + len(mark) + 4 + 4 * length:
        raise broken
    return _tuples(data, broken)


def _tuples(data: bytes, broken: ModelError) -> list[tuple[int, int]]:
    """The transition model's (phone, HMM state) pairs, in order of their transition ids."""
    mark, width = b"<Tuples> ", 4
    if mark not in data:
        mark, width = b"<Triples> ", 3  # of an older Kaldi
    at = data.find(mark)
    if at < 0:
        raise broken
    at += len(mark)
    # Every integer is written as its size (4) and four bytes.
    if len(data) < at + 5:
        raise broken
    (count,) = struct.unpack_from("<xi", data, at)
    if count <= 0 or len(data) < at + 5 + count * width * 5:
        raise broken
    row = struct.Struct("<" + "xi" * width)
    rows = row.iter_unpack(data[at + 5 : at + 5 + count * row.size])
    return [(values[0], values[1]) for values in rows]


def _exact_parts(folder: Path, tuples: list[tuple[int, int]]) -> ExactParts | None:
    """What our own kind of model has; None for a foreign one."""
    lexicon_file = folder / "lexicon.txt"
    one_state_a_phone = [(phone, 0) for phone in range(1, len(tuples) + 1)]
    if not lexicon_file.is_file() or tuples != one_state_a_phone:
        return None
    lexicon = Lexicon.load(lexicon_file)
    phones_file = folder / "graph" / "phones.txt"
    phones = {name: int(_number(text, phones_file)) for name, text in _table(phones_file, 2)}
    strange = sorted(p for p in lexicon.phones() if f"{p}_B" not in phones)
    if strange or SILENCE not in phones:
        raise ModelError(
            f"{lexicon_file} uses phones the model does not have: {' '.join(strange) or SILENCE}; "
            f"correct the lexicon."
        )
    bigram = _bigram(folder / "phone_bigram.txt", phones)
    return ExactParts(lexicon, phones, bigram, _rejection(folder / "rejection.txt"))


def _bigram(path: Path, phones: Mapping[str, int]) -> Bigram:
    """A cost for each pair of the model's phones that the file names, none missing."""
    pairs = {(a, b): _number(cost, path) for a, b, cost in _table(path, 3)}
    names = {name for pair in pairs for name in pair if name != EDGE}
    ends = (*names, EDGE)
    complete = all((a, b) in pairs for a in ends for b in ends if (a, b) != (EDGE, EDGE))
    if not complete or any(f"{name}_B" not in phones for name in names):
        raise ModelError(f"{path} is incomplete; restore the model folder.")
    return pairs


def _rejection(path: Path) -> Rejection:
    """The model's prices and thresholds; the usual ones when it brings none."""
    if not path.is_file():
        return DEFAULT_REJECTION
    values = {name: _number(text, path) for name, text in _table(path, 2)}
    try:
        return Rejection.of(values)
    except ValueError as error:
        raise ModelError(f"{path}: {error}; correct or remove that line.") from None


def _table(path: Path, columns: int) -> list[list[str]]:
    """A text file's rows, each of this many columns."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} cannot be read ({error}); restore the model folder.") from error
    rows = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    if not rows or any(len(row) != columns for row in rows):
        raise ModelError(f"{path} is damaged; restore the model folder.")
    return rows


def _number(text: str, path: Path) -> float:
    try:
        return float(text)
    except ValueError:
        raise ModelError(f"{path} is damaged near {text!r}; restore the model folder.") from None


def _check_takes_grammar(folder: Path) -> None:
    graphs = (folder / "graph", folder)
    if any((place / "HCLG.fst").is_file() for place in graphs):
        raise ModelError(
            f"The model {folder} has a fixed graph (HCLG.fst) and cannot listen for given phrases; "
            f"use a Vosk model with a dynamic graph, such as a small one."
        )
    if not any((place / "HCLr.fst").is_file() for place in graphs):
        raise ModelError(
            f"The model {folder} has no graph/HCLr.fst; restore it or use another Vosk model."
        )


def _try_once(model: SpeechModel) -> None:
    """Load the model in a child process, unless this very folder passed before."""
    stamp = _stamp_file(model.folder)
    if stamp is not None and stamp.exists():
        return
    if model.exact is None:
        passed = _trial(model.folder)
    else:
        exact = model.exact
        word = next(iter(exact.lexicon.entries))
        graph = build_graph([word], exact.lexicon, exact.phones, exact.bigram)
        with bundle() as folder:
            write_bundle(folder, model.folder, graph)
            passed = _trial(folder)
    if not passed:
        raise ModelError(
            f"The speech model {model.folder} is damaged: Vosk cannot load it; "
            f"restore or download it again."
        )
    if stamp is not None:
        _touch(stamp)


def _trial(folder: Path) -> bool:
    command = [sys.executable, "-c", _TRIAL, str(folder)]
    try:
        result = subprocess.run(
            command,
            capture_output=True,
            timeout=_TRIAL_TIMEOUT,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return False
    return result.returncode == 0


def _stamp_file(folder: Path) -> Path | None:
    """A file whose presence says that exactly these files passed. None if they cannot be read."""
    digest = hashlib.sha256(str(folder.resolve()).encode())
    try:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            stat = path.stat()
            digest.update(f"{path.name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    except OSError:
        return None
    cache = platformdirs.user_cache_path("voice-coach", appauthor=False)
    return cache / "checked-models" / digest.hexdigest()[:32]


def _touch(stamp: Path) -> None:
    """Remember the check; an unwritable cache only means checking again next time."""
    try:
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.touch()
    except OSError:
        return
