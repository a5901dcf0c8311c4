"""Read COCO instance files.

Source: the COCO data format, https://cocodataset.org/#format-data
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ....core.errors import DataError, FormatError, NbalabelError, first
from ....core.tables.arrays import concat
from ....core.tables.schema import IMAGES, INSTANCES, LabeledImages
from ...images.remote.folder import Root
from ...tables.tables import Tables
from ..masks.boxes import sides
from ..records import columns
from ..records.columns import Record
from ..records.documents import in_parts, load, no_garbage_collection, records
from ..records.files import Unannotated, check_names, image_folder, read_sizes
from ..records.rows import categorical, states
from .annotations import FIELDS, OUR_FIELDS, OURS, Annotations, Others, of_records, parse
from .masks import Boxes
from .ontology import ATTRIBUTES, declared, has_answers, with_answers, with_supercategories
from .ontology import FIELD as ONTOLOGY
from .regions import FIELD, read_regions

IMAGE_FIELDS = frozenset({"id", "file_name", "width", "height", OURS})
INSTANCE_FIELDS = frozenset({*FIELDS, OURS})
OUR_IMAGE_FIELDS = ("split", "weight", "state", "group", "frame")
OUR_INSTANCE_FIELDS = OUR_FIELDS


def read_coco(
    path: str | Path,
    images: str | Path | None = None,
    *,
    unannotated: Unannotated = "unlabeled",
    boxes: Boxes = "error",
    split: str | None = None,
) -> Tables:
    """Read a COCO instance file completely; an error names the rows at fault.

    Image and annotation ids and the order of categories are kept. Fields that COCO does not define become
    columns, named ``coco_<name>`` if the schema has a column of that name. Answers in ``attributes``, as CVAT
    and Datumaro write them, become attributes: as the file declares them, else of the kind that their values
    can be. A supercategory becomes the parent of its label. COCO's ``area`` (of the polygon, not of its
    pixels) becomes ``coco_area`` if the two differ. Valid boxes are kept as given.

    Args:
        path: the JSON file.
        images: folder of the images; None reads the tables without image files.
        unannotated: state of images without annotations: "unlabeled" (weight 0), or "empty" (weight 1) if
            every image was checked.
        boxes: how to treat annotations that have only a box: "error", or "mask" for filled rectangles.
        split: put all images into this split (train, val or test).

    Returns:
        The tables; ``info`` has the file's info, licenses and categories.

    Raises:
        FormatError: the file does not follow COCO's format.
        UnsafePathError: a file name is absolute or climbs out of the folder.
        MaskError: run lengths are malformed or of another size than their image.
        DataError: another row breaks the schema.

    Source: https://cocodataset.org/#format-data

    Example:
        >>> import json, tempfile
        >>> square = {"id": 7, "image_id": 1, "category_id": 3, "segmentation": [[1, 1, 3, 1, 3, 3, 1, 3]]}
        >>> image = {"id": 1, "file_name": "a.jpg", "width": 5, "height": 4}
        >>> file = Path(tempfile.mkdtemp(), "instances.json")
        >>> _ = file.write_text(json.dumps(
        ...     {"images": [image], "annotations": [square], "categories": [{"id": 3, "name": "fish"}]}))
        >>> read_coco(file).instances[["image_id", "label", "x", "area"]].to_dict("list")
        {'image_id': [1], 'label': ['fish'], 'x': [1.0], 'area': [4]}
    """
    root = None if images is None else image_folder(images)
    with no_garbage_collection():
        return _read(path, root, unannotated, boxes, split)


_PART = 20_000  # annotations parsed at a time


def _read(
    path: str | Path, root: Root | None, unannotated: Unannotated, boxes: Boxes, split: str | None
) -> Tables:
    found = in_parts(path, "annotations", _PART)
    if found is not None:
        try:
            document, parts = found
            return _tables(document, replace(parts, parse=parse), path, root, unannotated, boxes, split)
        except NbalabelError:
            pass  # said again below, about all annotations at once: how many are wrong, and which
    document = load(path)
    if not isinstance(document, dict):
        raise FormatError(
            f"{path} must be a JSON object with images, annotations and categories, got a "
            f"{type(document).__name__}; predictions in a list are read by read_coco_results"
        )
    annotations = records(document, "annotations", path, required=False)
    return _tables(document, [annotations], path, root, unannotated, boxes, split)


def _tables(
    document: Record,
    parts: Iterable[Annotations | list[Any]],
    path: str | Path,
    root: Root | None,
    unannotated: Unannotated,
    boxes: Boxes,
    split: str | None,
) -> Tables:
    """The tables of a document whose annotations come in parts."""
    listed = records(document, "images", path)
    images = _images(listed, root, split)
    ontology = declared(document, path)
    said = records(document, FIELD, path, required=False)
    instances, others, categories, labels, used = _instances(parts, images, document, path, boxes)
    images, told = with_answers(images, listed, "images", ontology)
    answers = others.each() if has_answers(others.records) else []
    instances, told_too = with_answers(instances, answers, "instances", ontology)
    ontology = with_supercategories(ontology.with_entries(told | told_too), categories, labels)
    ours, each = images.pop(OURS).tolist(), np.arange(len(images))
    images = states(images, instances["image_id"].to_numpy(), None, unannotated)
    images = _with_ours(images, ours, each, IMAGES)
    info = {k: v for k, v in document.items() if k not in ("images", "annotations", FIELD, ONTOLOGY)}
    if categories:
        info["categories"] = _one_a_name(categories, used)
    columns.to_json(info, str(path))  # fails here if info could not be stored later
    regions = read_regions(said, images) if said else None
    return Tables.of(images, instances, labels, root, False, info, regions, ontology)


def known_categories(tables: LabeledImages) -> list[Record]:
    """The categories of the COCO file that tables come from, as far as they are still labels."""
    found = getattr(tables, "info", {}).get("categories")
    if not isinstance(found, list):
        return []
    records = [c for c in found if isinstance(c, dict) and type(c.get("id")) is int]
    return [c for c in records if type(c.get("name")) is str and c["name"] in tables.labels]


def _one_a_name(categories: Sequence[Record], used: Collection[int]) -> list[Record]:
    """One category per name: of several with the same name, the used one; they are one label."""
    chosen: dict[Any, Record] = {}
    for record in categories:
        if record.get("name") not in chosen or record.get("id") in used:
            chosen[record.get("name")] = record
    return list(chosen.values())


def _category_ids(categories: Sequence[Record], used: np.ndarray) -> dict[int, str]:
    """Category id -> name; of several categories with one name only one may be used.

    Raises:
        FormatError: an id or a name is invalid.
    """
    ids = columns.unique(columns.integers(columns.values(categories, "id"), "category ids"), "category ids")
    names = columns.values(categories, "name")
    bad = [
        i for i, name in zip(ids.tolist(), names, strict=True) if type(name) is not str or not name.strip()
    ]
    if bad:
        raise FormatError(f"every category needs a name; it is missing for categories {first(bad)}")
    named = dict(zip(ids.tolist(), names, strict=True))
    in_use = set(used.tolist())
    taken = [named[i] for i in named if i in in_use]
    repeated = {name for name in taken if taken.count(name) > 1}
    if repeated:
        raise FormatError(
            f"category names must be unique among those used, repeated: {first(sorted(repeated))}"
        )
    return named


def _images(found: list[Record], root: Root | None, split: str | None) -> pd.DataFrame:
    ids = columns.unique(columns.integers(columns.values(found, "id"), "image ids"), "image ids")
    files = columns.values(found, "file_name")
    check_names(files, ids.tolist())
    files = [file.replace("\\", "/") for file in files]
    data: dict[str, Any] = {"file": files}
    data.update(_sizes(found, files, ids, root))
    if split is not None:
        data["split"] = split
    known = IMAGE_FIELDS | {ATTRIBUTES} if has_answers(found) else IMAGE_FIELDS
    data.update(columns.extras(found, known, IMAGES))
    data[OURS] = pd.Series(columns.values(found, OURS), index=ids, dtype=object)
    return pd.DataFrame(data, index=pd.Index(ids, name="image_id"))


def _sizes(found: list[Record], files: Sequence[str], ids: np.ndarray, root: Root | None) -> dict[str, Any]:
    sizes = {name: columns.values(found, name) for name in ("width", "height")}
    if root is not None and any(v is None for side in sizes.values() for v in side):
        measured = read_sizes(root, files)
        return {name: measured[name].to_numpy() for name in sizes}
    bad = [
        i for i, w, h in zip(ids.tolist(), *sizes.values(), strict=True) if not (_is_side(w) and _is_side(h))
    ]
    if bad:
        raise FormatError(
            f"images need a width and a height, whole pixels > 0; {len(bad)} have none: {first(bad)}"
        )
    return sizes


def _is_side(value: Any) -> bool:
    return type(value) is int and 0 < value < 2**31


def _instances(
    parts: Iterable[Annotations | list[Any]],
    images: pd.DataFrame,
    document: Record,
    path: str | Path,
    boxes: Boxes,
) -> tuple[pd.DataFrame, Others, list[Record], tuple[str, ...], set[int]]:
    """The table of instances, what else their records hold, the categories, the labels, and the used ids."""
    index = pd.Index(images.index)
    sizes = images[["height", "width"]].to_numpy(np.int64)
    others = Others()
    found: list[dict[str, Any]] = []
    categories: list[Record] | None = None
    labels: tuple[str, ...] = ()
    n, are_numbered = 0, set[bool]()
    for listed in parts:
        part = listed if isinstance(listed, Annotations) else of_records(listed, path, n)
        if not len(part) and found:
            continue
        if categories is None:
            categories = records(document, "categories", path, required=bool(len(part)))
        are_numbered.add(part.id is not None)
        if len(are_numbered) > 1:
            raise FormatError("annotation ids must be given for all annotations, or for none")
        columns_of, labels = _part(part, n, index, sizes, categories, boxes)
        found.append(columns_of)
        others.add(part.others, part.which)
        n += len(part)
    if categories is None:
        return _instances([[]], images, document, path, boxes)
    joined = {name: concat([columns_of.pop(name) for columns_of in found]) for name in list(found[0])}
    used = set(np.unique(joined.pop("category_id")).tolist())
    _category_ids(categories, np.array(sorted(used), np.int64))
    numbered = columns.unique(joined.pop("id"), "annotation ids")
    area = joined["coco_area"]
    if not (~np.isnan(area) & (area != joined["area"])).any():
        del joined["coco_area"]
    known, codes = INSTANCE_FIELDS, others.codes
    if has_answers(others.records):
        known |= {ATTRIBUTES}
    extra = columns.extras(others.records, known, {**INSTANCES, "coco_area": None})
    joined.update({name: column.take(codes) for name, column in extra.items()})
    frame = pd.DataFrame(joined, index=pd.Index(numbered, name="instance_id"), copy=False)
    ours = columns.values(others.records, OURS)
    return _with_ours(frame, ours, codes, INSTANCES), others, categories, labels, used


def _part(
    found: Annotations,
    n_before: int,
    index: pd.Index,
    all_sizes: np.ndarray,
    categories: list[Record],
    boxes: Boxes,
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Columns of some annotations, with ``id`` and ``category_id``, and the labels."""
    numbered, image_ids, used = found.ids(n_before), found.image_id, found.category_id
    position = find_rows(index, image_ids, numbered, "image_id", "images")
    named = _category_ids(categories, used)
    codes = find_rows(pd.Index(list(named), dtype=np.int64), used, numbered, "category_id", "categories")
    labels = tuple(dict.fromkeys(named.values()))
    sizes = all_sizes[position]
    given = found.boxes
    masks, areas = found.masks(numbered, sizes, given if boxes == "mask" else None)
    return {
        "id": numbered,
        "category_id": used,
        "image_id": image_ids,
        "label": categorical(_label_codes(named, labels)[codes], labels),
        "mask": masks,
        **sides(masks, given, sizes),
        "area": areas.astype(np.int32),
        "score": found.score,
        "crowd": found.crowd,
        "source": np.where(np.isnan(found.score), "imported", "model"),
        "coco_area": found.area,
    }, labels


