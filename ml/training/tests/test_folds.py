"""Folds: identical rows share one, and classes are spread over all."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training import builtin, folds
from training.problem import Problem


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 1)), min_size=12, max_size=120), st.integers(2, 5))
def test_identical_rows_share_a_fold(values: list[tuple[int, int]], count: int) -> None:
    rows = np.array([[value] for value, _ in values], dtype=np.float32)
    labels = np.array([label for _, label in values], dtype=np.int64)
    try:
        fold = folds.assign(rows, labels, count, seed=3)
    except Problem:
        assert any(len({v for v, label in values if label == wanted}) < count for wanted in {la for _, la in values})
        return
    assert set(fold) <= set(range(count))
    assert len({(row[0], number) for row, number in zip(rows, fold, strict=True)}) == len({row[0] for row in rows})


@pytest.mark.parametrize("name", builtin.NAMES)
def test_classes_are_spread_evenly(name: str) -> None:
    table = builtin.load(name)
    fold = folds.assign(table.rows, table.labels, 10, seed=0)
    for label in range(len(table.classes)):
        counts = np.bincount(fold[table.labels == label], minlength=10)
        assert counts.max() - counts.min() <= 2


def test_seed_decides() -> None:
    table = builtin.load("iris")
    first, again, other = (folds.assign(table.rows, table.labels, 10, seed) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert first[101] == first[142]


def test_zero_has_one_value() -> None:
    assert folds.groups(np.array([[0.0], [-0.0], [1.0]], dtype=np.float32)).tolist() == [0, 0, 1]


@pytest.mark.parametrize("count", [-1, 0, 1])
def test_too_few_folds(count: int) -> None:
    table = builtin.load("iris")
    with pytest.raises(Problem, match="at least 2 are needed"):
        folds.assign(table.rows, table.labels, count, 0)
