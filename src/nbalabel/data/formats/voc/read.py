"""Read Pascal VOC folders.

Source: the VOC2012 development kit, http://host.robots.ox.ac.uk/pascal/VOC/voc2012/
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from ....core.errors import FormatError, first, short
from ....core.geometry.masks import rle
from ....core.tables.of_images import sizes_of
from ....core.tables.schema import SPLITS
from ...images.remote.folder import Root, is_there
from ...tables.tables import Tables
from ..masks.drawn import box_corners, drawn
from ..records.documents import text
from ..records.files import (
    Unannotated,
    by_stem,
    check_names,
    existing_folder,
    image_folder,
    list_files,
    list_images,
    progress,
    read_sizes,
    stem,
)
from ..records.ids import claimed_ids, marked_boxes
from ..records.rows import assemble
from .colors import LABELS, VOID, coded, palette, read_label_map, read_values
from .objects import FLAGS, Described, Object, read_described

PICTURES, XML, CLASSES, OBJECTS, SETS = (
    "JPEGImages",
    "Annotations",
    "SegmentationClass",
    "SegmentationObject",
    "ImageSets",
)


@dataclass
class _Rows:
    """The instances found so far."""

    image: list[int] = field(default_factory=list)
    label: list[str] = field(default_factory=list)
    mask: list[bytes | None] = field(default_factory=list)
    outline: list[list[np.ndarray]] = field(default_factory=list)
    where: list[str] = field(default_factory=list)
    object: list[Object | None] = field(default_factory=list)

    def add(self, image: int, label: str, mask: bytes | None, one: Object | None, where: str) -> None:
        self.image.append(image)
        self.label.append(label)
        self.mask.append(mask)
        self.outline.append([] if mask is not None or one is None else [box_corners(*one.box)])
        self.where.append(where)
        self.object.append(one)


def read_voc(
    folder: str | Path,
    images: str | Path | None = None,
    *,
    unannotated: Unannotated = "unlabeled",
) -> Tables:
    """Read a Pascal VOC folder: boxes from ``Annotations``, masks from ``SegmentationObject``.

    The object of value ``k`` in ``SegmentationObject`` is the ``k``-th object of the XML file; one beyond
    these has the label that most of its pixels have in ``SegmentationClass``. Value 255 is not judged and
    left out. Objects without pixels, and those of images without masks, are boxes: they are marked in a
    column ``is_box``, and their masks are the boxes filled. Boxes count pixels from 1. Where an image has
    only ``SegmentationClass``, each label is one instance. An image whose XML file holds no objects is
    "empty".

    Args:
        folder: the folder with ``Annotations``, and perhaps ``SegmentationObject``, ``SegmentationClass``,
            ``ImageSets``, ``labelmap.txt`` and ``JPEGImages``.
        images: folder of the images; None takes ``JPEGImages`` where it is there.
        unannotated: state of images without any file: "unlabeled" (weight 0) or "empty" (weight 1).

    Returns:
        The tables, numbered from 1 in the order of the images. Flags ``difficult``, ``truncated`` and
        ``occluded`` are columns where one is set.

    Raises:
        FormatError: a file is malformed, or a mask has no label; the message names the files.
        UnsafePathError: a file name leaves its folder.
        ImageError: the size of an image is neither in an XML file nor readable from the image.

    Source: http://host.robots.ox.ac.uk/pascal/VOC/voc2012/
    """
    base = existing_folder(folder)
    root = image_folder(images) if images is not None else base / PICTURES
    known = read_label_map(base)
    names = {stem(file): file for file in list_files(base / XML, [".xml"])} if (base / XML).is_dir() else {}
    said = {
        name: read_described(base / XML / file, base / XML)
        for name, file in progress(list(names.items()), "VOC files")
    }
    table = _images(base, root if is_there(root) else None, said)
    rows = _Rows()
    for i, (file, w, h) in enumerate(zip(table["file"], table["width"], table["height"], strict=True), 1):
        _instances(rows, i, base, stem(file), (int(h), int(w)), said.get(stem(file), Described()), known)
    labels = _ordered(rows.label, known)
    ids = np.array(rows.image, np.int64)
    sizes = sizes_of(table, ids).reshape(-1, 2)
    found: dict[str, Any] = {"image_id": ids, "label": pd.Categorical(rows.label, categories=labels)}
    found["mask"] = drawn(rows.mask, rows.outline, sizes, rows.where)
    found |= claimed_ids([one and one.id for one in rows.object])
    found |= marked_boxes([mask is None for mask in rows.mask])
    for name in FLAGS:
        flags = [one is not None and name in one.flags for one in rows.object]
        found |= {name: np.array(flags, np.bool_)} if any(flags) else {}
    blank = [i for i, file in enumerate(table["file"], 1) if stem(file) in said]
    return assemble(table, found, labels, root if is_there(root) else None, unannotated, blank)


def _images(base: Path, root: Root | None, said: dict[str, Described]) -> pd.DataFrame:
    there = by_stem(list_images(root)) if root is not None else {}
    pictured = [
        stem(f) for d in (OBJECTS, CLASSES) if (base / d).is_dir() for f in list_files(base / d, [".png"])
    ]
    names = sorted({*there, *said, *pictured})
    files = [there.get(name) or _named(name, said.get(name)) for name in names]
    check_names(files, names)
    sizes = [said[name].size if name in said else None for name in names]
    unknown = [i for i, size in enumerate(sizes) if size is None]
    if unknown and root is None:
        listed = first(files[i] for i in unknown)
        raise FormatError(f"{base}: {len(unknown)} images have no size in an XML file: {listed}")
    if unknown and root is not None:
        measured = read_sizes(root, [files[i] for i in unknown])
        for i, w, h in zip(unknown, measured["width"].tolist(), measured["height"].tolist(), strict=True):
            sizes[i] = (w, h)
    sides = np.array(sizes, np.int64).reshape(-1, 2)
    data: dict[str, Any] = {"file": files, "width": sides[:, 0], "height": sides[:, 1]}
    parts = _splits(base)
    if any(name in parts for name in names):
        data["split"] = [parts.get(name) for name in names]
    return pd.DataFrame(data, index=pd.RangeIndex(1, len(files) + 1, name="image_id"))


def _named(name: str, said: Described | None) -> str:
    """The file name of an image without a picture: its XML file says the suffix."""
    suffix = PurePosixPath(said.file).suffix if said is not None else ""
    return f"{name}{suffix or '.jpg'}"


def _splits(base: Path) -> dict[str, str]:
    """Name of an image -> its split."""
    out: dict[str, str] = {}
    for part in SPLITS:
        for task in ("Segmentation", "Main"):
            path = base / SETS / task / f"{part}.txt"
            if path.is_file():
                out.update({line.strip(): part for line in text(path, base).splitlines() if line.strip()})
    return out


def _instances(
    rows: _Rows,
    image: int,
    base: Path,
    name: str,
    size: tuple[int, int],
    said: Described,
    known: tuple[list[str], dict[int, int]] | None,
) -> None:
    objects, labels = base / OBJECTS / f"{name}.png", base / CLASSES / f"{name}.png"
    where = str(base / XML / f"{name}.xml")
    by_value = _label_of(labels, size, known) if labels.is_file() else None
    seen: set[int] = set()
    if objects.is_file():
        values = read_values(objects, *size, coded(palette()))
        values[values == VOID] = 0
        for value, mask in zip(*rle.encode_labels(values), strict=True):
            k = int(value)
            one = said.objects[k - 1] if k <= len(said.objects) else None
            label = one.label if one is not None else by_value and by_value.of(values == k)
            if not label:
                raise FormatError(f"{objects}: object {k} has no label, neither in {where} nor in {labels}")
            rows.add(image, label, mask, one, f"{objects}, object {k}")
            seen.add(k)
    elif by_value is not None and not said.objects:
        for value, mask in zip(*rle.encode_labels(by_value.values), strict=True):
            rows.add(image, by_value.named(int(value)), mask, None, f"{labels}, value {int(value)}")
    for k, one in enumerate(said.objects, 1):
        if k not in seen:
            rows.add(image, one.label, None, one, f"{where}, object {k}")


@dataclass(frozen=True)
class _Classes:
    """A picture of labels."""

    path: Path
    values: np.ndarray
    names: list[str]

    def named(self, value: int) -> str:
        if not 0 < value <= len(self.names):
            raise FormatError(f"{self.path} has the value {value}, and there are {len(self.names)} labels")
        return self.names[value - 1]

    def of(self, inside: np.ndarray) -> str:
        """The label of most of these pixels; "" for background."""
        found = self.values[inside]
        found = found[found > 0]
        return self.named(int(np.bincount(found).argmax())) if len(found) else ""


def _label_of(path: Path, size: tuple[int, int], known: tuple[list[str], dict[int, int]] | None) -> _Classes:
    names, colors = known if known is not None else (LABELS, coded(palette()))
    values = read_values(path, *size, colors)
    values[(values == VOID) | (values < 0)] = 0
    return _Classes(path, values, names)


def _ordered(found: list[str], known: tuple[list[str], dict[int, int]] | None) -> list[str]:
    """The labels in order: of the label map, of VOC itself, or as found, sorted."""
    if known is None:
        return LABELS if found and set(found) <= set(LABELS) else sorted(set(found))
    strange = sorted(set(found) - set(known[0]))
    if strange:
        raise FormatError(f"labels must be in labelmap.txt, {first(map(short, strange))} are not")
    return known[0]
