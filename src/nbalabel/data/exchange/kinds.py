"""How each kind of package is written and read."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ...core.errors import FormatError, UnknownNameError, first
from ...core.tables.schema import LabeledImages
from ..formats.coco.read import read_coco
from ..formats.coco.write import write_coco
from ..formats.cvat.read import FILE as CVAT_FILE
from ..formats.cvat.read import read_cvat
from ..formats.cvat.shapes import OTHERS
from ..formats.cvat.write import label_list, write_cvat
from ..formats.datumaro.read import ANNOTATIONS, NO_SPLIT, read_datumaro
from ..formats.datumaro.read import PICTURES as DATUMARO_PICTURES
from ..formats.datumaro.write import write_datumaro
from ..formats.labelbox.read import FILE as LABELBOX_FILE
from ..formats.labelbox.read import read_labelbox
from ..formats.labelbox.write import write_labelbox
from ..formats.labelstudio.read import FILE as LABELSTUDIO_FILE
from ..formats.labelstudio.read import read_labelstudio
from ..formats.labelstudio.write import write_labelstudio
from ..formats.records.report import WriteReport
from ..formats.voc.read import PICTURES, XML, read_voc
from ..formats.voc.write import write_voc
from ..tables.tables import Tables

MANIFEST, GUIDELINES, LABELS = "manifest.json", "guidelines", "labels.txt"


@dataclass(frozen=True)
class Kind:
    """A format of packages.

    Attributes:
        write: writes pictures and labels into a folder.
        read: reads the labels of a folder that came back; the sizes of images must be in the files.
        pictures: folder of the pictures in a package.
        flat: whether a pixel can have one instance only, so that overlaps are lost.
    """

    write: Callable[[LabeledImages, Path], WriteReport]
    read: Callable[[Path], Tables]
    pictures: str = "images"
    flat: bool = False


def kind_of(name: str) -> Kind:
    """The kind of that name.

    Raises:
        UnknownNameError: there is none.
    """
    if name not in KINDS:
        raise UnknownNameError(f"to must be one of {', '.join(KINDS)}, got {name!r}")
    return KINDS[name]


def _write_cvat(tables: LabeledImages, folder: Path) -> WriteReport:
    (folder / "labels.json").write_text(json.dumps(label_list(tables), indent=1, ensure_ascii=False), "utf-8")
    return write_cvat(tables, folder / CVAT_FILE, images="link")


def _read_cvat(folder: Path) -> Tables:
    return read_cvat(_file(folder, CVAT_FILE, ".xml"), skip=OTHERS)


def _write_coco(tables: LabeledImages, folder: Path) -> WriteReport:
    return write_coco(tables, folder / "instances.json", images="link")


def _read_coco(folder: Path) -> Tables:
    return read_coco(_file(folder, "instances.json", ".json"), boxes="mask")


def _file(folder: Path, name: str, suffix: str) -> Path:
    """The file with the labels: that of the name by which we wrote it, or the only one with its suffix."""
    ours = {MANIFEST, "labels.json"}
    found = sorted(p for p in folder.rglob(f"*{suffix}") if p.is_file() and p.name not in ours)
    named = [p for p in found if p.name == name]
    if len(named) == 1 or len(found) == 1:
        return (named or found)[0]
    there = [p.relative_to(folder).as_posix() for p in found]
    got = f"several: {first(there)}" if there else "none"
    raise FormatError(f"the package needs one file {name}, or one file *{suffix} alone; it holds {got}")


def _write_labelstudio(tables: LabeledImages, folder: Path) -> WriteReport:
    return write_labelstudio(tables, folder / LABELSTUDIO_FILE, images="link", predictions=True)


def _read_labelstudio(folder: Path) -> Tables:
    file = _file(folder, LABELSTUDIO_FILE, ".json")
    pictures = file.parent / "images"
    skip = ["relation", "keypointlabels"]
    return read_labelstudio(file, pictures if pictures.is_dir() else None, skip=skip, several="last")


def _write_datumaro(tables: LabeledImages, folder: Path) -> WriteReport:
    return write_datumaro(tables, folder, images="link")


def _read_datumaro(folder: Path) -> Tables:
    skip = ["label", "points", "polyline", "caption", "cuboid_2d"]
    return read_datumaro(_folder_of(folder, ANNOTATIONS), skip=skip)


def _folder_of(folder: Path, name: str) -> Path:
    """The folder that holds the only folder of that name."""
    found = sorted(path.parent for path in folder.rglob(name) if path.is_dir())
    if len(found) != 1:
        raise FormatError(f"the package needs one folder {name}; it holds {len(found)}")
    return found[0]


def _write_labelbox(tables: LabeledImages, folder: Path) -> WriteReport:
    return write_labelbox(tables, folder / LABELBOX_FILE, images="link")


def _read_labelbox(folder: Path) -> Tables:
    file = _file(folder, LABELBOX_FILE, ".ndjson")
    masks = file.parent / "masks"
    return read_labelbox(file, masks=masks if masks.is_dir() else None, several="last")


def _write_voc(tables: LabeledImages, folder: Path) -> WriteReport:
    return write_voc(tables, folder, images="link")


def _read_voc(folder: Path) -> Tables:
    return read_voc(_folder_of(folder, XML))


KINDS = {
    "cvat": Kind(_write_cvat, _read_cvat),
    "labelstudio": Kind(_write_labelstudio, _read_labelstudio),
    "labelbox": Kind(_write_labelbox, _read_labelbox),
    "coco": Kind(_write_coco, _read_coco),
    "datumaro": Kind(_write_datumaro, _read_datumaro, f"{DATUMARO_PICTURES}/{NO_SPLIT}"),
    "voc": Kind(_write_voc, _read_voc, PICTURES, flat=True),
}
