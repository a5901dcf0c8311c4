"""Rows placed in cells, a part at a time, here or elsewhere; and the trees over these cells."""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...engine.run import On
from ...engine.shards import Shard, Shards
from ...engine.step import Tell, make, place
from ..embed.vectors import Vectors
from .cell_forest import CellForest
from .cells import Cells
from .dendrogram import Dendrogram, forest
from .distances import triangle
from .linkage import Merges, complete_linkage
from .space import Space
from .threads import one_thread_a_product
from .trees import tree_of

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

ROWS_A_PART = 1 << 17
_EXACT = 8_000  # rows of a cell whose tree is exact, 2 n^2 bytes; larger ones are on two levels

_FIELDS = ("mean", "scale", "coarse", "begin", "centers")


@dataclass(frozen=True, eq=False)
class Part:
    """Rows that go to a worker.

    Attributes:
        vectors: as they are stored, ``(k, d)``.
        scores: ``(k,)``.
        which: which cells are theirs, by position: those of their label, ``(k,)``.
    """

    vectors: npt.NDArray[np.floating[Any]]
    scores: Floats
    which: npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Placing:
    """Find the cell of each row of a part.

    Attributes:
        cells: those of each label; or the file that has them, where the parts are made elsewhere.
    """

    cells: Sequence[Cells] | Path

    def open(self) -> Sequence[Cells]:
        """The cells, kept for the parts that follow."""
        return _read(self.cells) if isinstance(self.cells, Path) else self.cells

    def make(self, held: Sequence[Cells], argument: Part, tell: Tell) -> Shard:
        """The cell of each row, numbered through all labels, and how far rows are from the centers."""
        first = np.cumsum([0, *map(len, held)])
        cell = np.empty(len(argument.which), np.int32)
        far = np.empty(len(argument.which), np.float32)
        with one_thread_a_product():
            for label in np.unique(argument.which).tolist():
                rows = np.flatnonzero(argument.which == label)
                own = held[label]
                found, far[rows] = own.of(own.points(argument.vectors[rows], argument.scores[rows]))
                cell[rows] = first[label] + found
        there, code = np.unique(cell, return_inverse=True)
        tell(len(cell))
        arrays: dict[str, npt.NDArray[Any]] = {"cell": cell, "there": there, "n": np.bincount(code)}
        return Shard(arrays=arrays | {"far": np.bincount(code, far)})


@dataclass(frozen=True, eq=False)
class Opener:
    """Makes the tree inside a cell.

    Attributes:
        vectors: of all rows.
        scores: of all rows, ``(n,)``.
        mean: of the columns of each label, by code, the score's last.
        scale: likewise.
    """

    vectors: Vectors
    scores: Floats
    mean: dict[int, npt.NDArray[np.float64]]
    scale: dict[int, npt.NDArray[np.float64]]

    def __call__(self, rows: Ints, label: int) -> Dendrogram:
        """Complete linkage of the rows, exact up to 8,000."""
        mean, scale = self.mean[label], self.scale[label]
        score = (self.scores[rows].astype(np.float64) - mean[-1]) * scale[-1]
        features: Any = self.vectors
        return tree_of(Space(features, rows, mean[:-1], scale[:-1], score), len(rows) <= _EXACT, seed=0)