def _label_codes(named: Mapping[int, str], labels: Sequence[str]) -> np.ndarray:
    order = {label: i for i, label in enumerate(labels)}
    return np.array([order[name] for name in named.values()], np.int64)


def find_rows(
    index: pd.Index, wanted: np.ndarray, ids: np.ndarray, what: str, where: str, table: str = "annotations"
) -> np.ndarray:
    """Positions of ids in an index, ``(n,)``.

    Args:
        index: the known ids.
        wanted: ids to look up, ``(n,)``.
        ids: names of the rows for the message, ``(n,)``.
        what: name of the field, for the message.
        where: name of the table of ``index``, for the message.
        table: name of the table of the rows, for the message.

    Raises:
        DataError: naming the rows whose id does not exist.
    """
    position: np.ndarray = index.get_indexer(pd.Index(wanted))
    bad = position < 0
    if bad.any():
        raise DataError(
            f"{table}: {what} must be one of {where}; {int(bad.sum())} of {len(bad)} rows break it: "
            f"{first(ids[bad])} (got {first(dict.fromkeys(wanted[bad].tolist()))})"
        )
    return position


def _with_ours(
    frame: pd.DataFrame, ours: Sequence[Any], codes: np.ndarray, schema: Mapping[str, Any]
) -> pd.DataFrame:
    """Overwrite default values with those of the field ``nbalabel``.

    Args:
        frame: the table.
        ours: different values of the field.
        codes: which of them each row has, ``(n,)``.
        schema: of the table.
    """
    if all(value is None for value in ours):
        return frame
    names = OUR_IMAGE_FIELDS if schema is IMAGES else OUR_INSTANCE_FIELDS
    frame = frame.copy(deep=False)
    for name in names:
        new = [value.get(name) if isinstance(value, dict) else None for value in ours]
        bad = np.array([v is not None and type(v) not in (str, int, float) for v in new])
        if bad.any():
            raise FormatError(
                f"{OURS}.{name} must be text or a number; it is not in {first(frame.index[bad[codes]])}"
            )
        told = np.array([v is not None for v in new])[codes]
        if told.any():
            old = frame[name].tolist() if name in frame else [schema[name].default] * len(frame)
            column = np.array([*new, None], object)[codes]
            column[~told] = np.array([*old, None], object)[:-1][~told]
            are_texts = pd.api.types.infer_dtype(column, skipna=True) == "string"
            frame[name] = pd.Series(column, index=frame.index, dtype="str" if are_texts else object)
    return frame
