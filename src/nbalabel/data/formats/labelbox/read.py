"""Read Labelbox's NDJSON, of imports and of exports.

Source: https://docs.labelbox.com/reference/import-image-annotations, https://docs.labelbox.com/reference/export-image-annotations
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import orjson
import pandas as pd

from ....core.errors import FormatError, first, short
from ....core.tables.of_images import sizes_of
from ....core.tables.schema import IMAGES, INSTANCES
from ....core.urls import local_path
from ...images.remote.folder import Root
from ...tables.tables import Tables
from ..masks.drawn import drawn
from ..records.documents import content, load, records
from ..records.files import Unannotated, check_names, existing_folder, image_folder, read_sizes
from ..records.ids import claimed_ids, marked_boxes
from ..records.questions import columns_of
from ..records.rows import assemble
from .objects import ANSWERS, Object, read_object, said_in

FILE, IMAGES_FILE = "annotations.ndjson", "images.json"
OUR_UUID = "6e62616c-6162-4c00-8000-"
"""Beginning of the uuid of our instances; the id follows as twelve hexadecimal digits."""

_OURS = re.compile(re.escape(OUR_UUID) + "([0-9a-f]{12})")


@dataclass
class _Found:
    """What a file holds, as it is read: images by name, and their objects."""

    masks: Path | None
    last: bool
    at: dict[str, int] = field(default_factory=dict)
    sizes: list[tuple[int, int] | None] = field(default_factory=list)
    objects: list[Object] = field(default_factory=list)
    blank: list[int] = field(default_factory=list)
    said: dict[int, dict[str, Any]] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)

    def image(self, name: Any, size: tuple[int, int] | None, where: str) -> int:
        """The position of an image; its size is height and width."""
        check_names([name], [where])
        at = self.at.setdefault(name.replace("\\", "/"), len(self.at))
        if at == len(self.sizes):
            self.sizes.append(None)
        known = self.sizes[at]
        if size is not None and known is not None and known != size:
            raise FormatError(
                f"{where}: its image is {size[1]} x {size[0]} pixels here, {known[1]} x {known[0]} elsewhere"
            )
        self.sizes[at] = known or size
        return at

    def take(self, line: Any, where: str) -> None:
        if not isinstance(line, dict):
            raise FormatError(f"{where} must be an object, got {short(line)}")
        row = line.get("dataRow") or line.get("data_row")
        if not isinstance(row, dict):
            raise FormatError(f"{where} needs dataRow or data_row, got {short(row)}")
        name = next((row[k] for k in ("globalKey", "global_key", "external_id", "id") if row.get(k)), None)
        if "projects" in line:
            self._export(line, name, where)
            return
        at = self.image(name, None, where)
        if any(key in line for key in ANSWERS):
            self.said.setdefault(at, {}).update(said_in([line], where, self.skipped))
        else:
            self.objects.append(read_object(line, at, where, self.masks, self.skipped))

    def _export(self, line: Mapping[str, Any], name: Any, where: str) -> None:
        media = line.get("media_attributes")
        at = self.image(name, _size_of(media), where)
        projects = line["projects"]
        if not isinstance(projects, dict) or not all(isinstance(p, dict) for p in projects.values()):
            raise FormatError(f"{where}: projects must be objects by id, got {short(projects)}")
        labels = [one for p in projects.values() for one in records(p, "labels", where, required=False)]
        if len(labels) > 1 and not self.last:
            raise FormatError(f'{where}: it has {len(labels)} labels; several="last" takes the last')
        for one in labels[-1:]:
            said = one.get("annotations")
            listed = records(said, "objects", where, required=False) if isinstance(said, dict) else []
            for i, found in enumerate(listed, 1):
                self.objects.append(read_object(found, at, f"{where}, object {i}", self.masks, self.skipped))
            about = said.get("classifications") if isinstance(said, dict) else None
            self.said.setdefault(at, {}).update(said_in(about, where, self.skipped))
            if not listed:
                self.blank.append(at + 1)


def read_labelbox(
    path: str | Path,
    images: str | Path | None = None,
    *,
    masks: str | Path | None = None,
    labels: Collection[str] | None = None,
    several: Literal["error", "last"] = "error",
    unannotated: Unannotated = "unlabeled",
) -> Tables:
    """Read Labelbox's NDJSON: masks, polygons and boxes, of an import or of an export.

    Answers of classifications of an object become columns of instances, those of a data row columns of
    images: texts as texts, checklists as lists. Classifications within an answer are left out, and counted in
    ``info["skipped"]``. Exports give addresses of masks in place of pixels, which are not loaded: download
    them, and pass their folder. Boxes are marked in a column ``is_box``.

    Args:
        path: the NDJSON file, or the folder with ``annotations.ndjson``.
        images: folder of the images; None reads the tables without image files. Names of images are global
            keys, or else external ids.
        masks: folder of the masks of an export, ``FEATURE_ID.png``.
        labels: labels in order; None takes those found, sorted by name.
        several: images that several people labeled: "error", or "last".
        unannotated: state of images without labels: "unlabeled" (weight 0) or "empty" (weight 1).

    Returns:
        The tables, numbered from 1 in the order of the file.

    Raises:
        FormatError: a line is malformed or an object has no area; the message names the line.
        UnsafePathError: a file name climbs out of the folder.
        ImageError: the size of an image is neither in the file nor readable from the image.

    Source: https://docs.labelbox.com/reference/import-image-annotations
    """
    if several not in ("error", "last"):
        raise FormatError(f'several must be "error" or "last", got {several!r}')
    given = local_path(path)
    file = given / FILE if given.is_dir() else given
    root = None if images is None else image_folder(images)
    found = _Found(None if masks is None else existing_folder(masks), several == "last")
    sidecar = file.with_name(IMAGES_FILE)
    listed = load(sidecar) if sidecar.is_file() else []
    for i, one in enumerate(listed if isinstance(listed, list) else [listed], 1):
        size = _size_of(one)
        if size is None:
            raise FormatError(f"{sidecar}, image {i} needs file, width and height, got {short(one)}")
        found.image(one.get("file"), size, f"{sidecar}, image {i}")
    for i, line in enumerate(content(file).split(b"\n"), 1):
        if line.strip():
            found.take(_parsed(line, f"{file}, line {i}"), f"{file}, line {i}")
    return _tables(found, file, root, labels, unannotated)


def _size_of(found: Any) -> tuple[int, int] | None:
    """Height and width of an image, where both are given."""
    sides: list[Any] = [found.get(k) for k in ("height", "width")] if isinstance(found, dict) else []
    valid = len(sides) == 2 and all(type(v) is int and 0 < v < 2**31 for v in sides)
    return (sides[0], sides[1]) if valid else None


def _parsed(line: bytes, where: str) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise FormatError(f"{where} is not JSON: {error}") from error


def _tables(
    found: _Found, file: Path, root: Root | None, labels: Collection[str] | None, unannotated: Unannotated
) -> Tables:
    objects = found.objects
    for one in objects:
        known = found.sizes[one.image]
        if one.size is not None and known is not None and one.size != known:
            raise FormatError(f"{one.where}: its mask is {one.size[::-1]} pixels, its image {known[::-1]}")
        found.sizes[one.image] = known or one.size
    table = _images(found, file, root)
    about = columns_of([found.said.get(i, {}) for i in range(len(table))], IMAGES)
    table = table.assign(**{name: pd.Series(column, index=table.index) for name, column in about.items()})
    named = [one.label for one in objects]
    ordered = tuple(sorted(set(named)) if labels is None else labels)
    strange = sorted(set(named) - set(ordered))
    if strange:
        raise FormatError(f"labels must be among {first(ordered)}, got {first(map(short, strange))}")
    ids = np.array([one.image + 1 for one in objects], np.int64)
    outlines = [[] if one.outline is None else [one.outline] for one in objects]
    sizes = sizes_of(table, ids).reshape(-1, 2)
    rows: dict[str, Any] = {"image_id": ids, "label": pd.Categorical(named, categories=list(ordered))}
    rows["mask"] = drawn([one.mask for one in objects], outlines, sizes, [one.where for one in objects])
    matches = [_OURS.fullmatch(one.uuid) for one in objects]
    rows |= claimed_ids([match and int(match[1], 16) for match in matches])
    rows |= marked_boxes([one.box for one in objects])
    rows |= columns_of([one.said for one in objects], {**INSTANCES, **rows})
    skipped = {name: n for name, n in found.skipped.items() if n}
    info = {"skipped": skipped} if skipped else None
    blank = found.blank if objects else [i for i in found.blank if not found.said.get(i - 1)]
    return assemble(table, rows, ordered, root, unannotated, blank, info)


def _images(found: _Found, file: Path, root: Root | None) -> pd.DataFrame:
    files, sizes = list(found.at), found.sizes
    unknown = [i for i, size in enumerate(sizes) if size is None]
    if unknown and root is None:
        raise FormatError(
            f"{file}: {len(unknown)} images have no size in the file: {first(files[i] for i in unknown)}. "
            "images=FOLDER reads it from the pictures"
        )
    if unknown and root is not None:
        measured = read_sizes(root, [files[i] for i in unknown])
        for i, w, h in zip(unknown, measured["width"].tolist(), measured["height"].tolist(), strict=True):
            sizes[i] = (h, w)
    sides = np.array(sizes, np.int64).reshape(-1, 2)
    data = {"file": files, "width": sides[:, 1], "height": sides[:, 0]}
    return pd.DataFrame(data, index=pd.RangeIndex(1, len(files) + 1, name="image_id"))
