"""How likely each answer is, from those that there are; no row is judged by what its own image taught."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ....core.errors import DataError
from ...suspects.crops.classify import crossed
from ..state.ledger import UNKNOWN, YES

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

_FEW = 5  # answers of the rarer kind; with fewer nothing is guessed
_FOLDS = 5


def chance_of(columns: Floats, on: Ints, known: npt.NDArray[np.int8], seed: int) -> Floats:
    """How likely the one claim is of each row, ``(n,)``, 0..1; 0.5 where too little is known.

    Args:
        columns: what the rows look like, ``(n, d)``.
        on: image of each row, ``(n,)``.
        known: YES, NO or UNKNOWN of each row, ``(n,)``.
        seed: seed of folds and trees.
    """
    there = known != UNKNOWN
    yes = int((known == YES).sum())
    if min(yes, int(there.sum()) - yes) < _FEW:
        return np.full(len(columns), 0.5, np.float32)
    found = crossed(columns, np.where(there, known, 0).astype(np.int64), on, there, 2, _FOLDS, seed)[:, :2]
    return np.asarray(found[:, 1] / np.maximum(found.sum(axis=1), 1e-9), np.float32)


def likeliest(
    columns: Floats, on: Ints, codes: Ints, allowed: npt.NDArray[np.bool_], name: str, seed: int
) -> tuple[Ints, Floats]:
    """The likeliest answer of each row, and how likely it is.

    Args:
        columns: what the rows look like, ``(n, d)``.
        on: image of each row, ``(n,)``.
        codes: answer of each row, -1 where it has none, ``(n,)``.
        allowed: which answers a row may have, ``(n, k)``.
        name: of the question, for messages.
        seed: seed of folds and trees.

    Raises:
        DataError: there are too few answers to guess from.
    """
    there = codes >= 0
    values, counts = np.unique(codes[there], return_counts=True)
    if len(values) < 2 or np.sort(counts)[-2] < _FEW:
        raise DataError(
            f"{name!r} alone claims the likeliest answer of each instance, for which at least {_FEW} "
            f"instances with one answer and {_FEW} with another must be known; there are {int(there.sum())} "
            f"with {len(values)} different ones. Answer a few first, or ask about one: question='{name}=...'"
        )
    found = crossed(columns, np.maximum(codes, 0), on, there, allowed.shape[1], _FOLDS, seed)
    found = np.where(allowed, found[:, :-1], -1.0)
    return found.argmax(axis=1), np.clip(found.max(axis=1), 0, 1).astype(np.float32)
