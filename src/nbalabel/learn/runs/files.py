"""A Run as a folder: ``run.json``, parquet tables and npy arrays. No file in it can run code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...core.errors import NewerSchemaError, StorageError
from ...core.tables.names import shown
from ...core.tables.schema import conform
from ..embed.pooling import Embeddings, as_mapping
from .reported import Reported

_FORMAT = 1
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


def write(run: Reported, folder: Path) -> Path:
    """Write a run; ``run.json`` comes last, so that a folder with it is complete.

    Args:
        run: the run; the tables that it was made on are not written.
        folder: created if missing; a run in it is replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").unlink(missing_ok=True)
    for name in _TABLES:
        frame = getattr(run, name)
        frame.to_parquet(folder / f"{name}.parquet", compression="zstd", index=frame.index.name is not None)
    for name, array in {**as_mapping(run.embeddings), "predicted_ids": run.predicted_ids}.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    facts = {
        "format": _FORMAT,
        **{name: _plain(getattr(run, name)) for name in _FACTS},
    }
    partial = folder / "run.json.part"
    partial.write_text(json.dumps(facts, indent=1))
    partial.replace(folder / "run.json")
    return folder


def read(folder: Path) -> dict[str, Any]:
    """Read a run that :func:`write` wrote, as the arguments of ``Run``.

    Raises:
        StorageError: there is no complete run in the folder.
        NewerSchemaError: a newer nbalabel wrote it.
    """
    try:
        return _read(folder)
    except NewerSchemaError:
        raise
    except Exception as error:  # readers of JSON, parquet and npy raise almost anything
        said = shown(f"{type(error).__name__}: {error}")
        raise StorageError(
            f"no whole run in {folder} ({said}): copy it from a backup, or run again"
        ) from error


def _read(folder: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((folder / "run.json").read_text())
    if facts.pop("format") > _FORMAT:
        raise NewerSchemaError(f"{folder} was written by a newer nbalabel: upgrade to read it")
    for name, kinds in _FACTS.items():
        if not isinstance(facts[name] if name in _NEEDED else facts.get(name, kinds[0]()), kinds):
            raise TypeError(f"{name} is {facts[name]!r}")
    frames = {name: _read_table(folder / f"{name}.parquet") for name in _TABLES}
    text = [name for name, kind in frames["curves"].dtypes.items() if kind.kind not in "iuf"]
    if text:
        raise TypeError(f"curves hold no numbers in {text[0]!r}")
    arrays = {
        name: np.load(folder / f"{name}.npy", allow_pickle=False)
        for name in (*as_mapping(Embeddings.none()), "predicted_ids")
    }
    labels = tuple(facts.pop("labels"))
    return dict(
        **{name: facts[name] for name in _FACTS if name in facts},
        labels=labels,
        curves=frames["curves"],
        predictions=conform(frames["predictions"], "predictions", labels),
        missed=conform(frames["missed"], "instances", labels),
        failed=frames["failed"],
        predicted_ids=arrays.pop("predicted_ids"),
        embeddings=Embeddings(**arrays),
    )


def _read_table(path: Path) -> pd.DataFrame:
    """A table from parquet; its offsets and indices are checked before they are used."""
    from pyarrow import parquet

    parquet.read_table(path).validate(full=True)
    return pd.read_parquet(path)


def _plain(value: Any) -> Any:
    """A value as JSON can hold it; other types become text."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        return value.item()
    return value if isinstance(value, str | int | float | bool | None) else str(value)
