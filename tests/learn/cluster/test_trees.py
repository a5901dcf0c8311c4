"""Features, scores and labels become cluster trees."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster.hierarchy import cut_tree, leaves_list, linkage
from scipy.spatial.distance import pdist

from nbalabel.learn.cluster.dendrogram import Dendrogram, forest
from nbalabel.learn.cluster.linkage import Merges
from nbalabel.learn.cluster.trees import SMALL, cluster

from .cluster_checks import assert_proper, blobs, codes


def standardised(features: np.ndarray, scores: np.ndarray, weight: float = 1.0) -> np.ndarray:
    """What the docstring says, word for word."""
    x = np.asarray(features, np.float64)
    s = np.asarray(scores, np.float64)[:, None]
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    s = (s - s.mean()) / s.std()
    return np.hstack([x / np.sqrt(2 * x.shape[1]), s * np.sqrt(weight / 2)])


@pytest.mark.parametrize("weight", [0.0, 1.0, 4.0])
def test_the_tree_is_scipys_complete_linkage_of_standardised_rows(weight: float) -> None:
    features, _ = blobs(300, 6, 5, spread=0.5)
    features[:, 2] = 1e4 + 100 * features[:, 2]
    scores = np.random.default_rng(1).random(300)
    theirs = linkage(pdist(standardised(features, scores, weight)), "complete")
    ours = cluster(features, scores, score_weight=weight)
    assert_proper(ours, np.zeros(300))
    np.testing.assert_allclose(ours.height[300:], theirs[:, 2], rtol=1e-5)
    assert ours.order.tolist() == leaves_list(theirs).tolist()
    assert np.column_stack([ours.left[300:], ours.right[300:]]).tolist() == theirs[:, :2].astype(int).tolist()


def test_the_tree_of_many_rows_has_scipys_heights_and_cuts() -> None:
    n = SMALL + 500
    features, _ = blobs(n, 20, 12, spread=0.7)
    scores = np.random.default_rng(1).random(n)
    theirs = linkage(pdist(standardised(features, scores)), "complete")
    ours = cluster(features, scores)
    assert_proper(ours, np.zeros(n))
    np.testing.assert_allclose(ours.height[n:], theirs[:, 2], rtol=1e-5)
    for k in (2, 12, 100, 1000):
        cut = cut_tree(theirs, k)[:, 0]
        mine = codes(ours, k)
        assert len(set(zip(cut, mine, strict=True))) == len(set(cut)) == len(set(mine)) == k


def test_each_label_has_a_tree_of_its_own_as_if_it_were_alone() -> None:
    features, _ = blobs(90, 4, 3)
    scores = np.random.default_rng(1).random(90)
    labels = np.random.default_rng(2).choice([0, 2, 7], 90)
    both = cluster(features, scores, labels)
    assert_proper(both, labels)
    for root, label in zip(both.roots, both.labels, strict=True):
        rows = np.flatnonzero(labels == label)
        alone = cluster(features[rows], scores[rows])
        assert both.rows(int(root)).tolist() == rows[alone.order].tolist()
        assert both.height[root] == alone.height[-1]


def test_mean_squared_distances_of_features_and_scores_are_brought_to_one_measure() -> None:
    points = standardised(*blobs(50, 6, 5))
    np.testing.assert_allclose(((points[:, None, :-1] - points[None, :, :-1]) ** 2).sum(-1).mean(), 1)
    np.testing.assert_allclose(((points[:, None, -1] - points[None, :, -1]) ** 2).mean(), 1)


def test_no_rows_make_no_trees() -> None:
    for empty in (np.zeros((0, 5)), np.zeros((0, 0)), np.zeros((0, 5), np.float32)):
        trees = cluster(empty, [], [])
        assert (len(trees), trees.n_rows, len(trees.roots)) == (0, 0, 0)


def test_labels_of_one_and_two_rows_have_trees_of_one_and_three_clusters() -> None:
    trees = cluster([[0.0, 1.0], [2.0, 3.0], [5.0, 5.0]], [0.1, 0.2, 0.9], [4, 1, 4])
    assert_proper(trees, np.array([4, 1, 4]))
    assert trees.size[trees.roots].tolist() == [1, 2]
    assert len(trees) == 4
    assert len(cluster([[1.0]])) == 1


@pytest.mark.parametrize("method", ["exact", "two-level"])
@pytest.mark.parametrize("n", [5, SMALL + 300])
def test_identical_rows_make_a_tree_of_height_zero(method: str, n: int) -> None:
    trees = cluster(np.full((n, 3), 0.1, np.float32), np.full(n, 0.7), method=method)  # type: ignore[arg-type]
    assert_proper(trees, np.zeros(n))
    assert (trees.height == 0).all()


def test_constant_scores_and_constant_columns_count_for_nothing() -> None:
    features, _ = blobs(60, 4, 3)
    wide = np.hstack([features, np.full((60, 1), 0.1, np.float32)])
    plain = cluster(features)
    same = cluster(wide, np.full(60, 0.3))
    assert same.order.tolist() == plain.order.tolist()
    np.testing.assert_allclose(same.height, plain.height, rtol=1e-6)


def test_scores_alone_make_a_tree() -> None:
    trees = cluster(np.zeros((4, 0)), [0.1, 0.9, 0.15, 0.8])
    assert set(trees.rows(4).tolist()) == {0, 2}
    assert set(trees.rows(5).tolist()) == {1, 3}


@pytest.mark.parametrize("kind", [np.float64, np.float16, np.int32])
def test_other_number_types_give_the_same_tree(kind: type) -> None:
    features = np.random.default_rng(0).permutation(400).reshape(100, 4)
    expected = cluster(features.astype(np.float32))
    assert cluster(features.astype(kind)).order.tolist() == expected.order.tolist()


def test_inputs_are_left_as_they_were_and_may_be_views() -> None:
    whole = np.asfortranarray(np.random.default_rng(0).normal(size=(120, 8)))
    before = whole.copy()
    view = whole[::2, ::-1]
    view.flags.writeable = False
    assert cluster(view).order.tolist() == cluster(np.ascontiguousarray(view)).order.tolist()
    assert (whole == before).all()


def test_a_far_off_pair_of_tight_clusters_keeps_its_tree() -> None:
    rng = np.random.default_rng(0)
    n = SMALL + 100
    features = rng.choice([0.0, 1e4], (n, 1)) + rng.normal(size=(n, 6))
    theirs = linkage(pdist(standardised(features, np.arange(n), 0.0)[:, :-1]), "complete")
    np.testing.assert_allclose(cluster(features).height[n:], theirs[:, 2], rtol=1e-4)


def test_a_tree_a_hundred_thousand_merges_deep_is_walked() -> None:
    n = 100_001
    deep = Merges(np.arange(n - 1), np.arange(1, n), np.arange(1, n, dtype=np.float32))
    trees = forest([(0, np.arange(n), Dendrogram.of(deep))])
    assert_proper(trees, np.zeros(n, np.int64))
    assert trees.size[n:].tolist() == list(range(2, n + 1))
