"""Prompts: a text for each label, or examples of it, checked against the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError, UnknownNameError, first
from ...core.tables.schema import INDEX_NAMES, LabeledImages

Text: TypeAlias = "str | Sequence[str] | Mapping[str, str] | None"
"""Labels to look for by their name, or a description for each label; None: all labels by their names."""


@dataclass(frozen=True)
class Example:
    """Labeled masks of one image.

    Attributes:
        image_id: the image.
        labels: ``(n,)`` their labels.
        boxes: ``(n, 4)`` x1, y1, x2, y2, pixels.
    """

    image_id: int
    labels: list[str]
    boxes: npt.NDArray[np.float32]


def texts(text: Text, labels: Sequence[str]) -> dict[str, str]:
    """A description for each label that is looked for, in the order of the labels.

    Raises:
        UnknownNameError: a label that the tables do not have.
        DataError: nothing to look for, or an empty description.
    """
    wanted = [text] if isinstance(text, str) else labels if text is None else text
    said = dict(wanted) if isinstance(wanted, Mapping) else {label: label for label in wanted}
    unknown = [label for label in said if label not in labels]
    if unknown:
        raise UnknownNameError(
            f"text= looks for {first(map(repr, unknown))}, which are no labels; there are "
            f"{first(labels) or 'none'}: ds.add_label({unknown[0]!r}), or "
            f"text={{LABEL: {unknown[0]!r}}} for a description of one there is"
        )
    if not said:
        raise DataError("there is nothing to look for: the tables have no labels; ds.add_label('fish')")
    blank = [label for label, words in said.items() if not isinstance(words, str) or not words.strip()]
    if blank:
        raise DataError(f"expected a description, a text, for {first(map(repr, blank))}")
    return {label: said[label].strip() for label in labels if label in said}


def examples(rows: pd.DataFrame, tables: LabeledImages) -> list[Example]:
    """Rows of ``instances`` by image.

    Raises:
        DataError: they are no rows of instances, or there is none.
        UnknownNameError: instances that do not exist.
    """
    if not isinstance(rows, pd.DataFrame) or rows.index.name != INDEX_NAMES["instances"]:
        raise DataError(
            "examples= must be rows of instances, such as ds.instances.loc[[3, 7]] or "
            f"ds.instances.query(\"label == 'fish'\"), got {type(rows).__name__}"
        )
    if not len(rows):
        raise DataError("examples= holds no rows: label at least one instance first")
    lost = rows.index[~rows.index.isin(tables.instances.index)]
    if len(lost):
        raise UnknownNameError(f"no such instances: {first(lost.tolist())}")
    own = tables.instances.loc[rows.index]
    made = []
    for at in own.groupby("image_id").indices.values():
        group = own.iloc[at]
        box = group[["x", "y", "w", "h"]].to_numpy(np.float32)
        corners = np.concatenate([box[:, :2], box[:, :2] + box[:, 2:]], axis=1)
        made.append(Example(int(group["image_id"].iloc[0]), group["label"].astype(str).tolist(), corners))
    return made
