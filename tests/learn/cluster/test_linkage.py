"""Complete linkage: the same tree as SciPy's, whichever way it is found."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import pdist, squareform

from nbalabel.learn.cluster.chain import nearest_neighbor_chain
from nbalabel.learn.cluster.compiled import compiled
from nbalabel.learn.cluster.dendrogram import Dendrogram
from nbalabel.learn.cluster.distances import square, triangle
from nbalabel.learn.cluster.linkage import Merges, complete_linkage

from .cluster_checks import sets


def below_diagonal(points: np.ndarray) -> np.ndarray:
    whole = squareform(pdist(points)).astype(np.float32)
    return whole[np.tril_indices(len(points), -1)]


def by_scipy(points: np.ndarray) -> np.ndarray:
    return linkage(pdist(points), "complete")


@pytest.mark.parametrize("n", [2, 3, 5, 30, 200])
@pytest.mark.parametrize("d", [1, 7])
def test_rounds_of_reciprocal_neighbors_give_scipys_tree(n: int, d: int) -> None:
    points = np.random.default_rng(n).normal(size=(n, d))
    theirs = by_scipy(points)
    ours = Dendrogram.of(complete_linkage(below_diagonal(points), n))
    assert np.column_stack([ours.left, ours.right]).tolist() == theirs[:, :2].astype(int).tolist()
    np.testing.assert_allclose(ours.height, theirs[:, 2], rtol=1e-6)


@pytest.mark.parametrize("n", [2, 3, 30, 150])
def test_chains_give_the_same_tree_as_rounds(n: int) -> None:
    distances = below_diagonal(np.random.default_rng(n).normal(size=(n, 3)))
    chained = Merges(*compiled(nearest_neighbor_chain)(distances.copy(), n))
    assert sets(chained) == sets(complete_linkage(distances, n))


def test_points_ever_farther_apart_are_left_to_chains() -> None:
    points = (np.arange(500.0)[:, None] + np.random.default_rng(0).uniform(0, 1e-3, (500, 1))) ** 2
    ours = Dendrogram.of(complete_linkage(below_diagonal(points), 500))
    theirs = by_scipy(points)
    assert np.column_stack([ours.left, ours.right]).tolist() == theirs[:, :2].astype(int).tolist()


@pytest.mark.parametrize("points", [np.zeros((70, 2)), np.indices((8, 9)).reshape(2, -1).T.astype(float)])
def test_ties_still_give_a_tree_whose_heights_are_the_largest_distance_inside(points: np.ndarray) -> None:
    whole = squareform(pdist(points)).astype(np.float32)
    found = sets(complete_linkage(below_diagonal(points), len(points)))
    assert len(found) == len(points) - 1
    for rows, height in found.items():
        at = sorted(rows)
        assert height == whole[np.ix_(at, at)].max()


def test_every_distance_is_scipys_to_float32() -> None:
    points = np.random.default_rng(0).normal(size=(1100, 5))  # more than one block of rows
    np.testing.assert_allclose(triangle(points), below_diagonal(points), rtol=1e-6)
    np.testing.assert_allclose(square(points), squareform(pdist(points)), atol=1e-7)


def test_distances_survive_where_points_lie_far_from_the_origin() -> None:
    rng = np.random.default_rng(0)
    points = rng.choice([-3e3, 3e3], (300, 4)) + 1e-2 * rng.normal(size=(300, 4))
    np.testing.assert_allclose(triangle(points), below_diagonal(points), rtol=1e-3)


def test_equal_rows_are_at_distance_zero() -> None:
    points = np.repeat(np.random.default_rng(0).normal(size=(20, 33)), 3, axis=0)
    same = np.arange(60)[:, None] // 3 == np.arange(60) // 3
    assert (triangle(points)[same[np.tril_indices(60, -1)]] == 0).all()
    assert (square(points)[same] == 0).all()


def test_extra_is_added_to_squared_distances() -> None:
    assert triangle(np.zeros((2, 1)), np.array([9.0, 16.0])).tolist() == [5.0]
