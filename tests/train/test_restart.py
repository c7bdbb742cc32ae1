"""A model folder's weights read back, and made trainable without changing what they say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import Tensor  # noqa: E402

from scripts.train.export import write_acoustics  # noqa: E402
from scripts.train.network import folded  # noqa: E402
from scripts.train.restart import read_weights, settle_norms, trainable  # noqa: E402
from scripts.train.weights import Shape, Weights, random_weights, scores  # noqa: E402


@pytest.fixture
def folder(tmp_path: Path, weights: Weights) -> Path:
    write_acoustics(tmp_path, weights)
    record = {"shape": weights.shape.as_dict()}
    (tmp_path / "training.json").write_text(json.dumps(record), encoding="utf-8")
    return tmp_path


def test_what_was_written_is_read(folder: Path, weights: Weights) -> None:
    found = read_weights(folder)
    assert found.shape == weights.shape
    for (linear, bias), (other, shift) in zip(found.layers, weights.layers, strict=True):
        assert np.allclose(linear, other, atol=1e-6)
        assert np.allclose(bias, shift)


def test_another_network_than_its_record_is_refused(folder: Path) -> None:
    write_acoustics(folder, random_weights(Shape.deep(24, 2, 2), seed=1))
    with pytest.raises(ValueError, match=r"final\.mdl|training\.json"):
        read_weights(folder)


def test_a_trainable_network_says_the_same_before_and_after_its_norms(weights: Weights) -> None:
    draw = np.random.default_rng(1)
    mean = torch.from_numpy(draw.normal(0, 5, 40)).float()
    deviation = torch.from_numpy(draw.uniform(3, 12, 40)).float()
    feats = draw.normal(0, 10, (50, 40))
    wanted = scores(weights, feats)
    network = trainable(weights, mean, deviation)
    assert np.allclose(scores(folded(network), feats), wanted, atol=1e-4)

    def batches() -> Iterator[Tensor]:
        frames = weights.shape.left + weights.shape.right + 90
        while True:
            yield torch.from_numpy(draw.normal(0, 10, (6, frames, 40))).float()

    settle_norms(network, batches(), 20)
    assert np.allclose(scores(folded(network), feats), wanted, atol=1e-4)
    variances = [v for n, v in network.named_buffers() if n.endswith("running_var")]
    assert not any(torch.allclose(v, torch.ones_like(v), atol=0.01) for v in variances)
    with torch.no_grad():
        batch = next(batches())
        settled = network.eval()(batch)
        learning = network.train()(batch)
    assert float((settled - learning).abs().mean()) < 0.2 * float(settled.abs().mean())
