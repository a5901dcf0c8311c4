"""Which images, labels and places count when predictions are measured."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..geometry.masks import rle
from ..tables.of_images import labeled_all_over
from ..tables.schema import LabeledImages
from .of_tables import ALL, codes_of, regions_of
from .unknown import Unknown, unknown

_OUTSIDE = 0.5  # share of an instance that lies where it is not known from which it is not counted


def known_somewhere(images: pd.DataFrame, regions: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Which images can be measured: labeled all over, or with a region of kind "done"; ``(n,)``."""
    return labeled_all_over(images) | images.index.isin(regions.loc[regions["kind"] == "done", "image_id"])


def known_pairs(
    rows: pd.DataFrame, images: pd.DataFrame, regions: pd.DataFrame, labels: tuple[str, ...]
) -> npt.NDArray[np.bool_]:
    """Whether it is known, at least somewhere on its image, what there is of each row's label; ``(n,)``.

    Args:
        rows: instances or predictions.
        images: rows of images.
        regions: rows of regions.
        labels: the label list.
    """
    whole = rows["image_id"].isin(images.index[labeled_all_over(images)]).to_numpy()
    done = regions[(regions["kind"] == "done").to_numpy()]
    if not len(done):
        return whole
    code, on = codes_of(done["label"], labels), done["image_id"].to_numpy(np.int64)
    of_all = rows["image_id"].isin(on[code == ALL]).to_numpy()
    keys = on * (len(labels) + 1) + code
    own = rows["image_id"].to_numpy(np.int64) * (len(labels) + 1) + codes_of(rows["label"], labels)
    return whole | of_all | np.isin(own, keys[code != ALL])


def with_unknown(
    instances: pd.DataFrame,
    predictions: pd.DataFrame,
    images: pd.DataFrame,
    regions: pd.DataFrame,
    labels: tuple[str, ...],
) -> pd.DataFrame:
    """Instances to measure against: where it is not known what is there, a crowd takes what is predicted.

    On images that are labeled all over these are the regions of kind "ignore"; on other images with regions
    of kind "done" also all that lies outside of these, and instances that mostly lie outside are left out.
    Images without regions stay as they are.

    Args:
        instances: rows of instances.
        predictions: rows of predictions; crowds are made for their labels only.
        images: rows of the images that are measured.
        regions: rows of regions.
        labels: the label list.

    Returns:
        The instances, and crowds with negative ids.
    """
    if not len(regions):
        return instances
    images = images[images.index.isin(regions["image_id"])]
    whole = labeled_all_over(images)
    parts = unknown(images, regions, labels, ~whole)
    if not parts:
        return instances
    crowds = _crowds(parts, predictions, images, regions, labels, instances)
    is_open = instances["image_id"].isin(images.index[~whole]).to_numpy()
    at = np.flatnonzero(is_open & known_pairs(instances, images, regions, labels))
    lost = at[_mostly_in(instances.iloc[at], parts, labels)]
    keep = np.ones(len(instances), bool)
    keep[lost] = False
    kept = instances if keep.all() else instances[keep]
    return pd.concat([kept, crowds]) if len(crowds) else kept


def counted(tables: LabeledImages, predictions: pd.DataFrame, images: pd.DataFrame) -> pd.DataFrame:
    """The instances of some images to measure predictions against; see :func:`with_unknown`.

    Args:
        tables: a Dataset, a Version, Tables or the like.
        predictions: rows of predictions.
        images: rows of the images that are measured.
    """
    inside = tables.instances["image_id"].isin(images.index).to_numpy()
    instances = tables.instances if inside.all() else tables.instances[inside]  # a cut copies all masks
    return with_unknown(instances, predictions, images, regions_of(tables), tables.labels)


def _crowds(
    parts: list[Unknown],
    predictions: pd.DataFrame,
    images: pd.DataFrame,
    regions: pd.DataFrame,
    labels: tuple[str, ...],
    like: pd.DataFrame,
) -> pd.DataFrame:
    """One crowd per unknown part and label that was predicted on its image and is known somewhere there."""
    rows = predictions[predictions["image_id"].isin(images.index)]
    rows = rows[known_pairs(rows, images, regions, labels)]
    pairs = pd.DataFrame({"on": rows["image_id"].to_numpy(np.int64), "code": codes_of(rows["label"], labels)})
    predicted = pairs.groupby("on")["code"].agg(set).to_dict()
    found = [
        (part.image_id, code, part.mask)
        for part in parts
        for code in part.labels
        if code in predicted.get(part.image_id, ())
    ]
    image_ids, codes = [row[0] for row in found], [row[1] for row in found]
    masks = [row[2] for row in found]
    heights = images["height"].reindex(image_ids).to_numpy(np.int64)
    box = rle.boxes(masks, heights) if found else np.zeros((0, 4))
    given = {
        "image_id": np.asarray(image_ids, np.int64),
        "label": pd.Categorical.from_codes(
            np.asarray(codes, np.int64), dtype=pd.CategoricalDtype(list(labels))
        ),
        "mask": pd.Series(masks, dtype=like["mask"].dtype).array,
        **{name: box[:, i].astype(np.float32) for i, name in enumerate("xywh")},
        "area": rle.areas(masks) if found else np.zeros(0, np.int64),
        "crowd": np.ones(len(found), bool),
    }
    index = pd.Index(-1 - np.arange(len(found)), name=like.index.name)
    return pd.DataFrame({name: given[name] for name in like.columns if name in given}, index=index)


def _mostly_in(rows: pd.DataFrame, parts: list[Unknown], labels: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    """Which instances lie to more than half in a part that is unknown for their label, ``(n,)``."""
    out = np.zeros(len(rows), bool)
    on, codes = rows["image_id"].to_numpy(np.int64), codes_of(rows["label"], labels)
    for part in parts:
        at = np.flatnonzero((on == part.image_id) & np.isin(codes, part.labels))
        if len(at):
            masks = rle.parse(rows["mask"].iloc[at])
            whole = rle.parse([part.mask] * len(at))
            out[at] |= rle.overlaps(masks, whole) > _OUTSIDE * masks.areas()
    return out
