"""The rows of an audit: the set, masks of known answer, and the strata."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError, UnknownNameError, first
from ...core.tables.names import instead_of
from ...core.tables.schema import LabeledImages
from ..propagate.state.ledger import NO, UNKNOWN, YES
from ..runs.run import Run

Known = Mapping[int, bool] | pd.Series | pd.DataFrame | None

_NEITHER = "(none)"


@dataclass(frozen=True, eq=False)
class Rows:
    """What is asked about.

    Attributes:
        frame: the set, then masks of known answer; by id.
        known: YES or NO where the answer is known, else UNKNOWN, ``(n,)`` int8.
        strata: stratum of each row, ``(n,)`` int64.
        names: name of each stratum.
        table: "instances" or "predictions".
    """

    frame: pd.DataFrame
    known: npt.NDArray[np.int8]
    strata: npt.NDArray[np.int64]
    names: tuple[str, ...]
    table: str

    @property
    def set(self) -> pd.DataFrame:
        """The rows that the statement is about."""
        return self.frame[self.known == UNKNOWN]


def rows_of(
    of: LabeledImages | Run | pd.DataFrame,
    rows: Any,
    known: Known,
    by: str | None,
    images: LabeledImages | None,
    without: pd.Index | None = None,
) -> Rows:
    """Collect what is asked about; see `nbalabel.audit` for the arguments.

    Args:
        of: the tables, a run, or masks.
        rows: which of them.
        known: masks of known answer.
        by: column of the strata.
        images: the tables with the images.
        without: ids that leave the set; None: none.

    Raises:
        DataError: there are no rows, columns are missing, or ids are repeated.
        UnknownNameError: ids or the column ``by`` do not exist.
    """
    every = _every(of)
    chosen = _chosen(every, rows) if rows is not None else _labels(every, of)
    if not chosen.index.is_unique:
        raise DataError(
            f"rows need unique ids; these repeat: {first(chosen.index[chosen.index.duplicated()])}"
        )
    given, answers = _known(every, known, chosen)
    chosen = chosen.drop(index=chosen.index.intersection(given.index))
    if without is not None:
        chosen = chosen.drop(index=chosen.index.intersection(without))
    if not len(chosen):
        raise DataError("an audit needs one mask or more that is not known beforehand; there is none")
    frame = pd.concat([chosen, given]) if len(given) else chosen
    codes = np.concatenate([np.full(len(chosen), UNKNOWN, np.int8), answers])
    strata, names = strata_of(chosen, by, images)
    table = "predictions" if isinstance(of, Run) or every.index.name == "prediction_id" else "instances"
    strata = np.concatenate([strata, np.zeros(len(given), np.int64)])
    return Rows(frame, codes, strata, names, table)


def _every(of: LabeledImages | Run | pd.DataFrame) -> pd.DataFrame:
    frame = of if isinstance(of, pd.DataFrame) else of.predictions if isinstance(of, Run) else of.instances
    missing = [name for name in ("image_id", "label", "mask") if name not in frame]
    if missing:
        raise DataError(f"rows need the columns {', '.join(missing)}; they have {list(frame.columns)}")
    return frame


def _labels(frame: pd.DataFrame, of: LabeledImages | Run | pd.DataFrame) -> pd.DataFrame:
    """Of a dataset, what counts as a label: no crowds, and nothing that is only proposed."""
    if isinstance(of, Run | pd.DataFrame):
        return frame
    return frame[~frame["crowd"].to_numpy(bool) & (frame["status"] != "proposed").to_numpy()]


def _chosen(frame: pd.DataFrame, rows: Any) -> pd.DataFrame:
    if isinstance(rows, str):
        return frame.query(rows)
    if isinstance(rows, pd.Series) and rows.dtype == bool:
        return frame[rows.reindex(frame.index, fill_value=False)]
    ids = rows.index if isinstance(rows, pd.DataFrame | pd.Series) else pd.Index(np.asarray(rows, np.int64))
    lost = ids[~ids.isin(frame.index)]
    if len(lost):
        raise UnknownNameError(f"rows name masks that are not there: {first(lost)}")
    return frame.loc[ids]


def _known(
    frame: pd.DataFrame, known: Known, chosen: pd.DataFrame
) -> tuple[pd.DataFrame, npt.NDArray[np.int8]]:
    """Masks of known answer, with ids that no row of the set has, and their answers."""
    if known is None:
        return frame.iloc[:0], np.zeros(0, np.int8)
    if isinstance(known, pd.DataFrame):
        if "right" not in known:
            raise DataError(f"known needs a column right of True and False; it has {list(known.columns)}")
        at = max(int(frame.index.max()), int(chosen.index.max())) + 1
        given = known.set_axis(pd.RangeIndex(at, at + len(known)), axis=0)
        return given.drop(columns="right"), _codes(known["right"])
    said = pd.Series(known, dtype=bool)
    lost = said.index[~said.index.isin(frame.index)]
    if len(lost):
        raise UnknownNameError(f"known names masks that are not there: {first(lost)}")
    return frame.loc[said.index], _codes(said)


def _codes(right: pd.Series) -> npt.NDArray[np.int8]:
    return np.where(right.to_numpy(bool), YES, NO).astype(np.int8)


def strata_of(
    chosen: pd.DataFrame, by: str | None, images: LabeledImages | None
) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """Stratum of each row of the set, and their names in order."""
    if by is None:
        return np.zeros(len(chosen), np.int64), ("all",)
    table = None if images is None else images.images
    if by in chosen:
        values = chosen[by]
    elif table is not None and by in table:
        values = chosen["image_id"].map(table[by].astype(object))
    else:
        columns: Sequence[str] = [*chosen.columns, *([] if table is None else table.columns)]
        raise UnknownNameError(f"by must be a column of the rows or of images; {instead_of(by, columns)}")
    text = np.where(values.isna(), _NEITHER, values.astype(object).astype(str))
    names, codes = np.unique(text.astype(str), return_inverse=True)
    return codes.astype(np.int64), tuple(str(name) for name in names)
