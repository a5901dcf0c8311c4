"""Write COCO instance files.

Source: the COCO data format, https://cocodataset.org/#format-data
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import orjson
import pandas as pd

from ....core.errors import DataError
from ....core.ontology.attribute import Attribute
from ....core.tables.of_images import sizes_of
from ....core.tables.schema import IMAGES, INSTANCES, SPLITS, LabeledImages
from ..masks.outline import outlines
from ..masks.polygons import Parts, rasterize
from ..records import columns
from ..records.answers import EVERYTHING, ontology_of, shown
from ..records.documents import no_garbage_collection
from ..records.files import Images, export_images, progress, relative_names, write_bytes
from ..records.report import WriteReport, measured, report
from ..records.rows import states
from .ontology import ATTRIBUTES, with_parents, write_answers
from .ontology import FIELD as ONTOLOGY
from .read import IMAGE_FIELDS, INSTANCE_FIELDS, OUR_IMAGE_FIELDS, OUR_INSTANCE_FIELDS, OURS, known_categories
from .regions import FIELD, write_regions


def write_coco(
    tables: LabeledImages,
    path: str | Path,
    *,
    images: Images = "none",
    masks: Literal["rle", "polygons"] = "rle",
    tolerance: float = 0.0,
    split: str | None = None,
) -> WriteReport:
    """Write a COCO instance file that :func:`read_coco` reads back without loss.

    Columns of your own become fields of the same name, answers to attributes a field ``attributes``, without
    the hidden ones; parents become supercategories. Weight, state, split, group, source, origin and status,
    which COCO does not define, go into a field ``nbalabel`` if they differ from the defaults of the reader.
    Regions of kind "ignore" become crowds of their label, or of every label; all regions are in a field
    ``nbalabel_regions``, the whole ontology in ``nbalabel_ontology``. ``area`` is the column ``coco_area`` if
    there is one, else the mask's number of pixels.

    Args:
        tables: a Dataset, Version or Tables.
        path: the JSON file to write, or a folder for ``instances.json``.
        images: "copy" or "link" puts the image files into ``images/`` beside the file; "none" does not.
        masks: compressed run lengths ("rle", nothing is lost) or "polygons" (holes are bridged to their
            exteriors).
        tolerance: largest distance of simplified polygons from the mask's outline, pixels.
        split: write only the images of this split.

    Returns:
        What was written; ``loss`` is empty for run lengths.

    Raises:
        DataError: one of your columns has the name of a COCO field, or holds values that JSON cannot express.

    Warns:
        LossWarning: polygons do not reproduce every mask.

    Source: https://cocodataset.org/#format-data
    """
    target = Path(path)
    target = target if target.suffix.lower() == ".json" else target / "instances.json"
    if masks not in ("rle", "polygons"):
        raise DataError(f'masks must be "rle" or "polygons", got {masks!r}')
    image_rows, instances, n_hidden = _of_split(tables, split)
    ontology = ontology_of(tables)
    categories = with_parents(_categories(tables), ontology)
    with no_garbage_collection():
        segmentations, iou = _segmentations(instances, image_rows, masks, tolerance)
        regions, crowds = write_regions(tables, image_rows, categories, _free_id(tables), OURS)
        document = {
            **{k: v for k, v in getattr(tables, "info", {}).items() if k not in ("images", "annotations")},
            "images": _images(image_rows, instances, ontology.images),
            "annotations": [
                *_annotations(instances, segmentations, categories, ontology.instances),
                *crowds,
            ],
            "categories": list(categories.values()),
            **({FIELD: regions} if regions else {}),
            **({ONTOLOGY: ontology.to_json()} if ontology else {}),
        }
        data = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    if images != "none":
        targets = [target.parent / "images" / name for name in relative_names(image_rows)]
        export_images(tables.image_root, image_rows, targets, images)
    write_bytes(target, data)
    ids = instances.index.to_numpy()
    kept = dict.fromkeys(("images", "instances", "ontology"), EVERYTHING)
    why, n = "simplified outlines", len(image_rows)
    return report(tables, target, ids, iou, why, n, with_regions=True, kept=kept, n_hidden=n_hidden)


def _free_id(tables: LabeledImages) -> int:
    """An id above those of all instances."""
    return int(tables.instances.index.max()) + 1 if len(tables.instances) else 1


def _of_split(tables: LabeledImages, split: str | None) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """The images and instances to write, without hidden answers, and how many of these there are."""
    images, instances, n_hidden = shown(tables)
    if split is None:
        return images, instances, n_hidden
    if split not in SPLITS:
        raise DataError(f"split must be one of {', '.join(SPLITS)}, got {split!r}")
    images = images[(images["split"] == split).to_numpy(bool)]
    return images, instances[instances["image_id"].isin(images.index)], n_hidden


def _categories(tables: LabeledImages) -> dict[str, dict[str, Any]]:
    """Label -> category record: the one of the imported file, or a new one with the next free id."""
    known = {record["name"]: record for record in known_categories(tables)}
    used = {record["id"] for record in known.values()}
    fresh = (i for i in range(1, len(tables.labels) + len(used) + 2) if i not in used)
    return {
        label: known[label] if label in known else {"id": next(fresh), "name": label}
        for label in tables.labels
    }


def _segmentations(
    instances: pd.DataFrame, images: pd.DataFrame, masks: str, tolerance: float
) -> tuple[list[Any], np.ndarray]:
    rles = instances["mask"].tolist()
    sizes = sizes_of(images, instances["image_id"])
    if masks == "rle":
        pairs = zip(sizes.tolist(), rles, strict=True)
        return [{"size": size, "counts": rle.decode("ascii")} for size, rle in pairs], np.ones(len(rles))
    rings = [
        outlines(rle, h, w, tolerance)
        for rle, (h, w) in progress(list(zip(rles, sizes.tolist(), strict=True)), "polygons")
    ]
    some = [i for i, parts in enumerate(rings) if parts]
    drawn = rasterize(
        Parts.of([rings[i] for i in some]), sizes[some], lambda at: instances.index[some][at].tolist()
    )
    back: list[bytes | None] = [None] * len(rles)
    for i, rle in zip(some, drawn, strict=True):
        back[i] = rle
    # A mask without outline (an empty mask) is written as run lengths, so that no instance is lost.
    segmentations = [
        [part.ravel().tolist() for part in parts] if parts else {"size": size, "counts": rle.decode("ascii")}
        for parts, rle, size in zip(rings, rles, sizes.tolist(), strict=True)
    ]
    return segmentations, measured(rles, [rle if b is None else b for rle, b in zip(rles, back, strict=True)])


def _images(
    images: pd.DataFrame, instances: pd.DataFrame, attributes: Mapping[str, Attribute]
) -> list[dict[str, Any]]:
    assumed = states(images, instances["image_id"].to_numpy())
    extra = _own(images, IMAGES, IMAGE_FIELDS, attributes)
    extra[OURS] = _ours(images, assumed, OUR_IMAGE_FIELDS)
    fields = {
        "id": images.index.tolist(),
        "file_name": images["file"].tolist(),
        "width": images["width"].tolist(),
        "height": images["height"].tolist(),
    }
    return _records(fields, extra)


def _annotations(
    instances: pd.DataFrame,
    segmentations: Sequence[Any],
    categories: Mapping[str, Mapping[str, Any]],
    attributes: Mapping[str, Attribute],
) -> list[dict[str, Any]]:
    ids = np.array([record["id"] for record in categories.values()], np.int64)
    area = instances["area"].astype(np.float64)
    if "coco_area" in instances:
        area = instances["coco_area"].fillna(area)
    fields = {
        "id": instances.index.tolist(),
        "image_id": instances["image_id"].tolist(),
        "category_id": ids[instances["label"].cat.codes.to_numpy()].tolist() if len(ids) else [],
        "segmentation": segmentations,
        "area": area.tolist(),
        "bbox": list(np.ascontiguousarray(instances[["x", "y", "w", "h"]].to_numpy(np.float32))),
        "iscrowd": instances["crowd"].astype(np.int8).tolist(),
    }
    own = instances.drop(columns="coco_area", errors="ignore")
    extra = _own(own, INSTANCES, INSTANCE_FIELDS, attributes)
    score = instances["score"].to_numpy()
    extra["score"] = (
        [None if s != s else s for s in score] if not np.isnan(score).all() else [None] * len(score)
    )
    assumed = pd.DataFrame(
        {"source": np.where(np.isnan(score), "imported", "model"), "origin": "", "status": "accepted"}
    )
    extra[OURS] = _ours(instances, assumed, OUR_INSTANCE_FIELDS)
    return _records(fields, extra)


def _own(
    frame: pd.DataFrame,
    schema: Mapping[str, object],
    fields: frozenset[str],
    attributes: Mapping[str, Attribute],
) -> dict[str, list[Any]]:
    """The user's own columns as fields; attributes are together in one."""
    if not attributes:
        return columns.written(frame, schema, fields)
    out = columns.written(frame.drop(columns=list(attributes)), schema, fields | {ATTRIBUTES})
    return {**out, ATTRIBUTES: write_answers(frame, attributes)}


def _ours(frame: pd.DataFrame, assumed: pd.DataFrame, names: Sequence[str]) -> list[dict[str, Any] | None]:
    """Per row, the values that differ from the defaults of the reader; None where there are none."""
    rows: list[dict[str, Any] | None] = [None] * len(frame)
    for name in names:
        kept = frame[name].astype(object).to_numpy()
        default = assumed[name].astype(object).to_numpy() if name not in ("split", "group", "frame") else None
        missing = pd.isna(kept)
        differs = ~missing if default is None else ~missing & (kept != default)
        for i in np.flatnonzero(differs).tolist():
            rows[i] = {**(rows[i] or {}), name: kept[i]}
    return rows


def _records(fields: Mapping[str, Sequence[Any]], extra: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    names = list(fields)
    rows = [dict(zip(names, row, strict=True)) for row in zip(*fields.values(), strict=True)]
    for name, found in extra.items():
        for row, value in zip(rows, found, strict=True):
            if value is not None:
                row[name] = value
    return rows
