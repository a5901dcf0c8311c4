"""Images whose truth is known, mixed into a package; what was done to them, and how they were answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...core.errors import DataError
from ...core.geometry.masks import rle
from ...core.geometry.overlap.assign import assign
from ...core.geometry.overlap.keep_best import overlapping
from ...core.id_sets import common, minus
from ...core.tables.of_images import sizes_of
from ...core.tables.schema import LabeledImages
from ..formats.masks.placed import placed

RIGHT = 0.75
"""IoU with the truth from which an answer counts as right, if its label is right too."""

_SHARE = 0.5  # of the instances of a honeypot that get an error, one at least
_SHIFT = 0.6  # of the sides of the box: a moved mask has an IoU of at most 0.25 where it fills its box


@dataclass(frozen=True)
class Planted:
    """Honeypots as they go out.

    Attributes:
        images: ids of the images, ascending.
        instances: what goes out on them.
        asked: instance id -> what was done to it: "gone", "moved", "renamed", or "blank" where nothing goes
            out.
    """

    images: tuple[int, ...]
    instances: pd.DataFrame
    asked: Mapping[int, str]


def plant(tables: LabeledImages, images: np.ndarray, share: float, blank: bool, seed: int) -> Planted:
    """Choose honeypots among the complete images that do not go out anyway, and plant errors.

    Args:
        tables: the dataset.
        images: ids of the images that go out.
        share: honeypots per image that goes out, 0..1.
        blank: whether the package goes out without masks.
        seed: random seed.

    Raises:
        DataError: the share is out of its range, or there are too few complete images.
    """
    if not 0 <= share <= 1:
        raise DataError(f"honeypots must lie within 0..1, honeypots per image, got {share}")
    rng = np.random.default_rng(seed)
    wanted = int(np.ceil(share * len(images) - 1e-9))
    known = _known(tables, images)
    if wanted > len(known):
        raise DataError(
            f"honeypots={share} of {len(images)} images asks for {wanted} other images of state complete "
            f"whose instances were all checked by people; there are {len(known)}"
        )
    chosen = np.sort(rng.choice(known, wanted, replace=False)) if wanted else known[:0]
    rows = tables.instances[tables.instances["image_id"].isin(chosen)]
    rows = rows[~rows["crowd"].to_numpy(bool)]
    if blank:
        return Planted(tuple(chosen.tolist()), rows.iloc[:0], dict.fromkeys(rows.index.tolist(), "blank"))
    asked: dict[int, str] = {}
    for _, group in rows.groupby("image_id"):
        n = max(1, round(_SHARE * len(group)))
        ids = rng.choice(group.index.to_numpy(), n, replace=False).tolist()
        kinds = ["gone", "moved", "renamed"] if len(tables.labels) > 1 else ["gone", "moved"]
        asked.update({int(i): str(rng.choice(kinds)) for i in ids})
    return Planted(tuple(chosen.tolist()), _wrong(rows, asked, tables, rng), asked)


def _known(tables: LabeledImages, images: np.ndarray) -> np.ndarray:
    """Complete images with instances that people made or verified, outside of ``images``."""
    rows = tables.instances
    checked = rows["status"].eq("verified") | (
        rows["status"].eq("accepted") & rows["source"].isin(["human", "imported"])
    )
    whole = tables.images.index[tables.images["state"].eq("complete").to_numpy()]
    good = minus(rows["image_id"].to_numpy(), rows.loc[~checked.to_numpy(), "image_id"].to_numpy())
    drawn = rows.loc[~rows["crowd"].to_numpy(bool), "image_id"].to_numpy()
    found: np.ndarray = minus(common(common(whole, good), drawn), images)
    return found


def _wrong(
    rows: pd.DataFrame, asked: Mapping[int, str], tables: LabeledImages, rng: np.random.Generator
) -> pd.DataFrame:
    """The rows with their errors."""
    sent = rows.drop(index=[i for i, kind in asked.items() if kind == "gone"])
    masks, labels = sent["mask"].tolist(), sent["label"].astype(object).tolist()
    sizes = sizes_of(tables.images, sent["image_id"]).tolist()
    for at, (row, (height, width)) in enumerate(zip(sent.index.tolist(), sizes, strict=True)):
        kind = asked.get(row)
        if kind == "moved":
            masks[at] = _moved(masks[at], height, width)
        elif kind == "renamed":
            labels[at] = str(rng.choice([label for label in tables.labels if label != labels[at]]))
    out = sent.drop(columns=["x", "y", "w", "h", "area"])
    out["mask"] = pd.Series(masks, index=out.index, dtype=sent["mask"].dtype)
    out["label"] = pd.Categorical(labels, categories=list(tables.labels))
    return out


def _moved(mask: bytes, height: int, width: int) -> bytes:
    """The mask moved by more than half of its size, towards the side where there is room."""
    pixels, x, y = rle.decode_crop(mask, height, width)
    h, w = pixels.shape
    dx, dy = int(np.ceil(_SHIFT * w)), int(np.ceil(_SHIFT * h))
    left = x + dx if x + w + dx <= width or x < dx else x - dx
    top = y + dy if y + h + dy <= height or y < dy else y - dy
    found = placed(pixels, left, top, height, width)
    return found if rle.areas([found])[0] else mask


def answered(back: pd.DataFrame, truth: pd.DataFrame, asked: Mapping[int, str]) -> pd.DataFrame:
    """How the instances that were asked about came back.

    Args:
        back: what came back on honeypots: ``image_id``, ``label``, ``mask``.
        truth: the instances of these images in the dataset, by id.
        asked: instance id -> what was done to it.

    Returns:
        One row per instance asked about that is still there: ``image_id``, ``label``, ``kind``, ``iou`` with
        the truth, 0..1, and ``right``.
    """
    pairs = overlapping(back["image_id"], back["mask"], truth["image_id"], truth["mask"], above=0.0)
    named, true = back["label"].astype(object).to_numpy(), truth["label"].astype(object).to_numpy()
    same = named[pairs.left] == true[pairs.right]
    chosen = assign(pairs, pairs.iou + 0.01 * same)
    iou, right = np.zeros(len(truth)), np.zeros(len(truth), bool)
    iou[pairs.right[chosen]] = pairs.iou[chosen]
    right[pairs.right[chosen]] = same[chosen] & (pairs.iou[chosen] >= RIGHT)
    out = truth[["image_id", "label"]].assign(
        kind=[asked.get(i, "") for i in truth.index], iou=iou, right=right
    )
    return out[out["kind"] != ""]
