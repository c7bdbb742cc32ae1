"""Features, caches and batches."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from scripts.train.arrays import Array
from scripts.train.features import (
    CacheWriter,
    FeatureCache,
    batches,
    cepstra,
    exists,
    log_mel,
    mfcc,
)


def noise(seconds: float) -> Array:
    return np.random.default_rng(1).standard_normal(int(16000 * seconds)) * 0.1


def test_frames_are_whole_windows_only() -> None:
    assert log_mel(noise(1.0)).shape == (98, 40)
    assert log_mel(np.zeros(399)).shape == (0, 40)
    assert log_mel(np.zeros(400)).shape == (1, 40)


def test_a_tone_lies_in_its_mel_bin() -> None:
    time = np.arange(16000) / 16000
    low = log_mel(0.3 * np.sin(2 * np.pi * 200 * time)).mean(0).argmax()
    high = log_mel(0.3 * np.sin(2 * np.pi * 4000 * time)).mean(0).argmax()
    assert low < 6
    assert 25 < high < 34


def test_the_cosine_transform_can_be_undone() -> None:
    feats = log_mel(noise(0.5))
    assert np.allclose(mfcc(noise(0.5)) @ np.linalg.inv(cepstra()), feats, atol=1e-3)


def test_digital_silence_is_finite() -> None:
    assert np.isfinite(log_mel(np.zeros(16000))).all()


def test_a_cache_gives_back_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "copy0"
    writer = CacheWriter(path)
    first, second = log_mel(noise(0.5)), log_mel(noise(0.7)) + 1
    writer.add("a", "speech", "people", "yes", first)
    writer.add("b", "noise", "fans", "", second)
    assert not exists(path)
    writer.close()
    cache = FeatureCache(path)
    assert [entry.key for entry in cache.entries] == ["a", "b"]
    assert np.allclose(cache[cache.entries[1]], second, atol=0.02)
    assert cache.entries[0].transcript == "yes"


def test_batches_hold_everything_once_and_keep_their_size() -> None:
    draw = np.random.default_rng(2)
    lengths = draw.integers(50, 900, 300).tolist()
    groups = list(batches(lengths, 4000, draw.permutation(300)))
    assert sorted(int(i) for group in groups for i in group) == list(range(300))
    assert all(max(lengths[i] for i in g) * len(g) <= 4000 for g in groups)
