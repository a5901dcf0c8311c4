"""The examples that a training learns from and those it is measured on, with their pixels."""

from __future__ import annotations

import pandas as pd

from ...core.errors import ModelError
from ...core.tables.schema import LabeledImages
from . import examples, pixels

_HOLD_OUT = 0.2


def parting(
    tables: LabeledImages,
    imgsz: int,
    partial: str,
    hold_out: float | None,
    is_open: bool,
    seed: int,
    ignore: pd.DataFrame | None = None,
) -> examples.Parting:
    """Measure on images of split val, or on labeled images that are put aside.

    Args:
        tables: the tables to learn from.
        imgsz: long side that images are resized to, pixels.
        partial: "use", "skip" or "regions"; see :func:`examples.training`.
        hold_out: share of the labeled images to put aside, 0..1; None: 0.2 where the end is open and no image
            of split val is labeled, else none.
        is_open: whether the training goes on until mAP no longer rises.
        seed: seed of the choice.
        ignore: rows (image_id, mask) of undecided masks, on partial images.

    Raises:
        ModelError: ``hold_out`` is out of range, or there is nothing to learn from.
    """
    if hold_out is not None and not 0 <= hold_out < 1:
        raise ModelError(f"hold_out must be a share of the labeled images from 0 to below 1, got {hold_out}")
    learn = pixels.load(examples.training(tables, imgsz, partial, ignore), imgsz)
    check = pixels.load(examples.validation(tables, imgsz), imgsz)
    if len(check) and not hold_out:
        return examples.Parting(learn, check, learn)
    share = (_HOLD_OUT if is_open else 0.0) if hold_out is None else hold_out
    groups = [None if pd.isna(g) else str(g) for g in tables.images["group"].reindex(learn.image_ids)]
    return examples.part(learn, groups, share, seed)
