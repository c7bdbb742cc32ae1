"""The acoustic model: a stack of dilated convolutions with one output every 30 ms.

Every layer is described by the input frames it looks at, as Kaldi's TdnnComponent is. Utterances
are extended by copies of their first and last frame once, at the input; inside, convolutions are
"valid". That is what nnet3 does at the edges, so both give the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from scripts.train.features import BINS
from scripts.train.lexicon import PDFS
from scripts.train.own import OwnPhones
from scripts.train.weights import STRIDE, Shape, Weights, outputs


@dataclass(frozen=True)
class _Reach:
    """Which rows of its input a layer reads for each row of its output."""

    size: int
    step: int
    stride: int

    def parts(self, x: Tensor) -> list[Tensor]:
        """Views of ``x`` (batch, time, inputs), one for each offset."""
        count = (x.shape[1] - self.step * (self.size - 1) - 1) // self.stride + 1
        reach = (count - 1) * self.stride + 1
        starts = [k * self.step for k in range(self.size)]
        return [x[:, start : start + reach : self.stride] for start in starts]


class _Hidden(torch.autograd.Function):
    """A layer's training pass, with a backward pass that knows that the views overlap.

    PyTorch's own fills and adds a whole tensor for each of a layer's slices, and keeps more.
    """

    @staticmethod
    def forward(  # noqa: PLR0913
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        norm: nn.BatchNorm1d,
        gain: Tensor,
        bias: Tensor,
        reach: _Reach,
        skip: int | None,
        precision: torch.dtype,
    ) -> Tensor:
        x = x.to(precision)
        z = torch.cat(reach.parts(x), 2)
        matrix = weight.permute(0, 2, 1).flatten(1).to(precision)
        y = z.flatten(0, 1) @ matrix.t()
        normal, mean, scale = torch.native_batch_norm(
            y, gain, bias, norm.running_mean, norm.running_var, True, norm.momentum, norm.eps
        )
        out = normal.relu_().view(*z.shape[:2], -1)
        ctx.save_for_backward(z, matrix, y, out, mean, scale, gain)
        ctx.kept = x.shape, norm, reach, skip
        if skip is None:
            return out
        return out + x[:, skip : skip + out.shape[1]]

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        z, matrix, y, out, mean, scale, gain = ctx.saved_tensors
        shape, norm, reach, skip = ctx.kept
        slope = slopes[0].contiguous()
        inner = torch.ops.aten.threshold_backward(slope, out, 0).flatten(0, 1)
        dy, d_gain, d_bias = torch.ops.aten.native_batch_norm_backward(
            inner,
            y,
            gain,
            norm.running_mean,
            norm.running_var,
            mean,
            scale,
            True,
            norm.eps,
            [True, True, True],
        )
        d_matrix = z.flatten(0, 1).t() @ dy  # this way round it takes two thirds of the time
        d_weight = d_matrix.view(reach.size, -1, len(matrix)).permute(2, 1, 0).float()
        dx = None
        if ctx.needs_input_grad[0]:
            dx = slope.new_zeros(shape)
            if skip is not None:
                dx[:, skip : skip + slope.shape[1]] = slope
            dz = (dy @ matrix).view(z.shape)
            for view, piece in zip(reach.parts(dx), dz.chunk(reach.size, 2), strict=True):
                view.add_(piece)
        return dx, d_weight, None, d_gain, d_bias, None, None, None


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

    def forward(self, x: Tensor, skip: int | None = None) -> Tensor:
        """(batch, time, inputs) to (batch, shorter time, outputs).

        ``skip``: the first row of the input that is added to the output. One matrix product:
        batches come in hundreds of sizes, and a GPU's convolutions are planned anew for each,
        which takes ten times as long as computing them.
        """
        (size,), (step,) = self.conv.kernel_size, self.conv.dilation
        reach, kind = _Reach(size, step, self.stride), x.device.type
        if self.training:
            half = torch.is_autocast_enabled(kind)
            precision = torch.get_autocast_dtype(kind) if half else x.dtype
            norm = self.norm
            out: Tensor = _Hidden.apply(  # type: ignore[no-untyped-call]
                x, self.conv.weight, norm, norm.weight, norm.bias, reach, skip, precision
            )
            return out
        y = functional.linear(
            torch.cat(reach.parts(x), 2), self.conv.weight.permute(0, 2, 1).flatten(1)
        )
        y = torch.relu(self.norm(y.flatten(0, 1))).view(y.shape)
        return y if skip is None else y + x[:, skip : skip + y.shape[1]]


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
            skips = self.shape.skips and number >= 2
            x = layer(x, -min(self.shape.offsets[number]) // STRIDE if skips else None)
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
