"""The steps of a propagation that ``scale.py`` measures: candidates planted in clusters, 64 numbers each.

There are 200 clusters, some 100 times as large and 6 times as wide as others, 25 a label; of half of them 97%
of the masks are right, of the others 40%. Vectors lie in a file as float16, as those of a saved run do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import nbalabel as nl

N_PLANTED, DIMENSIONS, LABELS = 200, 64, 8
_BLOCK = 1 << 18
_ANSWERED, _LEARNED = 8, 3  # questions

Call = Callable[[], object]


@dataclass(frozen=True)
class Planted:
    """Vectors ``(n, 64)`` float16, mapped; of each row its score, label, cluster, and whether it is right."""

    vectors: np.ndarray
    scores: np.ndarray
    labels: np.ndarray
    truth: np.ndarray
    right: np.ndarray


def planted(n: int, folder: Path) -> Planted:
    """Planted masks; the vectors are written to the folder, if they are not there."""
    rng = np.random.default_rng(0)
    share = 1 / np.arange(2, N_PLANTED + 2)
    truth = rng.choice(N_PLANTED, n, p=share / share.sum())
    center = rng.standard_normal((N_PLANTED, DIMENSIONS), np.float32)
    width = rng.uniform(0.1, 0.6, N_PLANTED).astype(np.float32)
    path = folder / f"planted-{n}.npy"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        out = np.lib.format.open_memmap(new, "w+", np.float16, (n, DIMENSIONS))
        for start in range(0, n, _BLOCK):
            of = truth[start : start + _BLOCK]
            noise = rng.standard_normal((len(of), DIMENSIONS), np.float32)
            out[start : start + _BLOCK] = center[of] + width[of, None] * noise
        out.flush()
        new.rename(path)
    rng = np.random.default_rng(1)
    right = rng.random(n, np.float32) < np.where(np.arange(N_PLANTED) // LABELS % 2, 0.4, 0.97)[truth]
    odds = np.where(right, 1, -0.3).astype(np.float32) + rng.standard_normal(n, np.float32)
    scores = 1 / (1 + np.exp(-odds))
    return Planted(np.load(path, mmap_mode="r"), scores, truth % LABELS, truth, right)


def propose(n: int, folder: Path) -> Call:
    """The candidates of ``nl.propagate``: what is chosen, vectors, hints, masks that overlap."""
    from scale_steps import _saved

    from nbalabel.learn.propagate.proposals import proposals

    run = nl.Run.load(_saved(n, folder), nl.open(folder / "ds.nbal"))
    few: dict[str, Any] = {"min_score": 0, "min_area": 0, "labels": None, "features": None, "known": None}
    return lambda: proposals(run, **few, quality=None, project=None, seed=0)


def tree(n: int, folder: Path) -> Call:
    """The cluster trees of a propagation."""
    from nbalabel.learn.propagate.state.inputs import Inputs
    from nbalabel.learn.propagate.trees import forest_of

    rows = planted(n, folder)
    inputs = Inputs.of(_features(rows), rows.scores, rows.labels)
    return lambda: forest_of(inputs, None, None)


def _features(rows: Planted) -> Any:
    """The vectors as a propagation of this checkout takes so many."""
    try:
        from nbalabel.learn.propagate.in_cells import in_cells
    except ImportError:
        return rows.vectors
    return in_cells(rows.vectors, "certified", None, None)


def propagate(n: int, folder: Path) -> Call:
    """``nl.Propagation`` up to its first question."""
    rows = planted(n, folder)
    return lambda: nl.Propagation(rows.vectors, rows.scores, rows.labels).ask()


def answers(n: int, folder: Path) -> Call:
    """Eight questions answered, in the search for clusters."""
    return _told(n, folder, 0, _ANSWERED)


def answer(n: int, folder: Path) -> Call:
    """One more question answered in that search, after those from which chances are first learned."""
    return _told(n, folder, _LEARNED, 1)


def _told(n: int, folder: Path, before: int, more: int) -> Call:
    rows = planted(n, folder)
    p = nl.Propagation(rows.vectors, rows.scores, rows.labels)

    def tell(questions: int) -> None:
        for _ in range(questions):
            question = p.ask()
            p.tell(question, rows.right[question.rows])

    tell(before)
    return lambda: tell(more)
