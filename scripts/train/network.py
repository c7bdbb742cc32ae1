"""The acoustic model: a stack of dilated convolutions with one output every 30 ms.

Every layer is described by the input frames it looks at, as Kaldi's TdnnComponent is. Utterances
are extended by copies of their first and last frame once, at the input; inside, convolutions are
"valid". That is what nnet3 does at the edges, so both give the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from scripts.train.features import BINS
from scripts.train.lexicon import PDFS
from scripts.train.own import OwnPhones
from scripts.train.weights import STRIDE, Shape, Weights, outputs


class Layer(nn.Module):
    """Convolution, batch norm, ReLU."""

    def __init__(self, inputs: int, outputs: int, offsets: Sequence[int], scale: int) -> None:
        super().__init__()
        step = offsets[1] - offsets[0]
        self.stride = STRIDE if scale == 0 else 1
        self.conv = nn.Conv1d(
            inputs,
            outputs,
            len(offsets),
            stride=self.stride,
            dilation=step // max(1, scale),
            bias=False,
        )
        self.norm = nn.BatchNorm1d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, time, inputs) to (batch, shorter time, outputs).

        One matrix product: batches come in hundreds of sizes, and a GPU's convolutions are
        planned anew for each, which takes ten times as long as computing them.
        """
        (size,), (step,) = self.conv.kernel_size, self.conv.dilation
        count = (x.shape[1] - step * (size - 1) - 1) // self.stride + 1
        reach = (count - 1) * self.stride + 1
        parts = [x[:, k * step : k * step + reach : self.stride] for k in range(size)]
        y = functional.linear(torch.cat(parts, 2), self.conv.weight.permute(0, 2, 1).flatten(1))
        return torch.relu(self.norm(y.flatten(0, 1))).view(y.shape)


class Network(nn.Module):
    """From normalised MFCCs to the scores of the pdfs."""

    def __init__(self, shape: Shape, mean: Tensor, deviation: Tensor) -> None:
        """``mean`` and ``deviation`` of the 40 MFCCs over the training data."""
        super().__init__()
        self.shape = shape
        self.register_buffer("mean", mean.clone())
        self.register_buffer("deviation", deviation.clone())
        layers = []
        for number, offsets in enumerate(shape.offsets):
            inputs = BINS if number == 0 else shape.width
            scale = (1, 0)[number] if number < 2 else STRIDE
            layers.append(Layer(inputs, shape.width, offsets, scale))
        self.layers = nn.ModuleList(layers)
        self.output = nn.Conv1d(shape.width, shape.pdfs, 1)

    def forward(self, feats: Tensor) -> Tensor:
        """(batch, left + frames + right, 40) MFCCs to (batch, ceil(frames / 3), pdfs)."""
        x = (feats - self.mean) / self.deviation
        for number, layer in enumerate(self.layers):
            y = layer(x)
            if self.shape.skips and number >= 2:
                skip = -min(self.shape.offsets[number]) // STRIDE
                y = y + x[:, skip : skip + y.shape[1]]
            x = y
        return functional.linear(x, self.output.weight[:, :, 0], self.output.bias)


def extend(feats: Sequence[Tensor], shape: Shape) -> Tensor:
    """Utterances (frames, 40) as one batch, first and last frames repeated for the context."""
    longest = outputs(max(len(feat) for feat in feats)) * STRIDE
    batch = torch.empty(len(feats), shape.left + longest + shape.right, BINS)
    for row, feat in zip(batch, feats, strict=True):
        row[: shape.left] = feat[0]
        row[shape.left : shape.left + len(feat)] = feat
        row[shape.left + len(feat) :] = feat[-1]
    return batch


def folded(network: Network) -> Weights:
    """The network's weights with input scaling and batch norms folded in."""
    result = []
    for number, layer in enumerate(network.layers):
        weight = layer.conv.weight.detach().double().cpu().numpy()
        norm = layer.norm
        mean, variance, gain, bias = (
            value.detach().double().cpu().numpy()
            for value in (norm.running_mean, norm.running_var, norm.weight, norm.bias)
        )
        gain = gain / np.sqrt(variance + norm.eps)
        bias = bias - gain * mean
        weight = weight * gain[:, None, None]
        if number == 0:
            weight = weight / network.deviation.double().cpu().numpy()[None, :, None]
            bias = bias - np.einsum("oik,i->o", weight, network.mean.double().cpu().numpy())
        result.append((weight.transpose(0, 2, 1).reshape(len(bias), -1), bias))
    last = network.output
    linear = last.weight.detach().double().cpu().numpy()[:, :, 0]
    result.append((linear, last.bias.detach().double().cpu().numpy()))
    return Weights(network.shape, tuple(result))


def widened(weights: dict[str, Tensor], own: OwnPhones) -> dict[str, Tensor]:
    """Weights with an output more for each own phone: a copy of the plain phone's.

    Weights that have them already stay as they are.
    """
    result = dict(weights)
    if len(result["output.bias"]) == PDFS + 2 * len(own.names):
        return result
    rows = torch.tensor([2 * phone + part for phone in own.plain for part in (0, 1)]).long()
    for name in ("output.weight", "output.bias"):
        plain = result[name][:PDFS]
        result[name] = torch.cat([plain, plain[rows]])
    return result


def restored(path: Path, shape: Shape) -> Network:
    """The network of a finished training, whatever its numbers' precision."""
    state = torch.load(path, weights_only=True, map_location="cpu")["network"]
    weights = {n: v.float() if v.is_floating_point() else v for n, v in state.items()}
    network = Network(shape, weights["mean"], weights["deviation"])
    network.load_state_dict(weights)
    return network


def average(states: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of several checkpoints' weights."""
    return {
        name: torch.stack([state[name].float() for state in states]).mean(0).to(value.dtype)
        for name, value in states[0].items()
    }
