"""Fewer columns for long feature vectors, the same ones wherever they are asked for."""

import numpy as np
import pytest

from nbalabel.core.errors import DataError
from nbalabel.learn.embed.random_projection import project_features

FEATURES = np.arange(12.0).reshape(4, 3)


def test_projected_features_keep_distances_and_are_the_same_each_time() -> None:
    features = np.random.default_rng(0).normal(size=(5000, 900)).astype(np.float32)
    found = project_features(features, 400, seed=3)
    assert (found.shape, found.dtype) == ((5000, 400), np.float32)
    ratio = np.linalg.norm(found[1:] - found[:-1], axis=1) / np.linalg.norm(
        features[1:] - features[:-1], axis=1
    )
    assert abs(ratio.mean() - 1) < 0.01
    assert ratio.std() < 0.06  # 1 / sqrt(2 * 400) is 0.035
    assert (found == project_features(features, 400, seed=3)).all()
    assert (found != project_features(features, 400, seed=4)).any()


def test_features_with_few_columns_are_not_projected() -> None:
    assert project_features(FEATURES, 3).tolist() == FEATURES.astype(np.float32).tolist()


@pytest.mark.parametrize(("features", "dim"), [(np.zeros(3), 5), (FEATURES, 0)])
def test_what_cannot_be_projected_is_named(features: np.ndarray, dim: int) -> None:
    with pytest.raises(DataError, match=r"must be"):
        project_features(features, dim)


def test_the_directions_of_a_seed_are_those_that_propagations_always_had() -> None:
    features = np.random.default_rng(1).normal(size=(6000, 40)).astype(np.float32)
    directions = np.random.default_rng(7).normal(size=(40, 8)) / np.sqrt(8)
    expected = features @ directions.astype(np.float32)
    np.testing.assert_allclose(project_features(features, 8, seed=7), expected, rtol=1e-5, atol=1e-5)
