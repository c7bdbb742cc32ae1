"""The trained network as Kaldi's ``final.mdl``, and the settings Vosk reads beside it.

Little endian throughout. Tokens are ASCII and one space; an integer or float carries its size in
a byte before it; a vector is "FV", its size, and raw float32. Matrices take a byte a number (see
packed.py), a quarter of the file, which lets a network of four times the size be shipped. Kaldi
unpacks them when it loads the model.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from scripts.train.arrays import Array
from scripts.train.features import BINS
from scripts.train.lexicon import PHONES, POSITIONS
from scripts.train.packed import pack
from scripts.train.weights import STRIDE, Weights

GARBAGE = "u"
"""Prefix of the phones of [unk]: the same pdfs under other numbers."""


def phone_names(own: Sequence[str] = ()) -> list[str]:
    """Kaldi's phones from number 1 on: SIL, the words' phones, those of [unk], single words'."""
    spoken = [f"{phone}_{place}" for phone in PHONES[1:] for place in POSITIONS]
    single = [f"{phone}_{place}" for phone in own for place in POSITIONS]
    return [PHONES[0], *spoken, *(GARBAGE + name for name in spoken), *single]


def pdf_phone(name: str, own: Sequence[str] = ()) -> int:
    """Which of the network's phones a Kaldi phone sounds like."""
    spoken = name.removeprefix(GARBAGE).rsplit("_", 1)[0]
    return [*PHONES, *own].index(spoken)


class KaldiWriter:
    """Kaldi's binary encoding of the basic types."""

    def __init__(self) -> None:
        self._out = io.BytesIO()
        self._out.write(b"\0B")

    def getvalue(self) -> bytes:
        return self._out.getvalue()

    def raw(self, data: bytes) -> None:
        self._out.write(data)

    def token(self, *tokens: str) -> None:
        for token in tokens:
            self._out.write(token.encode("ascii") + b" ")

    def integer(self, *values: int) -> None:
        for value in values:
            self._out.write(struct.pack("<bi", 4, value))

    def number(self, *values: float) -> None:
        for value in values:
            self._out.write(struct.pack("<bf", 4, value))

    def double(self, value: float) -> None:
        self._out.write(struct.pack("<bd", 8, value))

    def boolean(self, value: bool) -> None:
        self._out.write(b"T" if value else b"F")

    def integers(self, values: Sequence[int]) -> None:
        self._out.write(struct.pack("<bi", 4, len(values)) + np.asarray(values, "<i4").tobytes())

    def vector(self, values: Array) -> None:
        self.token("FV")
        self.integer(len(values))
        self._out.write(np.ascontiguousarray(values, "<f4").tobytes())

    def matrix(self, values: Array) -> None:
        self._out.write(pack(values).encoded())


def rounded(weights: Weights) -> Weights:
    """The weights as they are after writing and reading."""
    return Weights(
        weights.shape,
        tuple((pack(linear).values(), bias.astype(np.float32)) for linear, bias in weights.layers),
    )


def _transition_model(out: KaldiWriter, own: Sequence[str]) -> None:
    names = phone_names(own)
    count = len(names)
    out.token("<TransitionModel>", "<Topology>")
    out.integers(range(1, count + 1))
    out.integers([-1] + [0] * count)
    out.integer(
        -1, 1, 2
    )  # not a plain HMM: forward and self-loop pdfs differ; one entry, two states
    out.integer(0, 1, 2)
    for target in (0, 1):
        out.integer(target)
        out.number(0.5)
    out.integer(-1, -1, 0)
    out.token("</Topology>", "<Tuples>")
    out.integer(count)
    for phone, name in enumerate(names, 1):
        pdf = 2 * pdf_phone(name, own)
        out.integer(phone, 0, pdf, pdf + 1)
    out.token("</Tuples>", "<LogProbs>")
    out.vector(np.array([0.0] + [np.log(0.5)] * (2 * count)))
    out.token("</LogProbs>", "</TransitionModel>")


