"""The tables: their columns, dtypes and rules.

Five tables, each indexed by a stable int64 id that is never reused:

- ``images``     one row per image (``image_id``)
- ``instances``  one row per mask (``instance_id``)
- ``rejected``   predictions that a person rejected (``instance_id``; the columns of ``instances``), kept so
  that they are not proposed again and can serve as hard negatives. Rows with status "verified" are
  predictions that a person accepted with a corrected mask or label; these are no negatives
- ``regions``    parts of images (``region_id``): where nobody knows what is there, or where everything is
  labeled (``core/regions/`` says what follows from them)
- ``attachments``  files shown beside images (``attachment_id``): texts, pictures, videos, and overlays that
  are drawn over them

Coordinates are pixels of the original image, x right, y down, (0, 0) the outer corner of the first pixel.
Columns beyond the schema are the user's own and are kept unchanged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd

from ..errors import DataError, first
from ..geometry.masks import rle
from ..geometry.masks.runs import parse_blocks
from ..ontology.attribute import ASKED_OF, Attribute
from ..ontology.ontology import Ontology
from .answers import cast_answers, check_answers, check_dtype
from .dtypes import MASK_DTYPE, cast, cast_category, reject
from .image_files import check_files
from .names import check_names
from .state import State

STATES = ("unlabeled", "partial", "complete", "empty")
SPLITS = ("train", "val", "test")
SOURCES = ("human", "imported", "model", "propagated", "synthetic")
STATUSES = ("proposed", "accepted", "verified")
REGION_KINDS = ("ignore", "done")
ATTACHMENT_KINDS = ("text", "image", "video", "overlay")

_REQUIRED = object()

NO_ATTRIBUTES: Mapping[str, Attribute] = {}


@dataclass(frozen=True)
class Column:
    """One column: its dtype, the value a missing column gets, and its meaning.

    ``categories`` are the allowed values of a category column; None means the dataset decides (labels,
    groups).
    """

    dtype: Any
    default: object
    meaning: str
    categories: tuple[str, ...] | None = None


IMAGES: Mapping[str, Column] = {
    "file": Column("str", _REQUIRED, "path relative to the image root, or a URL"),
    "width": Column(np.int32, _REQUIRED, "pixels"),
    "height": Column(np.int32, _REQUIRED, "pixels"),
    "split": Column("category", None, "train / val / test / missing", SPLITS),
    "weight": Column(np.float32, 1.0, "sampling weight; 0 leaves the image out of training altogether"),
    "state": Column("category", "unlabeled", "how completely the image is labeled", STATES),
    "group": Column("category", None, "video or sequence"),
    "frame": Column("Int32", pd.NA, "position in the sequence"),
}

INSTANCES: Mapping[str, Column] = {
    "image_id": Column(np.int64, _REQUIRED, "row of images"),
    "label": Column("category", _REQUIRED, "ordered label list of the dataset"),
    "mask": Column(MASK_DTYPE, _REQUIRED, "COCO compressed RLE, as pycocotools writes it"),
    "x": Column(np.float32, _REQUIRED, "left edge of the box, pixels"),
    "y": Column(np.float32, _REQUIRED, "top edge of the box, pixels"),
    "w": Column(np.float32, _REQUIRED, "width of the box, pixels"),
    "h": Column(np.float32, _REQUIRED, "height of the box, pixels"),
    "area": Column(np.int32, _REQUIRED, "mask pixels"),
    "score": Column(np.float32, np.nan, "model confidence 0..1; missing for people's masks"),
    "source": Column("category", "human", "where the instance came from", SOURCES),
    "origin": Column("str", "", "annotator, run id or cluster id: the handle for audits and reverts"),
    "status": Column("category", "accepted", "how far it was checked", STATUSES),
    "crowd": Column(np.bool_, False, "COCO's iscrowd: one mask over many objects"),
}

REGIONS: Mapping[str, Column] = {
    "image_id": Column(np.int64, _REQUIRED, "row of images"),
    "mask": Column(MASK_DTYPE, _REQUIRED, "COCO compressed RLE of the region"),
    "kind": Column(
        "category",
        _REQUIRED,
        "ignore: not known what is there, neither trained on nor measured; done: everything there is labeled",
        REGION_KINDS,
    ),
    "label": Column("category", None, "the label that it is about; missing: all labels"),
    "source": Column("category", "human", "where the region came from", SOURCES),
    "origin": Column("str", "", "who or what made it"),
}

ATTACHMENTS: Mapping[str, Column] = {
    "image_id": Column(np.int64, _REQUIRED, "row of images"),
    "file": Column(
        "str", _REQUIRED, "attachments/... in the dataset's folder, a path as of images, or a URL"
    ),
    "kind": Column("category", _REQUIRED, "how it is shown", ATTACHMENT_KINDS),
    "name": Column("str", "", "title, for people"),
    "opacity": Column(np.float32, 0.5, "of an overlay, 0..1, until somebody moves the slider"),
    "origin": Column("str", "", "who or what attached it"),
}

PREDICTIONS: Mapping[str, Column] = {
    **INSTANCES,
    "iou": Column(np.float32, np.nan, "best mask IoU with an instance of its label; 0 where none overlaps"),
    "matched": Column(np.bool_, False, "greedily matched to an instance at the run's IoU threshold"),
    "matched_id": Column("Int64", pd.NA, "instance_id of that instance"),
}

SCHEMAS: Mapping[str, Mapping[str, Column]] = {
    "images": IMAGES,
    "instances": INSTANCES,
    "rejected": INSTANCES,
    "regions": REGIONS,
    "attachments": ATTACHMENTS,
}
COUNTERS: Mapping[str, str] = {
    "images": "images",
    "instances": "instances",
    "rejected": "instances",
    "regions": "regions",
    "attachments": "attachments",
}
"""Table -> the counter of its ids."""

ONE_MASK = ("image_id", "mask", "x", "y", "w", "h", "area")
"""The mask, its box, its area and its image count as one cell where edits meet."""

LABELED = ("instances", "rejected", "regions")
"""Tables whose rows have a label."""

ON_IMAGES = (*LABELED, "attachments")
"""Tables whose rows belong to images."""
INDEX_NAMES: Mapping[str, str] = {
    "images": "image_id",
    "instances": "instance_id",
    "rejected": "instance_id",
    "regions": "region_id",
    "attachments": "attachment_id",
    "predictions": "prediction_id",
}


@runtime_checkable
class LabeledImages(Protocol):
    """The read interface of a dataset for models and writers; Dataset, Version and Tables implement it."""

    @property
    def images(self) -> pd.DataFrame:
        """One row per image."""

    @property
    def instances(self) -> pd.DataFrame:
        """One row per mask."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Label names, in order."""

    @property
    def image_root(self) -> Path | None:
        """Folder that ``images.file`` is relative to; None when there are no image files."""

    def read_image(self, image_id: int) -> np.ndarray:
        """Pixels of one image, ``(height, width, 3)`` uint8 RGB."""


