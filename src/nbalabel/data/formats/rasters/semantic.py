"""Semantic masks, one label number per pixel: read as instances by connected components, and write."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, cast

import numpy as np
import orjson

from ....core.errors import DataError, FormatError, first
from ....core.geometry.masks import components as islands
from ....core.geometry.masks import rle
from ....core.geometry.masks.touching import DEPTH, split_touching
from ....core.tables.schema import LabeledImages
from ....core.urls import local_path
from ...tables.tables import Tables
from ..records.documents import load
from ..records.files import Images, Unannotated, export_images, progress, relative_names, write_bytes
from ..records.report import WriteReport, report
from ..records.rows import assemble, categorical, pictures
from .pixels import mask_names, mask_path, pair, read_map, write_map

Color: TypeAlias = tuple[int, int, int]
LABELS_FILE = "labels.json"


def read_semantic(
    images: str | Path | None,
    masks: str | Path,
    *,
    labels: Mapping[int, str] | Mapping[Color, str] | Sequence[str] | None = None,
    background: Collection[int] | Collection[Color] = (0,),
    ignore: Collection[int] | Collection[Color] = (),
    min_area: int = 1,
    fill_holes: bool | int = False,
    connectivity: islands.Connectivity = 8,
    split: Literal["distance"] | None = None,
    depth: float = DEPTH,
    unannotated: Unannotated = "unlabeled",
) -> Tables:
    """Read semantic masks: each connected region of one label becomes an instance.

    An image with a mask without regions gets state "empty" and weight 1.

    Args:
        images: folder of the images; None takes names and sizes from the masks.
        masks: folder of mask files with the names of their images.
        labels: label of each pixel value, or of each color ``(r, g, b)``; several values may have the same
            label. A list names the values 1, 2, ... None reads ``labels.json`` in the folder of the masks.
        background: values of the background.
        ignore: values to treat as background, such as VOC's outline value 255.
        min_area: smaller regions are dropped, pixels.
        fill_holes: True fills all holes in regions; a number fills holes of at most this many pixels.
        connectivity: 8 joins pixels that touch at a corner, 4 only those that share an edge.
        split: "distance" also splits regions at narrow places, by a watershed of the distance to their
            outline: for touching round objects, such as cells.
        depth: with ``split``, how far the distance at the centre of each part must exceed the distance at the
            narrow place, pixels, >= 0; smaller values split more often.
        unannotated: state of images without a mask: "unlabeled" (weight 0) or "empty" (weight 1).

    Returns:
        The tables, numbered from 1 in the order of file names.

    Raises:
        DataError: ``split`` is unknown, or ``depth`` is negative.
        FormatError: values have no label, or masks have no image or another size; the message names the
            files.

    Source: connected components as in scipy.ndimage.label; for "distance" the h-maxima transform and the
        watershed, see ``core.geometry.masks.touching``.
    """
    if split not in (None, "distance") or not depth >= 0:
        raise DataError(f'split must be "distance" or None with a depth >= 0, got {split!r} and {depth}')
    shape = _Shape(min_area, fill_holes, connectivity, None if split is None else float(depth))
    pairs = pair(images, masks)
    named = _named(labels, pairs.folder)
    colors = any(isinstance(value, tuple) for value in named)
    empty = {_number(v, colors) for v in (*background, *ignore)}
    values = {_number(v, colors): label for v, label in named.items()}
    names = tuple(dict.fromkeys(named.values()))
    ids: list[int] = []
    codes: list[int] = []
    rles: list[bytes] = []
    blank: list[int] = []
    strangers: list[str] = []
    codes_of = _codes(values, names)
    for picture, file in progress(list(zip(pictures(pairs.images), pairs.masks, strict=True)), "masks"):
        if file is None:
            continue
        pixels = read_map(
            mask_path(pairs.folder, file), picture.height, picture.width, "rgb" if colors else "gray"
        )
        unknown = set(np.unique(pixels).tolist()) - values.keys() - empty
        strangers += [f"{file}: {first(sorted(unknown))}"] if unknown else []
        before = len(rles)
        for code, mask in _regions(pixels, codes_of, shape):
            ids.append(picture.image_id)
            codes.append(code)
            rles.append(mask)
        blank += [picture.image_id] if len(rles) == before else []
    if strangers:
        raise FormatError(f"masks have values that are no label, background or ignored: {first(strangers)}")
    found = {"image_id": ids, "label": categorical(codes, names), "mask": rles}
    return assemble(pairs.images, found, names, pairs.root, unannotated, blank)


def write_semantic(
    tables: LabeledImages,
    folder: str | Path,
    *,
    images: Images = "none",
    connectivity: islands.Connectivity = 8,
) -> WriteReport:
    """Write one PNG per image whose pixels are 1 + the position of their label, or 0 for background.

    Masks go to ``masks/``, with ``labels.json``; images to ``images/``. Later instances cover earlier ones;
    touching instances of one label merge, and a mask of several parts is read back as several instances.

    Args:
        tables: a Dataset, Version or Tables.
        folder: folder to write to.
        images: "copy" or "link" the image files too, or "none".
        connectivity: the connectivity of the reader, for measuring the loss.

    Returns:
        What was written; ``loss`` has the IoU of each instance with the best region of its label.

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
    codes = tables.instances["label"].cat.codes.to_numpy().astype(np.int64)
    iou = np.ones(len(rles))
    rows = list(zip(pictures(tables.images, tables.instances), names, strict=True))
    for picture, name in progress(rows, "masks"):
        at = picture.at
        if not at and picture.unlabeled:
            continue
        top = rle.decode_labels([rles[i] for i in at], picture.height, picture.width)
        pixels = np.concatenate([[0], codes[at] + 1])[top]
        write_map(root / "masks" / name, pixels)
        back = list(
            _regions(pixels, {i + 1: i for i in range(len(tables.labels))}, _Shape(1, False, connectivity))
        )
        iou[at] = _best(rles, codes, at, back, picture.height, picture.width)
    write_bytes(root / "masks" / LABELS_FILE, orjson.dumps(list(tables.labels)))
    return report(
        tables, root, tables.instances.index.to_numpy(), iou, "a pixel holds one label and no instance"
    )


