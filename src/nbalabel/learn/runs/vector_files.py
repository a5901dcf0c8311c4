"""Vectors and ids of a run as npy files, mapped: vectors as float16 where that loses nothing that shows.

Rounding to float16 moves a number by up to a 2000th of itself. Where the vectors lie far from zero and near
each other, or are very large or small, that blurs who is near whom: those stay float32.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from ...core.errors import DataError
from .table_files import write_named

_BLOCK = 1 << 22  # numbers converted at once
_MOST_ROUNDED = 1 / 500  # of the spread of the vectors: more would show among the nearest


def write(array: npt.NDArray[Any], folder: Path, name: str) -> str:
    """Write an array; returns the name of its file.

    Args:
        array: ``(n,)`` int64 ids, or ``(n, d)`` vectors of floating-point numbers.
        folder: of the run.
        name: how the file's name begins.
    """
    half = array.ndim == 2 and array.dtype.kind == "f" and _rounds_well(array)
    kind = np.dtype(np.float16) if half else np.dtype(np.float32) if array.dtype.kind == "f" else array.dtype

    def put(file: BinaryIO) -> None:
        said = {"descr": kind.str, "fortran_order": False, "shape": array.shape}
        np.lib.format.write_array_header_1_0(file, said)
        for block in _blocks(array):
            file.write(np.ascontiguousarray(block, kind).data)

    return write_named(folder, name, "npy", put)


def read(path: Path) -> npt.NDArray[Any]:
    """The array of a file, mapped; an assignment to it does not change the file.

    Raises:
        DataError: it holds neither ids nor vectors. NumPy raises errors of its own.
    """
    array = np.asarray(np.load(path, mmap_mode="c", allow_pickle=False))
    if (array.ndim, array.dtype.str) not in ((1, "<i8"), (2, "<f2"), (2, "<f4")):
        raise DataError(f"{path.name} holds neither ids nor vectors, but {array.dtype} {array.shape}")
    return array


def _rounds_well(vectors: npt.NDArray[Any]) -> bool:
    """Whether vectors keep who is near whom as float16: rounding is small beside how far they spread."""
    if vectors.dtype == np.float16:
        return True
    n, total, square, error = 0, np.zeros(vectors.shape[1]), np.zeros(vectors.shape[1]), 0.0
    for block in _blocks(vectors):
        block = block[np.isfinite(block).all(axis=1)]
        if not len(block):
            continue
        if max(block.max(initial=0), -block.min(initial=0)) > np.finfo(np.float16).max:
            return False
        rounded = block - block.astype(np.float16).astype(block.dtype)
        error += float(np.vdot(rounded, rounded))
        n, total = n + len(block), total + block.sum(axis=0, dtype=np.float64)
        square += np.einsum("ij,ij->j", block, block, dtype=np.float64)
    spread = float((square - total**2 / max(n, 1)).sum())
    return error <= _MOST_ROUNDED**2 * spread


def _blocks(array: npt.NDArray[Any]) -> Any:
    rows = max(_BLOCK // max(int(np.prod(array.shape[1:])), 1), 1)
    return (array[start : start + rows] for start in range(0, len(array), rows))
