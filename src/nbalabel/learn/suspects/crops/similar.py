"""``similar``: what looks like what is picked, nearest first."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ....core.errors import DataError, UnknownNameError, first
from ....core.tables.schema import LabeledImages
from ...embed.nearest import nearest
from ...runs.run import Run
from .axes import spread
from .cut import cut
from .describe import describe

Floats = npt.NDArray[np.float32]


def similar(what: LabeledImages | Run, rows: Any, n: int = 20, vectors: Floats | None = None) -> pd.DataFrame:
    """Look-alikes of some instances or predictions, nearest first.

    The distance of a row is the one to the nearest picked row. Picked rows are not returned.

    Args:
        what: a Run, whose predictions are searched, by its embeddings where it has them; or a Dataset, a
            Version or Tables, whose instances are searched, by crops of their masks.
        rows: the picked rows, or their ids.
        n: most rows to return.
        vectors: vectors of all rows to search by instead, ``(m, d)``, such as those of
            :func:`nbalabel.instance_embeddings`.

    Returns:
        Rows of the run's predictions or the tables' instances with a column ``distance`` (of standardised
        vectors, >= 0); they can be given to ``nl.Review``, ``ds.accept``, ``ds.set`` and ``ds.remove``.

    Raises:
        DataError: nothing is picked, n < 1, the vectors are not one per row, or a Run without embeddings
            holds no tables.
        UnknownNameError: picked rows are not there.

    Example:
        >>> import nbalabel as nl, tempfile
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/reef.nbal", n_images=24, n_labeled=16, n_test=0)
        >>> len(nl.similar(ds, ds.instances.iloc[:1], n=5))
        5
        >>> ds.close()
    """
    frame = what.predictions if isinstance(what, Run) else what.instances
    ids = rows.index if isinstance(rows, pd.DataFrame | pd.Series) else pd.Index(rows)
    at = frame.index.get_indexer(ids)
    if n < 1 or not len(at):
        raise DataError(f"expected at least one picked row and n of 1 or more, got {len(at)} rows and n={n}")
    if (at < 0).any():
        table = "predictions of the run" if isinstance(what, Run) else "instances of the tables"
        raise UnknownNameError(f"rows must be {table}; {first(ids[at < 0])} are none of them")
    if vectors is None and isinstance(what, Run) and len(what.embeddings.instance_ids):
        return what.similar(ids, n)
    known = _vectors(what, frame) if vectors is None else np.asarray(vectors, np.float32)
    if len(known) != len(frame):
        raise DataError(f"expected one vector per row, {len(frame):,}, got {len(known):,}")
    places, distance = nearest(known, at, n)
    return frame.iloc[places].assign(distance=distance)


def _vectors(what: LabeledImages | Run, frame: pd.DataFrame) -> Floats:
    """Standardised vectors of the crops of all rows."""
    tables: LabeledImages | None
    if isinstance(what, Run):
        tables = what.tables
        if tables is None:
            raise DataError(f"{what.id} has no embeddings and holds no tables: predict with embed=True")
    else:
        tables = what
    raw = describe(*cut(tables, frame["image_id"], list(frame["mask"])))
    return spread(raw, len(raw), 0)
