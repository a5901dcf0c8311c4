"""Cluster trees: exact ones against SciPy's, a million rows on two levels, and how near those are to exact.

``python benchmarks/cluster.py [RUN] [--sizes 5000 10000 20000] [--large 1000000]``

RUN is the folder of a saved run, whose embeddings are then compared, too. Trees are equal if they have the
same clusters; sets of rows are compared by sums of random 64-bit numbers. fastcluster replaces SciPy's
linkage where it is installed. The large tree is built in a process of its own, all of whose memory is
counted, features included.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
from report import Row, against, human, show
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import pdist
from sklearn.metrics import adjusted_rand_score

import nbalabel as nl
from nbalabel.learn.cluster.dendrogram import Dendrogram, forest
from nbalabel.learn.cluster.forest import NONE, Forest
from nbalabel.learn.cluster.space import Space
from nbalabel.learn.cluster.trees import cluster
from nbalabel.learn.cluster.two_level import LARGEST_GROUP, MOST_BUNDLES, two_level

Array = np.ndarray
T = TypeVar("T")

CUTS = (10, 50, 200)
SUBSET = 20_000
N_PLANTED = 200


def planted(n: int, d: int = 256, seed: int = 0) -> tuple[Array, Array]:
    """Rows of 200 clusters, some 100 times as large and 6 times as wide as others; and each row's cluster."""
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(2, N_PLANTED + 2)
    truth = rng.choice(N_PLANTED, n, p=share / share.sum())
    center = rng.standard_normal((N_PLANTED, d), np.float32)
    width = rng.uniform(0.1, 0.6, N_PLANTED).astype(np.float32)
    rows = np.empty((n, d), np.float32)
    for start in range(0, n, 10_000):
        which = truth[start : start + 10_000]
        noise = rng.standard_normal((len(which), d), np.float32)
        rows[start : start + 10_000] = center[which] + width[which, None] * noise
    return rows, truth


def timed(run: Callable[[], T]) -> tuple[float, T]:
    began = time.perf_counter()
    found = run()
    return time.perf_counter() - began, found


def peer() -> tuple[str, Callable[[Array], Array]]:
    try:
        import fastcluster
    except ImportError:
        return "pdist + scipy linkage", lambda points: linkage(pdist(points), "complete")
    return "pdist + fastcluster", lambda points: fastcluster.linkage(pdist(points), "complete")


def differing(ours: Forest, theirs: Array) -> int:
    """Number of our clusters that the other tree does not have."""
    n = ours.n_rows
    key = np.random.default_rng(0).integers(2**63, size=n, dtype=np.uint64)
    total = np.concatenate([np.zeros(1, np.uint64), np.cumsum(key[ours.order], dtype=np.uint64)])
    mine = total[ours.stop] - total[ours.start]
    other = key.tolist()
    for left, right in theirs[:, :2].astype(np.int64).tolist():
        other.append((other[left] + other[right]) % 2**64)
    return int((~np.isin(mine, np.array(other, np.uint64))).sum())


def exact(sizes: list[int]) -> list[Row]:
    name, grow = peer()
    table = []
    cluster(planted(2_500)[0])  # compile before any clock runs
    for n in sizes:
        features, _ = planted(n)
        scores = np.random.default_rng(1).random(n)
        ours_s, ours = timed(lambda f=features, s=scores: cluster(f, s, method="exact"))
        points = Space.of(features, scores).take(slice(None))
        peer_s, theirs = timed(lambda p=points: grow(p))
        off = np.abs(ours.height[n:] / theirs[:, 2] - 1).max()
        wrong = differing(ours, theirs)
        same = "same tree" if wrong == 0 else f"{wrong} of {2 * n - 1:,} clusters differ"
        task = f"exact, {n:,} x 256: {same}, heights within {off:.0e}"
        table.append(against(task, ours_s, name, peer_s, "same tree, >= 5x" if n == 20_000 else ""))
    return table


def codes(tree: Forest, k: int) -> Array:
    """The cluster of each row when the highest k - 1 merges are undone, 0..k-1."""
    cut = np.arange(len(tree)) < 2 * tree.n_rows - k
    top = np.flatnonzero(cut & ((tree.parent == NONE) | ~cut[tree.parent]))
    top = top[np.argsort(tree.start[top])]
    out = np.empty(tree.n_rows, np.int64)
    out[tree.order] = np.repeat(np.arange(k), tree.size[top])
    return out


