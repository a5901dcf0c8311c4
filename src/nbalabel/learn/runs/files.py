"""A Run as a folder: ``run.json``, Arrow files of its tables and npy arrays. No file in it can run code.

``run.json`` names the other files, which are named by their content, and is replaced last: a folder holds the
run that was there or the new one, never some of each. Earlier versions wrote parquet (``old_files.py``).
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...core.errors import DataError, NewerSchemaError, StorageError
from ...core.tables.names import shown
from ...core.tables.schema import conform, fits
from ..embed.pooling import Embeddings, as_mapping
from . import old_files, vector_files
from .reported import Reported
from .table_files import checked_name, content, files_of, read_table, write_table

_FORMAT = 2
_ABANDONED = 3600.0  # seconds after which a file that no run names is no longer about to be named
_NONE = type(None)
_FACTS: dict[str, tuple[type, ...]] = {
    "id": (str,),
    "kind": (str,),
    "model": (str,),
    "version": (str, _NONE),
    "dirty": (bool,),
    "seed": (int, _NONE),
    "labels": (list,),
    "libraries": (dict,),
    "seconds": (float, int),
    "interrupted": (bool,),
    "stopped": (str,),
    "missing": (int, _NONE),
    "n_images": (int,),
    "arguments": (dict,),
    "iou": (float, int),
}
_NEEDED = ("id", "kind", "labels")  # older files lack others
_TABLES = ("curves", "predictions", "missed", "failed")
_ARRAYS = (*as_mapping(Embeddings.none()), "predicted_ids")


def write(run: Reported, folder: Path) -> Path:
    """Write a run; ``run.json`` is replaced last, so that the folder holds this run or the one before.

    Args:
        run: the run; the tables that it was made on are not written.
        folder: created if missing; a run in it is replaced.

    Raises:
        DataError: a column holds values that cannot be stored.
    """
    folder.mkdir(parents=True, exist_ok=True)
    facts = {
        "format": _FORMAT,
        **{name: _plain(getattr(run, name)) for name in _FACTS},
        "tables": {name: write_table(getattr(run, name), folder, name) for name in _TABLES},
        "arrays": {name: vector_files.write(array, folder, name) for name, array in _arrays(run).items()},
    }
    partial = folder / "run.json.part"
    with partial.open("w") as file:
        json.dump(facts, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    before = _named(folder)
    partial.replace(folder / "run.json")
    _sweep(folder, before, _named(folder))
    return folder


def read(folder: Path) -> dict[str, Any]:
    """Read a run that :func:`write` wrote, as the arguments of ``Run``.

    Raises:
        StorageError: there is no complete run in the folder.
        NewerSchemaError: a newer nbalabel wrote it.
    """
    try:
        try:
            return _read(folder)
        except FileNotFoundError:  # another process may have replaced the run since its facts were read
            return _read(folder)
    except NewerSchemaError:
        raise
    except Exception as error:  # readers of JSON, Arrow, parquet and npy raise almost anything
        raise _no_run(folder, error) from error


def verify(folder: Path) -> None:
    """Compare every file of a run with the checksum in its name, and check its whole content.

    Files of format 1 have no checksums; those are read.

    Raises:
        StorageError: a file is missing or damaged; the message names it.
    """
    damaged = [name for name in sorted(_named(folder)) if not _is_whole(folder / name)]
    if damaged:
        raise _no_run(folder, ", ".join(damaged) + (" is" if len(damaged) == 1 else " are") + " damaged")
    for frame in read(folder).values():
        if isinstance(frame, pd.DataFrame):
            for name in frame:
                frame[name].isna()  # texts and masks are checked as a whole when they are looked at


def _no_run(folder: Path, error: object) -> StorageError:
    said = shown(f"{type(error).__name__}: {error}" if isinstance(error, Exception) else str(error))
    return StorageError(f"no whole run in {folder} ({said}): copy it from a backup, or run again")


def _read(folder: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((folder / "run.json").read_text())
    version = facts.pop("format")
    if version > _FORMAT:
        raise NewerSchemaError(f"{folder} was written by a newer nbalabel: upgrade to read it")
    for name, kinds in _FACTS.items():
        if not isinstance(facts[name] if name in _NEEDED else facts.get(name, kinds[0]()), kinds):
            raise TypeError(f"{name} is {facts[name]!r}")
    if version < _FORMAT:
        frames, arrays = old_files.read(folder, _TABLES, _ARRAYS)
    else:
        frames = {name: read_table(facts["tables"][name], folder) for name in _TABLES}
        named = {name: folder / checked_name(file) for name, file in facts["arrays"].items()}
        arrays = {name: vector_files.read(path) for name, path in named.items()}
    text = [name for name, kind in frames["curves"].dtypes.items() if kind.kind not in "iuf"]
    if text:
        raise TypeError(f"curves hold no numbers in {text[0]!r}")
    labels = tuple(facts.pop("labels"))
    return dict(
        **{name: facts[name] for name in _FACTS if name in facts},
        labels=labels,
        curves=frames["curves"],
        predictions=_conformed(frames["predictions"], "predictions", labels),
        missed=_conformed(frames["missed"], "instances", labels),
        failed=frames["failed"],
        predicted_ids=arrays.pop("predicted_ids"),
        embeddings=Embeddings(**arrays),
    )


def _conformed(frame: pd.DataFrame, table: str, labels: tuple[str, ...]) -> pd.DataFrame:
    """The table with the columns of its schema; one that has them is left as it is, which reads nothing."""
    return frame if fits(frame, table, labels) else conform(frame, table, labels)


def _arrays(run: Reported) -> dict[str, Any]:
    return {**as_mapping(run.embeddings), "predicted_ids": run.predicted_ids}


def _named(folder: Path) -> set[str]:
    """The files of the run in a folder; none where there is no run, or its facts are damaged."""
    try:
        facts = json.loads((folder / "run.json").read_text())
        if facts["format"] < _FORMAT:
            return set(old_files.names(_TABLES, _ARRAYS))
        tables = [name for table in facts["tables"].values() for name in files_of(table)]
        return {checked_name(name) for name in (*tables, *facts["arrays"].values())}
    except (OSError, ValueError, LookupError, TypeError, AttributeError, DataError):
        return set()


def _sweep(folder: Path, before: set[str], now: set[str]) -> None:
    """Remove the files of the run that was replaced, and those that a process left that ended as it wrote."""
    left = []
    for path in folder.iterdir():
        with suppress(OSError, DataError):
            name = path.name.removesuffix(".part")
            if path.suffix != ".part":
                checked_name(name)
            elif name.split(".")[0] not in (*_TABLES, *_ARRAYS):
                continue
            if time.time() - path.stat().st_mtime > _ABANDONED:
                left.append(path.name)
    for name in before.union(left) - now:
        with suppress(OSError):  # mapped by somebody, on Windows: the next save tries again
            (folder / name).unlink(missing_ok=True)


def _is_whole(path: Path) -> bool:
    """Whether a file is there and, where its name holds a checksum, has that content."""
    parts = path.name.split(".")
    with suppress(OSError):
        return path.is_file() if len(parts) == 2 else content(path) in parts
    return False


def _plain(value: Any) -> Any:
    """A value as JSON can hold it; other types become text."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        return value.item()
    return value if isinstance(value, str | int | float | bool | None) else str(value)
