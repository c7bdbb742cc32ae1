"""The bytes of final.mdl: Vosk loads them and computes what numpy computes."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from scripts.train.bigram import estimate_bigram
from scripts.train.check import our_score, sound, vosk_score
from scripts.train.export import (
    KaldiWriter,
    final_mdl,
    pdf_phone,
    phone_names,
    rounded,
    write_acoustics,
)
from scripts.train.graph import Rejection, write_graph
from scripts.train.lexicon import PDFS, PHONES, Lexicon
from scripts.train.states import States
from scripts.train.weights import Shape, Weights, random_weights


def test_phones_keep_their_numbers() -> None:
    names = phone_names()
    assert len(names) == 313
    assert names[0] == "SIL"
    assert names[1:5] == ["AA_B", "AA_E", "AA_I", "AA_S"]
    assert names[157] == "uAA_B"
    assert names[-1] == "uZH_S"


def test_every_pdf_is_used_and_garbage_shares_them() -> None:
    used = {2 * pdf_phone(name) for name in phone_names()}
    assert used == set(range(0, PDFS, 2))
    assert pdf_phone("uZH_S") == pdf_phone("ZH_B") == PHONES.index("ZH")


def test_basic_types_are_written_as_kaldi_reads_them() -> None:
    out = KaldiWriter()
    out.integer(5)
    out.number(0.5)
    out.double(1.0)
    out.integers([1, 2])
    assert out.getvalue() == (
        b"\0B\x04"
        + struct.pack("<i", 5)
        + b"\x04"
        + struct.pack("<f", 0.5)
        + b"\x08"
        + struct.pack("<d", 1.0)
        + b"\x04"
        + struct.pack("<iii", 2, 1, 2)
    )


def test_tuples_are_sorted_by_phone(weights: Weights) -> None:
    data = final_mdl(weights)
    start = data.index(b"<Tuples> ") + len(b"<Tuples> ")
    count = struct.unpack_from("<bi", data, start)[1]
    rows = [
        [struct.unpack_from("<bi", data, start + 5 + 20 * row + 5 * k)[1] for k in range(4)]
        for row in range(count)
    ]
    assert count == 313
    assert [row[0] for row in rows] == list(range(1, 314))
    assert all(row[1] == 0 and row[3] == row[2] + 1 for row in rows)


@pytest.mark.parametrize("phrase", ["yes", "not a", "calf cramp"])
@pytest.mark.parametrize("seconds", [0.8, 1.7])
def test_vosk_computes_what_numpy_computes(
    model: Path, weights: Weights, lexicon: Lexicon, phrase: str, seconds: float
) -> None:
    samples = sound(len(phrase), seconds)
    heard = vosk_score(States(model), phrase, samples)
    assert heard is not None
    frames = seconds * 100 / 3
    assert abs(heard - our_score(weights, lexicon, phrase, samples)) / frames < 0.001


@pytest.mark.parametrize("skips", [True, False])
def test_networks_of_other_shapes_agree_too(tmp_path: Path, lexicon: Lexicon, skips: bool) -> None:
    shape = Shape(width=16, offsets=Shape.deep(16, 1, 1).offsets, skips=skips)
    other = rounded(random_weights(shape, seed=3))
    write_acoustics(tmp_path, other)
    write_graph(tmp_path, lexicon, estimate_bigram([["yes"]], lexicon), Rejection())
    samples = sound(5)
    heard = vosk_score(States(tmp_path), "yes", samples)
    assert heard is not None
    assert abs(heard - our_score(other, lexicon, "yes", samples)) / 50 < 0.001
