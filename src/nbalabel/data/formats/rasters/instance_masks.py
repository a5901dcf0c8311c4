"""Instance masks: one image file per instance."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote, unquote

import numpy as np
import orjson

from ....core.errors import DataError, FormatError, first
from ....core.geometry.masks import rle
from ....core.tables.schema import LabeledImages
from ....core.urls import local_path
from ...tables.tables import Tables
from ..records.files import (
    Images,
    Unannotated,
    by_stem,
    existing_folder,
    export_images,
    image_folder,
    list_images,
    progress,
    read_sizes,
    relative_names,
    stem,
    write_bytes,
)
from ..records.report import WriteReport, measured, report
from ..records.rows import Picture, assemble, pictures
from .pixels import mask_path, read_map, write_map
from .semantic import LABELS_FILE, read_labels

_PATTERN = "{image}/{label}/{instance}"


def read_instance_masks(
    images: str | Path,
    masks: str | Path,
    *,
    pattern: str = _PATTERN,
    label: str = "object",
    unannotated: Unannotated = "unlabeled",
) -> Tables:
    """Read one mask file per instance: pixels that are not 0 belong to the instance.

    An image with an empty folder of masks, or with only blank masks, gets state "empty" and weight 1.

    Args:
        images: folder of the images.
        masks: folder of the masks.
        pattern: names of the mask files below ``masks``, without suffix: ``{image}`` is the image's name
            without suffix (with or without its folders), ``{label}`` the label, ``{instance}`` any text. The
            2018 Data Science Bowl has ``"{image}/masks/{instance}"``, with images and masks in one folder.
        label: label of all instances if the pattern has no ``{label}``.
        unannotated: state of images without masks: "unlabeled" (weight 0) or "empty" (weight 1).

    Returns:
        The tables, instances numbered from 1 by image, ``{instance}`` and label.

    Raises:
        FormatError: mask files have no image or another size; the message names them.

    Example:
        >>> match = compiled("{image}_{label}_{instance}").fullmatch("reef 1_fish_07")
        >>> match["image"], match["label"], match["instance"]
        ('reef 1', 'fish', '07')
    """
    root, folder = image_folder(images), existing_folder(masks)
    together = isinstance(root, Path) and root.resolve() == folder.resolve()
    named = _named(folder, pattern, others_allowed=together)
    files = [file for file in list_images(root) if not (together and file in named)]
    table = read_sizes(root, list(by_stem(files).values()))
    by_id = {picture.image_id: picture for picture in pictures(table)}
    ids = _ids_by_name(list(by_id.values()))
    lost = [file for file, parts in named.items() if parts["image"] not in ids]
    if lost:
        raise FormatError(
            f"{len(lost)} masks in {folder} have no image, or several, in {root}: {first(lost)}"
        )
    looked = {ids[parts["image"]] for parts in named.values()}
    if pattern.startswith("{image}/") and not together:
        looked |= {i for name, i in ids.items() if (folder / name).is_dir()}
    found: list[tuple[int, str, bytes]] = []
    for file, parts in progress(_ordered(named, ids), "masks"):
        picture = by_id[ids[parts["image"]]]
        pixels = read_map(mask_path(folder, file), picture.height, picture.width)
        if pixels.any():
            found.append((picture.image_id, unquote(parts.get("label") or label), rle.encode(pixels != 0)))
    known = read_labels(folder) or ([label] if "{label}" not in pattern else [])
    rows = {
        "image_id": np.array([i for i, _, _ in found], np.int64),
        "label": [name for _, name, _ in found],
        "mask": [mask for _, _, mask in found],
    }
    labels = tuple(dict.fromkeys([*known, *(name for _, name, _ in found)]))
    return assemble(table, rows, labels, root, unannotated, sorted(looked))


def _named(folder: Path, pattern: str, *, others_allowed: bool) -> dict[str, dict[str, str]]:
    """Mask file -> the parts of its name that the pattern captures."""
    expression = compiled(pattern)
    matches = {file: expression.fullmatch(stem(file)) for file in list_images(folder)}
    others = [file for file, match in matches.items() if not match]
    if others and not others_allowed:
        raise FormatError(f"{len(others)} files in {folder} are not named {pattern!r}: {first(others)}")
    return {file: match.groupdict() for file, match in matches.items() if match}


def _ordered(named: dict[str, dict[str, str]], ids: dict[str, int]) -> list[tuple[str, dict[str, str]]]:
    """Masks sorted by image, instance and label."""

    def key(item: tuple[str, dict[str, str]]) -> tuple[int, str, str]:
        parts = item[1]
        return ids[parts["image"]], parts.get("instance", ""), parts.get("label", "")

    return sorted(named.items(), key=key)


def write_instance_masks(
    tables: LabeledImages, folder: str | Path, *, images: Images = "none", pattern: str = _PATTERN
) -> WriteReport:
    """Write one PNG per instance, 255 inside and 0 outside.

    Masks go to ``masks/``, with the label list in ``labels.json``; images to ``images/``.

    Args:
        tables: a Dataset, Version or Tables.
        folder: folder to write to.
        images: "copy" or "link" the image files too, or "none".
        pattern: names of the masks; see :func:`read_instance_masks`. ``{instance}`` is the instance id.

    Returns:
        What was written; only empty masks are lost (IoU 0).

    Raises:
        DataError: the pattern lacks ``{image}`` or ``{instance}``.
        FormatError: images differ only in their suffix.

    Warns:
        LossWarning: masks are empty.
    """
    if "{image}" not in pattern or "{instance}" not in pattern:
        raise DataError(f"pattern must have {{image}} and {{instance}}, got {pattern!r}")
    root = local_path(folder)
    files = relative_names(tables.images)
    by_stem(files)
    export_images(tables.image_root, tables.images, [root / "images" / file for file in files], images)
    stems = dict(zip(tables.images.index.tolist(), map(stem, files), strict=True))
    sizes = dict(zip(stems, tables.images[["height", "width"]].to_numpy(np.int64).tolist(), strict=True))
    for image_id, state in zip(stems, tables.images["state"].tolist(), strict=True):
        if pattern.startswith("{image}/") and state != "unlabeled":
            (root / "masks" / stems[image_id]).mkdir(parents=True, exist_ok=True)
    back: list[bytes | None] = []
    columns = [tables.instances[name].tolist() for name in ("image_id", "label", "mask")]
    rows = list(zip(tables.instances.index.tolist(), *columns, strict=True))
    for instance_id, image_id, label, mask in progress(rows, "masks"):
        pixels = rle.decode(mask, *sizes[image_id])
        back.append(mask if pixels.any() else None)
        if pixels.any():
            values = {"image": stems[image_id], "label": _quoted(label), "instance": f"{instance_id:08d}"}
            write_map(root / "masks" / f"{pattern.format(**values)}.png", np.where(pixels, 255, 0))
    write_bytes(root / "masks" / LABELS_FILE, orjson.dumps(list(tables.labels)))
    iou = measured(columns[2], back)
    return report(tables, root, tables.instances.index.to_numpy(), iou, "an empty mask is no instance here")


def compiled(pattern: str) -> re.Pattern[str]:
    """The regular expression for a pattern of file names.

    Raises:
        DataError: the pattern lacks ``{image}``, repeats a name, or has an unknown name.
    """
    parts = re.split(r"\{(\w*)\}", pattern)
    names = parts[1::2]
    if (
        "image" not in names
        or not set(names) <= {"image", "label", "instance"}
        or len(set(names)) < len(names)
    ):
        raise DataError(
            f"pattern must have {{image}}, and may have {{label}} and {{instance}}, got {pattern!r}"
        )
    groups = [f"(?P<{name}>{'.+' if name == 'image' else '[^/]+'})" for name in names]
    literal = [re.escape(part) for part in parts[0::2]]
    return re.compile("".join(a + b for a, b in zip(literal, [*groups, ""], strict=True)))


def _ids_by_name(images: list[Picture]) -> dict[str, int]:
    """Name without suffix -> image id; also the name without folders if it is unique."""
    full = {stem(picture.file): picture.image_id for picture in images}
    bare: dict[str, list[int]] = {}
    for name, i in full.items():
        bare.setdefault(name.rpartition("/")[2], []).append(i)
    return {**{name: ids[0] for name, ids in bare.items() if len(ids) == 1}, **full}


def _quoted(label: str) -> str:
    """A label escaped for a file name; dots too, so that the name is neither ``..`` nor hidden."""
    return quote(label, safe=" ").replace(".", "%2E")
