"""Predictions of any model as a table: from a results file, a DataFrame, or arrays image by image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ....core.errors import DataError, UnknownNameError, first
from ....core.geometry.masks import rle
from ....core.tables.mask_inputs import mask_column
from ....core.tables.of_images import sizes_of
from ....core.tables.same_labels import codes_of
from ....core.tables.schema import INDEX_NAMES, PREDICTIONS, LabeledImages, conform
from ..coco.masks import Boxes, read_masks
from ..coco.results import read_results
from ..records.rows import categorical
from .detections import detections, plain_labels

_NOT_KEPT = ("iou", "matched", "matched_id", "ignored", "file", "segmentation")
_SIDES = ["x", "y", "w", "h"]


@dataclass(frozen=True, eq=False)
class Foreign:
    """Predictions of another library.

    Attributes:
        predictions: a Run's columns of predictions, and the user's own.
        given: ids of all given predictions, ``(n,)``, including those that are left out.
        image_ids: ids of the images with predictions made on them, ``(m,)``; None if unknown.
    """

    predictions: pd.DataFrame
    given: npt.NDArray[np.int64]
    image_ids: npt.NDArray[np.int64] | None


def read_foreign(
    found: Any,
    tables: LabeledImages,
    labels: Mapping[Any, str | None],
    unknown: str,
    boxes: Boxes,
) -> Foreign:
    """Read predictions; see :func:`nbalabel.read_predictions`.

    Raises:
        DataError: the type of ``found`` is not supported, or rows do not fit; the message names the rows.
    """
    if boxes not in ("error", "mask"):
        raise DataError(f'boxes must be "error" or "mask", got {boxes!r}')
    if isinstance(found, str | Path):
        table, n = read_results(found, tables, boxes, labels, unknown)
        return Foreign(table, np.arange(n), None)
    if isinstance(found, pd.DataFrame):
        rows, seen = _of_frame(found, tables), None
    elif isinstance(found, Mapping):
        rows, seen = _of_images(found, tables)
    else:
        raise DataError(
            "predictions must be a results file, a DataFrame, or a dictionary {image id or file: "
            f"masks, scores and labels}}, got {type(found).__name__}"
        )
    return Foreign(_table(rows, tables, labels, unknown, boxes), rows.index.to_numpy(np.int64), seen)


def _of_frame(frame: pd.DataFrame, tables: LabeledImages) -> pd.DataFrame:
    """Rows with image_id, label and score; an index of unique integers >= 0 is kept as ids."""
    if "image_id" not in frame and "file" not in frame:
        raise DataError(f"predictions need a column image_id or file; they have {list(frame.columns)}")
    rows = frame.drop(columns=[c for c in frame if c in ("source", "status", "origin")])
    for name in ("label", "score"):
        if name not in rows:
            hint = "; where the model gives none: frame.assign(score=1.0)" if name == "score" else ""
            raise DataError(f"predictions need a column {name}; they have {list(frame.columns)}{hint}")
    if "image_id" not in frame:
        rows = rows.assign(image_id=image_ids(frame["file"].tolist(), tables))
    index = rows.index
    numbers = not isinstance(index, pd.MultiIndex) and pd.api.types.is_integer_dtype(index.dtype)
    if not (numbers and index.is_unique and (not len(index) or index.min() >= 0)):
        rows = rows.reset_index(drop=True)
    return rows


def _of_images(found: Mapping[Any, Any], tables: LabeledImages) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
    ids = image_ids(list(found), tables)
    parts: list[pd.DataFrame] = []
    sizes = sizes_of(tables.images, ids).tolist()
    for (name, value), image_id, (height, width) in zip(found.items(), ids.tolist(), sizes, strict=True):
        one = detections(value, name, height, width)
        blanks: list[Any] = [None] * len(one.labels)
        part = pd.DataFrame(
            {
                "image_id": image_id,
                "label": pd.Series(one.labels, dtype=object),
                "score": one.scores,
                "mask": pd.Series(one.masks or blanks, dtype=object),
            }
        )
        if one.boxes is not None:
            part[_SIDES] = one.boxes
        parts.append(part)
    filled = [part for part in parts if len(part)]
    blank = pd.DataFrame({"image_id": np.zeros(0, np.int64), "label": [], "score": [], "mask": []})
    return pd.concat(filled, ignore_index=True) if filled else blank, ids


def image_ids(names: Sequence[Any], tables: LabeledImages) -> npt.NDArray[np.int64]:
    """Ids of images given by id, by the name in ``images.file``, or by a path to the file.

    Raises:
        UnknownNameError: some images do not exist.
    """
    images = tables.images
    by_file = dict(zip(images["file"].tolist(), images.index.tolist(), strict=True))
    if tables.image_root is not None:
        root = Path(tables.image_root).resolve()
        by_file = {**{str(root / file): i for file, i in by_file.items()}, **by_file}
    known = set(images.index.tolist())
    found = [_id_of(name, known, by_file) for name in names]
    lost = [name for name, at in zip(names, found, strict=True) if at is None]
    if lost:
        raise UnknownNameError(
            f"no such images: {first(dict.fromkeys(map(str, lost)))}; images are named by image_id, or by "
            f"file as {first(images['file'].head(2))}"
        )
    return np.array(found, np.int64)


def _id_of(name: Any, known: set[int], by_file: Mapping[str, int]) -> int | None:
    if isinstance(name, int | np.integer):
        return int(name) if int(name) in known else None
    text = Path(name).as_posix() if isinstance(name, Path) else str(name)
    return by_file[text] if text in by_file else by_file.get(str(Path(text).resolve()))


def _table(
    rows: pd.DataFrame, tables: LabeledImages, labels: Mapping[Any, str | None], unknown: str, boxes: Boxes
) -> pd.DataFrame:
    """Convert rows to a Run's columns of predictions; rows whose label is left out are dropped."""
    wanted = plain_labels(rows["label"].tolist())
    codes = codes_of(wanted, rows.index.to_numpy(), tables.labels, labels, unknown)
    rows = rows[codes >= 0]
    rows = rows.assign(label=categorical(codes[codes >= 0], tables.labels))
    ids = pd.to_numeric(rows["image_id"]).to_numpy(np.int64)
    strange = ~np.isin(ids, tables.images.index)
    if strange.any():
        raise DataError(
            f"predictions: image_id must be a row of images; {int(strange.sum())} of {len(rows)} rows break "
            f"it: {first(rows.index[strange])} (got {first(ids[strange])})"
        )
    _check_scores(rows)
    sizes = sizes_of(tables.images, ids)
    own = [c for c in rows if (c in PREDICTIONS or c not in _NOT_KEPT) and c not in (*_SIDES, "area")]
    kept = rows[own].drop(columns=["iou", "matched", "matched_id"], errors="ignore")
    kept = kept.assign(mask=_masks(rows, sizes, boxes), image_id=ids, source="model")
    kept.index.name = INDEX_NAMES["predictions"]
    return conform(kept.assign(status="proposed"), "predictions", tables.labels, heights=sizes[:, 0])


