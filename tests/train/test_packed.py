"""Matrices of one byte a number: what is lost, and what Kaldi's own marks look like."""

from __future__ import annotations

import numpy as np
import pytest

from scripts.train.packed import pack

DRAW = np.random.default_rng(5)


def test_a_byte_loses_about_a_hundredth_of_a_columns_deviation() -> None:
    values = DRAW.standard_normal((320, 40)) * DRAW.uniform(0.1, 3.0, 40)
    loss = pack(values).values() - values
    assert (np.sqrt(np.mean(loss**2, axis=0)) < 0.012 * values.std(axis=0)).all()


def test_packing_twice_changes_nothing_more() -> None:
    once = pack(DRAW.standard_normal((64, 9))).values()
    assert np.abs(pack(once).values() - once).max() < 0.01


def test_marks_rise_even_where_a_column_is_constant() -> None:
    packed = pack(np.column_stack((np.ones(8), np.linspace(-1, 1, 8), -np.ones(8))))
    assert (np.diff(packed.marks.astype(int), axis=1) > 0).all()
    assert packed.values() == pytest.approx(
        np.column_stack((np.ones(8), np.linspace(-1, 1, 8), -np.ones(8))), abs=0.02
    )


def test_an_outlier_costs_only_its_own_quarter() -> None:
    values = 0.01 * DRAW.standard_normal((320, 3))
    values[7, 1] = 5.0
    loss = np.abs(pack(values).values() - values)
    lower = values[:, 1] < np.quantile(values[:, 1], 0.7)
    assert loss[lower, 1].max() < 0.0005


def test_the_file_holds_marks_by_column_and_bytes_by_column() -> None:
    packed = pack(DRAW.standard_normal((6, 4)))
    data = packed.encoded()
    assert data.startswith(b"CM ")
    assert len(data) == 3 + 16 + 4 * 8 + 6 * 4
    assert data[-6:] == packed.levels[:, 3].tobytes()
