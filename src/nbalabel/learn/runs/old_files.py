"""Runs of format 1, which earlier versions wrote: parquet tables and npy arrays, by fixed names."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd


def read(
    folder: Path, tables: Iterable[str], arrays: Iterable[str]
) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    """The tables and the arrays of a run, by name; readers of parquet and npy raise almost anything."""
    frames = {name: _read_table(folder / f"{name}.parquet") for name in tables}
    return frames, {name: np.load(folder / f"{name}.npy", allow_pickle=False) for name in arrays}


def names(tables: Iterable[str], arrays: Iterable[str]) -> list[str]:
    """The files of such a run, beside ``run.json``."""
    return [*(f"{name}.parquet" for name in tables), *(f"{name}.npy" for name in arrays)]


def _read_table(path: Path) -> pd.DataFrame:
    """A table from parquet; its offsets and indices are checked before they are used."""
    from pyarrow import parquet

    parquet.read_table(path).validate(full=True)
    return pd.read_parquet(path)
