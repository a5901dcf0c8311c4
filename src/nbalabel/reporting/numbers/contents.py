"""What is in the dataset: labels, how dense, where and how large; the balance before and after weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.ontology.colors import hex_colors
from ...core.tables.of_images import labeled_all_over, sizes_of
from ...core.tables.schema import SOURCES, STATES, LabeledImages
from ...learn.runs.measured import trains

_GRID = 24
"""Cells along each side of a map of centres."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Contents:
    """What is in a dataset.

    Attributes:
        labels: one row per label, as below.
        per_image: instances on each image labeled all over, by image id.
        centres: label -> how many boxes have their centre in each cell, ``(_GRID, _GRID)``, rows from above;
            the sides of each image are one.
        sizes: label -> area of each mask as a share of its image, 0..1.
        states: how many images have each state.
        sources: how many instances came from each source.
        colors: label -> its color, "#" and six hexadecimal digits.
    """

    labels: pd.DataFrame
    per_image: pd.Series
    centres: dict[str, Ints]
    sizes: dict[str, npt.NDArray[np.float64]]
    states: pd.Series
    sources: pd.Series
    colors: dict[str, str]


def contents(tables: LabeledImages) -> Contents:
    """Describe what is in the tables.

    Args:
        tables: the tables as they are now.
    """
    images, instances = tables.images, tables.instances
    code = instances["label"].cat.codes.to_numpy()
    counts = instances.groupby("image_id").size()
    whole = images.index[labeled_all_over(images)]
    size = sizes_of(images, instances["image_id"]) if len(instances) else np.zeros((0, 2), np.int64)
    share = instances["area"].to_numpy(np.float64) / np.maximum(size.prod(axis=1), 1)
    cells = _cells(instances, size)
    return Contents(
        _label_table(tables, share),
        counts.reindex(whole, fill_value=0).rename("instances"),
        {name: _grid(cells[code == i]) for i, name in enumerate(tables.labels)},
        {name: share[code == i] for i, name in enumerate(tables.labels)},
        images["state"].value_counts().reindex(list(STATES), fill_value=0),
        instances["source"].value_counts().reindex(list(SOURCES), fill_value=0),
        hex_colors(getattr(tables, "ontology", None), tables.labels),
    )


def _label_table(tables: LabeledImages, share: npt.NDArray[np.float64]) -> pd.DataFrame:
    """One row per label.

    Args:
        tables: the tables as they are now.
        share: area of each instance as a share of its image, ``(n,)``.

    Returns:
        By ``label``: ``instances``; ``images`` with one; ``per_image``, the mean on these; ``size``, the
        median side in percent of the image's (root of the share of the area); ``before``, its share among
        the instances that a training takes, and ``after``, its share as images are drawn by weight; 0..1.
    """
    images, instances = tables.images, tables.instances
    code = instances["label"].cat.codes.to_numpy().astype(np.int64)
    n = len(tables.labels)
    count = np.bincount(code, minlength=n)
    pairs = np.unique(np.column_stack([code, instances["image_id"].to_numpy()]), axis=0)
    on = np.bincount(pairs[:, 0], minlength=n) if len(pairs) else np.zeros(n, np.int64)
    weight = pd.Series(np.where(trains(images), images["weight"], 0.0), images.index)
    drawn = weight.reindex(instances["image_id"]).to_numpy(np.float64)
    before = np.bincount(code, drawn > 0, minlength=n)
    after = np.bincount(code, drawn, minlength=n)
    side = pd.Series(np.sqrt(share) * 100).groupby(code).median().reindex(range(n))
    return pd.DataFrame(
        {
            "instances": count,
            "images": on,
            "per_image": count / np.where(on > 0, on, np.nan),
            "size": side.to_numpy(),
            "before": before / max(before.sum(), 1.0),
            "after": after / (after.sum() or 1.0),
        },
        index=pd.Index(tables.labels, name="label"),
    )


def _cells(instances: pd.DataFrame, size: Ints) -> Ints:
    """Cell of each box's centre, row and column, ``(n, 2)``."""
    x = (instances["x"] + instances["w"] / 2).to_numpy(np.float64) / np.maximum(size[:, 1], 1)
    y = (instances["y"] + instances["h"] / 2).to_numpy(np.float64) / np.maximum(size[:, 0], 1)
    return np.clip(np.column_stack([y, x]) * _GRID, 0, _GRID - 1).astype(np.int64)


def _grid(cells: Ints) -> Ints:
    flat = np.bincount(cells[:, 0] * _GRID + cells[:, 1], minlength=_GRID * _GRID)
    return flat.reshape(_GRID, _GRID).astype(np.int64)
