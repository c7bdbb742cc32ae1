"""The training loop: AdamW, one cycle of the learning rate, checkpoints, averaging."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from scripts.train.bigram import Bigram
from scripts.train.lfmmi import Choice, denominator, numerator
from scripts.train.network import Network, average, widened
from scripts.train.own import OwnPhones
from scripts.train.sampling import Batch, Sampler
from scripts.train.weights import Shape

log = logging.getLogger(__name__)

UNKNOWN_PHONE = -0.3
"""The price of a phone of ``[unk]`` while learning, in nats; tuned anew for the finished model."""


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to learn."""

    epochs: int = 10
    top_rate: float = 2e-3
    warm_up: float = 0.1
    """Share of the steps in which the rate rises."""
    last: float = 0.005
    """The last step's rate as a share of the highest."""
    decay: float = 1e-2
    """AdamW's weight decay."""
    output_l2: float = 5e-4
    contrast: float = 1.0
    """Weight of the closed-grammar part of the loss."""
    margin: float = 2.0
    """In it, the nats by which the right choice should lead."""
    clip: float = 5.0
    averaged: int = 3
    """Checkpoints averaged into the result."""


def device() -> torch.device:
    """A GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def rate(step: int, steps: int, schedule: Schedule) -> float:
    """The learning rate of a step: up in a line, down in a cosine."""
    rise = max(1, int(schedule.warm_up * steps))
    if step < rise:
        return schedule.top_rate * (0.05 + 0.95 * step / rise)
    part = (step - rise) / max(1, steps - rise)
    cosine = 0.5 * (1 + math.cos(math.pi * part))
    return schedule.top_rate * (schedule.last + (1 - schedule.last) * cosine)


def loss(
    scores: Tensor, batch: Batch, bigram: Bigram, schedule: Schedule
) -> tuple[Tensor, Tensor, Tensor]:
    """Per frame: what is minimised, its LF-MMI part, and its closed-grammar part.

    The LF-MMI part can be negative: its numerator leaves out what the bigram says of the words.
    """
    scores = scores.float()
    frames = batch.frames.sum()
    choice = torch.zeros(())
    said = numerator(scores, batch.frames, batch.chains.every(1 + batch.rivals))
    if batch.rivals:
        judge = Choice(bigram.priced(UNKNOWN_PHONE), margin=schedule.margin)
        choice = judge.doubt(scores, batch.frames, batch.chains, batch.truth).sum() / frames
    mutual = (denominator(scores, batch.frames, bigram) - said).sum() / frames
    wanted = mutual + schedule.output_l2 * scores.square().sum(2).mean()
    wanted = wanted + schedule.contrast * choice
    return wanted, mutual.detach(), choice.detach()


def statistics(sampler: Sampler, shape: Shape, batches: int = 60) -> tuple[Tensor, Tensor]:
    """Mean and deviation of the augmented MFCCs."""
    _, found = sampler.epoch(10_000, shape)
    rows = torch.cat(
        [b.feats.reshape(-1, b.feats.shape[2]) for _, b in zip(range(batches), found, strict=False)]
    )
    return rows.mean(0), rows.std(0)


@dataclass
class _Learner:
    """What an epoch changes."""

    network: Network
    optimiser: torch.optim.Optimizer
    bigram: Bigram
    schedule: Schedule
    device: torch.device

    def step(self, batch: Batch, speed: float) -> tuple[float, float]:
        """Learn from one batch; returns both parts of its loss per frame."""
        for group in self.optimiser.param_groups:
            group["lr"] = speed
        with torch.autocast(self.device.type, torch.bfloat16):
            scores = self.network(batch.feats)
        wanted, mutual, choice = loss(scores, batch, self.bigram, self.schedule)
        self.optimiser.zero_grad(set_to_none=True)
        wanted.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.schedule.clip)
        self.optimiser.step()
        return float(mutual), float(choice)

    def epoch(self, number: int, count: int, found: Iterator[Batch]) -> dict[str, float]:
        """Learn from all of an epoch's batches; returns figures for the log."""
        self.network.train()
        began, frames = time.monotonic(), 0
        total = np.zeros(2)
        bar = tqdm(found, total=count, desc=f"epoch {number}", mininterval=5)
        for index, batch in enumerate(bar):
            step = number * count + index
            speed = rate(step, count * self.schedule.epochs, self.schedule)
            size = int(batch.frames.sum())
            total += size * np.array(self.step(batch.to(self.device), speed))
            frames += size
            mutual, choice = total / frames
            bar.set_postfix(loss=f"{mutual:.4f}", choice=f"{choice:.4f}", refresh=False)
        return {
            "loss": round(float(total[0]) / max(1, frames), 5),
            "choice": round(float(total[1]) / max(1, frames), 5),
            "seconds": round(time.monotonic() - began, 1),
        }


