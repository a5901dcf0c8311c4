"""Instances that are no opinion: crowds, proposed ones, and those where nobody knows what is there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.geometry.masks import rle
from ...core.geometry.overlap.keep_best import overlapping
from ...core.regions.of_tables import ALL, codes_of, regions_of
from ...core.tables.schema import LabeledImages

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_INSIDE = 0.5  # share of a mask inside a crowd, or a region to ignore, from which it is left out


def left_out(
    rows: pd.DataFrame, tables: Sequence[LabeledImages], ids: Ints, labels: tuple[str, ...]
) -> Bools:
    """Which rows are left out, ``(n,)``; a crowd or a region of one annotator holds for all.

    Args:
        rows: instances with ``image`` (position in ``ids``), ``rater``, ``label`` (position in ``labels``),
            ``mask``, ``area``, ``crowd`` and ``proposed``.
        tables: tables of each annotator, for their regions.
        ids: id of each image in each table, ``(n_images, n_tables)``; -1: not there.
        labels: the labels.
    """
    crowd = rows["crowd"].to_numpy(bool)
    nobody = (rows["rater"] < 0).to_numpy() | rows["proposed"].to_numpy(bool) | (rows["area"] <= 0).to_numpy()
    out = crowd | nobody
    unknown = rows.loc[crowd, ["image", "mask", "area"]].assign(label=ALL)
    seen: set[int] = set()
    for k, table in enumerate(tables):
        if id(table) not in seen:
            unknown = pd.concat([unknown, _ignored(table, ids[:, k], labels)], ignore_index=True)
        seen.add(id(table))
    at = np.flatnonzero(~out & rows["image"].isin(unknown["image"]).to_numpy())
    if not len(at):
        return out
    near = rows.iloc[at]
    found = overlapping(near["image"], near["mask"], unknown["image"], unknown["mask"], above=0.0)
    own, other = near["area"].to_numpy()[found.left], unknown["area"].to_numpy()[found.right]
    inside = found.iou / (1 + found.iou) * (own + other) / own > _INSIDE
    about = unknown["label"].to_numpy()[found.right]
    inside &= (about == ALL) | (about == near["label"].to_numpy()[found.left])
    out[at[found.left[inside]]] = True
    return out


def _ignored(tables: LabeledImages, ids: Ints, labels: tuple[str, ...]) -> pd.DataFrame:
    """Regions to ignore, with the position of their image."""
    regions = regions_of(tables)
    present = np.flatnonzero(ids >= 0)
    at = pd.Index(ids[present]).get_indexer(pd.Index(regions["image_id"]))
    keep = (regions["kind"] == "ignore").to_numpy() & (at >= 0)
    masks = regions["mask"][keep]
    return pd.DataFrame(
        {
            "image": present[at[keep]],
            "mask": masks.array,
            "area": rle.areas(masks),
            "label": codes_of(regions["label"][keep], labels),
        }
    )