def _tdnn(out: KaldiWriter, offsets: Sequence[int], linear: Array, bias: Array) -> None:
    out.token("<TdnnComponent>", "<LearningRate>")
    out.number(0.001)
    out.token("<TimeOffsets>")
    out.integers(offsets)
    out.token("<LinearParams>")
    out.matrix(linear)
    out.token("<BiasParams>")
    out.vector(bias)
    out.token("<OrthonormalConstraint>")
    out.number(0.0)
    out.token("<UseNaturalGradient>")
    out.boolean(False)
    out.token("<NumSamplesHistory>")
    out.number(2000.0)
    out.token("<AlphaInOut>")
    out.number(4.0, 4.0)
    out.token("<RankInOut>")
    out.integer(20, 80)
    out.token("</TdnnComponent>")


def _relu(out: KaldiWriter, width: int) -> None:
    out.token("<RectifiedLinearComponent>", "<Dim>")
    out.integer(width)
    for name in ("<ValueAvg>", "<DerivAvg>"):
        out.token(name)
        out.vector(np.zeros(0))
    out.token("<Count>")
    out.double(0.0)
    out.token("<OderivRms>")
    out.vector(np.zeros(0))
    for name in ("<OderivCount>", "<NumDimsSelfRepaired>", "<NumDimsProcessed>"):
        out.token(name)
        out.double(0.0)
    out.token("</RectifiedLinearComponent>")


def _sum(out: KaldiWriter, width: int) -> None:
    out.token("<NoOpComponent>", "<Dim>")
    out.integer(width)
    out.token("<BackpropScale>")
    out.number(1.0)
    out.token("</NoOpComponent>")


def _nnet(out: KaldiWriter, weights: Weights) -> None:
    shape, layers = weights.shape, weights.layers
    config = [f"input-node name=input dim={BINS}"]
    components: list[tuple[str, str]] = []
    source = "input"
    for number in range(1, len(layers) + 1):
        components.append((f"tdnn{number}", "tdnn"))
        config.append(f"component-node name=tdnn{number} component=tdnn{number} input={source}")
        if number == len(layers):
            break
        components.append((f"relu{number}", "relu"))
        config.append(f"component-node name=relu{number} component=relu{number} input=tdnn{number}")
        before, source = source, f"relu{number}"
        if shape.skips and number >= 3:
            components.append((f"sum{number}", "sum"))
            config.append(
                f"component-node name=sum{number} component=sum{number} "
                f"input=Sum({source}, {before})"
            )
            source = f"sum{number}"
    config.append(f"output-node name=output input=tdnn{len(layers)} objective=linear")
    out.token("<Nnet3>")
    out.raw(("\n" + "\n".join(config) + "\n\n").encode("ascii"))
    out.token("<NumComponents>")
    out.integer(len(components))
    offsets = [*shape.offsets, (0,)]
    for name, kind in components:
        out.token("<ComponentName>", name)
        if kind == "tdnn":
            number = int(name.removeprefix("tdnn")) - 1
            _tdnn(out, offsets[number], *layers[number])
        elif kind == "relu":
            _relu(out, shape.width)
        else:
            _sum(out, shape.width)
    out.token("</Nnet3>", "<LeftContext>")
    out.integer(0)
    out.token("<RightContext>")
    out.integer(0)
    out.token("<Priors>")
    out.vector(np.zeros(0))


def final_mdl(weights: Weights) -> bytes:
    """The contents of ``am/final.mdl``."""
    out = KaldiWriter()
    _transition_model(out, weights.shape.own)
    _nnet(out, weights)
    return out.getvalue()


MFCC_CONF = f"""--use-energy=false
--num-mel-bins={BINS}
--num-ceps={BINS}
--low-freq=20
--high-freq=-400
--dither=0
"""

MODEL_CONF = f"""--min-active=200
--max-active=3000
--beam=13.0
--lattice-beam=4.0
--acoustic-scale=1.0
--frame-subsampling-factor={STRIDE}
--endpoint.silence-phones=1
--endpoint.rule2.min-trailing-silence=0.5
--endpoint.rule3.min-trailing-silence=0.75
--endpoint.rule4.min-trailing-silence=1.0
"""


def write_acoustics(folder: Path, weights: Weights) -> None:
    """``am/`` and ``conf/`` of a Vosk model folder."""
    (folder / "am").mkdir(parents=True, exist_ok=True)
    (folder / "conf").mkdir(exist_ok=True)
    (folder / "am" / "final.mdl").write_bytes(final_mdl(weights))
    (folder / "conf" / "mfcc.conf").write_text(MFCC_CONF, encoding="ascii")
    (folder / "conf" / "model.conf").write_text(MODEL_CONF, encoding="ascii")


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """A text file, its folder made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
