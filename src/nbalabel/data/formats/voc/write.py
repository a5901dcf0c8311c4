"""Write Pascal VOC folders.

Source: the VOC2012 development kit, http://host.robots.ox.ac.uk/pascal/VOC/voc2012/
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ....core.geometry.masks import rle
from ....core.tables.schema import SPLITS, LabeledImages
from ....core.urls import local_path
from ..masks.drawn import box_corners
from ..masks.polygons import Parts, rasterize
from ..records.files import Images, by_stem, export_images, progress, relative_names, stem, write_bytes
from ..records.ids import IS_BOX, NB_ID, still_boxes
from ..records.report import WriteReport, measured, report
from ..records.rows import Picture, pictures
from .colors import LABELMAP, MOST, label_map, write_values
from .objects import FLAGS, Object, described
from .read import CLASSES, OBJECTS, PICTURES, SETS, XML


def write_voc(tables: LabeledImages, folder: str | Path, *, images: Images = "link") -> WriteReport:
    """Write a Pascal VOC folder: boxes in ``Annotations``, masks in two pictures with palette per image.

    A pixel holds one instance: later rows cover earlier ones. Of an instance that others hide, or that is one
    of more than 254 in its image, only the box is left. The id of each instance travels as an attribute
    ``nb_id``; columns ``difficult``, ``truncated`` and ``occluded`` as those flags.

    Args:
        tables: a Dataset, Version or Tables.
        folder: folder to write to.
        images: "link" or "copy" puts the image files into ``JPEGImages/``; "none" does not.

    Returns:
        What was written; ``loss`` has the IoU of every mask that is read back differently. Empty masks cannot
        be written and have IoU 0.

    Raises:
        DataError: there are more than 254 labels, a label cannot be written, or images are URLs.
        FormatError: images differ only in their suffix.

    Warns:
        LossWarning: masks are read back differently.

    Source: http://host.robots.ox.ac.uk/pascal/VOC/voc2012/
    """
    root = local_path(folder)
    listed = label_map(tables.labels)
    files = relative_names(tables.images)
    by_stem(files)
    export_images(tables.image_root, tables.images, [root / PICTURES / file for file in files], images)
    writer = _Writer(tables, root)
    rows = list(zip(pictures(tables.images, tables.instances), files, strict=True))
    for picture, file in progress(rows, "VOC files"):
        if picture.at or not picture.unlabeled:
            writer.image(picture, file)
    write_bytes(root / LABELMAP, listed.encode())
    _write_sets(tables, files, root)
    ids, kept = tables.instances.index.to_numpy(), {"instances": {*FLAGS, NB_ID, IS_BOX}}
    return report(
        tables, root, ids, measured(writer.masks, writer.back), "a pixel holds one instance", kept=kept
    )


class _Writer:
    """Writes the files of one image after the other, and keeps what is read back."""

    def __init__(self, tables: LabeledImages, root: Path) -> None:
        instances = tables.instances
        self.root, self.masks = root, instances["mask"].tolist()
        self.back: list[bytes | None] = [None] * len(self.masks)
        self._labels, self._ids = instances["label"].astype(object).tolist(), instances.index.tolist()
        self._codes = instances["label"].cat.codes.to_numpy()
        self._boxed = still_boxes(instances)
        self._flags = [
            frozenset(name for name in FLAGS if name in instances and flags.get(name) is True)
            for flags in _flags(tables)
        ]

    def image(self, picture: Picture, file: str) -> None:
        size = picture.height, picture.width
        at = [i for i in picture.at if rle.areas([self.masks[i]])[0]]
        drawn = [0 if self._boxed[i] or k >= MOST else k + 1 for k, i in enumerate(at)]
        shown = [(self.masks[i], k) for i, k in zip(at, drawn, strict=True) if k]
        top = rle.decode_labels([mask for mask, _ in shown], *size)
        values = np.array([0, *(k for _, k in shown)])[top]
        boxes = rle.boxes([self.masks[i] for i in at], picture.height)
        objects = [
            Object(self._labels[i], (x, y, x + w, y + h), str(self._ids[i]), self._flags[i])
            for i, (x, y, w, h) in zip(at, boxes.tolist(), strict=True)
        ]
        for i, one in zip(at, objects, strict=True):
            corners = Parts.of([[box_corners(*one.box)]])
            self.back[i] = rasterize(corners, np.array([size]), lambda _: [file])[0]
        for k, mask in zip(*rle.encode_labels(values), strict=True):
            self.back[at[int(k) - 1]] = mask
        text = described(file, (picture.width, picture.height), objects, segmented=bool(shown))
        write_bytes(self.root / XML / f"{stem(file)}.xml", text.encode())
        if shown:
            codes = np.array([0, *(int(self._codes[i]) + 1 for i in at)])
            write_values(self.root / OBJECTS / f"{stem(file)}.png", values)
            write_values(self.root / CLASSES / f"{stem(file)}.png", codes[values])


def _flags(tables: LabeledImages) -> list[dict[str, bool]]:
    instances = tables.instances
    known = {name: instances[name].astype(object).tolist() for name in FLAGS if name in instances}
    return [{name: known[name][i] is True for name in known} for i in range(len(instances))]


def _write_sets(tables: LabeledImages, files: list[str], root: Path) -> None:
    """The lists of images: of each split, and of those without one."""
    split = (
        tables.images["split"].astype(object).tolist() if "split" in tables.images else [None] * len(files)
    )
    named = [part if part in SPLITS else "default" for part in split]
    for part in dict.fromkeys(named):
        lines = "".join(f"{stem(file)}\n" for file, one in zip(files, named, strict=True) if one == part)
        for task in ("Main", "Segmentation"):
            write_bytes(root / SETS / task / f"{part}.txt", lines.encode())
