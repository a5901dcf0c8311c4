"""What the learner sees of long feature vectors."""

import numpy as np

from nbalabel.learn.propagate.strategies.learner import principal


def test_the_learner_sees_the_axes_of_largest_variance() -> None:
    rng = np.random.default_rng(0)
    features = (rng.normal(size=(500, 30)) * 1.3 ** -np.arange(30)).astype(np.float32)
    _, axes = np.linalg.eigh(np.cov(features, rowvar=False))
    expected = (features - features.mean(axis=0)) @ axes[:, ::-1][:, :4]
    found = principal(features, 4)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-3)


def test_few_features_are_seen_as_they_are() -> None:
    features = np.arange(6, dtype=np.float32).reshape(3, 2)
    assert principal(features) is features
