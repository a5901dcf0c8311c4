"""Read COCO results lists: predictions in the format of evaluation servers.

Source: the COCO results format, https://cocodataset.org/#format-results
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ....core.errors import DataError, FormatError, NbalabelError, first
from ....core.tables.arrays import concat
from ....core.tables.same_labels import codes_of
from ....core.tables.schema import INDEX_NAMES, SOURCES, STATUSES, LabeledImages, conform
from ..masks.boxes import read_boxes, sides
from ..records import columns
from ..records.columns import Record
from ..records.documents import in_parts, load, no_garbage_collection
from ..records.rows import categorical
from .annotations import Annotations, parse
from .masks import Boxes, read_measured
from .read import find_rows, known_categories


def read_coco_results(
    path: str | Path,
    tables: LabeledImages,
    *,
    boxes: Boxes = "error",
    labels: Mapping[int, str | None] | None = None,
    unknown: str = "error",
) -> pd.DataFrame:
    """Read a list of predictions on known images.

    Args:
        path: a JSON list of objects with image_id, category_id, score and segmentation (run lengths or
            polygons).
        tables: the images and labels; category ids are those of the COCO file that the tables come from,
            also through a dataset (``tables.info["categories"]``), otherwise 1..n in the order of
            ``tables.labels``.
        boxes: how to treat predictions that have only a box: "error", or "mask" for filled rectangles.
        labels: category id -> label, where it differs from this; None leaves a category out.
        unknown: how to treat predictions of unknown categories: "error", or "drop" to leave them out.

    Returns:
        The columns of a Run's predictions; the id of each is its position in the file. Valid boxes are kept
        as given. :func:`nbalabel.read_predictions` makes a whole Run instead.

    Raises:
        FormatError: the file is not such a list; the message names the positions.
        DataError: an image or category is unknown, or a score is outside 0..1.
        MaskError: run lengths are malformed or of another size than their image.

    Source: https://cocodataset.org/#format-results

    Example:
        >>> import json, tempfile
        >>> from nbalabel.data.tables.tables import Tables
        >>> from nbalabel.core.tables.schema import empty
        >>> images = pd.DataFrame({"file": ["a.png"], "width": [2], "height": [2]}, index=[5])
        >>> mask = {"size": [2, 2], "counts": "112"}
        >>> found = [{"image_id": 5, "category_id": 1, "score": 0.5, "segmentation": mask}]
        >>> file = Path(tempfile.mkdtemp(), "results.json")
        >>> _ = file.write_text(json.dumps(found))
        >>> tables = Tables.of(images, empty("instances"), ["fish"])
        >>> read_coco_results(file, tables)[["label", "score", "area"]].to_dict("list")
        {'label': ['fish'], 'score': [0.5], 'area': [1]}
    """
    return read_results(path, tables, boxes, labels or {}, unknown)[0]


@no_garbage_collection()
def read_results(
    path: str | Path,
    tables: LabeledImages,
    boxes: Boxes,
    labels: Mapping[int, str | None],
    unknown: str,
) -> tuple[pd.DataFrame, int]:
    """As :func:`read_coco_results`, and the number of predictions in the file."""
    data = _in_columns(path, tables, boxes)
    if data is not None:
        kept, n = np.arange(len(data["image_id"])), len(data["image_id"])
        codes = _labels(data.pop("category_id").tolist(), kept, tables, labels, unknown)
        kept = np.flatnonzero(codes >= 0)
        if len(kept) < n:
            data = {name: column.take(kept) for name, column in data.items()}
    else:
        found = load(path)
        if not isinstance(found, list) or not set(map(type, found)) <= {dict}:
            raise FormatError(f"{path} must be a JSON list of objects; instance files are read by read_coco")
        n = len(found)
        wanted = columns.integers(columns.values(found, "category_id"), "category_id of predictions")
        codes = _labels(wanted.tolist(), np.arange(n), tables, labels, unknown)
        kept = np.flatnonzero(codes >= 0)
        if len(kept) < n:
            found = [found[i] for i in kept.tolist()]
        data = _columns(_of_records(found, kept), kept, tables, boxes)
    data["label"] = categorical(codes[kept], tables.labels)
    data["source"] = pd.Categorical.from_codes(np.full(len(kept), SOURCES.index("model")), dtype=_SOURCE)
    data["status"] = pd.Categorical.from_codes(np.zeros(len(kept), np.int8), dtype=_STATUS)
    data["origin"] = np.full(len(kept), Path(path).stem, object)
    index = pd.Index(kept, name=INDEX_NAMES["predictions"])
    return conform(pd.DataFrame(data, index=index, copy=False), "predictions", tables.labels), n


_PART = 20_000  # predictions parsed at a time


def _in_columns(path: str | Path, tables: LabeledImages, boxes: Boxes) -> dict[str, Any] | None:
    """Columns of an ordinary file, with ``category_id``; None for others, and where something is wrong."""
    parts = in_parts(path, None, _PART)
    if parts is None:
        return None
    found: list[dict[str, Any]] = []
    n = 0
    try:
        for part in replace(parts[1], parse=parse):
            if not isinstance(part, Annotations):
                return None
            ids = np.arange(n, n + len(part))
            found.append({"category_id": part.category_id, **_columns(part, ids, tables, boxes)})
            n += len(part)
    except NbalabelError:
        return None  # said about all predictions at once
    return {name: concat([one.pop(name) for one in found]) for name in list(found[0])} if found else None


def _of_records(found: list[Record], ids: np.ndarray) -> Annotations:
    """What is read of predictions, from records."""
    of = {name: columns.values(found, name) for name in ("image_id", "score", "bbox", "segmentation")}
    return Annotations(
        None,
        columns.integers(of["image_id"], "image_id of predictions"),
        np.zeros(len(found), np.int64),
        columns.numbers(of["score"], "score of predictions", ids),
        np.full(len(found), np.nan),
        np.zeros(len(found), np.bool_),
        read_boxes(of["bbox"]),
        partial(read_measured, of["segmentation"]),
        [],
    )


def _columns(found: Annotations, ids: np.ndarray, tables: LabeledImages, boxes: Boxes) -> dict[str, Any]:
    index = pd.Index(tables.images.index)
    position = find_rows(index, found.image_id, ids, "image_id", "images", "predictions")
    sizes = tables.images[["height", "width"]].to_numpy(np.int64)[position]
    given = found.boxes
    masks, areas = found.masks(ids, sizes, given if boxes == "mask" else None)
    return {
        "image_id": found.image_id,
        "mask": masks,
        **sides(masks, given, sizes),
        "area": areas.astype(np.int32),
        "score": _scores(found.score, ids),
    }


_SOURCE = pd.CategoricalDtype(list(SOURCES))
_STATUS = pd.CategoricalDtype(list(STATUSES))


def _labels(
    wanted: Sequence[int],
    ids: np.ndarray,
    tables: LabeledImages,
    labels: Mapping[int, str | None],
    unknown: str,
) -> np.ndarray:
    """Position of each prediction's category in the label list; -1 for predictions that are left out."""
    known: dict[int, str] = {c["id"]: c["name"] for c in known_categories(tables)} or {
        i + 1: label for i, label in enumerate(tables.labels)
    }
    return codes_of(wanted, ids, tables.labels, {**known, **labels}, unknown, "category_id")


def _scores(scores: np.ndarray, ids: np.ndarray) -> np.ndarray:
    bad = ~((scores >= 0) & (scores <= 1))
    if bad.any():
        got = first(scores[bad].tolist())
        raise DataError(
            f"predictions: score must be between 0 and 1; {int(bad.sum())} are not: "
            f"{first(ids[bad])} (got {got})"
        )
    return scores.astype(np.float32)
