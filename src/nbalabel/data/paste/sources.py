"""Which instances may be cut out: trusted, whole, and of no image that is measured on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.change.table_change import take_rows
from ...core.errors import DataError, UnknownNameError
from ...core.geometry.masks import rle
from ...core.tables.names import instead_of
from ...core.tables.of_images import sizes_of
from ...core.tables.pasted import are_copies
from .hidden import in_pieces, perhaps_hidden

_LEAST_AREA = 16  # pixels

Flags = npt.NDArray[np.bool_]


def sources(
    images: pd.DataFrame, instances: pd.DataFrame, labels: Sequence[str], known: Sequence[str]
) -> pd.DataFrame:
    """The instances that may be cut out, with all columns of ``instances``.

    Args:
        images: the table of images.
        instances: the table of instances.
        labels: what to cut out.
        known: the labels of the dataset.

    Raises:
        UnknownNameError: there is no such label.
        DataError: no instance of a label may be cut out; the message counts why.
        MissingExtraError: OpenCV is not installed.
    """
    unknown = [label for label in labels if label not in known]
    if unknown:
        raise UnknownNameError(f"there is no label {unknown[0]!r}; {instead_of(unknown[0], known)}")
    if not labels:
        raise DataError(f"labels names nothing to cut out; the dataset has {', '.join(known)}")
    rows = instances[instances["label"].isin(labels)]
    reason = _why_not(rows, images, instances)
    missing = [label for label in labels if not (reason[(rows["label"] == label).to_numpy()] == "").any()]
    if missing:
        told = "; ".join(_told(label, reason[(rows["label"] == label).to_numpy()]) for label in missing)
        raise DataError(f"nothing can be cut out: {told}")
    return take_rows(rows, reason == "")


def not_measured_on(images: pd.DataFrame) -> Flags:
    """Which images are of split train or none, ``(n,)``."""
    return ~images["split"].isin(["val", "test"]).to_numpy()


def _why_not(rows: pd.DataFrame, images: pd.DataFrame, instances: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Why each instance is left out, as a phrase after its number; "" where it is not."""
    reason = np.full(len(rows), "", object)
    at = images.index.get_indexer(pd.Index(rows["image_id"]))
    trusted = (rows["status"] == "verified") | (
        rows["source"].isin(["human", "imported"]) & (rows["status"] == "accepted")
    )
    checks: dict[str, Flags] = {
        "on images of split val or test": ~not_measured_on(images)[at],
        "copies that nl.paste made": are_copies(rows),
        "crowds": rows["crowd"].to_numpy(np.bool_),
        "on images of weight 0": (images["weight"].to_numpy() == 0)[at],
        "not trusted (status verified; or source human or imported, and accepted)": ~trusted.to_numpy(
            np.bool_
        ),
        f"smaller than {_LEAST_AREA} pixels": rle.areas(rows["mask"]) < _LEAST_AREA,
        "cut off at the border of their image": _at_border(rows, images),
    }
    for text, wrong in checks.items():
        reason[(reason == "") & wrong] = text
    left = np.flatnonzero(reason == "")
    reason[left[in_pieces(rows.iloc[left], images)]] = "in pieces, as where something lies over them"
    left = np.flatnonzero(reason == "")
    others = instances[(instances["status"] != "proposed") & ~instances["crowd"]]
    others = others[others["image_id"].isin(rows["image_id"].iloc[left])]
    reason[left[perhaps_hidden(rows.iloc[left], others, images)]] = "touched or covered by others"
    return reason


def _at_border(rows: pd.DataFrame, images: pd.DataFrame) -> Flags:
    sizes = sizes_of(images, rows["image_id"])
    boxes = rle.boxes(rows["mask"], sizes[:, 0])
    far = boxes[:, :2] + boxes[:, 2:]
    return np.asarray((boxes[:, :2] <= 0).any(axis=1) | (far >= sizes[:, ::-1]).any(axis=1))


def _told(label: str, reason: npt.NDArray[np.object_]) -> str:
    if not len(reason):
        return f"there is no instance of {label!r}"
    why, n = np.unique(reason.astype(str), return_counts=True)
    counted = ", ".join(f"{count:,} {text}" for text, count in zip(why, n, strict=True))
    return f"of {len(reason):,} instances of {label!r} all are left out: {counted}"
