"""Trees on two levels: proper trees that find what exact ones find."""

from __future__ import annotations

import numpy as np
import pytest

from nbalabel.learn.cluster.dendrogram import Dendrogram, forest
from nbalabel.learn.cluster.forest import Forest
from nbalabel.learn.cluster.neighbour_groups import groups
from nbalabel.learn.cluster.space import Space
from nbalabel.learn.cluster.trees import cluster
from nbalabel.learn.cluster.two_level import two_level

from .cluster_checks import assert_proper, blobs, codes


def tree(space: Space, **options: int) -> Forest:
    n = len(space)
    return forest([(0, np.arange(n), Dendrogram.of(two_level(space, **options)))])


@pytest.mark.parametrize(("largest", "n_bundles"), [(50, 60), (50, 1), (100, 400), (2000, 30), (50, 10_000)])
def test_any_sizes_of_groups_and_bundles_give_a_proper_tree(largest: int, n_bundles: int) -> None:
    features, _ = blobs(1500, 5, 8)
    assert_proper(tree(Space.of(features), largest=largest, n_bundles=n_bundles), np.zeros(1500, np.int64))


@pytest.mark.parametrize("spread", [0.05, 0.4])
def test_planted_clusters_are_found_though_groups_cut_through_them(spread: float) -> None:
    features, truth = blobs(3000, 32, 6, spread=spread)
    found = codes(tree(Space.of(features), largest=200, n_bundles=300), 6)
    assert len(set(zip(found, truth, strict=True))) == 6


def test_one_group_and_as_many_bundles_as_rows_is_exact() -> None:
    features, _ = blobs(2500, 8, 8, spread=0.8)
    exact = cluster(features, method="exact")
    found = tree(Space.of(features), largest=2500, n_bundles=2500)
    assert found.order.tolist() == exact.order.tolist()
    assert (found.height == exact.height).all()


def test_the_same_seed_gives_the_same_tree_and_another_does_not() -> None:
    features, _ = blobs(5000, 6, 9, spread=0.8)
    scores = np.random.default_rng(0).random(5000)
    once, again, other = (cluster(features, scores, method="two-level", seed=s) for s in (1, 1, 2))
    assert once.order.tolist() == again.order.tolist()
    assert (once.height == again.height).all()
    assert once.order.tolist() != other.order.tolist()


def test_labels_beyond_the_limit_are_on_two_levels_and_the_others_exact() -> None:
    features, _ = blobs(5500, 6, 9, spread=0.8)
    labels = np.arange(5500) % 11 // 7  # 3,500 and 2,000 rows
    auto = cluster(features, labels=labels, exact_limit=3000)
    exact, rough = (cluster(features, labels=labels, method=m) for m in ("exact", "two-level"))
    assert_proper(auto, labels)
    for label, like in ((0, rough), (1, exact)):
        assert auto.rows(int(auto.roots[label])).tolist() == like.rows(int(like.roots[label])).tolist()
    assert auto.rows(int(auto.roots[0])).tolist() != exact.rows(int(exact.roots[0])).tolist()


@pytest.mark.parametrize("alike", [0, 900, 1000])
def test_groups_hold_each_row_once_and_none_is_too_large(alike: int) -> None:
    features, _ = blobs(1000, 4, 7)
    features[:alike] = 0.5
    found = groups(Space.of(features), 60)
    assert max(map(len, found)) <= 60
    assert sorted(np.concatenate(found).tolist()) == list(range(1000))


def test_groups_follow_clusters() -> None:
    features, truth = blobs(2000, 16, 10, spread=0.02)
    assert all(len(set(truth[rows])) == 1 for rows in groups(Space.of(features), 250))
