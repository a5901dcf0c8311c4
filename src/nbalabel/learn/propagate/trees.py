"""The cluster trees of a propagation: given, read from beside its journal, or built."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...core.errors import DataError, StorageError, first
from ...engine.run import On
from ..cluster.cell_forest import CellForest
from ..cluster.forest import Forest
from ..cluster.placed import Opener, cell_forest
from ..embed.vectors import Vectors
from .state.inputs import Inputs
from .state.standardised import Standardised


@dataclass(frozen=True)
class Elsewhere:
    """Where the work on trees is done.

    Attributes:
        on: None is here; see :func:`nbalabel.engine.run.run`.
        folder: where parts are kept until all are made.
    """

    on: On = None
    folder: str | Path | None = None


def forest_of(
    inputs: Inputs,
    forest: Forest | CellForest | None,
    journal: Path | None,
    elsewhere: Elsewhere = Elsewhere(),
    fingerprint: str = "",
) -> Forest | CellForest:
    """Trees over the candidates, in row positions: over cells where the features are `Standardised`.

    Trees that are built here are stored in a file beside the journal, so that a resumed propagation has the
    same clusters without building them again.

    Args:
        inputs: the candidates.
        forest: trees that hold every candidate once (and perhaps rows known beforehand); None builds them.
        journal: of the propagation; None where it is kept in memory.
        elsewhere: where cells are filled.
        fingerprint: of the inputs.

    Raises:
        DataError: the forest given does not hold every candidate once.
    """
    if forest is not None:
        return _checked(forest, inputs)
    if isinstance(inputs.features, Standardised):
        return _over_cells(inputs, inputs.features.vectors, journal, elsewhere, fingerprint)
    path = None if journal is None else journal.with_name(f"{journal.stem}.forest.npz")
    if path is not None and path.exists():
        return _checked(Forest(**_read(path)), inputs)
    from ..cluster.trees import cluster

    rows = inputs.candidates
    made = cluster(inputs.features[rows], inputs.scores[rows], inputs.labels[rows])
    made = replace(made, order=rows[made.order])
    if path is not None:
        _write(_arrays(made), path)
    return made


def _over_cells(
    inputs: Inputs, vectors: Vectors, journal: Path | None, elsewhere: Elsewhere, fingerprint: str
) -> CellForest:
    path = None if journal is None else journal.with_name(f"{journal.stem}.cells.npz")
    if path is not None and path.exists():
        return _stored(_read(path), inputs, vectors)
    made = cell_forest(
        vectors,
        inputs.scores,
        inputs.labels,
        inputs.candidates,
        fingerprint=fingerprint,
        on=elsewhere.on,
        folder=elsewhere.folder,
    )
    if path is not None:
        codes = made.labels.tolist()
        arrays = {"order": made.order, "begin": made.begin} | {
            name: np.array([getattr(made.open, name)[code] for code in codes]) for name in ("mean", "scale")
        }
        _write(arrays | {f"top {name}": array for name, array in _arrays(made.top).items()}, path)
    return made


def _stored(arrays: Mapping[str, Any], inputs: Inputs, vectors: Vectors) -> CellForest:
    top = Forest(**{part.name: arrays[f"top {part.name}"] for part in fields(Forest)})
    codes = top.labels.tolist()
    mean, scale = (dict(zip(codes, arrays[name], strict=True)) for name in ("mean", "scale"))
    opener = Opener(vectors, inputs.scores, mean, scale)
    found = CellForest(top, arrays["order"], arrays["begin"], opener)
    _checked(found, inputs)
    return found


def _checked(forest: Forest | CellForest, inputs: Inputs) -> Forest | CellForest:
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


def _arrays(forest: Forest) -> dict[str, Any]:
    return {part.name: getattr(forest, part.name) for part in fields(Forest)}


def _write(arrays: dict[str, Any], path: Path) -> None:
    new = path.with_suffix(".new")
    try:
        with new.open("wb") as file:
            np.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        raise StorageError(f"the cluster trees cannot be kept in {path}: {error}") from error


def _read(path: Path) -> dict[str, Any]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except Exception as error:  # damaged archives raise almost anything
        raise StorageError(f"{path} cannot be read ({error}). Delete it to build the trees again") from error
