"""PyTorch's network against its folded weights in numpy, and a training run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import Tensor  # noqa: E402

from scripts.train.bigram import estimate_bigram  # noqa: E402
from scripts.train.features import CacheWriter, FeatureCache, log_mel  # noqa: E402
from scripts.train.lexicon import PHONES, Lexicon  # noqa: E402
from scripts.train.lfmmi import OWNED_UNKNOWN, Choice  # noqa: E402
from scripts.train.network import Layer, Network, average, extend, folded, widened  # noqa: E402
from scripts.train.own import OwnPhones  # noqa: E402
from scripts.train.sampling import MOST_REPEATED, Batch, Diet, Sampler  # noqa: E402
from scripts.train.training import Schedule, Trainer, rate  # noqa: E402
from scripts.train.weights import Shape, outputs, scores  # noqa: E402

OWN = OwnPhones(("Y.yes", "EH.yes", "S.yes"))


def network(shape: Shape) -> Network:
    torch.manual_seed(1)
    made = Network(shape, torch.linspace(-3, 3, 40), torch.linspace(5, 20, 40))
    for layer in made.layers:
        layer.norm.running_mean.normal_()
        layer.norm.running_var.uniform_(0.5, 2.0)
    made.eval()
    return made


@pytest.mark.parametrize("frames", [1, 20, 61])
@pytest.mark.parametrize("shape", [Shape.deep(16, 2, 1), Shape.deep(16, 3, 0)])
def test_folded_weights_compute_the_same(shape: Shape, frames: int) -> None:
    made = network(shape)
    feats = np.random.default_rng(1).standard_normal((frames, 40)) * 10
    with torch.no_grad():
        ours = made(extend([torch.tensor(feats, dtype=torch.float32)], shape))[0].numpy()
    theirs = scores(folded(made), feats)
    assert theirs.shape == (outputs(frames), shape.pdfs)
    assert np.allclose(ours[: outputs(frames)], theirs, atol=1e-4)


def test_averaging_takes_the_mean() -> None:
    states = [{"a": torch.tensor([1.0])}, {"a": torch.tensor([3.0])}]
    assert average(states)["a"].item() == 2.0


def test_the_rate_rises_and_falls() -> None:
    schedule = Schedule(top_rate=1.0)
    rates = [rate(step, 100, schedule) for step in range(100)]
    assert rates[0] < 0.1
    assert max(rates) == pytest.approx(1.0)
    assert rates[-1] < 0.02
    assert rate(99, 100, Schedule(top_rate=1.0, last=0.6)) == pytest.approx(0.6, abs=0.01)


def corpus(folder: Path, words: list[str]) -> FeatureCache:
    """Each word a steady sound of its own."""
    writer = CacheWriter(folder / "copy0")
    draw = np.random.default_rng(1)
    for number in range(24):
        word = words[number % len(words)]
        pitch = 300 * (1 + 3 * words.index(word))
        tone = 0.2 * np.sin(2 * np.pi * pitch * np.arange(9600) / 16000)
        silence = 0.001 * draw.standard_normal(4800)
        samples = np.concatenate((silence, tone + 0.001 * draw.standard_normal(9600), silence))
        writer.add(str(number), "speech", "people", word, log_mel(samples))
    writer.close()
    return FeatureCache(folder / "copy0")


def test_training_learns_resumes_and_repeats(tmp_path: Path, lexicon: Lexicon) -> None:
    cache = corpus(tmp_path, ["yes", "no"])
    hiss = [log_mel(0.01 * np.random.default_rng(2).standard_normal(32000))]
    shape = Shape.deep(16, 1)
    bigram = estimate_bigram([["yes"], ["no"]], lexicon)
    diet = Diet(silences=2, frames=1500)

    def trainer(name: str, epochs: int) -> Trainer:
        torch.manual_seed(1)
        sampler = Sampler([cache], lexicon, hiss, 1, diet)
        schedule = Schedule(epochs=epochs, averaged=1, top_rate=1e-2)
        return Trainer(tmp_path / name, sampler, shape, schedule, bigram)

    once = trainer("once", 3).run().state_dict()
    lines = (tmp_path / "once" / "log.jsonl").read_text().splitlines()
    losses = [float(line.split('"loss": ')[1].split(",")[0]) for line in lines]
    assert losses[-1] < losses[0]

    twice = trainer("twice", 3)
    twice.run()
    (tmp_path / "twice" / "epoch02.pt").unlink()
    resumed = trainer("twice", 3).run().state_dict()
    for name, value in once.items():
        assert torch.allclose(value.float(), resumed[name].float(), atol=1e-3), name


def test_batches_are_the_same_whoever_makes_them(tmp_path: Path, lexicon: Lexicon) -> None:
    cache = corpus(tmp_path, ["yes", "no"])
    hiss = [log_mel(0.01 * np.random.default_rng(2).standard_normal(32000))]
    shape = Shape.deep(16, 1)

    def epoch(processes: int) -> list[Batch]:
        diet = Diet(silences=2, frames=1500, rivals=3)
        count, batches = Sampler([cache], lexicon, hiss, 1, diet, processes).epoch(0, shape)
        found = list(batches)
        assert len(found) == count
        return found

    for one, other in zip(epoch(0), epoch(2), strict=True):
        assert torch.equal(one.feats, other.feats)
        assert torch.equal(one.frames, other.frames)
        assert np.array_equal(one.chains.phones, other.chains.phones)


def test_rare_words_are_repeated_and_frequent_ones_capped(tmp_path: Path, lexicon: Lexicon) -> None:
    cache = corpus(tmp_path, ["yes", "no"])  # twelve of each
    hiss = [log_mel(0.01 * np.random.default_rng(2).standard_normal(32000))]
    sampler = Sampler([cache], lexicon, hiss, 1, Diet(silences=0, frames=10_000, rivals=0))

    def utterances(diet: Diet) -> int:
        _, batches = sampler.with_diet(diet).epoch(0, Shape.deep(16, 1))
        return sum(len(batch.frames) for batch in batches)

    plain = Diet(silences=0, frames=10_000, rivals=0)
    assert utterances(plain) == 24
    assert utterances(replace(plain, least_alike=36)) == 72
    assert utterances(replace(plain, least_alike=10_000)) == 24 * MOST_REPEATED
    assert utterances(replace(plain, most_alike=5)) == 10


def test_a_widened_network_begins_with_copies() -> None:
    torch.manual_seed(1)
    shape = Shape.deep(16, 1)
    plain = Network(shape, torch.zeros(40), torch.ones(40)).eval()
    wide = Network(replace(shape, own=OWN.names), torch.zeros(40), torch.ones(40)).eval()
    wide.load_state_dict(widened(plain.state_dict(), OWN))
    feats = torch.randn(1, shape.left + 9 + shape.right, 40)
    before, after = plain(feats), wide(feats)
    assert torch.equal(before, after[:, :, : before.shape[2]])
    for phone, number in zip(OWN.plain, OWN.numbers.values(), strict=True):
        assert torch.equal(
            after[:, :, 2 * number : 2 * number + 2], before[:, :, 2 * phone : 2 * phone + 2]
        )


def test_a_network_that_has_own_phones_keeps_what_they_learnt() -> None:
    shape = replace(Shape.deep(16, 1), own=OWN.names)
    wide = Network(shape, torch.zeros(40), torch.ones(40)).state_dict()
    kept = widened(wide, OWN)
    assert all(torch.equal(kept[name], value) for name, value in wide.items())


def test_the_plain_phones_are_a_rival_of_the_own_ones(tmp_path: Path, lexicon: Lexicon) -> None:
    cache = corpus(tmp_path, ["yes", "no"])
    hiss = [log_mel(0.01 * np.random.default_rng(2).standard_normal(32000))]
    shape = replace(Shape.deep(16, 1), own=OWN.names)
    sampler = Sampler([cache], lexicon, hiss, 1, Diet(silences=0, rivals=3))
    _, batches = sampler.with_own(OWN, lexicon).epoch(0, shape)
    batch = next(batches)
    owned = OWN.numbers["Y.yes"]
    first, second = batch.chains.phones[::4], batch.chains.phones[1::4]
    assert not (first >= len(PHONES)).any(), "what LF-MMI learns from is plain"
    has_own = (batch.truth == 1) | (batch.truth == OWNED_UNKNOWN)
    assert ((second == owned).any(axis=1) | ~has_own.numpy()).all()
    assert {0, 1} <= set(batch.truth.tolist())
    scores = torch.zeros(len(batch.truth), int(batch.frames.max()), shape.pdfs)
    scores[:, :, 2 * owned :] = 2.0  # the own phones fit much better
    judge = Choice(estimate_bigram([["yes"], ["no"]], lexicon))
    doubt = judge.doubt(scores, batch.frames, batch.chains, batch.truth)
    assert doubt[batch.truth == 1].max() < doubt[batch.truth == 0].min()


@pytest.mark.parametrize("skip", [None, 1])
def test_a_layer_learns_as_pytorch_would_have_it_learn(skip: int | None) -> None:
    torch.manual_seed(2)
    layer = Layer(6, 6, (-1, 0, 1), 1)
    inputs = torch.randn(3, 12, 6, requires_grad=True)
    wanted = torch.randn(3, 10, 6)

    def plain() -> Tensor:
        y = layer.conv(inputs.transpose(1, 2))
        y = torch.relu(torch.nn.functional.batch_norm(y, None, None, *gains, training=True))
        y = y.transpose(1, 2)
        return y if skip is None else y + inputs[:, skip : skip + 10]

    gains = (layer.norm.weight, layer.norm.bias)
    found = []
    for compute in (plain, lambda: layer(inputs, skip)):
        layer.zero_grad()
        inputs.grad = None
        (compute() * wanted).sum().backward()
        found.append([inputs.grad, *(p.grad for p in layer.parameters())])
    for ours, theirs in zip(*found, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5)
