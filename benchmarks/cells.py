"""Trees over cells against trees on two levels: CPU seconds, and how pure their clusters are.

python benchmarks/cells.py 1e5 1e6                      8 labels, and all rows as one
python benchmarks/cells.py 1e7 --alone --on 1 2         cells alone; here, by one and by two processes

Purity: the highest joins are undone until there are k clusters; the share of rows that are in the most
frequent planted cluster of theirs. Cells stay closed.
CPU seconds are those of this process, and of all that it started. Trees that were made elsewhere are compared
with those made here.
"""

from __future__ import annotations

import argparse
import heapq
import os
import resource
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scale_propagation import N_PLANTED, Planted, planted

from nbalabel.learn.cluster.cell_forest import CellForest
from nbalabel.learn.cluster.placed import cell_forest
from nbalabel.learn.cluster.trees import cluster
from nbalabel.learn.embed.vectors import Vectors

CUTS = (50, 200, 400, 1000)


def purity(forest: Any, truth: np.ndarray) -> list[float]:
    top = forest.top if isinstance(forest, CellForest) else forest
    standing = [(-float(top.height[root]), int(root)) for root in forest.roots]
    heapq.heapify(standing)
    found = []
    for k in CUTS:
        while len(standing) < k and standing[0][0] < 0:
            _, highest = heapq.heappop(standing)
            for child in forest.children(highest) or ():
                height = float(top.height[child]) if child < len(top) else 0.0
                heapq.heappush(standing, (-height, child))
        most = [np.bincount(truth[forest.rows(c)], minlength=N_PLANTED).max() for _, c in standing]
        found.append(float(np.sum(most) / len(truth)))
    return found


def used(who: int) -> float:
    one = resource.getrusage(who)
    return one.ru_utime + one.ru_stime


def timed(call: Any) -> tuple[str, Any]:
    began = used(resource.RUSAGE_SELF), used(resource.RUSAGE_CHILDREN), time.perf_counter()
    found = call()
    own, others = used(resource.RUSAGE_SELF) - began[0], used(resource.RUSAGE_CHILDREN) - began[1]
    return f"{own:.1f} + {others:.1f} | {time.perf_counter() - began[2]:.0f}", found


def over_cells(rows: Planted, labels: np.ndarray, on: int | None) -> CellForest:
    vectors = Vectors(rows.vectors)
    return cell_forest(vectors, rows.scores, labels, np.arange(len(vectors)), on=on)


def main(sizes: list[int], alone: bool, on: list[int], folder: Path) -> None:
    print(
        "| rows | labels | tree | CPU s here + elsewhere | wall s | purity at "
        + ", ".join(map(str, CUTS))
        + " |"
    )
    print("|---|---|---|---|---|---|")
    for n in sizes:
        rows = planted(n, folder)
        for labels in (rows.labels, np.zeros(n, np.int64)):
            n_labels = int(labels.max()) + 1
            cost, here = timed(partial(over_cells, rows, labels, None))
            show(n, n_labels, f"{len(here.begin) - 1:,} cells", cost, purity(here, rows.truth))
            for workers in on:
                cost, there = timed(partial(over_cells, rows, labels, workers))
                same = np.array_equal(here.order, there.order) and np.array_equal(here.begin, there.begin)
                show(n, n_labels, f"by {workers} processes, {'the same' if same else 'ANOTHER'}", cost, [])
            if not alone:
                table = rows.vectors.astype(np.float32)
                cost, other = timed(partial(cluster, table, rows.scores, labels))
                show(n, n_labels, "cluster()", cost, purity(other, rows.truth))


def show(n: int, labels: int, what: str, cost: str, pure: list[float]) -> None:
    print(f"| {n:,} | {labels} | {what} | {cost} | {', '.join(f'{p:.3f}' for p in pure)} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sizes", nargs="+", type=float)
    parser.add_argument("--alone", action="store_true", help="no trees of all rows beside them")
    parser.add_argument("--on", nargs="*", type=int, default=[], help="numbers of processes")
    parser.add_argument("--folder", type=Path, required=True, help="where the vectors are kept")
    given = parser.parse_args()
    os.environ.setdefault("TQDM_DISABLE", "1")
    main([int(n) for n in given.sizes], given.alone, given.on, given.folder)
