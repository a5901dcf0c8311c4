"""Rows with the labels of a level of the hierarchy, and those of which the level is not known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..ontology.levels import Level
from .of_tables import codes_of


def at_level(rows: pd.DataFrame, labels: tuple[str, ...], level: Level) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows with their labels at a level.

    Args:
        rows: rows with a column ``label``.
        labels: the label list of the rows.
        level: the level.

    Returns:
        The rows whose label is known there (or missing), with it; and the other rows, once for each label
        that they may have.
    """
    place = {label: i for i, label in enumerate(level.labels)}
    code = codes_of(rows["label"], labels)
    becomes = np.array([place[level.known[x]] if x in level.known else -2 for x in labels] + [-1], np.int64)
    now = becomes[code]
    dtype = pd.CategoricalDtype(list(level.labels))
    staying = rows[now > -2]
    known = staying.assign(label=pd.Categorical.from_codes(now[now > -2], dtype=dtype))
    pairs = [
        (i, place[one]) for i in np.flatnonzero(now == -2).tolist() for one in level.unknown[labels[code[i]]]
    ]
    at = np.array(pairs, np.int64).reshape(-1, 2)
    unknown = rows.iloc[at[:, 0]].assign(label=pd.Categorical.from_codes(at[:, 1], dtype=dtype))
    return known, unknown


def counted_at_level(
    predictions: pd.DataFrame, instances: pd.DataFrame, labels: tuple[str, ...], level: Level
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Predictions and instances to measure at a level.

    An instance that is coarser is a crowd of each label that it may have: what is predicted there counts
    neither way. A prediction that is coarser claims nothing at the level, and is left out.

    Args:
        predictions: rows of predictions.
        instances: rows of instances.
        labels: the label list of both.
        level: the level.
    """
    found, _ = at_level(predictions, labels, level)
    known, unknown = at_level(instances, labels, level)
    if not len(unknown):
        return found, known
    lowest = min(int(known.index.min()) if len(known) else 0, 0)
    ids = pd.Index(lowest - 1 - np.arange(len(unknown)), name=known.index.name)
    return found, pd.concat([known, unknown.assign(crowd=True).set_axis(ids, axis=0)])
