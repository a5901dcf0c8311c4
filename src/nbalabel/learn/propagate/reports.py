"""The state of a propagation as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.question import Progress
from ..cluster.cell_forest import CellForest
from .state.inputs import Inputs
from .state.ledger import ACCEPTED, NO, OPEN, REJECTED, UNKNOWN, YES, Ledger

Ints = npt.NDArray[np.int64]


def status_table(
    ledger: Ledger, inputs: Inputs, now: Progress, own: Mapping[str, tuple[float, float]] | None = None
) -> pd.DataFrame:
    """Masks, decisions and answers of each label, and of all.

    Columns masks, accepted, rejected, open, asked (masks asked about), right (of them), estimate and lower
    (share of right masks among the accepted; nan for a label without a target of its own). Index: label, the
    last row "all".

    Args:
        ledger: answers and decisions.
        inputs: the candidates.
        now: the progress of all together.
        own: estimate and lower of each label with a target of its own.
    """
    rows = inputs.candidates
    labels, n = inputs.labels[rows], len(inputs.names)

    def count(which: npt.NDArray[np.bool_]) -> Ints:
        each = np.bincount(labels[which[rows]], minlength=n)
        return np.append(each, each.sum())

    decision, answer = ledger.decision, ledger.answer
    table = {
        "masks": count(np.ones(len(ledger.scores), np.bool_)),
        "accepted": count(decision == ACCEPTED),
        "rejected": count(decision == REJECTED),
        "open": count(decision == OPEN),
        "asked": count(answer != UNKNOWN),
        "right": count(answer == YES),
        "estimate": np.append(np.full(n, np.nan), now.estimate),
        "lower": np.append(np.full(n, np.nan), now.lower),
    }
    status = pd.DataFrame(table, index=pd.Index([*inputs.names, "all"], name="label"))
    for name, found in (own or {}).items():
        status.loc[name, ["estimate", "lower"]] = found
    return status


def cluster_table(ledger: Ledger, inputs: Inputs, seen: Sequence[tuple[int, int, str]]) -> pd.DataFrame:
    """The clusters examined; see ``core.question.Verifiable.clusters``.

    Args:
        ledger: the answers.
        inputs: the candidates.
        seen: first, last and state of each cluster, parents first; clusters are nested or disjoint.
    """
    first = np.array([s[0] for s in seen], np.int64)
    last = np.array([s[1] for s in seen], np.int64)
    parent, depth = _nested(first, last)
    order = ledger.forest.order
    n_yes, n_no = (_within(ledger, code, first, last) for code in (YES, NO))
    names = np.array(inputs.names, object)
    table = {
        "cluster": [f"{a}-{b}" for a, b in zip(first, last, strict=True)],
        "parent": parent,
        "label": names[inputs.labels[order[first]]],
        "start": first,
        "stop": last,
        "depth": depth,
        "state": [s[2] for s in seen],
        "n_yes": n_yes,
        "n_no": n_no,
        "estimate": np.where(n_yes + n_no > 0, (n_yes + 1) / (n_yes + n_no + 2), np.nan),
    }
    return pd.DataFrame(table)


def _nested(first: Ints, last: Ints) -> tuple[Ints, Ints]:
    """The smallest other range that contains each range, -1 for none, and how many contain it."""
    parent, depth = np.full(len(first), -1, np.int64), np.zeros(len(first), np.int64)
    around: list[int] = []
    for at in np.lexsort((-last, first)).tolist():
        while around and last[around[-1]] < last[at]:
            around.pop()
        if around:
            parent[at], depth[at] = around[-1], len(around)
        around.append(at)
    return parent, depth


def _within(ledger: Ledger, code: int, first: Ints, last: Ints) -> Ints:
    """Rows of each range with this answer."""
    forest = ledger.forest
    if isinstance(forest, CellForest):
        spans = zip(first.tolist(), last.tolist(), strict=True)
        return np.array([(ledger.answer[forest.between(*span)] == code).sum() for span in spans], np.int64)
    total = np.concatenate([[0], np.cumsum(ledger.answer[forest.order] == code)])
    return np.asarray(total[last] - total[first], np.int64)