def _named(
    labels: Mapping[int, str] | Mapping[Color, str] | Sequence[str] | None, folder: Path
) -> dict[int | Color, str]:
    if labels is None:
        labels = read_labels(folder)
        if labels is None:
            raise FormatError(f"{folder} has no {LABELS_FILE}: pass labels={{value: label}}")
    if isinstance(labels, Mapping):
        return dict(cast("Mapping[int | Color, str]", labels))
    if isinstance(labels, str):
        raise DataError(f"labels must be a list or a mapping, got {labels!r}; {[labels]} names value 1")
    return cast("dict[int | Color, str]", dict(enumerate(labels, 1)))


def read_labels(folder: Path) -> list[str] | None:
    """The label list in ``labels.json`` beside the masks; None if there is no such file.

    Raises:
        FormatError: the file is not a list of names.
    """
    path = folder / LABELS_FILE
    if not path.is_file():
        return None
    found = load(path)
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise FormatError(f"{path} must be a JSON list of label names")
    return found


def _number(value: int | Color, colors: bool) -> int:
    if isinstance(value, tuple):
        return value[0] + (value[1] << 8) + (value[2] << 16)
    return value * 0x010101 if colors else int(value)


def _codes(values: Mapping[int, str], names: Sequence[str]) -> dict[int, int]:
    order = {name: i for i, name in enumerate(names)}
    return {value: order[label] for value, label in values.items()}


@dataclass(frozen=True)
class _Shape:
    """Options for turning pixels into regions; see :func:`read_semantic`. ``depth`` None does not split."""

    min_area: int
    fill_holes: bool | int
    connectivity: islands.Connectivity
    depth: float | None = None


def _regions(pixels: np.ndarray, codes: Mapping[int, int], shape: _Shape) -> list[tuple[int, bytes]]:
    """Label code and mask of each connected region, in the order of labels."""
    height, width = pixels.shape
    out = []
    present: dict[int, list[int]] = {}
    for value in np.unique(pixels).tolist():
        if value in codes:
            present.setdefault(codes[value], []).append(value)
    for code in sorted(present):
        inside = np.isin(pixels, present[code])
        parts = islands.components(rle.encode(inside), height, width, shape.connectivity)
        if shape.fill_holes is not False:
            limit = None if shape.fill_holes is True else shape.fill_holes
            parts = [islands.fill_holes(part, height, width, limit, shape.connectivity) for part in parts]
        if shape.depth is not None:
            parts = [one for part in parts for one in split_touching(part, height, width, shape.depth)]
        areas = rle.areas(parts)
        out += [
            (code, part) for part, area in zip(parts, areas.tolist(), strict=True) if area >= shape.min_area
        ]
    return out


def _best(
    rles: Sequence[bytes],
    codes: np.ndarray,
    at: Sequence[int],
    back: Sequence[tuple[int, bytes]],
    height: int,
    width: int,
) -> np.ndarray:
    """IoU of each instance with the best region of its label, ``(len(at),)``."""
    if not len(back) or not len(at):
        return np.zeros(len(at))
    iou = rle.iou([rles[i] for i in at], [mask for _, mask in back], height, width)
    same = codes[list(at)][:, None] == np.array([code for code, _ in back])[None, :]
    best: np.ndarray = np.where(same, iou, 0.0).max(axis=1)
    return best
