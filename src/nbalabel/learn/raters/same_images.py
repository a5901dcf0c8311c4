"""Which images of several tables are the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError, first
from ...core.tables.schema import LabeledImages

Ints = npt.NDArray[np.int64]


def same_images(tables: Sequence[LabeledImages], names: Sequence[str]) -> Ints:
    """Ids of the same image in each table, ``(n_images, n_tables)``; -1 where a table lacks it.

    Images are the same if they have the same id and file, as in versions of one dataset; in other tables, if
    their files have the same name below the image folder, or else, where no two tables share such a name, the
    same last part of it.

    Args:
        tables: tables of one dataset, or of several.
        names: of the tables, for messages.

    Raises:
        DataError: no image is in two of the tables, or a file occurs twice in one.
    """
    files = [pd.Series(t.images["file"].astype(object).to_numpy(), t.images.index) for t in tables]
    if _one_history(files):
        return _joined([pd.Series(f.index.to_numpy(np.int64), f.index.to_numpy()) for f in files])
    for shorten in (str, lambda file: str(file).rsplit("/", 1)[-1]):
        named = [file.map(shorten) for file in files]
        if not pd.concat([pd.Series(name.unique()) for name in named]).duplicated().any():
            continue
        for name, column in zip(names, named, strict=True):
            if column.duplicated().any():
                twice = first(column[column.duplicated()].unique())
                raise DataError(
                    f"images of different datasets are matched by file; in {name} several images have the "
                    f"file {twice}: remove all but one of them"
                )
        return _joined([pd.Series(c.index.to_numpy(np.int64), c.to_numpy()) for c in named])
    shown = first([repr(str(file.iloc[0])) for file in files if len(file)])
    raise DataError(
        f"no image is in two of {first(names)}: images of different datasets are the same if their files "
        f"have the same name, and none has (the first files are {shown})"
    )


def _one_history(files: Sequence[pd.Series]) -> bool:
    """Whether an id means the same file in all tables, and a file that two tables share has the same ids."""
    named = [f.rename("file").rename_axis("id").reset_index() for f in files]
    every = pd.concat(named).drop_duplicates()
    if every["id"].duplicated().any() or len(every) == sum(map(len, named)):
        return False
    count = every.groupby("file").size()
    most = pd.concat([n.groupby("file").size() for n in named], axis=1).max(axis=1)
    return bool((count == most.reindex(count.index)).all())


def _joined(ids: Sequence[pd.Series]) -> Ints:
    """Ids by key, side by side, in the order in which keys come."""
    keys = pd.unique(np.concatenate([s.index.to_numpy() for s in ids]))
    return np.stack([s.reindex(keys, fill_value=-1).to_numpy(np.int64) for s in ids], axis=1)
