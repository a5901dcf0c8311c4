"""Small cluster trees by SciPy; the strategies that benchmarks compare with can be imported."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.cluster.hierarchy import linkage

from nbalabel.learn.cluster.forest import Forest

sys.path.append(str(Path(__file__).parents[3] / "benchmarks"))


def tree(points, labels=None) -> Forest:
    """Complete linkage of points, one tree a label."""
    points = np.asarray(points, float).reshape(len(points), -1)
    labels = np.zeros(len(points), int) if labels is None else np.asarray(labels)
    order, nodes, codes = [], [], np.unique(labels)
    roots = [grow(points, np.flatnonzero(labels == code), order, nodes) for code in codes]
    columns = [np.array([node[i] for node in nodes]) for i in range(5)]
    start, stop, left, right, height = columns if nodes else [np.zeros(0, int)] * 5
    return Forest(
        np.array(order, np.int64), start, stop, left, right, np.float32(height), np.array(roots, int), codes
    )


def grow(points, rows, order, nodes) -> int:
    """Append the tree of some rows; returns its root."""
    n, joins = len(rows), []
    if n > 1:
        joins = linkage(points[rows], "complete")

    def visit(at: int) -> int:
        start = len(order)
        if at < n:
            order.append(rows[at])
            nodes.append((start, start + 1, -1, -1, 0.0))
        else:
            a, b, height, _ = joins[at - n]
            left, right = visit(int(a)), visit(int(b))
            nodes.append((start, len(order), left, right, height))
        return len(nodes) - 1

    return visit(n + len(joins) - 1)


@pytest.fixture(name="tree")
def tree_fixture():
    return tree
