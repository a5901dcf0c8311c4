"""The report of a writer: what was written, and what is lost."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ....core.errors import LossWarning, first
from ....core.geometry.masks import rle
from ....core.regions.of_tables import regions_of
from ....core.tables.schema import LabeledImages


@dataclass(frozen=True, repr=False)
class WriteReport:
    """What was written and what was lost.

    Attributes:
        path: the file or folder.
        n_images: number of images written.
        n_instances: number of instances written.
        loss: instances that are read back differently, worst first: index ``instance_id``, column ``iou``
            (float64, mask IoU of original and read-back mask; 0 for instances that cannot be written). Empty:
            nothing was lost.
        n_regions_lost: number of regions that the format cannot express.
    """

    path: Path
    n_images: int
    n_instances: int
    loss: pd.DataFrame
    n_regions_lost: int = 0

    def __repr__(self) -> str:
        lost = "nothing lost"
        if len(self.loss):
            lost = f"{len(self.loss):,} masks changed, worst IoU {self.loss['iou'].iloc[0]:.3f}"
        if self.n_regions_lost:
            lost = f"{self.n_regions_lost:,} regions lost" + (f", {lost}" if len(self.loss) else "")
        return f"WriteReport({self.path}: {self.n_images:,} images, {self.n_instances:,} instances, {lost})"


def report(
    tables: LabeledImages,
    path: Path,
    ids: Sequence[int] | np.ndarray,
    iou: np.ndarray,
    why: str,
    n_images: int | None = None,
    *,
    with_regions: bool = False,
) -> WriteReport:
    """Build a report from the IoU of each written mask; warns once if there is loss.

    Args:
        tables: the tables written.
        path: the file or folder written.
        ids: instance ids, ``(n,)``.
        iou: mask IoU of original and read-back mask, ``(n,)``; 0 for instances left out.
        why: what the format cannot express, for the warning.
        n_images: number of images written; default all.
        with_regions: whether regions were written.

    Warns:
        LossWarning: masks are read back differently, and the message names the worst; or regions are lost.
    """
    loss = pd.DataFrame(
        {"iou": np.asarray(iou, np.float64)}, index=pd.Index(ids, name="instance_id", dtype=np.int64)
    )
    n_written = int((loss["iou"] > 0).sum())
    loss = loss[loss["iou"] < 1].sort_values("iou", kind="stable")
    if len(loss):
        warnings.warn(
            f"{len(loss)} of {len(ids)} masks come back different from {path}: {why}. Worst: instances "
            f"{first(loss.index)} with IoU {', '.join(f'{v:.3f}' for v in loss['iou'].iloc[:5])} (see loss)",
            LossWarning,
            stacklevel=3,
        )
    n_lost = 0 if with_regions else len(regions_of(tables))
    if n_lost:
        warnings.warn(
            f"{n_lost:,} regions are not in {path}: this format has none (COCO has)",
            LossWarning,
            stacklevel=3,
        )
    return WriteReport(path, len(tables.images) if n_images is None else n_images, n_written, loss, n_lost)


def measured(before: Sequence[bytes], after: Sequence[bytes | None]) -> np.ndarray:
    """IoU of masks before and after, ``(n,)`` float64: 1 for equal masks, 0 for missing ones.

    Example:
        >>> measured([b"112", b"4"], [b"112", None]).tolist()
        [1.0, 0.0]
    """
    iou = np.array([float(a == b) for a, b in zip(before, after, strict=True)])
    changed = [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if b is not None and a != b]
    if changed:
        iou[changed] = rle.iou_pairs([before[i] for i in changed], [after[i] or b"" for i in changed])
    return iou
