"""Label maps: one image file per image, whose pixels are instance numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from ....core.errors import FormatError, first, short
from ....core.geometry.masks import rle
from ....core.tables.schema import LabeledImages
from ....core.urls import local_path
from ...tables.tables import Tables
from ..records.documents import load
from ..records.files import Images, Unannotated, export_images, progress, relative_names, write_bytes
from ..records.report import WriteReport, measured, report
from ..records.rows import assemble, pictures
from .pixels import Encoding, mask_names, mask_path, pair, read_map, write_map

_INSTANCES_FILE = "instances.json"


def read_label_maps(
    images: str | Path | None,
    maps: str | Path,
    *,
    label: str | Callable[[int], str] | None = None,
    encoding: Encoding = "auto",
    unannotated: Unannotated = "unlabeled",
) -> Tables:
    """Read label maps: every value except 0 is an instance.

    An image with a blank map gets state "empty" and weight 1.

    Args:
        images: folder of the images; None takes names and sizes from the maps.
        maps: folder of 8 or 16 bit gray, palette or RGB files with the names of their images.
        label: the label of all instances, or a function from value to label (Cityscapes: ``lambda value:
            names[value // 1000]``). None takes the labels of ``instances.json`` beside the maps, or "object"
            if there is no such file.
        encoding: "rgb" reads colors as ``r + 256 g + 65536 b`` (COCO panoptic), "gray" refuses colors, "auto"
            decides per file.
        unannotated: state of images without a map: "unlabeled" (weight 0) or "empty" (weight 1).

    Returns:
        The tables, instances numbered from 1 by image and value.

    Raises:
        FormatError: maps have no image or another size, or values have no label; the message names the files.
    """
    pairs = pair(images, maps)
    names, labels = _namer(label, pairs.folder)
    ids: list[int] = []
    found: list[str] = []
    rles: list[bytes] = []
    blank: list[int] = []
    for picture, file in progress(list(zip(pictures(pairs.images), pairs.masks, strict=True)), "label maps"):
        if file is None:
            continue
        values, masks = rle.encode_labels(
            read_map(mask_path(pairs.folder, file), picture.height, picture.width, encoding)
        )
        ids += [picture.image_id] * len(masks)
        found += [names(file, value) for value in values.tolist()]
        rles += masks
        blank += [] if masks else [picture.image_id]
    rows = {"image_id": np.array(ids, np.int64), "label": found, "mask": rles}
    ordered = tuple(dict.fromkeys([*labels, *found]))
    return assemble(pairs.images, rows, ordered, pairs.root, unannotated, blank)


def write_label_maps(tables: LabeledImages, folder: str | Path, *, images: Images = "none") -> WriteReport:
    """Write one PNG per image whose pixels number its instances; labels go to ``instances.json``.

    Maps go to ``masks/``, images to ``images/``. A pixel holds one number: later instances cover earlier
    ones.

    Args:
        tables: a Dataset, Version or Tables.
        folder: folder to write to.
        images: "copy" or "link" the image files too, or "none".

    Returns:
        What was written; ``loss`` has the instances that are partly or wholly covered (IoU 0: lost).

    Raises:
        DataError: images are URLs, or there are no image files to export.
        FormatError: images differ only in their suffix.

    Warns:
        LossWarning: instances are read back differently.
    """
    root = local_path(folder)
    files = relative_names(tables.images)
    names = mask_names(files)
    export_images(tables.image_root, tables.images, [root / "images" / file for file in files], images)
    rles = tables.instances["mask"].tolist()
    labels = tables.instances["label"].astype(str).tolist()
    back: list[bytes | None] = [None] * len(rles)
    entries: list[dict[str, Any]] = []
    rows = list(zip(pictures(tables.images, tables.instances), names, strict=True))
    for picture, name in progress(rows, "label maps"):
        at = picture.at
        if not at and picture.unlabeled:
            continue
        top = rle.decode_labels([rles[i] for i in at], picture.height, picture.width)
        write_map(root / "masks" / name, top)
        for value, mask in zip(*rle.encode_labels(top), strict=True):
            i = at[int(value) - 1]
            back[i] = mask
            entries.append({"file": name, "value": int(value), "label": labels[i]})
    sidecar = {"labels": list(tables.labels), "instances": entries}
    write_bytes(root / "masks" / _INSTANCES_FILE, orjson.dumps(sidecar))
    return report(
        tables, root, tables.instances.index.to_numpy(), measured(rles, back), "a pixel holds one instance"
    )


def _namer(
    label: str | Callable[[int], str] | None, folder: Path
) -> tuple[Callable[[str, int], str], Sequence[str]]:
    """A function from map file and value to label, and the labels known in advance."""
    if isinstance(label, str):
        return lambda _file, _value: label, [label]
    if label is not None:
        return lambda _file, value: label(value), []
    if not (folder / _INSTANCES_FILE).is_file():
        return lambda _file, _value: "object", ["object"]
    labels, known = _read_sidecar(folder / _INSTANCES_FILE)

    def named(file: str, value: int) -> str:
        try:
            return known[file, value]
        except KeyError:
            raise FormatError(
                f"{folder / _INSTANCES_FILE} has no label for value {value} of {file}"
            ) from None

    return named, labels


def _read_sidecar(path: Path) -> tuple[list[str], dict[tuple[str, int], str]]:
    found = load(path)
    try:
        labels = list(found["labels"])
        known = {(entry["file"], entry["value"]): entry["label"] for entry in found["instances"]}
    except (TypeError, KeyError, IndexError, AttributeError) as error:
        raise FormatError(
            f"{path} must have labels, and instances with file, value and label: {short(error)}"
        ) from error
    bad = [name for name in [*labels, *known.values()] if not isinstance(name, str)]
    if bad:
        raise FormatError(f"{path}: labels must be text, got {first(map(short, bad))}")
    return labels, known
