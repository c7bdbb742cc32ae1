"""The recursions against brute force: every phone sequence and timing written out."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("numba")

from scripts.train.bigram import Bigram, estimate_bigram  # noqa: E402
from scripts.train.lexicon import PDFS, PHONE_INDEX, PHONES  # noqa: E402
from scripts.train.lfmmi import (  # noqa: E402
    OWNED_UNKNOWN,
    SILENCE,
    UNKNOWN,
    Choice,
    anything,
    best,
    denominator,
    numerator,
    stack,
)
from scripts.train.transcript import chain  # noqa: E402

LEXICON = {"a": (("AH",), ("EY",)), "no": (("N", "OW"),)}


def paths(frames: int, phones: list[int]) -> list[list[int]]:
    """Pdf sequences of all timings of a phone sequence."""
    found = []
    for cuts in itertools.combinations(range(1, frames), len(phones) - 1):
        edges = [0, *cuts, frames]
        pdfs: list[int] = []
        for phone, start, stop in zip(phones, edges, edges[1:], strict=False):
            pdfs += [2 * phone] + [2 * phone + 1] * (stop - start - 1)
        found.append(pdfs)
    return found


def score(scores: np.ndarray, pdfs: list[int]) -> float:
    return float(sum(scores[t, pdf] for t, pdf in enumerate(pdfs)))


def log_sum(values: list[float]) -> float:
    return float(np.logaddexp.reduce(values))


def a_no(scores: np.ndarray) -> list[float]:
    """The scores of "a no", every pronunciation, pause and timing written out."""
    n, ow, found = PHONE_INDEX["N"], PHONE_INDEX["OW"], []
    for a, pauses in itertools.product(("AH", "EY"), itertools.product((0, 1), repeat=3)):
        first, middle, last = ([0] * pause for pause in pauses)
        phones = [*first, PHONE_INDEX[a], *middle, n, ow, *last]
        found += [score(scores, pdfs) for pdfs in paths(len(scores), phones)]
    return found


@pytest.mark.parametrize("frames", [3, 5, 6])
def test_numerator_sums_every_pronunciation_pause_and_timing(frames: int) -> None:
    scores = torch.randn(1, frames, PDFS, generator=torch.Generator().manual_seed(1))
    found = numerator(scores, torch.tensor([frames]), stack([chain(["a", "no"], LEXICON)]))
    assert float(found) == pytest.approx(log_sum(a_no(scores[0].numpy())), abs=1e-4)


def test_best_is_the_best_pronunciation_pause_and_timing() -> None:
    frames = 6
    scores = torch.randn(1, frames, PDFS, generator=torch.Generator().manual_seed(1))
    found = best(scores, torch.tensor([frames]), stack([chain(["a", "no"], LEXICON)]))
    assert float(found) == pytest.approx(max(a_no(scores[0].numpy())), abs=1e-4)


def few_phones(few: int) -> Bigram:
    """A random bigram of the first ``few`` phones."""
    size = len(PHONES)
    draw = np.random.default_rng(2)
    follow, start = np.full((size, size), -1e4), np.full(size, -1e4)
    follow[:few, :few] = np.log(draw.dirichlet(np.ones(few), few))
    start[:few] = np.log(draw.dirichlet(np.ones(few)))
    return Bigram(follow, start, draw.standard_normal(size))


def test_denominator_sums_every_phone_sequence_and_anything_takes_the_best() -> None:
    frames, few = 3, 4
    scores = torch.randn(1, frames, PDFS, generator=torch.Generator().manual_seed(2))
    bigram = few_phones(few)
    values = []
    for count in range(1, frames + 1):
        for phones in itertools.product(range(few), repeat=count):
            prior = float(bigram.start[phones[0]] + bigram.end[phones[-1]])
            prior += sum(float(bigram.follow[a, b]) for a, b in itertools.pairwise(phones))
            all_paths = paths(frames, list(phones))
            values += [prior + score(scores[0].numpy(), pdfs) for pdfs in all_paths]
    found = denominator(scores, torch.tensor([frames]), bigram)
    assert float(found) == pytest.approx(log_sum(values), abs=1e-4)
    found = anything(scores, torch.tensor([frames]), bigram)
    assert float(found) == pytest.approx(max(values), abs=1e-4)


def test_scores_far_apart_overflow_nothing() -> None:
    scores = 1000 * torch.randn(2, 6, PDFS, generator=torch.Generator().manual_seed(5))
    scores.requires_grad_()
    bigram = estimate_bigram([["a", "no"]], LEXICON)
    total = denominator(scores, torch.tensor([6, 4]), bigram).sum()
    total.backward()
    assert torch.isfinite(total)
    assert torch.isfinite(scores.grad).all()


TRUTHS = {"plain": 0, "own": 1, "not in the grammar": UNKNOWN, "nothing": SILENCE}


@pytest.mark.parametrize("truth", TRUTHS)
def test_a_choice_is_doubted_until_it_leads_by_the_margin(truth: str) -> None:
    frames = torch.tensor([6])
    words = ("", "no", "a") if truth == "nothing" else ("no", "a", "a no")
    choices = stack([chain(said.split(), LEXICON) for said in words])
    draw = torch.Generator().manual_seed(6)
    scores = torch.randn(1, 6, PDFS, generator=draw)
    judge = Choice(estimate_bigram([["a", "no"]], LEXICON), prior=1.0, margin=2.0)
    totals = torch.cat([
        best(scores, frames, choices) - 1.0, anything(scores, frames, judge.other_speech)
    ]).double()  # fmt: skip
    right = {"not in the grammar": 3, "nothing": 0}.get(truth, TRUTHS[truth])
    away = {"not in the grammar": [0], "nothing": [3]}.get(truth, [])
    rivals = [float(totals[n]) + 2.0 for n in range(4) if n not in (right, *away)]
    expected = log_sum([float(totals[right]), *rivals]) - float(totals[right])
    found = judge.doubt(scores, frames, choices, torch.tensor([TRUTHS[truth]]))
    assert float(found) == pytest.approx(expected, abs=1e-4)


def test_what_the_grammar_lacks_is_no_rival_of_other_speech() -> None:
    frames, draw = torch.tensor([6]), torch.Generator().manual_seed(6)
    scores = torch.randn(1, 6, PDFS, generator=draw)
    choices = stack([chain(said.split(), LEXICON) for said in ("no", "no", "a")])
    judge = Choice(estimate_bigram([["a", "no"]], LEXICON))
    both = judge.doubt(scores, frames, choices, torch.tensor([OWNED_UNKNOWN]))
    one = judge.doubt(scores, frames, choices, torch.tensor([UNKNOWN]))
    assert float(both) < float(one)


def test_padding_changes_nothing() -> None:
    scores = torch.randn(2, 9, PDFS, generator=torch.Generator().manual_seed(3))
    frames = torch.tensor([9, 6])
    both = stack([chain(["a", "no"], LEXICON), chain(["no"], LEXICON)])
    bigram = estimate_bigram([["a", "no"]], LEXICON)
    alone = stack([chain(["no"], LEXICON)])
    short = scores[1:, :6]
    only = torch.tensor([6])
    assert numerator(scores, frames, both)[1] == pytest.approx(
        float(numerator(short, only, alone)), abs=1e-4
    )
    assert denominator(scores, frames, bigram)[1] == pytest.approx(
        float(denominator(short, only, bigram)), abs=1e-4
    )


def test_bigram_rows_are_distributions() -> None:
    bigram = estimate_bigram([["a", "no"], ["no"], []], LEXICON)
    rows = np.exp(bigram.follow).sum(1) + np.exp(bigram.end)
    assert np.allclose(rows, 1.0, atol=1e-3)
    assert bigram.follow[PHONE_INDEX["N"]].argmax() == PHONE_INDEX["OW"]


def test_chain_knows_its_shortest_way() -> None:
    assert chain(["a", "no"], LEXICON).shortest == 3
    assert chain([], LEXICON).shortest == 1


def test_the_slope_is_what_small_changes_of_the_scores_do() -> None:
    draw = torch.Generator().manual_seed(4)
    scores = torch.randn(2, 5, PDFS, generator=draw, requires_grad=True)
    frames = torch.tensor([5, 4])
    choices = stack([chain(words.split(), LEXICON) for words in ("a no", "no", "a", "no a")])
    bigram = estimate_bigram([["a", "no"]], LEXICON)

    def loss(values: Any) -> Any:
        said = numerator(values, frames, choices.every(2))
        doubt = Choice(bigram.priced(0.2)).doubt(values, frames, choices, torch.tensor([0, -1]))
        return (denominator(values, frames, bigram) - said).sum() + 1.7 * doubt.sum()

    loss(scores).backward()
    assert scores.grad is not None
    step = 0.01
    phones = [PHONE_INDEX[p] for p in ("SIL", "AH", "EY", "N", "OW")]
    pdfs = [2 * phone + part for phone in phones for part in (0, 1)]
    for place in itertools.product(range(2), range(5), pdfs):
        up, down = scores.detach().clone(), scores.detach().clone()
        up[place] += step
        down[place] -= step
        slope = float(loss(up) - loss(down)) / (2 * step)
        assert float(scores.grad[place]) == pytest.approx(slope, abs=2e-3)


def test_nothing_overflows_in_a_long_utterance_of_large_scores() -> None:
    scores = 30 * torch.randn(1, 400, PDFS, generator=torch.Generator().manual_seed(5))
    scores.requires_grad_()
    frames = torch.tensor([400])
    bigram = estimate_bigram([["a", "no"]], LEXICON)
    total = denominator(scores, frames, bigram) - numerator(
        scores, frames, stack([chain(["a", "no"], LEXICON)])
    )
    total.sum().backward()
    assert scores.grad is not None
    assert bool(torch.isfinite(total).all())
    assert bool(torch.isfinite(scores.grad).all())
    # Every frame is in some phone, once in all ways and once in the said ones.
    assert float(scores.grad.sum()) == pytest.approx(0.0, abs=1e-2)
