"""Write COCO instance files.

Source: the COCO data format, https://cocodataset.org/#format-data
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import orjson
import pandas as pd

from ....core.errors import DataError
from ....core.ontology.attribute import Attribute
from ....core.tables.of_images import sizes_of
from ....core.tables.schema import IMAGES, INSTANCES, SPLITS, LabeledImages
from ....core.urls import local_path
from ..masks.outline import outlines
from ..masks.polygons import Parts, rasterize
from ..records import columns
from ..records.answers import EVERYTHING, ontology_of, shown
from ..records.documents import no_garbage_collection
from ..records.files import Images, export_images, progress, relative_names, written_whole
from ..records.report import WriteReport, measured, report
from ..records.rows import states
from .annotations import OURS
from .ontology import ATTRIBUTES, with_parents, write_answers
from .ontology import FIELD as ONTOLOGY
from .read import IMAGE_FIELDS, INSTANCE_FIELDS, OUR_IMAGE_FIELDS, OUR_INSTANCE_FIELDS, known_categories
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
    target = local_path(path)
    target = target if target.suffix.lower() == ".json" else target / "instances.json"
    if masks not in ("rle", "polygons"):
        raise DataError(f'masks must be "rle" or "polygons", got {masks!r}')
    image_rows, instances, n_hidden = _of_split(tables, split)
    ontology = ontology_of(tables)
    categories = with_parents(_categories(tables), ontology)
    regions, crowds = write_regions(tables, image_rows, categories, _free_id(tables), OURS)
    before = {
        **{k: v for k, v in getattr(tables, "info", {}).items() if k not in _OWN},
        "images": _images(
            image_rows if images == "none" else image_rows.assign(file=relative_names(image_rows)),
            instances,
            ontology.images,
        ),
    }
    after = {
        "categories": list(categories.values()),
        **({FIELD: regions} if regions else {}),
        **({ONTOLOGY: ontology.to_json()} if ontology else {}),
    }
    with no_garbage_collection(), written_whole(target) as file:
        file.write(_dumped(before)[:-1] + b',"annotations":[')
        shares, comma = [], b""
        for rows in _parts(instances):
            found, iou = _segmentations(rows, image_rows, masks, tolerance)
            text = b",".join(_annotations(rows, found, categories, ontology.instances))
            file.write(comma + text if text else b"")
            comma = b"," if text else comma
            shares.append(iou)
        file.write(comma + _dumped(crowds)[1:-1] if crowds else b"")
        file.write(b"]," + _dumped(after)[1:])
        if images != "none":
            targets = [target.parent / "images" / name for name in relative_names(image_rows)]
            export_images(tables.image_root, image_rows, targets, images)
    ids = instances.index.to_numpy()
    kept = dict.fromkeys(("images", "instances", "ontology"), EVERYTHING)
    why, n, iou = "simplified outlines", len(image_rows), np.concatenate(shares)
    return report(tables, target, ids, iou, why, n, with_regions=True, kept=kept, n_hidden=n_hidden)


_PART = 20_000  # annotations written at a time
_OWN = ("images", "annotations")


def _parts(instances: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The rows, some thousand at a time; one part where there are none, so that columns are checked."""
    starts = range(0, max(len(instances), 1), _PART)
    return (instances.iloc[at : at + _PART] for at in progress(starts, "annotations"))


def _dumped(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)


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
) -> tuple[list[bytes], np.ndarray]:
    """The JSON of the field ``segmentation`` of each row, and the IoU of what it draws with the mask."""
    rles = instances["mask"].tolist()
    sizes = sizes_of(images, instances["image_id"])
    if masks == "rle":
        return list(map(_run_lengths, rles, sizes.tolist())), np.ones(len(rles))
    rings = [outlines(rle, h, w, tolerance) for rle, (h, w) in zip(rles, sizes.tolist(), strict=True)]
    some = [i for i, parts in enumerate(rings) if parts]
    drawn = rasterize(
        Parts.of([rings[i] for i in some]), sizes[some], lambda at: instances.index[some][at].tolist()
    )
    back: list[bytes | None] = [None] * len(rles)
    for i, rle in zip(some, drawn, strict=True):
        back[i] = rle
    # A mask without outline (an empty mask) is written as run lengths, so that no instance is lost.
    segmentations = [
        _dumped([part.ravel().tolist() for part in parts]) if parts else _run_lengths(rle, size)
        for parts, rle, size in zip(rings, rles, sizes.tolist(), strict=True)
    ]
    return segmentations, measured(rles, [rle if b is None else b for rle, b in zip(rles, back, strict=True)])


def _run_lengths(rle: bytes, size: list[int]) -> bytes:
    """A mask as JSON; of its characters JSON escapes only the backslash."""
    return b'{"size":[%d,%d],"counts":"%b"}' % (
        size[0],
        size[1],
        rle.replace(b"\\", b"\\\\"),
    )


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
    return _records(fields, extra, len(images))


def _annotations(
    instances: pd.DataFrame,
    segmentations: Sequence[bytes],
    categories: Mapping[str, Mapping[str, Any]],
    attributes: Mapping[str, Attribute],
) -> Iterator[bytes]:
    """The annotations as JSON, one by one."""
    ids = np.array([record["id"] for record in categories.values()], np.int64)
    area = instances["area"].astype(np.float64)
    if "coco_area" in instances:
        area = instances["coco_area"].fillna(area)
    boxes = np.ascontiguousarray(instances[["x", "y", "w", "h"]].to_numpy(np.float32))
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
    more = (_dumped(row)[1:-1] if row else b"" for row in _records({}, extra, len(instances)))
    return map(
        _ANNOTATION.__mod__,
        zip(
            _numbers(instances.index.to_numpy()),
            _numbers(instances["image_id"].to_numpy()),
            _numbers(ids[instances["label"].cat.codes.to_numpy()] if len(ids) else ids),
            segmentations,
            _numbers(area.to_numpy(np.float64)),
            _dumped(boxes)[2:-2].split(b"],[") if len(boxes) else [],
            _numbers(instances["crowd"].to_numpy().astype(np.int8)),
            (b"," + text if text else b"" for text in more),
            strict=True,
        ),
    )


_ANNOTATION = (
    b'{"id":%b,"image_id":%b,"category_id":%b,"segmentation":%b,"area":%b,"bbox":[%b],"iscrowd":%b%b}'
)


def _numbers(values: np.ndarray) -> list[bytes]:
    """Each number as JSON."""
    return _dumped(np.ascontiguousarray(values))[1:-1].split(b",") if len(values) else []


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


def _records(
    fields: Mapping[str, Sequence[Any]], extra: Mapping[str, Sequence[Any]], n: int
) -> list[dict[str, Any]]:
    """Rows of fields that all have, and of those that some have."""
    names = list(fields)
    rows: list[dict[str, Any]] = [{} for _ in range(n)]
    if fields:
        rows = [dict(zip(names, row, strict=True)) for row in zip(*fields.values(), strict=True)]
    for name, found in extra.items():
        for row, value in zip(rows, found, strict=True):
            if value is not None:
                row[name] = value
    return rows
