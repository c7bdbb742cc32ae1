"""A whole model folder with an untrained network, made once: formats and graphs, no hearing."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.train.bigram import Bigram, estimate_bigram
from scripts.train.export import rounded, write_acoustics
from scripts.train.graph import Rejection, write_graph
from scripts.train.lexicon import Lexicon
from scripts.train.weights import Shape, Weights, random_weights

SMALL: Lexicon = {
    "a": (("AH",), ("EY",)),
    "calf": (("K", "AE", "F"),),
    "cramp": (("K", "R", "AE", "M", "P"),),
    "no": (("N", "OW"),),
    "know": (("N", "OW"),),
    "not": (("N", "AA", "T"),),
    "yes": (("Y", "EH", "S"),),
}


@pytest.fixture(scope="session")
def lexicon() -> Lexicon:
    return SMALL


@pytest.fixture(scope="session")
def bigram(lexicon: Lexicon) -> Bigram:
    return estimate_bigram([["calf", "cramp"], ["yes"], ["no"], ["not", "a"], []], lexicon)


@pytest.fixture(scope="session")
def weights() -> Weights:
    return rounded(random_weights(Shape.deep(24, 3, 2), seed=7))


@pytest.fixture(scope="session")
def model(
    tmp_path_factory: pytest.TempPathFactory, lexicon: Lexicon, bigram: Bigram, weights: Weights
) -> Path:
    folder = tmp_path_factory.mktemp("model")
    write_acoustics(folder, weights)
    write_graph(folder, lexicon, bigram, Rejection())
    return folder
