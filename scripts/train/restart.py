"""A model folder's network made trainable again, when its checkpoints are gone.

A folder holds folded weights, a byte a number. Trainable layers have batch norms: what these do to
the training data is measured, so that the network starts by saying what the folder's says.
"""

from __future__ import annotations

import itertools
import json
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from scripts.train.arrays import Array
from scripts.train.network import Network
from scripts.train.packed import TOKEN, Packed
from scripts.train.weights import Shape, Weights

ROW = 3.0
"""Norm of the weights of one output before its batch norm, which cancels it: how fast a rate
turns them. About what training from the start arrives at."""


def read_weights(folder: Path) -> Weights:
    """The weights in ``am/final.mdl``, the structure in ``training.json``.

    Raises ``ValueError`` where one does not fit the other.
    """
    record = json.loads((folder / "training.json").read_text(encoding="utf-8"))["shape"]
    shape = Shape(
        width=record["width"],
        offsets=tuple(tuple(offsets) for offsets in record["offsets"]),
        skips=record["skips"],
        own=tuple(record["own"]),
    )
    data = (folder / "am" / "final.mdl").read_bytes()
    layers, place = [], 0
    for _ in range(len(shape.offsets) + 1):
        linear, place = _matrix(data, data.find(b"<LinearParams> ", place))
        bias, place = _vector(data, data.find(b"<BiasParams> ", place))
        if len(bias) != len(linear):
            raise ValueError(f"{folder} holds another network than its training.json says")
        layers.append((linear, bias))
    if len(layers[-1][1]) != shape.pdfs:
        raise ValueError(f"{folder} holds another network than its training.json says")
    return Weights(shape, tuple(layers))


def _matrix(data: bytes, place: int) -> tuple[Array, int]:
    start = place + len(b"<LinearParams> ")
    if place < 0 or data[start : start + len(TOKEN)] != TOKEN:
        raise ValueError("final.mdl has no packed matrix where one is expected")
    start += len(TOKEN)
    low, span, rows, columns = struct.unpack_from("<ffii", data, start)
    start += 16
    marks = np.frombuffer(data, "<u2", 4 * columns, start).reshape(columns, 4)
    start += marks.nbytes
    levels = np.frombuffer(data, np.uint8, rows * columns, start).reshape(columns, rows).T
    return Packed(low, span, marks, levels).values(), start + levels.size


def _vector(data: bytes, place: int) -> tuple[Array, int]:
    start = place + len(b"<BiasParams> FV ")
    if place < 0:
        raise ValueError("final.mdl has no bias where one is expected")
    (count,) = struct.unpack_from("<i", data, start + 1)
    return np.frombuffer(data, "<f4", count, start + 5), start + 5 + 4 * count


def trainable(weights: Weights, mean: Tensor, deviation: Tensor) -> Network:
    """A network that computes what ``weights`` compute; its batch norms do nothing yet."""
    network = Network(weights.shape, mean, deviation)
    with torch.no_grad():
        for layer, (linear, bias) in zip(network.layers, weights.layers, strict=False):
            matrix = torch.from_numpy(np.array(linear)).float()
            shift = torch.from_numpy(np.array(bias)).float()
            count, inputs, size = layer.conv.weight.shape
            if layer is network.layers[0]:
                shift = shift + matrix @ mean.repeat(size)
                matrix = matrix * deviation.repeat(size)
            norms = matrix.norm(dim=1) / ROW + 1e-6
            matrix = matrix / norms[:, None]
            layer.conv.weight.copy_(matrix.view(count, size, inputs).permute(0, 2, 1))
            layer.norm.running_mean.zero_()
            layer.norm.running_var.fill_(1.0 - layer.norm.eps)
            layer.norm.weight.copy_(norms)
            layer.norm.bias.copy_(shift)
        linear, bias = weights.layers[-1]
        network.output.weight.copy_(torch.from_numpy(np.array(linear)).float()[:, :, None])
        network.output.bias.copy_(torch.from_numpy(np.array(bias)).float())
    return network


def settle_norms(network: Network, batches: Iterable[Tensor], count: int) -> None:
    """Give the batch norms the statistics of ``count`` batches, and undo them in their gains."""
    found: dict[nn.Module, list[tuple[Tensor, Tensor]]] = {}

    def note(norm: nn.Module, inputs: tuple[Tensor, ...], _: Any) -> None:
        values = inputs[0].float()
        found.setdefault(norm, []).append((values.mean(0), values.square().mean(0)))

    hooks = [layer.norm.register_forward_hook(note) for layer in network.layers]
    network.eval()
    with torch.no_grad():
        for feats in itertools.islice(batches, count):
            network(feats)
    for hook in hooks:
        hook.remove()
    with torch.no_grad():
        for norm, moments in found.items():
            mean = torch.stack([first for first, _ in moments]).mean(0)
            square = torch.stack([second for _, second in moments]).mean(0)
            variance = (square - mean.square()).clamp_min(1e-4)
            norm.bias.add_(norm.weight * mean)
            norm.weight.mul_((variance + norm.eps).sqrt())
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(variance)
