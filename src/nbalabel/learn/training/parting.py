"""The examples that a training learns from and those it is measured on, with their pixels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import ModelError
from ...core.tables.pasted import parents, pasted_images
from ...core.tables.schema import LabeledImages
from . import examples, pixels
from .limits import NO_LIMITS, Limits, limited

_HOLD_OUT = 0.2


def parting(
    tables: LabeledImages,
    imgsz: int,
    partial: str,
    hold_out: float | None,
    is_open: bool,
    seed: int,
    ignore: pd.DataFrame | None = None,
    *,
    limits: Limits = NO_LIMITS,
) -> examples.Parting:
    """Measure on images of split val, or on labeled images that are put aside.

    Pasted images are never put aside; those with pixels of the images that are, or of their groups, wait with
    them.

    Args:
        tables: the tables to learn from.
        imgsz: long side that images are resized to, pixels.
        partial: "use", "skip" or "regions"; see :func:`examples.training`.
        hold_out: share of the labeled images to put aside, 0..1; None: 0.2 where the end is open and no image
            of split val is labeled, else none.
        is_open: whether the training goes on until mAP no longer rises.
        seed: seed of the choice.
        ignore: rows (image_id, mask) of undecided masks, on partial images.
        limits: largest shares of the draws that images of some kinds get.

    Raises:
        ModelError: ``hold_out`` is out of range, or there is nothing to learn from.
    """
    if hold_out is not None and not 0 <= hold_out < 1:
        raise ModelError(f"hold_out must be a share of the labeled images from 0 to below 1, got {hold_out}")
    parts = _parted(tables, imgsz, partial, hold_out, is_open, seed, ignore)
    learn, rest = limited(parts.learn, limits), limited(parts.all, limits)
    return examples.Parting(learn, parts.check, rest, parts.put_back)


def _parted(
    tables: LabeledImages,
    imgsz: int,
    partial: str,
    hold_out: float | None,
    is_open: bool,
    seed: int,
    ignore: pd.DataFrame | None,
) -> examples.Parting:
    learn = pixels.load(examples.training(tables, imgsz, partial, ignore), imgsz)
    check = pixels.load(examples.validation(tables, imgsz), imgsz)
    if len(check) and not hold_out:
        return examples.Parting(learn, check, learn)
    share = (_HOLD_OUT if is_open else 0.0) if hold_out is None else hold_out
    is_pasted = np.isin(learn.image_ids, pasted_images(tables.instances))
    real = learn.take(np.flatnonzero(~is_pasted).tolist()) if is_pasted.any() else learn
    parts = examples.part(real, _groups(tables, real.image_ids), share, seed)
    if not is_pasted.any():
        return parts
    waits = np.isin(learn.image_ids, _made_of(tables, parts.check.image_ids))
    now = ~np.isin(learn.image_ids, parts.check.image_ids) & ~(is_pasted & waits)
    return examples.Parting(learn.take(np.flatnonzero(now).tolist()), parts.check, learn, parts.put_back)


def _groups(tables: LabeledImages, ids: npt.NDArray[np.int64]) -> Sequence[str | None]:
    return [None if pd.isna(group) else str(group) for group in tables.images["group"].reindex(ids)]


def _made_of(tables: LabeledImages, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Pasted images with pixels of these images, or of images in their groups."""
    groups = tables.images["group"]
    related = groups.index.isin(ids) | groups.isin(groups.reindex(ids).dropna()).to_numpy()
    pairs = parents(tables.instances)
    return pairs["image_id"].to_numpy(np.int64)[pairs["parent"].isin(groups.index[related])]
