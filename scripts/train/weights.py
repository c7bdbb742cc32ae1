"""The network's structure and its folded weights in plain numpy, and what they compute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from scripts.train.arrays import Array
from scripts.train.features import BINS
from scripts.train.lexicon import PHONES

STRIDE = 3
"""Input frames (10 ms) to one output."""


@dataclass(frozen=True)
class Shape:
    """Everything that fixes the network's structure."""

    width: int = 256
    offsets: tuple[tuple[int, ...], ...] = (
        (-2, -1, 0, 1, 2),
        (-1, 0, 1),
        *((-3, 0, 3),) * 6,
    )
    """For each hidden layer the frames (10 ms) it reads; from the third on every 30 ms."""
    skips: bool = True
    """Whether the layers from the third on add their input to their output."""
    own: tuple[str, ...] = ()
    """Phones of single words (see own.py) behind the plain ones."""

    @property
    def pdfs(self) -> int:
        """Outputs: two for each phone."""
        return 2 * (len(PHONES) + len(self.own))

    @property
    def left(self) -> int:
        """Frames of context before the present one."""
        return -sum(min(layer) for layer in self.offsets)

    @property
    def right(self) -> int:
        """Frames of context after the present one."""
        return sum(max(layer) for layer in self.offsets)

    def as_dict(self) -> dict[str, object]:
        return asdict(self)

    @staticmethod
    def deep(width: int, layers: int, extra: int = 0) -> Shape:
        """``layers`` of both-sided context at the 30 ms rate, then ``extra`` that look back only.

        Looking back costs no delay; looking ahead delays partial results.
        """
        both, back = ((-3, 0, 3),) * layers, ((-6, -3, 0),) * extra
        return Shape(width=width, offsets=Shape.offsets[:2] + both + back)


def outputs(frames: int) -> int:
    """Output frames of an utterance of so many input frames."""
    return -(-frames // STRIDE)


@dataclass(frozen=True)
class Weights:
    """Each layer's (out, k * in) matrix, blocks in the order of its offsets, and its bias.

    Input scaling and batch norms are folded in; the last pair is the linear output.
    """

    shape: Shape
    layers: tuple[tuple[Array, Array], ...]

    @property
    def parameters(self) -> int:
        return sum(linear.size + bias.size for linear, bias in self.layers)


def random_weights(shape: Shape, seed: int) -> Weights:
    """An untrained network, for tests of everything but hearing."""
    draw = np.random.default_rng(seed)
    layers: list[tuple[Array, Array]] = []
    inputs = BINS
    for offsets in shape.offsets:
        scale = 1.0 / np.sqrt(inputs * len(offsets))
        linear = scale * draw.standard_normal((shape.width, inputs * len(offsets)))
        if not layers:
            linear /= 15.0  # cepstra vary by about that much
        layers.append((linear, 0.1 * draw.standard_normal(shape.width)))
        inputs = shape.width
    last = draw.standard_normal((shape.pdfs, inputs)) / np.sqrt(inputs)
    return Weights(shape, (*layers, (last, np.zeros(shape.pdfs))))


def scores(weights: Weights, feats: Array) -> Array:
    """What the network gives for one utterance's MFCCs (frames, 40): (ceil(frames / 3), pdfs)."""
    shape = weights.shape
    count = outputs(len(feats))
    wanted = np.arange(-shape.left, (count - 1) * STRIDE + shape.right + 1)
    x = np.asarray(feats, dtype=np.float64)[np.clip(wanted, 0, len(feats) - 1)]
    for number, (offsets, (linear, bias)) in enumerate(
        zip(shape.offsets, weights.layers, strict=False)
    ):
        step = STRIDE if number == 1 else 1
        scale = STRIDE if number > 1 else 1
        y = np.maximum(_convolve(x, [o // scale for o in offsets], step) @ linear.T + bias, 0.0)
        if shape.skips and number > 1:
            start = -min(offsets) // scale
            y = y + x[start : start + len(y)]
        x = y
    linear, bias = weights.layers[-1]
    return x @ linear.T + bias


def _convolve(x: Array, offsets: Sequence[int], step: int) -> Array:
    first, span = min(offsets), max(offsets) - min(offsets)
    count = (len(x) - span - 1) // step + 1
    parts = [x[o - first : o - first + (count - 1) * step + 1 : step] for o in offsets]
    return np.concatenate(parts, axis=1)
