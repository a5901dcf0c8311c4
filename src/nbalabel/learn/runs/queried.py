"""What a query of predictions finds; columns are looked at or computed only where it names them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import UnknownNameError
from ...core.shapes.kept import SHAPES, Kept
from ...core.tables.arrays import positions, take, values
from ...core.tables.names import instead_of
from .reported import Reported

Ints = npt.NDArray[np.int64]

_COMPUTED = ("outcome", *SHAPES)  # when a query names them


def rows_where(run: Reported, expression: str, kept: Kept, level: int) -> pd.DataFrame:
    """Predictions for which an expression holds; see :meth:`nbalabel.Run.query`.

    Args:
        run: the run.
        expression: of pandas' query.
        kept: the shape columns computed so far.
        level: frames between the caller, whose variables ``@name`` are, and this one.

    Raises:
        UnknownNameError: a name is a column of neither table.
    """
    try:
        found = _evaluated(columns(run, expression, kept), expression, level + 1)
    except (KeyError, NameError) as error:
        quoted = re.search("'(.+)'", str(error))  # only the message of pandas has the name
        known = instead_of(quoted[1] if quoted else error, _names(run))
        raise UnknownNameError(f"cannot query {expression!r}: {error}; {known}") from error
    holds = isinstance(found, pd.Series) and pd.api.types.is_bool_dtype(found.dtype)
    return run.predictions[found.to_numpy(bool, na_value=False)] if holds else run.predictions.loc[found]


def columns(run: Reported, expression: str, kept: Kept) -> pd.DataFrame:
    """The columns that an expression names: of predictions, of their images, and computed ones.

    Args:
        run: the run.
        expression: of pandas' query.
        kept: the shape columns computed so far.
    """
    predictions = run.predictions
    named = [name for name in predictions if name != "mask" and str(name) in expression]
    found = pd.DataFrame({x: predictions[x] for x in named}, index=predictions.index, copy=False)
    if run.tables is None:
        return found
    images = run.tables.images
    of_image = [name for name in images if str(name) in expression and name not in predictions]
    if of_image:
        found = _joined(found, predictions["image_id"].to_numpy(np.int64), images[of_image])
    words = set(re.findall(r"(?<![@\w])[^\W\d]\w*", expression))
    computed = [x for x in _COMPUTED if x in words and x not in predictions and x not in images]
    if "outcome" in computed:
        found = found.assign(outcome=run.outcomes()["outcome"].astype("str"))
    shapes = [name for name in computed if name != "outcome"]
    if shapes:
        found = found.assign(**kept.columns(predictions, images, shapes, run.tables.read_image))
    return found


def _evaluated(frame: pd.DataFrame, expression: str, level: int) -> Any:
    """What an expression is; the index becomes a column, which copies all ids, only where it may be named."""
    if any(text in expression for text in ("`", "index", "ilevel", str(frame.index.name))):
        return frame.eval(expression, level=level)
    return pd.eval(expression, resolvers=[{str(name): frame[name] for name in frame}], level=level)


def _joined(rows: pd.DataFrame, image_ids: Ints, images: pd.DataFrame) -> pd.DataFrame:
    """Rows with the columns of their images; missing where there is no such image."""
    ids = images.index
    ordered = ids.is_monotonic_increasing and ids.is_unique
    at = positions(ids, image_ids) if ordered else ids.get_indexer(pd.Index(image_ids))
    if len(at) and at.min() < 0:
        return rows.assign(image_id=image_ids).join(images, on="image_id")
    return rows.assign(**{str(name): take(values(images[name]), at) for name in images})


def _names(run: Reported) -> dict[str, None]:
    """All names that an expression may use, in the order of their tables."""
    of_images: Any = [] if run.tables is None else run.tables.images.columns
    return dict.fromkeys([*map(str, run.predictions.columns.drop("mask")), *map(str, of_images), *_COMPUTED])
