"""Trees over cells: the same ones wherever rows were placed, opened exactly where somebody looks."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nbalabel.core.errors import DataError
from nbalabel.learn.cluster import cells, placed
from nbalabel.learn.cluster.cell_forest import CellForest
from nbalabel.learn.cluster.cells import Cells
from nbalabel.learn.cluster.forest import Forest
from nbalabel.learn.cluster.placed import cell_forest
from nbalabel.learn.cluster.trees import cluster
from nbalabel.learn.embed.vectors import Vectors
from tests.engine.test_step import Interrupted

N, D, PLANTED = 3_000, 12, 24


def planted(n: int = N, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vectors of 24 heaps as float16, scores, and the heap of each."""
    rng = np.random.default_rng(seed)
    heap = rng.integers(0, PLANTED, n)
    vectors = rng.normal(size=(PLANTED, D))[heap] * 3 + rng.normal(size=(n, D)) * 0.4
    return vectors.astype(np.float16), (0.5 + 0.02 * rng.normal(size=n)).astype(np.float32), heap


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several parts, and cells in small labels, too; workers get their rows ready."""
    monkeypatch.setattr(placed, "ROWS_A_PART", 500)
    monkeypatch.setattr(cells, "_ONE_CELL", 300)


def made(rows: np.ndarray | None = None, **more: Any) -> CellForest:
    vectors, scores, heap = planted()
    rows = np.arange(N) if rows is None else rows
    return cell_forest(Vectors(vectors), scores, heap % 2, rows, **more)


def same(one: CellForest, other: CellForest) -> None:
    assert np.array_equal(one.order, other.order)
    assert np.array_equal(one.begin, other.begin)
    for name in ("order", "start", "stop", "left", "right", "height", "roots", "labels"):
        assert np.array_equal(getattr(one.top, name), getattr(other.top, name)), name


def clusters(forest: Forest | CellForest, root: int) -> Iterator[int]:
    yield root
    for child in forest.children(root) or ():
        yield from clusters(forest, child)


def largest_cell(forest: CellForest) -> tuple[int, np.ndarray]:
    place = int(np.argmax(np.diff(forest.begin)))
    return int(forest.top.order[place]), forest.order[forest.begin[place] : forest.begin[place + 1]]


def test_every_cluster_is_a_range_that_names_it_and_holds_the_rows_of_its_children() -> None:
    forest = made()
    found = [c for root in forest.roots.tolist() for c in clusters(forest, root)]
    assert len(found) == len(set(found)) == 2 * N - 2
    assert np.array_equal(np.sort(forest.order), np.arange(N))
    for c in found:
        start, stop = forest.span(c)
        rows, pair = forest.rows(c), forest.children(c)
        assert forest.find(start, stop) == c
        assert len(rows) == stop - start
        assert (pair is None) == (len(rows) == 1)
        if pair is not None:
            first, second = map(forest.span, pair)
            assert (first[0], first[1], second[1]) == (start, second[0], stop)
            assert set(rows) == set(forest.rows(pair[0])) | set(forest.rows(pair[1]))


def test_only_cells_that_are_looked_into_are_opened_and_the_tree_inside_is_exact() -> None:
    forest = made()
    assert forest.n_opened == 0
    cell, rows = largest_cell(forest)
    inside = {frozenset(forest.rows(c).tolist()) for c in clusters(forest, cell)}
    assert forest.n_opened == 1
    vectors, scores, heap = planted()
    own = Cells.learn(Vectors(vectors), scores, np.flatnonzero(heap % 2 == heap[rows[0]] % 2), 0)
    points = own.points(vectors[rows], scores[rows]).astype(np.float64)

    from scipy.cluster.hierarchy import linkage

    joins = linkage(points, "complete")
    exact = [frozenset([row]) for row in rows.tolist()]
    for left, right in joins[:, :2].astype(int).tolist():
        exact.append(exact[left] | exact[right])
    assert inside == set(exact)


def test_what_was_opened_before_changes_neither_numbers_nor_rows() -> None:
    first, second = made(), made()
    roots = first.roots.tolist()
    ahead = {c: (first.span(c), first.rows(c).tolist()) for r in roots for c in clusters(first, r)}
    behind = {c: (second.span(c), second.rows(c).tolist()) for r in roots[::-1] for c in clusters(second, r)}
    assert ahead == behind


def test_rows_placed_by_processes_threads_and_here_make_the_same_trees(tmp_path: Path) -> None:
    here = made()
    same(made(folder=tmp_path / "a"), here)
    same(made(on=2), here)
    with ThreadPoolExecutor(2) as threads:
        same(made(on=threads, folder=tmp_path / "b"), here)
    assert not (tmp_path / "b" / "cells").exists()


@pytest.mark.slow
def test_rows_placed_by_dask_make_the_same_trees(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as cluster_,
        distributed.Client(cluster_) as client,
    ):
        same(made(on=client, folder=tmp_path), made())


def test_a_cluster_needs_a_folder_and_an_interrupted_call_goes_on_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="folder="):
        made(on=Interrupted(2))
    with pytest.raises(KeyboardInterrupt):
        made(on=Interrupted(2), folder=tmp_path)
    assert len(list((tmp_path / "cells").glob("*.arrow"))) == 2
    same(made(folder=tmp_path), made())


def test_rows_left_out_are_in_no_cell() -> None:
    rows = np.flatnonzero(np.arange(N) % 3)
    assert np.array_equal(np.sort(made(rows).order), rows)


def test_a_label_of_few_rows_is_one_cell_and_equal_rows_are_no_trouble() -> None:
    vectors = np.ones((900, 3), np.float16)
    vectors[:5] = np.arange(5)[:, None]
    labels = np.where(np.arange(900) < 5, 0, 1)
    forest = cell_forest(Vectors(vectors), np.full(900, 0.5, np.float32), labels, np.arange(900))
    assert len(list(clusters(forest, int(forest.roots[0])))) == 9
    assert len(list(clusters(forest, int(forest.roots[1])))) == 2 * 895 - 1


def test_planted_heaps_come_out_as_pure_as_from_a_tree_on_two_levels() -> None:
    vectors, scores, heap = planted()
    ours = made()
    theirs = cluster(vectors.astype(np.float32), scores, heap % 2, method="two-level")
    for k in (PLANTED, 4 * PLANTED):
        assert purity(ours, ours.top.height, heap, k) >= 0.98 * purity(theirs, theirs.height, heap, k)


def purity(forest: Forest | CellForest, height: np.ndarray, truth: np.ndarray, k: int) -> float:
    """Share of rows in the most frequent heap of their cluster, when the highest joins are undone."""
    standing = [(-float(height[root]), root) for root in forest.roots.tolist()]
    heapq.heapify(standing)
    while len(standing) < k:
        _, highest = heapq.heappop(standing)
        for child in forest.children(highest) or ():
            heapq.heappush(standing, (-float(height[child]) if child < len(height) else 0.0, child))
    most = [np.bincount(truth[forest.rows(c)]).max() for _, c in standing]
    return float(np.sum(most) / len(truth))
