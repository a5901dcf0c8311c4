"""Read Label Studio's JSON.

Source: https://labelstud.io/guide/export, https://labelstud.io/guide/predictions
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

import numpy as np
import pandas as pd

from ....core.errors import FormatError, first, short
from ....core.tables.of_images import sizes_of
from ....core.tables.schema import IMAGES, INSTANCES
from ....core.urls import local_path
from ...images.remote.folder import Root
from ...tables.tables import Tables
from ..records.documents import load
from ..records.files import Unannotated, check_names, image_folder, read_sizes
from ..records.ids import claimed_ids, marked_boxes
from ..records.questions import OPTIONS, columns_of
from ..records.rows import assemble
from .controls import OF_IMAGE, read_controls
from .results import AREAS, SAID, Region, draw, is_upright_box, kind_of, labels_of, said_by

Several = Literal["error", "last", "all"]

FILE = "tasks.json"
OURS, OUR_FILE, OUR_SIZE = "nb", "nb_file", "nb_size"
"""Beginning of the ids of our regions; fields of ``data`` with the file name and the size of an image."""

_UPLOAD = re.compile(r"^[0-9a-f]{8}-(?=.)")
_OUR_ID = re.compile(rf"{OURS}([0-9]{{1,18}})", re.ASCII)


@dataclass
class _Found:
    """What a file holds, as it is read."""

    path: Path
    skip: frozenset[str]
    several: Several
    files: list[str] = field(default_factory=list)
    sizes: list[tuple[int, int] | None] = field(default_factory=list)
    regions: list[Region] = field(default_factory=list)
    said: list[dict[str, Any]] = field(default_factory=list)
    blank: list[int] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)

    def take(self, at: int, task: Any) -> None:
        where = f"{self.path}, task {at + 1}"
        data = task.get("data") if isinstance(task, dict) else None
        if not isinstance(data, dict):
            raise FormatError(f"{where}: a task must be an object with data, got {short(task)}")
        self.files.append(_file_of(data, where))
        self.sizes.append(_size(data.get(OUR_SIZE)))
        self.said.append({})
        before, dropped = len(self.regions), self.skipped.total()
        made = [one for one in _objects(task, "annotations", where) if not one.get("was_cancelled")]
        for one in self._chosen(made, where) if made else _objects(task, "predictions", where)[-1:]:
            self._annotation(one, at, where)
        if made and len(self.regions) == before and self.skipped.total() == dropped:
            self.blank.append(at + 1)

    def _chosen(self, made: list[dict[str, Any]], where: str) -> list[dict[str, Any]]:
        """The annotations of a task that count."""
        if len(made) > 1 and self.several == "error":
            raise FormatError(
                f'{where}: it has {len(made)} annotations; several="last" takes the last, '
                'several="all" takes all, with a column annotator'
            )
        return made if self.several == "all" else made[-1:]

    def _annotation(self, annotation: Mapping[str, Any], at: int, task: str) -> None:
        who = annotation.get("completed_by")
        who = who.get("email", who.get("id")) if isinstance(who, dict) else who
        by_id: dict[str, Region] = {}
        rest: list[tuple[str, dict[str, Any]]] = []
        for i, result in enumerate(_objects(annotation, "result", task)):
            where = f"{task}, result {i + 1} ({short(result.get('type'))})"
            kind = kind_of(result)
            if kind not in AREAS:
                rest.append((where, result))
                continue
            if not isinstance(result.get("value"), dict):
                raise FormatError(f"{where}: a result needs a value, got {short(result.get('value'))}")
            self._sized(result, at, where)
            name = str(result.get("id"))
            region = Region(at, name, where, kind, result["value"], labels_of(result, where))
            region.annotator = "" if who is None else str(who)
            self.regions.append(region)
            by_id.setdefault(name, region)
        for where, result in rest:
            self._said(result, by_id.get(str(result.get("id"))), at, where)

    def _said(self, result: Mapping[str, Any], region: Region | None, at: int, where: str) -> None:
        """A result without an area: a label or a value of a region, of the image, or something to skip."""
        kind, named = str(result.get("type")), result.get("from_name")
        says = kind in SAID and isinstance(named, str)
        if isinstance(result.get("value"), dict):
            if region is not None and kind == "labels":
                region.labels = region.labels or labels_of(result, where)
                return
            if region is not None and says:
                region.said[str(named)] = said_by(result)
                return
            if says and (str(named).startswith(OF_IMAGE) or kind not in self.skip):
                self._about(str(named).removeprefix(OF_IMAGE), said_by(result), at)
                return
        if kind not in self.skip:
            raise FormatError(f'{where} has no area; skip=["{kind}"] leaves such results out')
        self.skipped[kind] += 1

    def _about(self, name: str, value: Any, at: int) -> None:
        """What is said about a whole image; of answers of several people that differ none is taken."""
        if name in self.said[at] and self.said[at][name] != value:
            self.skipped["answers about an image that differ"] += 1
            value = None
        self.said[at][name] = value

    def _sized(self, result: Mapping[str, Any], at: int, where: str) -> None:
        size = _size([result.get("original_width"), result.get("original_height")])
        known = self.sizes[at]
        if size is None:
            raise FormatError(f"{where}: original_width and original_height must be whole pixels > 0")
        if known is not None and known != size:
            raise FormatError(f"{where}: its image is {size[0]} x {size[1]} pixels here, {known} elsewhere")
        if result.get("image_rotation"):
            raise FormatError(f"{where}: its image is turned by {short(result['image_rotation'])} degrees")
        self.sizes[at] = size


def read_labelstudio(
    path: str | Path,
    images: str | Path | None = None,
    *,
    labels: Collection[str] | None = None,
    skip: Collection[str] = (),
    several: Several = "error",
    unannotated: Unannotated = "unlabeled",
) -> Tables:
    """Read Label Studio's JSON: brush masks, polygons, rectangles and ellipses.

    What was said about a region (choices, numbers, texts per region) becomes columns of instances, what was
    said about the whole image columns of images; several choices are lists. ``config.xml`` beside the file,
    if it is there, says of which questions several can be chosen. A pixel of a brush mask is inside if its
    opacity is 128 or more. A task that was annotated with nothing is "empty". Of a task without annotations
    the last prediction counts. Boxes are marked in a column ``is_box``.

    Args:
        path: the JSON file ("JSON" in Label Studio's export, not "JSON-MIN"), or the folder of its
            ``tasks.json``.
        images: folder of the images; None reads the tables without image files. Names come from our own field
            ``nb_file``, or from the address of the picture: what follows ``?d=``, or its last part without
            the eight digits that Label Studio puts before uploads.
        labels: labels in order; None takes those found, sorted by name.
        skip: types of result to leave out, such as "keypointlabels" or "relation", which have no area and are
            refused otherwise, or "choices" about whole images. ``info["skipped"]`` counts them.
        several: tasks with several annotations: "error", "last", or "all", with a column ``annotator``, for
            ``nl.raters``.
        unannotated: state of images without annotations: "unlabeled" (weight 0) or "empty" (weight 1).

    Returns:
        The tables, numbered from 1 in the order of the file.

    Raises:
        FormatError: the file is malformed, a region has no label or several, or a task several annotations.
        UnsafePathError: a file name climbs out of the folder.
        ImageError: the size of an image is neither in the file nor readable from the image.

    Source: https://labelstud.io/guide/export
    """
    if several not in ("error", "last", "all"):
        raise FormatError(f'several must be "error", "last" or "all", got {several!r}')
    given = local_path(path)
    file = given / FILE if given.is_dir() else given
    root = None if images is None else image_folder(images)
    tasks = load(file)
    if not isinstance(tasks, list):
        raise FormatError(f"{file} must be a list of tasks, got a {type(tasks).__name__}")
    found = _Found(file, frozenset(skip), several)
    for at, task in enumerate(tasks):
        found.take(at, task)
    controls = read_controls(file)
    table = _images(found, root)
    lists = {name.removeprefix(OF_IMAGE) for name in controls.several - controls.per_region}
    about = columns_of(found.said, IMAGES, lists)
    table = table.assign(**{name: pd.Series(column, index=table.index) for name, column in about.items()})
    named = _labels(found)
    ordered = tuple(sorted(set(named)) if labels is None else labels)
    strange = sorted(set(named) - set(ordered))
    if strange:
        raise FormatError(f"labels must be among {first(ordered)}, got {first(map(short, strange))}")
    ids = np.array([region.image + 1 for region in found.regions], np.int64)
    sizes = sizes_of(table, ids).reshape(-1, 2)
    rows: dict[str, Any] = {"image_id": ids, "label": pd.Categorical(named, categories=list(ordered))}
    rows["mask"] = draw(found.regions, sizes, file.stat().st_size, str(file))
    info: dict[str, Any] = {"skipped": dict(found.skipped)} if found.skipped else {}
    offered = controls.offered()
    info |= {OPTIONS: offered} if offered else {}
    blank = found.blank if found.regions else [i for i in found.blank if not found.said[i - 1]]
    extras = _extras(found, controls.several & controls.per_region)
    return assemble(table, {**rows, **extras}, ordered, root, unannotated, blank, info)


def _objects(holder: Mapping[str, Any], key: str, where: str) -> list[dict[str, Any]]:
    found = holder.get(key)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise FormatError(f"{where}: {key} must be a list of objects, got {short(found)}")
    return found


def _file_of(data: Mapping[str, Any], where: str) -> str:
    """The file name of a task's image."""
    ours = data.get(OUR_FILE)
    if isinstance(ours, str):
        return ours
    texts: list[str] = [data["image"]] if isinstance(data.get("image"), str) else []
    texts = texts or [v for k, v in data.items() if isinstance(v, str) and not k.startswith(OURS)]
    if len(texts) != 1:
        raise FormatError(f"{where}: data must name one image, got {short(data)}")
    try:
        address = urlsplit(texts[0])
    except ValueError as error:
        raise FormatError(f"{where}: {short(texts[0])} is no address of an image") from error
    if address.query.startswith("d="):
        return unquote(address.query[2:])
    if address.scheme or address.path.startswith("/data/"):
        return _UPLOAD.sub("", PurePosixPath(unquote(address.path)).name)
    return texts[0]


def _size(found: Any) -> tuple[int, int] | None:
    if isinstance(found, list) and len(found) == 2 and all(type(v) is int and 0 < v < 2**31 for v in found):
        return found[0], found[1]
    return None


def _images(found: _Found, root: Root | None) -> pd.DataFrame:
    check_names(found.files, [f"task {i}" for i in range(1, len(found.files) + 1)])
    files = [file.replace("\\", "/") for file in found.files]
    repeated = [name for name, n in Counter(files).items() if n > 1]
    if repeated:
        raise FormatError(
            f"{found.path}: tasks must be about images of their own, repeated: {first(repeated)}"
        )
    sizes = list(found.sizes)
    unknown = [i for i, size in enumerate(sizes) if size is None]
    if unknown and root is None:
        names = first(files[i] for i in unknown)
        raise FormatError(
            f"{found.path}: {len(unknown)} images without regions have no size in the file: {names}. "
            "images=FOLDER reads it from the pictures"
        )
    if unknown and root is not None:
        measured = read_sizes(root, [files[i] for i in unknown])
        for i, w, h in zip(unknown, measured["width"].tolist(), measured["height"].tolist(), strict=True):
            sizes[i] = (w, h)
    sides = np.array(sizes, np.int64).reshape(-1, 2)
    data = {"file": files, "width": sides[:, 0], "height": sides[:, 1]}
    return pd.DataFrame(data, index=pd.RangeIndex(1, len(files) + 1, name="image_id"))


def _labels(found: _Found) -> list[str]:
    bad = [region for region in found.regions if len(region.labels) != 1]
    if bad:
        raise FormatError(
            f"{bad[0].where}: a region needs one label, got {short(bad[0].labels)} ({len(bad)} like it)"
        )
    return [region.labels[0] for region in found.regions]


def _extras(found: _Found, several: Collection[str]) -> dict[str, Any]:
    """Columns besides image, label and mask."""
    regions = found.regions
    matches = [_OUR_ID.fullmatch(region.id) for region in regions]
    out = claimed_ids([match and match[1] for match in matches])
    crowds = [region.said.get("crowd") is True for region in regions]
    out |= {"crowd": np.array(crowds, np.bool_)} if any(crowds) else {}
    out |= marked_boxes([is_upright_box(region) for region in regions])
    if found.several == "all":
        out["annotator"] = pd.array([region.annotator for region in regions], dtype="str")
    own = [{k: v for k, v in region.said.items() if k != "crowd"} for region in regions]
    return out | columns_of(own, {**INSTANCES, **out}, several)
