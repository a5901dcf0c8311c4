"""The report of a writer: what was written, and what is lost."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from ....core.errors import LossWarning, first
from ....core.geometry.masks import rle
from ....core.regions.of_tables import regions_of
from ....core.tables.schema import LabeledImages
from .answers import Kept, dropped, shown


def _nothing() -> pd.DataFrame:
    return pd.DataFrame({"table": [], "column": [], "n": [], "asked": []})


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
        dropped: columns of your own, parts of the ontology and attachments that the format does not keep:
            columns table ("images" or "instances"; "labels", "attributes" and "guidelines" for the ontology;
            "attachments"), column (of attachments: their kind), n (values that are not missing) and asked
            (whether it is an attribute).
        n_hidden: number of answers that were left out because nobody asks for them any more.
    """

    path: Path
    n_images: int
    n_instances: int
    loss: pd.DataFrame
    n_regions_lost: int = 0
    dropped: pd.DataFrame = field(default_factory=_nothing)
    n_hidden: int = 0

    def __repr__(self) -> str:
        lost = "nothing lost"
        if len(self.loss):
            lost = f"{len(self.loss):,} masks changed, worst IoU {self.loss['iou'].iloc[0]:.3f}"
        if self.n_regions_lost:
            lost = f"{self.n_regions_lost:,} regions lost" + (f", {lost}" if len(self.loss) else "")
        if len(self.dropped):
            said = ", ".join(f"{row.column} of {row.n:,} {row.table}" for row in self.dropped.itertuples())
            lost = f"dropped {said}" + ("" if lost == "nothing lost" else f", {lost}")
        if self.n_hidden:
            lost += f", {self.n_hidden:,} hidden answers left out"
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
    kept: Kept | None = None,
    n_hidden: int | None = None,
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
        kept: the columns and parts of the ontology that were written, by table; default none.
        n_hidden: number of hidden answers left out; default all.

    Warns:
        LossWarning: masks are read back differently, and the message names the worst; or regions or answers
            are lost.
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
    gone = dropped(tables, kept or {})
    _warn_of_answers(gone, path)
    hidden = shown(tables)[2] if n_hidden is None else n_hidden
    n = len(tables.images) if n_images is None else n_images
    return WriteReport(path, n, n_written, loss, n_lost, gone, hidden)


def _warn_of_answers(gone: pd.DataFrame, path: Path) -> None:
    answers = gone[gone["asked"].to_numpy(bool)]
    if len(answers):
        said = ", ".join(f"{row.column} ({row.n:,} {row.table})" for row in answers.itertuples())
        warnings.warn(
            f"answers are not in {path}: {said}; this format has no place for them (COCO has)",
            LossWarning,
            stacklevel=4,
        )


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