def purity(truth: Array, found: Array) -> float:
    """Share of rows that are in the most frequent true cluster of their found cluster."""
    table = np.zeros((truth.max() + 1, found.max() + 1), np.int64)
    np.add.at(table, (truth, found), 1)
    return float(table.max(axis=0).sum() / len(truth))


def nearness(tree: Forest, reference: Forest, truth: Array | None) -> str:
    told = []
    for k in CUTS:
        mine, theirs = codes(tree, k), codes(reference, k)
        told.append(f"{k}: {purity(theirs, mine):.2f} / {adjusted_rand_score(theirs, mine):.2f}")
    planted_ = "" if truth is None else f"; planted {adjusted_rand_score(truth, codes(tree, N_PLANTED)):.2f}"
    return ", ".join(told) + planted_


def coarse(features: Array) -> Forest:
    """Two levels with as many rows per bundle as for a million rows."""
    n = len(features)
    merges = two_level(Space.of(features), largest=LARGEST_GROUP, n_bundles=n * MOST_BUNDLES // 10**6)
    return forest([(0, np.arange(n), Dendrogram.of(merges))])


def nearby(features: Array, truth: Array | None, what: str) -> list[Row]:
    """Two-level trees, and exact trees of slightly moved rows, compared to the exact tree."""
    n = len(features)
    exact_tree = cluster(features, method="exact")
    moved = features + 0.01 * features.std(axis=0) * np.random.default_rng(0).standard_normal(features.shape)
    ways = {
        "exact itself": lambda: exact_tree,
        "exact, rows moved by 1% of each column's deviation": lambda: cluster(moved, method="exact"),
        "two-level as it is": lambda: cluster(features, method="two-level"),
        "two-level, bundles as large as of a million rows": lambda: coarse(features),
    }
    return [
        Row(f"{what}, {n:,}: {way}", nearness(grow(), exact_tree, truth))
        for way, grow in ways.items()
        if truth is not None or way != "exact itself"
    ]


def grow_large(n: int) -> None:
    """Print seconds and peak memory of one large tree, as JSON; for a process of its own."""
    import resource

    cluster(planted(2_500)[0], method="two-level")
    features, truth = planted(n)
    scores = np.random.default_rng(1).random(n)
    seconds, tree = timed(lambda: cluster(features, scores, method="two-level"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    kept = purity(truth, codes(tree, 1000))
    print(json.dumps({"seconds": seconds, "peak": peak, "purity": kept, "features": features.nbytes}))


def large(n: int) -> list[Row]:
    command = [sys.executable, __file__, "--grow", str(n)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    memory = f"{found['peak'] / 1e9:.2f} GB at most, {found['features'] / 1e9:.2f} GB of it features"
    return [
        Row(
            f"two-level, {n:,} x 256; planted purity of 1,000 clusters {found['purity']:.3f}",
            f"{human(found['seconds'])}, {memory}",
            target="<= 120 s, <= 3 GB" if n == 10**6 else "",
        )
    ]


def main(run: Path | None, sizes: list[int], n_large: int) -> None:
    table = exact(sizes)
    if n_large:
        table += large(n_large)
    show("Cluster trees", table)
    features, truth = planted(SUBSET)
    compared = nearby(features, truth, "planted")
    if run is not None:
        rows = nl.Run.load(run).embeddings.instance
        chosen = np.random.default_rng(0).permutation(len(rows))[:SUBSET]
        compared += nearby(rows[np.sort(chosen)], None, "embeddings of a run")
    show("Cuts into k clusters against the exact tree's, k: purity / adjusted Rand index", compared)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", nargs="?", type=Path)
    parser.add_argument("--sizes", nargs="*", type=int, default=[5_000, 10_000, 20_000])
    parser.add_argument("--large", type=int, default=1_000_000)
    parser.add_argument("--grow", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.grow:
        grow_large(given.grow)
    else:
        main(given.run, given.sizes, given.large)
