"""Ids that instances have in other files, where the format has a place for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

NB_ID = "nb_id"
"""Column and attribute: the id that an instance had in the dataset that wrote it."""

IS_BOX = "is_box"
"""Column: only a box is known of the instance, and its mask is that box filled."""


def claimed_ids(found: Sequence[Any]) -> dict[str, Any]:
    """The column of ids that a file gives, as whole numbers or their texts; none where it gives none.

    Example:
        >>> claimed_ids(["7", None, "x"])["nb_id"].tolist()
        [7, <NA>, <NA>]
    """
    ids = [_whole(value) for value in found]
    return {} if all(i is None for i in ids) else {NB_ID: pd.array(ids, dtype="Int64")}


def marked_boxes(flags: Sequence[bool]) -> dict[str, Any]:
    """The column that marks boxes; none where there are none."""
    return {IS_BOX: np.array(flags, np.bool_)} if any(flags) else {}


def still_boxes(instances: pd.DataFrame) -> list[bool]:
    """Which instances are marked as boxes, and still are nothing but their box filled."""
    if IS_BOX not in instances:
        return [False] * len(instances)
    flags = instances[IS_BOX]
    filled = instances["area"] == instances["w"].astype(float) * instances["h"].astype(float)
    marked = flags.fillna(False).astype(bool) if flags.dtype != object else flags.eq(True)
    return (marked & filled & (instances["area"] > 0)).tolist()


def _whole(value: Any) -> int | None:
    if isinstance(value, str):
        digits = value.strip()
        value = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 19 else None
    return value if type(value) is int and 0 <= value < 2**63 else None
