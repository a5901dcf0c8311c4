"""The XML file of one image: its size, and an object with a box for each instance."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np

from ....core.errors import FormatError, UnsafePathError, short
from ..records.documents import inside
from ..records.ids import NB_ID
from ..records.xml import as_text, each_element, number, whole_number

FLAGS = ("difficult", "truncated", "occluded")


@dataclass(frozen=True)
class Object:
    """One object.

    Attributes:
        label: its label.
        box: its edges: left, top, right, bottom, pixels.
        id: the id it had where it was written by nbalabel; None where there is none.
        flags: which of ``FLAGS`` are set.
    """

    label: str
    box: tuple[float, float, float, float]
    id: str | None = None
    flags: frozenset[str] = frozenset()


@dataclass
class Described:
    """What an XML file says of its image."""

    file: str = ""
    size: tuple[int, int] | None = None
    objects: list[Object] = field(default_factory=list)


def read_described(path: Path, root: Path) -> Described:
    """Read the XML file of an image.

    Raises:
        UnsafePathError: a link leads out of the folder.
        FormatError: it is malformed; the message names the object.
    """
    if not inside(root, path):
        raise UnsafePathError(f"{path} must stay below {root}: a link leads out of it")
    out = Described()

    def take(found: Element) -> None:
        if found.tag == "filename":
            out.file = (found.text or "").strip()
        elif found.tag == "size":
            what = f"{path}: {{}} of the image"
            sides = [whole_number(found.findtext(k), what.format(k)) for k in ("width", "height")]
            out.size = (sides[0], sides[1]) if min(sides) > 0 and max(sides) < 2**31 else None
        else:
            out.objects.append(_object(found, f"{path}, object {len(out.objects) + 1}"))

    outermost = each_element(path, ("filename", "size", "object"), take, 1 << 28)
    if outermost != "annotation":
        raise FormatError(f"{path} must have <annotation> outermost, got <{short(outermost)}>")
    return out


def _object(found: Element, where: str) -> Object:
    label, box = (found.findtext("name") or "").strip(), found.find("bndbox")
    if not label or box is None:
        raise FormatError(f"{where} needs a name and a bndbox, got {short(label)}")
    x0, y0, x1, y1 = (number(box.findtext(k), f"{where}: {k}") for k in ("xmin", "ymin", "xmax", "ymax"))
    flags = frozenset(name for name in FLAGS if (found.findtext(name) or "").strip() == "1")
    said = {one.findtext("name"): one.findtext("value") for one in found.iterfind("attributes/attribute")}
    return Object(label, (x0 - 1, y0 - 1, x1, y1), said.get(NB_ID), flags)


def described(file: str, size: tuple[int, int], objects: list[Object], *, segmented: bool) -> str:
    """The XML of an image; boxes count pixels from 1, and their last pixel is inside."""
    width, height = size
    folder, _, name = file.rpartition("/")
    head = (
        f"<folder>{as_text(folder, 'file name')}</folder><filename>{as_text(name, 'file name')}</filename>\n"
        "<source><database>nbalabel</database></source>\n"
        f"<size><width>{width}</width><height>{height}</height><depth>3</depth></size>\n"
        f"<segmented>{int(segmented)}</segmented>\n"
    )
    return f"<annotation>\n{head}{''.join(_xml(one) for one in objects)}</annotation>\n"


def _xml(one: Object) -> str:
    x0, y0, x1, y1 = (f"{v:g}" for v in np.add(one.box, (1, 1, 0, 0)).tolist())
    flags = "".join(f"<{name}>{int(name in one.flags)}</{name}>" for name in FLAGS)
    box = f"<bndbox><xmin>{x0}</xmin><ymin>{y0}</ymin><xmax>{x1}</xmax><ymax>{y1}</ymax></bndbox>"
    attribute = f"<attributes><attribute><name>{NB_ID}</name><value>{one.id}</value></attribute></attributes>"
    name = f"<name>{as_text(one.label, 'label')}</name><pose>Unspecified</pose>"
    return f"<object>{name}{flags}{box}{attribute if one.id is not None else ''}</object>\n"