def cell_forest(
    vectors: Vectors,
    scores: Floats,
    labels: Ints,
    rows: Ints,
    *,
    seed: int = 0,
    fingerprint: str = "",
    on: On = None,
    folder: str | Path | None = None,
) -> CellForest:
    """Cluster trees of millions of rows, one per label, over cells of neighbouring rows.

    Cells are learned from a sample of each label; then each row finds its cell, a part of the rows at a time;
    then complete linkage runs over the cells of each label. The distance of two cells is the root of the mean
    squared distance of their rows, ``sqrt(|c1 - c2|^2 + v1 + v2)`` of their centers and mean squared
    distances from these. The tree inside a cell is made when somebody looks into it.

    Args:
        vectors: of all rows.
        scores: of all rows, ``(n,)`` float32.
        labels: codes of all rows, ``(n,)``.
        rows: those that the trees are about, rising, ``(m,)``.
        seed: the same inputs and seed give the same trees, wherever parts are made.
        fingerprint: tells these inputs from others: parts of the same are used again.
        on: where the parts are made; None is here. See :func:`nbalabel.engine.run.run`.
        folder: where parts are kept until all are made.

    Raises:
        DataError: a cluster, and no folder.
        KeyboardInterrupt: it was interrupted; parts that are done stay in the folder.
    """
    codes = np.unique(labels[rows])
    with place(folder, on) as where:
        shards = Shards(None if where is None else where / "cells", f"cells-1 {seed} {fingerprint}", "cells")
        with one_thread_a_product():
            cells = [Cells.learn(vectors, scores, rows[labels[rows] == code], seed) for code in codes]
        known: Sequence[Cells] | Path = cells
        if shards.folder is not None and on is not None:
            known = _written(cells, shards.folder / "centers.npz")
        cuts = [rows[start : start + ROWS_A_PART] for start in range(0, len(rows), ROWS_A_PART)]

        def argument(number: int) -> Part:
            some = cuts[number]
            which = np.searchsorted(codes, labels[some]).astype(np.int32)
            return Part(vectors[some], scores[some], which)

        step = Placing(known)
        done = make(step, argument, list(map(len, cuts)), shards, on, "placing masks", unit="mask").whole()
        made = _joined(vectors, scores, codes, rows, cells, done)
        shards.clear()
    return made


def _joined(
    vectors: Vectors, scores: Floats, codes: Ints, rows: Ints, cells: Sequence[Cells], done: Sequence[Shard]
) -> CellForest:
    """Trees over the cells that have rows, and the rows in the order of these cells."""
    first = np.cumsum([0, *map(len, cells)])
    count, far = np.zeros(first[-1], np.int64), np.zeros(first[-1])
    for shard in done:
        there = shard.arrays["there"]
        count[there] += shard.arrays["n"]
        far[there] += shard.arrays["far"]
    trees, n_cells = [], 0
    number = np.full(first[-1], -1, np.int64)  # of each cell that has rows
    for at, (code, own) in enumerate(zip(codes.tolist(), cells, strict=True)):
        filled = np.flatnonzero(count[first[at] : first[at + 1]])
        spread = (far / np.maximum(count, 1))[first[at] + filled]
        number[first[at] + filled] = n_cells + np.arange(len(filled))
        trees.append((code, n_cells + np.arange(len(filled)), _tree(own.centers[filled], spread)))
        n_cells += len(filled)
    top = forest(trees)
    rank = np.empty(n_cells, np.int32)
    rank[top.order] = np.arange(n_cells)
    of_row = np.concatenate([rank[number[shard.arrays["cell"]]] for shard in done])
    begin = np.concatenate([[0], np.cumsum(np.bincount(of_row, minlength=n_cells))])
    order = rows[np.argsort(of_row, kind="stable")]
    mean = {code: one.mean for code, one in zip(codes.tolist(), cells, strict=True)}
    scale = {code: one.scale for code, one in zip(codes.tolist(), cells, strict=True)}
    return CellForest(top, order, begin, Opener(vectors, scores, mean, scale))


def _tree(centers: Floats, spread: npt.NDArray[np.float64]) -> Dendrogram:
    n = len(centers)
    if n == 1:
        return Dendrogram.of(Merges.none())
    return Dendrogram.of(complete_linkage(triangle(centers.astype(np.float64), spread), n))


def _written(cells: Sequence[Cells], path: Path) -> Path:
    """The cells in a file, for workers."""
    arrays = {f"{at} {name}": getattr(one, name) for at, one in enumerate(cells) for name in _FIELDS}
    new = path.with_name(f"{uuid.uuid4().hex}.new")
    with new.open("wb") as file:
        np.savez(file, **arrays)
    os.replace(new, path)
    return path


def _read(path: Path) -> list[Cells]:
    with np.load(path, allow_pickle=False) as found:
        n = len(found.files) // len(_FIELDS)
        return [Cells(*(found[f"{at} {name}"] for name in _FIELDS)) for at in range(n)]
