"""Zip archives of tensors from untrusted sources: nothing unpacks to more than the size of the file."""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from ...core.errors import ModelError

META = "__nbalabel__"
"""Name of the array that holds the JSON text of a file that nbalabel wrote."""

_MOST_ENTRIES = 50_000


def inspect(path: Path) -> list[str]:
    """Names of a zip archive's entries, which must be stored and unique, as torch and numpy write them.

    Raises:
        ModelError: it is no zip archive, is damaged, or would grow when it is unpacked.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError) as error:
        raise ModelError(f"{path} is not a weights file: {error}") from error
    names = [entry.filename for entry in entries]
    if len(names) > _MOST_ENTRIES or len(set(names)) < len(names):
        raise ModelError(
            f"{path} is not a weights file: {len(names)} entries, some under one name or too many"
        )
    packed = [entry.filename for entry in entries if entry.compress_type != zipfile.ZIP_STORED]
    if packed or sum(entry.file_size for entry in entries) > path.stat().st_size:
        raise ModelError(
            f"{path} is not a weights file: it would grow when unpacked, weights are stored plainly"
        )
    return names


def arrays(path: Path, only: str | None = None) -> dict[str, np.ndarray]:
    """The arrays of a ``.npz`` by name: plain numbers only, each as large as its bytes.

    Args:
        path: the file.
        only: name of the one array to read; None reads all.

    Raises:
        ModelError: it is damaged, compressed, or holds anything but numbers.
    """
    found = {}
    names = [name for name in inspect(path) if only is None or name == f"{only}.npy"]
    try:
        with zipfile.ZipFile(path) as archive:
            for name in names:
                with archive.open(name) as file:
                    found[name.removesuffix(".npy")] = _array(file, archive.getinfo(name).file_size)
    except Exception as error:  # a damaged header raises anything
        raise ModelError(f"{path} is not a weights file of nbalabel: {error}") from error
    return found


def packed(meta: Mapping[str, Any], numbers: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Numbers by name and one JSON text, as the arrays of a ``.npz``."""
    return {META: np.frombuffer(json.dumps(meta).encode(), np.uint8), **numbers}


def unpacked(found: Mapping[str, np.ndarray]) -> tuple[Any, dict[str, np.ndarray]]:
    """The JSON text and the numbers that :func:`packed` put together.

    Raises:
        KeyError: there is no text.
        ValueError: it is no JSON.
    """
    text = json.loads(found[META].tobytes())
    return text, {name: array for name, array in found.items() if name != META}


def write(path: Path, found: Mapping[str, np.ndarray]) -> Path:
    """Write arrays as a ``.npz``, atomically; missing folders are created."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    with partial.open("wb") as file:
        every: dict[str, Any] = dict(found)
        np.savez(file, **every)
    partial.replace(path)
    return path


def _array(file: Any, size: int) -> np.ndarray:
    version = npy.read_magic(file)
    header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, by_column, dtype = header(file)
    if dtype.kind not in "fiub" or dtype.hasobject:
        raise ValueError(f"an array of {dtype}, expected numbers")
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != size - file.tell():
        raise ValueError(f"an array of shape {shape} in {size} bytes")
    values = np.frombuffer(bytearray(file.read()), dtype)
    return values.reshape(shape, order="F" if by_column else "C")
