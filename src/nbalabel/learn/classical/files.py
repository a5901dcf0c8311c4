"""A fitted model on disk: numbers and a JSON text in a ``.npz``."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...core.errors import ModelError, UnknownNameError
from ..checkpoints import archive
from .finder import Fitted
from .judge import Judge
from .look import N_COLUMNS
from .threshold import Threshold

_KIND = "watershed"
_PARTS = ("mean", "scale", "mixing", "weights")
_LARGEST_INPUT, _LARGEST_WINDOW = 16_384, 100_001


def arrays(fitted: Fitted) -> dict[str, npt.NDArray[Any]]:
    """A fitted model as arrays: numbers, and a JSON text of the rest."""
    meta = {
        "kind": _KIND,
        "thresholds": [asdict(threshold) for threshold in fitted.thresholds],
        "sizes": fitted.sizes,
        "labels": fitted.labels,
        "imgsz": fitted.imgsz,
    }
    return archive.packed(meta, {name: getattr(fitted.judge, name) for name in _PARTS})


def write(fitted: Fitted, path: Path) -> Path:
    """Write a fitted model."""
    return archive.write(path, arrays(fitted))


def read(path: Path) -> Fitted:
    """Read a model that :func:`write` wrote.

    Raises:
        UnknownNameError: there is no such file.
        ModelError: the file is damaged, or holds no ``Watershed``.
    """
    if not path.is_file():
        raise UnknownNameError(f"no file {path}")
    try:
        meta, numbers = archive.unpacked(archive.arrays(path))
        if meta["kind"] != _KIND:
            raise ValueError(f"it holds {meta['kind']!r}")
        fitted = _fitted(meta, numbers)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(f"{path} is not a Watershed of nbalabel: {error}") from error
    return fitted


def _fitted(meta: dict[str, Any], numbers: dict[str, Any]) -> Fitted:
    thresholds = tuple(_threshold(row) for row in meta["thresholds"])
    low, high = (float(side) for side in meta["sizes"])
    labels, imgsz = tuple(meta["labels"]), meta["imgsz"]
    if not labels or not all(isinstance(label, str) and label.isprintable() for label in labels):
        raise ValueError("its labels are no lines of text")
    if not (type(imgsz) is int and 32 <= imgsz <= _LARGEST_INPUT and 0 <= low <= high < math.inf):
        raise ValueError("its sizes are out of range")
    judge = Judge(**{name: np.asarray(numbers[name], np.float64) for name in _PARTS})
    d, hidden = N_COLUMNS + 2 + len(thresholds) + 1, judge.mixing.shape[-1]
    expected = [(d,), (d,), (d + 1, hidden), (1 + d + hidden, len(labels))]
    shapes = [getattr(judge, name).shape for name in _PARTS]
    if shapes != expected:
        raise ValueError(f"its numbers have shapes {shapes}, expected {expected}")
    if not all(np.isfinite(getattr(judge, name)).all() for name in _PARTS):
        raise ValueError("some of its numbers are not finite")
    return Fitted(thresholds, (low, high), judge, labels, imgsz)


def _threshold(row: dict[str, Any]) -> Threshold:
    r, g, b = (float(part) for part in row["direction"])
    found = Threshold((r, g, b), float(row["smoothing"]), row["window"], float(row["offset"]))
    if not all(map(math.isfinite, (r, g, b, found.smoothing, found.offset))):
        raise ValueError("a threshold is not finite")
    if not (
        type(found.window) is int and 0 <= found.window < _LARGEST_WINDOW and 0 <= found.smoothing < 1000
    ):
        raise ValueError("a threshold is out of range")
    return found