def conform(
    frame: pd.DataFrame,
    table: str,
    labels: Sequence[str] = (),
    heights: np.ndarray | None = None,
    attributes: Mapping[str, Attribute] = NO_ATTRIBUTES,
) -> pd.DataFrame:
    """Bring a table to the schema: fill missing columns with defaults, cast dtypes, order the columns.

    Boxes and areas of instances are computed from the masks where those columns are absent and ``heights``
    are given. The frame passed in is not modified; columns that already conform are shared with it.

    Args:
        frame: rows indexed by id; the name of the index does not matter.
        table: "images", "instances", "rejected", "regions", "attachments" or "predictions".
        labels: the ordered label list, the categories of ``label``.
        heights: height of each row's image, ``(n,)`` pixels, for boxes from masks.
        attributes: the attributes of this table; their columns are cast where they are there.

    Returns:
        A new frame with the schema's columns first and the user's own after them.

    Raises:
        DataError: a required column is absent, values cannot be of its dtype (naming the rows), or a
            column's or label's name holds control characters.

    Example:
        >>> images = pd.DataFrame({"file": ["a.jpg"], "width": [640], "height": [480]})
        >>> conform(images, "images").weight.tolist()
        [1.0]
    """
    schema = PREDICTIONS if table == "predictions" else SCHEMAS[table]
    if not frame.columns.is_unique:
        repeated = first(frame.columns[frame.columns.duplicated()].unique())
        raise DataError(f"{table}: columns must be unique, repeated: {repeated}")
    check_names(map(str, frame.columns), f"columns of {table}")
    if (taken := INDEX_NAMES[table]) in frame.columns:
        raise DataError(
            f"{table}: a column is called {taken!r}, which is the name of the index: rename it, "
            f"or make it the index with set_index({taken!r})"
        )
    check_names(labels, "labels")
    index = _conform_index(frame.index, table)
    frame = frame.set_axis(index, axis=0)
    columns: dict[str, Any] = {}
    if "mask" in frame and heights is not None and not {"x", "y", "w", "h", "area"} <= set(frame.columns):
        frame = frame.assign(
            **{k: v for k, v in _from_masks(frame, heights, table).items() if k not in frame.columns}
        )
    for name, column in schema.items():
        if name in frame:
            columns[name] = _cast(frame[name], name, column, labels, table)
        elif column.default is _REQUIRED:
            raise DataError(
                f"{table} needs a column {name!r} ({column.meaning}); it has {list(frame.columns)}"
            )
        else:
            one = _cast(pd.Series([column.default], dtype=object), name, column, labels, table)
            columns[name] = pd.Series(one.array.repeat(len(frame)), index=frame.index)
    for name in frame.columns:
        if name not in columns:
            asked = attributes.get(str(name))
            columns[str(name)] = frame[name] if asked is None else cast_answers(frame[name], asked, table)
    out = pd.DataFrame({k: v.array for k, v in columns.items()}, index=index, copy=False)
    out.index.name = INDEX_NAMES[table]
    return out


