"""The cluster trees of a propagation: given, read from beside its journal, or built."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from pathlib import Path

import numpy as np

from ...core.errors import DataError, StorageError, first
from ..cluster.forest import Forest
from .state.inputs import Inputs


def forest_of(inputs: Inputs, forest: Forest | None, journal: Path | None) -> Forest:
    """Trees over the candidates, in row positions.

    Trees that are built here are stored in a file beside the journal, so that a resumed propagation has the
    same clusters without building them again.

    Args:
        inputs: the candidates.
        forest: trees that hold every candidate once (and perhaps rows known beforehand); None builds them.
        journal: of the propagation; None where it is kept in memory.

    Raises:
        DataError: the forest given does not hold every candidate once.
    """
    if forest is not None:
        return _checked(forest, inputs)
    path = None if journal is None else journal.with_name(f"{journal.stem}.forest.npz")
    if path is not None and path.exists():
        return _checked(_read(path), inputs)
    from ..cluster.trees import cluster

    rows = inputs.candidates
    made = cluster(inputs.features[rows], inputs.scores[rows], inputs.labels[rows])
    made = replace(made, order=rows[made.order])
    if path is not None:
        _write(made, path)
    return made


def _checked(forest: Forest, inputs: Inputs) -> Forest:
    order = forest.order
    held = np.bincount(order, minlength=len(inputs)) if len(order) else np.zeros(len(inputs), np.int64)
    if len(held) > len(inputs):
        raise DataError(f"the forest names rows up to {len(held) - 1}; there are rows 0..{len(inputs) - 1}")
    bad = np.flatnonzero(held > 1)
    if len(bad):
        raise DataError(f"the forest must hold each row once; it holds more often: {first(bad)}")
    lost = inputs.candidates[held[inputs.candidates] == 0]
    if len(lost):
        raise DataError(
            f"the forest must hold every row whose answer is not known; {len(lost)} are missing: "
            f"{first(lost)}"
        )
    return forest


def _write(forest: Forest, path: Path) -> None:
    new = path.with_suffix(".new")
    try:
        with new.open("wb") as file:
            np.savez(file, **{part.name: getattr(forest, part.name) for part in fields(Forest)})
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        raise StorageError(f"the cluster trees cannot be kept in {path}: {error}") from error


def _read(path: Path) -> Forest:
    try:
        with np.load(path, allow_pickle=False) as file:
            return Forest(**{part.name: file[part.name] for part in fields(Forest)})
    except Exception as error:  # damaged archives raise almost anything
        raise StorageError(f"{path} cannot be read ({error}). Delete it to build the trees again") from error
