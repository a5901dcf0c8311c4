"""Read CVAT for images 1.1.

Source: https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
import pandas as pd

from ....core.errors import FormatError, first, short
from ....core.tables.of_images import sizes_of
from ....core.tables.schema import IMAGES, INSTANCES, SPLITS
from ....core.urls import local_path
from ...images.remote.folder import Root
from ...tables.tables import Tables
from ..records.files import Unannotated, check_names, image_folder, read_sizes
from ..records.ids import NB_ID, claimed_ids, marked_boxes
from ..records.questions import OPTIONS
from ..records.rows import assemble
from ..records.xml import each_element, whole_number
from .attributes import Attribute, options_of, read_attributes, read_declared, typed
from .shapes import AREAS, OTHERS, Shape, draw, read_shape

FILE = "annotations.xml"
OUR_TAG = "nb_image"
"""Label of the tag that holds what is said about a whole image."""

_TAG = "tag"


@dataclass
class _Found:
    """What a file holds, as it is read."""

    path: Path
    skip: frozenset[str]
    images: list[dict[str, str]] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    attributes: dict[str, Attribute] = field(default_factory=dict)
    of_images: dict[str, Attribute] = field(default_factory=dict)
    said: dict[int, dict[str, str]] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)

    def take(self, element: Element) -> None:
        if element.tag == "label":
            self._label(element)
        elif element.tag == "image":
            self._image(element)
        else:
            raise FormatError(
                f"{self.path} holds tracks of a video: export it from CVAT as 'CVAT for images 1.1'"
            )

    def _label(self, element: Element) -> None:
        name = element.findtext("name")
        if name is None or element.find("parent") is not None:
            return
        ours = name == OUR_TAG
        self.labels += [] if ours else [name]
        known = self.of_images if ours else self.attributes
        for one in read_declared(element):
            other = known.setdefault(one.name, one)
            if other.kind != one.kind:
                known[one.name] = Attribute(one.name, "text")
            elif other.values != one.values:
                both = tuple(dict.fromkeys([*other.values, *one.values]))
                known[one.name] = Attribute(one.name, one.kind, both)

    def _image(self, element: Element) -> None:
        at = len(self.images)
        self.images.append(dict(element.attrib))
        for i, shape in enumerate(element):
            tag = str(shape.tag)
            where = f"{self.path}, image {short(element.get('name'))}, shape {i + 1} ({short(tag)})"
            if tag == _TAG and shape.get("label") == OUR_TAG:
                self._tag(shape, at, where)
            elif tag in self.skip and tag in OTHERS:
                self.skipped[tag] += 1
            elif tag in AREAS:
                self.shapes.append(read_shape(shape, at, where))
            else:
                hint = f'; skip=["{tag}"] leaves such shapes out' if tag in OTHERS else ""
                raise FormatError(f"{where} has no area; {', '.join(sorted(AREAS))} have{hint}")

    def _tag(self, tag: Element, at: int, where: str) -> None:
        if at in self.said:
            raise FormatError(f"{where}: an image may have one tag {OUR_TAG!r}, this one has several")
        self.said[at] = read_attributes(tag, where)


def read_cvat(
    path: str | Path,
    images: str | Path | None = None,
    *,
    skip: Collection[str] = (),
    unannotated: Unannotated = "unlabeled",
    split: str | None = None,
) -> Tables:
    """Read a file of CVAT for images 1.1: masks, polygons, boxes and ellipses.

    Attributes become columns with the types that the file declares (checkbox: bool, number, select: category,
    text; one checkbox per option, as ``write_cvat`` writes them: lists), and so do ``z_order``, ``occluded``
    and ``group_id`` where they are used. Attributes of a tag ``nb_image`` become columns of images. Instances
    of which only a box is known are marked in a column ``is_box``; their masks are the boxes filled, and
    ``nl.refine(ds, rows=rows)`` finds the objects in them. ``nb_id`` is the id an instance had in the dataset
    that wrote it.

    Args:
        path: the XML file, or the folder with its ``annotations.xml``.
        images: folder of the images; None reads the tables without image files.
        skip: kinds of shape to leave out ("polyline", "points", "cuboid", "skeleton", "tag"); they have no
            area and are refused otherwise. ``info["skipped"]`` counts them.
        unannotated: state of images without shapes: "unlabeled" (weight 0), or "empty" (weight 1) if every
            image was looked at.
        split: put all images into this split; None takes ``subset`` where it is train, val or test.

    Returns:
        The tables, numbered from 1 in the order of the file.

    Raises:
        FormatError: the file is malformed, has a document type, or holds shapes without an area.
        UnsafePathError: a file name is absolute or climbs out of the folder.
        ImageError: the size of an image is neither in the file nor readable from the image.

    Source: https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp(), "annotations.xml")
        >>> mask = '<mask label="fish" rle="0, 2, 1, 1" left="1" top="0" width="2" height="2"/>'
        >>> image = f'<image id="0" name="a.jpg" width="5" height="4">{mask}</image>'
        >>> _ = file.write_text(f"<annotations>{image}</annotations>")
        >>> read_cvat(file).instances[["image_id", "label", "x", "area"]].to_dict("list")
        {'image_id': [1], 'label': ['fish'], 'x': [1.0], 'area': [3]}
    """
    given = local_path(path)
    file = given / FILE if given.is_dir() else given
    root = None if images is None else image_folder(images)
    found = _Found(file, frozenset(skip))
    outermost = each_element(file, ("label", "image", "track"), found.take)
    if outermost != "annotations":
        raise FormatError(f"{file} must have <annotations> outermost, got <{short(outermost)}>")
    table = _images(found, root, split)
    shapes = found.shapes
    labels = tuple(dict.fromkeys([*found.labels, *(shape.label for shape in shapes)]))
    sizes = sizes_of(table, np.array([shape.image + 1 for shape in shapes], np.int64))
    rows: dict[str, Any] = {
        "image_id": np.array([shape.image + 1 for shape in shapes], np.int64),
        "label": pd.Categorical([shape.label for shape in shapes], categories=list(labels)),
        "mask": draw(shapes, sizes, file.stat().st_size),
        **_extras(found),
    }
    about = typed([found.said.get(i, {}) for i in range(len(table))], found.of_images, IMAGES)
    table = table.assign(**{name: pd.Series(column, index=table.index) for name, column in about.items()})
    info: dict[str, Any] = {"skipped": dict(found.skipped)} if found.skipped else {}
    declared = {"images": options_of(found.of_images), "instances": options_of(found.attributes)}
    info |= {OPTIONS: declared} if any(declared.values()) else {}
    return assemble(table, rows, labels, root, unannotated, info=info)


def _images(found: _Found, root: Root | None, split: str | None) -> pd.DataFrame:
    names = [image.get("name") for image in found.images]
    check_names(names, range(1, len(names) + 1))
    files = [str(name).replace("\\", "/") for name in names]
    repeated = [name for name, n in Counter(files).items() if n > 1]
    if repeated:
        raise FormatError(f"{found.path}: images must have names of their own, repeated: {first(repeated)}")
    data: dict[str, Any] = {"file": files}
    if root is not None and any("width" not in image or "height" not in image for image in found.images):
        measured = read_sizes(root, files)
        data.update({side: measured[side].to_numpy() for side in ("width", "height")})
    else:
        for side in ("width", "height"):
            data[side] = [_side(image, side, found.path) for image in found.images]
    subsets = [image.get("subset", "").lower() for image in found.images]
    if split is not None or any(subset in SPLITS for subset in subsets):
        data["split"] = split if split is not None else [s if s in SPLITS else None for s in subsets]
    return pd.DataFrame(data, index=pd.RangeIndex(1, len(files) + 1, name="image_id"))


def _side(image: dict[str, str], side: str, path: Path) -> int:
    what = f"{path}: {side} of image {short(image.get('name'))}"
    value = whole_number(image.get(side), what)
    if not 0 < value < 2**31:
        raise FormatError(f"{what} must be a number of pixels > 0, got {value}")
    return value


def _extras(found: _Found) -> dict[str, Any]:
    """Columns besides image, label and mask."""
    shapes = found.shapes
    texts = [shape.attributes for shape in shapes]
    out = claimed_ids([row.get(NB_ID) for row in texts])
    crowds = [row.get("crowd", "").lower() == "true" for row in texts]
    out |= {"crowd": np.array(crowds, np.bool_)} if any(crowds) else {}
    out |= marked_boxes([shape.box for shape in shapes])
    orders = np.array([shape.z_order for shape in shapes], np.int64)
    out |= {"z_order": orders} if orders.any() else {}
    hidden = np.array([shape.occluded for shape in shapes], np.bool_)
    out |= {"occluded": hidden} if hidden.any() else {}
    groups = [shape.group or None for shape in shapes]
    out |= {"group_id": pd.array(groups, dtype="Int64")} if any(groups) else {}
    own = [{k: v for k, v in row.items() if k not in (NB_ID, "crowd")} for row in texts]
    return out | typed(own, found.attributes, {**INSTANCES, **out})