def fits(frame: pd.DataFrame, table: str, labels: Sequence[str]) -> bool:
    """Whether :func:`conform` would return the same frame, as far as that can be told without its values.

    Args:
        frame: rows indexed by id.
        table: as of :func:`conform`; it has no attributes.
        labels: the ordered label list.
    """
    schema = PREDICTIONS if table == "predictions" else SCHEMAS[table]
    if list(frame.columns[: len(schema)]) != list(schema) or not frame.columns.is_unique:
        return False
    index, own = frame.index, frame.columns[len(schema) :]
    if index.name != INDEX_NAMES[table] or index.dtype != np.int64 or INDEX_NAMES[table] in own:
        return False
    try:
        check_names([*map(str, own), *labels], "names")
        for name, column in schema.items():
            _check_dtype(frame[name].dtype, name, column, labels, table)
    except DataError:
        return False
    return True


def empty(table: str, labels: Sequence[str] = ()) -> pd.DataFrame:
    """A table with the schema's columns and no rows."""
    return _empty(table, tuple(labels)).copy(deep=False)


@lru_cache(maxsize=16)
def _empty(table: str, labels: tuple[str, ...]) -> pd.DataFrame:
    schema = PREDICTIONS if table == "predictions" else SCHEMAS[table]
    return conform(pd.DataFrame({name: [] for name in schema}), table, labels)


def validate(tables: Mapping[str, pd.DataFrame], labels: Sequence[str], *, masks: bool = True) -> None:
    """Check what dtypes cannot express: ids, ranges, references and masks. Nothing is modified.

    Args:
        tables: "images", and optionally the others, conformed.
        labels: the ordered label list.
        masks: also parse every mask and compare its size with its image (about 1 s per million masks).

    Raises:
        DataError: the first broken rule, with the rows that break it.
        MaskError: a mask is malformed or of another size than its image.
        UnsafePathError: a file name leaves the image root.
    """
    _check_labels(labels)
    images = tables["images"]
    _check_ids(images, "images")
    check_files(images)
    reject(images, (images["width"] <= 0) | (images["height"] <= 0), "images", "width and height must be > 0")
    weight = images["weight"].to_numpy()
    reject(images, ~(np.isfinite(weight) & (weight >= 0)), "images", "weight must be a number >= 0", "weight")
    reject(images, images["state"].isna(), "images", f"state must be one of {', '.join(STATES)}")
    for name in ("instances", "rejected"):
        if name in tables:
            validate_instances(tables[name], images, name, masks=masks)
    if "regions" in tables:
        validate_regions(tables["regions"], images, masks=masks)
    if "attachments" in tables:
        validate_attachments(tables["attachments"], images)


