"""The columns that a query of predictions may name; those that cost time only where it names them."""

from __future__ import annotations

import re

import pandas as pd

from ...core.shapes.kept import SHAPES, Kept
from .reported import Reported

COMPUTED = ("outcome", *SHAPES)
"""Names of the columns that are computed when a query names them."""


def columns(run: Reported, expression: str, kept: Kept) -> pd.DataFrame:
    """Predictions with the columns of their images, and of :data:`COMPUTED` those that the expression names.

    Args:
        run: the run.
        expression: of pandas' query.
        kept: the shape columns computed so far.
    """
    found = run.predictions.drop(columns="mask")
    if run.tables is None:
        return found
    images = run.tables.images
    found = found.join(images[images.columns.difference(found.columns)], on="image_id")
    words = set(re.findall(r"(?<![@\w])[^\W\d]\w*", expression))
    named = [name for name in COMPUTED if name in words and name not in found]
    if "outcome" in named:
        found = found.assign(outcome=run.outcomes()["outcome"].astype("str"))
    shapes = [name for name in named if name != "outcome"]
    if shapes:
        found = found.assign(**kept.columns(run.predictions, images, shapes, run.tables.read_image))
    return found
