"""What cannot be clustered is named."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from nbalabel.core.errors import DataError, MissingExtraError
from nbalabel.learn.cluster import compiled as compiling
from nbalabel.learn.cluster.trees import SMALL, cluster

from .cluster_checks import assert_proper, blobs

FEATURES = np.random.default_rng(0).normal(size=(10, 3))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_rows_that_are_not_finite_are_counted_and_named(value: float) -> None:
    features = np.zeros((5000, 3), np.float32)
    features[[4, 17, 4500], [0, 2, 1]] = value
    with pytest.raises(
        DataError, match=r"3 of 5000 rows hold nan or infinity: 4, 17, 4500\. Leave these rows"
    ):
        cluster(features)
    scores = np.zeros(10)
    scores[6] = value
    with pytest.raises(DataError, match=r"scores must be finite; 1 of 10 rows .*: 6\."):
        cluster(FEATURES, scores)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"features": np.zeros(4)}, r"features must be a table, \(n, d\), got shape \(4,\)"),
        ({"features": np.zeros((2, 2, 2))}, r"features must be a table"),
        ({"features": [["a", "b"]]}, r"features must be numbers"),
        ({"scores": np.zeros(9)}, r"scores must hold one value per row of features, \(10,\), got shape \(9"),
        ({"scores": ["high"] * 10}, r"scores must be numbers"),
        ({"labels": np.zeros((10, 1), int)}, r"labels must hold one code .* got shape \(10, 1\)"),
        ({"labels": np.zeros(10)}, r"labels must be integer codes, got float64"),
        ({"labels": [-1, 0, 0, 0, 0, 0, 0, 0, 0, -1]}, r"2 of 10 rows have none: 0, 9"),
        ({"score_weight": -1.0}, r"score_weight must be 0 or more, got -1"),
        ({"score_weight": np.nan}, r"score_weight must be 0 or more"),
        ({"method": "fast"}, r"method must be one of auto, exact, two-level, got 'fast'"),
        ({"exact_limit": 0}, r"exact_limit must be 1 or more, got 0"),
    ],
)
def test_wrong_arguments_are_told_what_was_expected(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        cluster(**{"features": FEATURES, **arguments})


@pytest.fixture
def without_numba(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "numba", None)
    compiling._compiled.cache_clear()
    yield
    compiling._compiled.cache_clear()


@pytest.mark.usefixtures("without_numba")
@pytest.mark.parametrize("method", ["exact", "two-level"])
def test_large_labels_without_numba_name_the_extra(method: Any) -> None:
    with pytest.raises(MissingExtraError, match=r"nbalabel\[propagate\]"):
        cluster(np.random.default_rng(0).normal(size=(SMALL + 1, 2)), method=method)


@pytest.mark.usefixtures("without_numba")
def test_small_labels_need_no_numba_however_many_they_are() -> None:
    features, _ = blobs(22_000, 2, 5)
    labels = np.arange(22_000) % 100
    assert_proper(cluster(features, labels=labels), labels)