def check_state(state: State) -> None:
    """Check the columns, dtypes, ids and labels of tables read from disk; values are not checked.

    Raises:
        DataError: one is wrong, as in a folder that was made by hand or to do harm.
    """
    if set(state.tables) != set(SCHEMAS):
        raise DataError(
            f"a dataset has the tables {', '.join(SCHEMAS)}, got {first(map(repr, state.tables))}"
        )
    for table, frame in state.tables.items():
        ids = frame.index
        if ids.name != INDEX_NAMES[table] or not (ids.is_monotonic_increasing and ids.is_unique):
            raise DataError(f"{table} must be indexed by {INDEX_NAMES[table]}, each once, ascending")
        for name, column in SCHEMAS[table].items():
            if name not in frame:
                raise DataError(f"{table} needs a column {name!r} ({column.meaning})")
            _check_dtype(frame[name].dtype, name, column, state.labels, table)
    for table in ASKED_OF:
        for attribute in state.ontology.attributes(table).values():
            check_dtype(state.tables[table], attribute, table)
    check_ontology(state.ontology)


def check_ontology(ontology: Ontology) -> None:
    """Check the names in an ontology, and what concerns several of its entries.

    Raises:
        DataError: a name holds control characters or is that of a column of the schema; a label is its own
            parent, or an attribute depends on itself.
    """
    check_names([*ontology.labels, *(x.parent for x in ontology.labels.values())], "labels")
    for table in ASKED_OF:
        attributes = ontology.attributes(table)
        check_names(attributes, f"attributes of {table}")
        taken = [name for name in attributes if name in SCHEMAS[table] or name in INDEX_NAMES.values()]
        if taken:
            raise DataError(f"{taken[0]!r} is a column that every table of {table} has: choose another name")
        for attribute in attributes.values():
            check_names(attribute.options, f"options of {attribute.name}")
    ontology.check()


def check_all_answers(tables: Mapping[str, pd.DataFrame], ontology: Ontology) -> None:
    """Check the answers to all attributes; see :func:`check_answers`."""
    for table in ASKED_OF:
        for name, attribute in ontology.attributes(table).items():
            check_dtype(tables[table], attribute, table)
            check_answers(tables[table][name], attribute, table)


def _check_dtype(dtype: Any, name: str, column: Column, labels: Sequence[str], table: str) -> None:
    if column.dtype != "category":
        fits = dtype == column.dtype
    else:
        listed = tuple(labels) if name == "label" else column.categories
        fits = isinstance(dtype, pd.CategoricalDtype) and listed in (None, tuple(dtype.categories))
    if not fits:
        raise DataError(f"{table}: {name} must be {column.dtype} ({column.meaning}), got {dtype}")


def validate_instances(
    frame: pd.DataFrame, images: pd.DataFrame, table: str = "instances", *, masks: bool = True
) -> None:
    """Check rows of an instance table against their images; see :func:`validate`."""
    _check_ids(frame, table)
    position = images.index.get_indexer(pd.Index(frame["image_id"]))
    reject(frame, position < 0, table, "image_id must be a row of images", "image_id")
    reject(frame, frame["label"].isna(), table, "label must be in the label list (add it with ds.add_label)")
    for name in ("source", "status"):
        allowed = SCHEMAS["instances"][name].categories or ()
        reject(frame, frame[name].isna(), table, f"{name} must be one of {', '.join(allowed)}")
    box = frame[["x", "y", "w", "h"]].to_numpy(np.float32)
    reject(frame, ~np.isfinite(box).all(axis=1), table, "boxes must be finite numbers", ["x", "y", "w", "h"])
    reject(frame, (box[:, 2:] < 0).any(axis=1), table, "boxes must not have negative size", ["w", "h"])
    reject(frame, frame["area"] < 0, table, "area must be >= 0", "area")
    score = frame["score"].to_numpy()
    reject(frame, (score < 0) | (score > 1), table, "score must be between 0 and 1, or missing", "score")
    _check_masks(frame, images, position, table, parse=masks)