class Trainer:
    """Trains a network in ``folder``; started again it continues after the last whole epoch."""

    def __init__(
        self, folder: Path, sampler: Sampler, shape: Shape, schedule: Schedule, bigram: Bigram
    ) -> None:
        self._folder = folder
        self._sampler = sampler
        self._shape = shape
        self._schedule = schedule
        self._bigram = bigram
        folder.mkdir(parents=True, exist_ok=True)

    def _checkpoint(self, epoch: int) -> Path:
        return self._folder / f"epoch{epoch:02d}.pt"

    def _load(self, path: Path) -> dict[str, Any]:
        state: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
        return state

    def _start(self, first: Path | None) -> tuple[_Learner, int]:
        done = [e for e in range(self._schedule.epochs) if self._checkpoint(e).exists()]
        state: dict[str, Any] = {}
        if done:
            state = self._load(self._checkpoint(done[-1]))
            weights = state["network"]
        elif first is not None:
            weights = widened(self._load(first)["network"], OwnPhones(self._shape.own))
        else:
            mean, deviation = statistics(self._sampler, self._shape)
            weights = Network(self._shape, mean, deviation).state_dict()
        network = Network(self._shape, weights["mean"], weights["deviation"])
        network.load_state_dict(weights)
        network.to(device())
        optimiser = torch.optim.AdamW(
            network.parameters(),
            weight_decay=self._schedule.decay,
            fused=True,
        )
        if done:
            optimiser.load_state_dict(state["optimiser"])
        learner = _Learner(network, optimiser, self._bigram, self._schedule, device())
        return learner, done[-1] + 1 if done else 0

    def run(self, first: Path | None = None) -> Network:
        """Train (from the checkpoint ``first`` if given) and return the averaged network."""
        learner, epoch = self._start(first)
        for number in range(epoch, self._schedule.epochs):
            figures = learner.epoch(number, *self._sampler.epoch(number, self._shape))
            log.info("epoch %d: %s", number, figures)
            self._save(learner, number)
            with (self._folder / "log.jsonl").open("a", encoding="utf-8") as out:
                out.write(json.dumps({"epoch": number, **figures}) + "\n")
        network = learner.network.to("cpu")
        network.load_state_dict(self._averaged())
        settings = {"shape": self._shape.as_dict(), "schedule": asdict(self._schedule)}
        (self._folder / "settings.json").write_text(json.dumps(settings, indent=1))
        torch.save({"network": network.state_dict()}, self._folder / "final.pt")
        return network

    def _save(self, learner: _Learner, epoch: int) -> None:
        state = {
            "network": learner.network.state_dict(),
            "optimiser": learner.optimiser.state_dict(),
        }
        part = self._checkpoint(epoch).with_suffix(".part")
        torch.save(state, part)
        part.replace(self._checkpoint(epoch))

    def _averaged(self) -> dict[str, Tensor]:
        averaged = max(1, min(self._schedule.averaged, self._schedule.epochs // 2))
        last = range(self._schedule.epochs - averaged, self._schedule.epochs)
        paths = [self._checkpoint(epoch) for epoch in last if epoch >= 0]
        return average([self._load(path)["network"] for path in paths])