def _check_scores(rows: pd.DataFrame) -> None:
    scores = pd.to_numeric(rows["score"], errors="coerce").to_numpy(np.float64)
    wrong = ~((scores >= 0) & (scores <= 1))
    if wrong.any():
        raise DataError(
            f"predictions: score must be between 0 and 1; {int(wrong.sum())} of {len(rows)} are not: "
            f"{first(rows.index[wrong])} (got {first(rows['score'][wrong])})"
        )


def _masks(rows: pd.DataFrame, sizes: np.ndarray, boxes: Boxes) -> Any:
    """Masks as given; where a mask is missing, from COCO's ``segmentation`` or the filled box."""
    given = rows["mask"] if "mask" in rows else pd.Series(None, index=rows.index, dtype=object)
    has = given.notna().to_numpy()
    out = np.empty(len(rows), object)
    masks = mask_column(given[has], sizes[has, 0], sizes[has, 1], "predictions")
    rle.check(masks.array, sizes[has, 0], sizes[has, 1], ids=masks.index, table="predictions")
    out[has] = masks.to_numpy(object)
    rest = rows[~has]
    if len(rest):
        outlines = rest["segmentation"].tolist() if "segmentation" in rest else [None] * len(rest)
        sides = (
            rest[_SIDES].to_numpy(np.float64) if set(_SIDES) <= set(rest) else np.full((len(rest), 4), np.nan)
        )
        found = read_masks(outlines, rest.index.to_numpy(), sizes[~has], sides if boxes == "mask" else None)
        out[~has] = found.to_numpy(object)
    return pd.Series(out, index=rows.index, dtype=object)