def validate_regions(frame: pd.DataFrame, images: pd.DataFrame, *, masks: bool = True) -> None:
    """Check rows of ``regions`` against their images; see :func:`validate`."""
    _check_ids(frame, "regions")
    position = images.index.get_indexer(pd.Index(frame["image_id"]))
    reject(frame, position < 0, "regions", "image_id must be a row of images", "image_id")
    reject(frame, frame["kind"].isna(), "regions", f"kind must be one of {', '.join(REGION_KINDS)}")
    reject(frame, frame["source"].isna(), "regions", f"source must be one of {', '.join(SOURCES)}")
    _check_masks(frame, images, position, "regions", parse=masks)


def validate_attachments(frame: pd.DataFrame, images: pd.DataFrame) -> None:
    """Check rows of ``attachments`` against their images; see :func:`validate`. No file is looked at."""
    table = "attachments"
    _check_ids(frame, table)
    position = images.index.get_indexer(pd.Index(frame["image_id"]))
    reject(frame, position < 0, table, "image_id must be a row of images", "image_id")
    check_files(frame, table)
    reject(frame, frame["kind"].isna(), table, f"kind must be one of {', '.join(ATTACHMENT_KINDS)}")
    check_names(frame["name"], "names of attachments")
    opacity = frame["opacity"].to_numpy()
    reject(frame, ~((opacity >= 0) & (opacity <= 1)), table, "opacity must be between 0 and 1", "opacity")


def _check_masks(
    frame: pd.DataFrame, images: pd.DataFrame, position: np.ndarray, table: str, *, parse: bool
) -> None:
    reject(frame, frame["mask"].isna(), table, "mask must be bytes, not missing")
    if parse and len(frame):
        sizes = images[["height", "width"]].to_numpy()[position]
        rle.check(frame["mask"], sizes[:, 0], sizes[:, 1], ids=frame.index, table=table)


def _conform_index(index: pd.Index, table: str) -> pd.Index:
    name = INDEX_NAMES[table]
    if isinstance(index, pd.MultiIndex) or index.dtype == bool:
        raise DataError(f"{table} must be indexed by integers, got {index.dtype}: {first(index)}")
    ids = cast(pd.Series(index.to_numpy()), np.int64, "ids", name, table)
    conformed: pd.Index = pd.Index(ids.to_numpy(), dtype=np.int64, name=name)
    return conformed


def _from_masks(frame: pd.DataFrame, heights: np.ndarray, table: str) -> dict[str, Any]:
    """Boxes and areas, in blocks: all run lengths at once take twenty times the memory of the masks."""
    box, area = np.empty((4, len(frame)), np.float32), np.empty(len(frame), np.int64)
    for rows, runs in parse_blocks(frame["mask"], ids=frame.index, table=table):
        box[:, rows], area[rows] = runs.boxes(heights[rows]).T, runs.areas()
    return {**dict(zip("xywh", box, strict=True)), "area": area}


def _cast(series: pd.Series, name: str, column: Column, labels: Sequence[str], table: str) -> pd.Series:
    if column.dtype == "category":
        return cast_category(series, tuple(labels) if name == "label" else column.categories, name, table)
    return cast(series, column.dtype, name, column.meaning, table)


def _check_ids(frame: pd.DataFrame, table: str) -> None:
    ids = frame.index
    if ids.has_duplicates:
        raise DataError(f"{table}: ids must be unique, repeated: {first(ids[ids.duplicated()].unique())}")
    if len(ids) and ids.min() < 0:
        raise DataError(f"{table}: ids must be >= 0, got {first(ids[ids < 0])}")


def _check_labels(labels: Sequence[str]) -> None:
    bad = [x for x in labels if not isinstance(x, str) or not x.strip()]
    if bad:
        raise DataError(f"labels must be non-empty strings, got {first(map(repr, bad))}")
    check_names(labels, "labels")
    repeated = {x for x, n in Counter(labels).items() if n > 1}
    if repeated:
        raise DataError(f"labels must be unique, repeated: {first(sorted(repeated))}")
