"""What tests of cluster trees share: what any tree must hold, its cuts, and made-up rows."""

from __future__ import annotations

import numpy as np

from nbalabel.learn.cluster.forest import NONE, Forest
from nbalabel.learn.cluster.linkage import Merges


def assert_proper(forest: Forest, labels: np.ndarray) -> None:
    """Binary trees, one a label: runs are made of their children's, heights never fall upwards."""
    n = len(labels)
    assert sorted(forest.order.tolist()) == list(range(n))
    assert forest.labels.tolist() == sorted(set(labels.tolist()))
    for root, label in zip(forest.roots, forest.labels, strict=True):
        assert set(forest.rows(int(root)).tolist()) == set(np.flatnonzero(labels == label).tolist())
    assert forest.start[:n].tolist() == np.argsort(forest.order).tolist()
    assert (forest.left[:n] == NONE).all()
    assert (forest.right[:n] == NONE).all()
    assert (forest.height[:n] == 0).all()
    inner = np.arange(n, len(forest))
    left, right = forest.left[inner], forest.right[inner]
    assert (left < right).all()
    assert (right < inner).all()
    assert (forest.start[inner] == forest.start[left]).all()
    assert (forest.stop[left] == forest.start[right]).all()
    assert (forest.stop[right] == forest.stop[inner]).all()
    assert (forest.height[inner] >= np.maximum(forest.height[left], forest.height[right])).all()
    assert np.isfinite(forest.height).all()
    assert sorted([*left, *right, *forest.roots]) == list(range(len(forest)))


def codes(forest: Forest, k: int) -> np.ndarray:
    """The k clusters left when all but the k - 1 highest merges of one tree are done, by their first row."""
    n = forest.n_rows
    cut = np.arange(len(forest)) < 2 * n - k
    top = np.flatnonzero(cut & ((forest.parent == NONE) | ~cut[forest.parent]))
    out = np.empty(n, np.int64)
    for cluster in top:
        out[forest.rows(int(cluster))] = forest.rows(int(cluster)).min()
    return out


def sets(merges: Merges) -> dict[frozenset[int], float]:
    """Each cluster's rows and its height."""
    held = {i: frozenset([i]) for i in range(len(merges) + 1)}
    out = {}
    for i, j, height in zip(merges.first, merges.second, merges.height, strict=True):
        assert held[i] != held[j]
        both = held[i] | held[j]
        held.update(dict.fromkeys(both, both))
        out[both] = float(height)
    return out


def blobs(n: int, d: int, k: int, seed: int = 0, spread: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """Rows around k centers, float32, and which center each is from."""
    rng = np.random.default_rng(seed)
    which = rng.permutation(np.arange(n) % k)
    return (rng.normal(size=(k, d))[which] + spread * rng.normal(size=(n, d))).astype(np.float32), which
