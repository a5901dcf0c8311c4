"""Write YOLO segmentation folders.

Source: https://docs.ultralytics.com/datasets/segment/
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from ....core.errors import DataError
from ....core.geometry.masks.rle import areas
from ....core.geometry.outlines.centres import centre_outlines
from ....core.geometry.outlines.painted import paint
from ....core.tables.of_images import sizes_of
from ....core.tables.schema import SPLITS, LabeledImages
from ....core.urls import local_path
from ..masks.outline import bridge
from ..masks.polygons import Parts
from ..records.files import Images, by_stem, export_images, progress, relative_names, write_bytes
from ..records.report import WriteReport, measured, report
from ..records.rows import pictures
from .read import draw, label_file

Islands = Literal["bridge", "largest"]


def write_yolo(
    tables: LabeledImages,
    folder: str | Path,
    *,
    images: Images = "link",
    islands: Islands = "bridge",
    tolerance: float = 0.0,
) -> WriteReport:
    """Write a folder for ultralytics and :func:`read_yolo`: data.yaml, images/, labels/.

    Outlines run through pixel centres, as ultralytics paints them. A line holds one polygon, so bridges join
    holes and islands to it; a bridge has no effect inside a mask and leaves a seam between islands (see
    docs/formats.md). Unlabeled images go to ``images/unlabeled``, which data.yaml does not list for training:
    as training images they would teach that nothing is there. Images without a split go to train.

    Args:
        tables: a Dataset, Version or Tables.
        folder: folder to write to; files of the same name are replaced.
        images: "link" (hard links, or copies where links are impossible), "copy", or "none" for only the
            label files.
        islands: "bridge" joins the parts of a mask, "largest" keeps only the largest part.
        tolerance: largest distance of simplified outlines from the exact ones, pixels.

    Returns:
        What was written; ``loss`` has the IoU of every mask that ultralytics draws differently, measured by
        drawing in the same way. Empty masks cannot be written and have IoU 0.

    Raises:
        DataError: images are URLs, or there are no image files to export.
        FormatError: images differ only in their suffix.

    Warns:
        LossWarning: masks are read back differently.

    Source: https://docs.ultralytics.com/datasets/segment/
    """
    if islands not in ("bridge", "largest"):
        raise DataError(f'islands must be "bridge" or "largest", got {islands!r}')
    root = local_path(folder)
    placed = _places(tables)
    for split in {"train", *(file.split("/")[1] for file in placed)}:
        (root / "images" / split).mkdir(parents=True, exist_ok=True)
    export_images(tables.image_root, tables.images, [root / file for file in placed], images)
    lines, iou = _lines(tables.instances, tables.images, islands, tolerance)
    _write_labels(root, tables, placed, lines)
    write_bytes(root / "data.yaml", _yaml(tables.labels, placed))
    return report(
        tables,
        root,
        tables.instances.index.to_numpy(),
        iou,
        "one polygon a line holds no more, as ultralytics draws it",
    )


def _places(tables: LabeledImages) -> list[str]:
    """Path of each image below the folder."""
    rows = tables.images
    labeled = rows.index.isin(tables.instances["image_id"])
    split = rows["split"].astype(object).where(rows["split"].notna(), "train").to_numpy()
    split = np.where((rows["state"] == "unlabeled").to_numpy() & ~labeled, "unlabeled", split)
    placed = [f"images/{s}/{_without_place(f)}" for s, f in zip(split, relative_names(rows), strict=True)]
    by_stem(placed)
    return placed


def _without_place(file: str) -> str:
    """A name without a prefix such as ``images/train/``, so that repeated exports do not nest it."""
    parts = file.split("/")
    known = {*SPLITS, "valid", "unlabeled"}
    if len(parts) > 2 and parts[0] == "images" and parts[1] in known:
        return "/".join(parts[2:])
    return "/".join(parts[1:]) if len(parts) > 1 and parts[0] == "images" else file


def _lines(
    instances: pd.DataFrame, images: pd.DataFrame, islands: Islands, tolerance: float
) -> tuple[list[str | None], np.ndarray]:
    """The line of each instance, None for an empty mask; and the IoU of its mask when read back."""
    sizes = sizes_of(images, instances["image_id"])
    rles = instances["mask"].tolist()
    coordinates: list[str | None] = []
    for rle, (h, w) in progress(list(zip(rles, sizes.tolist(), strict=True)), "polygons"):
        rings = centre_outlines(rle, h, w, tolerance)
        coordinates.append(_numbers(_one(rings, islands, h, w), h, w) if rings else None)
    some = [i for i, text in enumerate(coordinates) if text is not None]
    parts = Parts.of([[np.array((coordinates[i] or "").split(), np.float64)] for i in some])
    back: list[bytes | None] = [None] * len(rles)
    for i, rle in zip(
        some, draw(parts, sizes[some], lambda at: instances.index[some][at].tolist()), strict=True
    ):
        back[i] = rle
    codes = instances["label"].cat.codes.tolist()
    lines = [
        None if text is None else f"{code} {text}" for code, text in zip(codes, coordinates, strict=True)
    ]
    return lines, measured(rles, back)


def _one(rings: Sequence[np.ndarray], islands: Islands, height: int, width: int) -> np.ndarray:
    if len(rings) == 1 or islands == "bridge":
        return bridge(rings)
    corners = np.concatenate(rings).astype(np.int64)
    sizes = np.tile([height, width], (len(rings), 1))
    return rings[int(np.argmax(areas(paint(corners, np.array(list(map(len, rings))), sizes))))]


_QUARTER = 0.25
"""Added to pixel coordinates: ultralytics truncates and supervision rounds; both then give the same pixel."""


def _numbers(points: np.ndarray, height: int, width: int) -> str:
    digits = len(str(max(height, width))) + 2  # error below a hundredth of a pixel
    return " ".join(f"{v:.{digits}g}" for v in ((points + _QUARTER) / (width, height)).ravel().tolist())


def _write_labels(
    root: Path, tables: LabeledImages, placed: Sequence[str], lines: Sequence[str | None]
) -> None:
    of_image: dict[int, list[str]] = {}
    for image_id, line in zip(tables.instances["image_id"].tolist(), lines, strict=True):
        of_image.setdefault(image_id, []).extend([line] if line is not None else [])
    rows = list(zip(pictures(tables.images), placed, strict=True))
    for picture, file in progress(rows, "label files"):
        path = root / label_file(file)
        if picture.unlabeled and picture.image_id not in of_image:
            path.unlink(missing_ok=True)
        else:
            write_bytes(path, "".join(f"{line}\n" for line in of_image.get(picture.image_id, ())).encode())


def _yaml(labels: Sequence[str], placed: Sequence[str]) -> bytes:
    import yaml

    there = {file.split("/")[1] for file in placed}
    # No "path": ultralytics then takes the folder of data.yaml, wherever it was moved to.
    document: dict[str, Any] = {
        "train": "images/train",
        "val": "images/val" if "val" in there else "images/train",
    }
    document.update({key: f"images/{key}" for key in ("test", "unlabeled") if key in there})
    document["names"] = dict(enumerate(labels))
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    return text.encode()
