"""Write CVAT for images 1.1.

Source: https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ....core.errors import DataError
from ....core.tables.of_images import sizes_of
from ....core.tables.schema import SPLITS, LabeledImages
from ....core.urls import local_path
from ..records.answers import EVERYTHING, shown
from ..records.files import Images, export_images, progress, relative_names, write_bytes
from ..records.ids import NB_ID, still_boxes
from ..records.questions import questions, said_in
from ..records.report import WriteReport, measured, report
from ..records.rows import pictures
from ..records.xml import as_attribute, as_text
from .attributes import Attribute, as_said, declared, plain
from .crops import Crop, from_crop, to_crop
from .read import FILE, OUR_TAG

_FIELDS = ("z_order", "occluded", "group_id")
_KEPT = {"images": EVERYTHING, "instances": EVERYTHING}


def write_cvat(tables: LabeledImages, path: str | Path, *, images: Images = "none") -> WriteReport:
    """Write a file of CVAT for images 1.1: one ``<mask>`` per instance, a ``<box>`` where only that is known.

    Your own columns of instances become attributes of every label, with their types, those of images
    attributes of a tag ``nb_image`` on each image; several options are one checkbox each. Columns
    ``z_order``, ``occluded`` and ``group_id`` become those of CVAT. The id of each instance travels in an
    attribute ``nb_id``.

    Args:
        tables: a Dataset, Version or Tables.
        path: the XML file to write, or a folder for ``annotations.xml``.
        images: "copy" or "link" puts the image files into ``images/`` beside the file; "none" does not.

    Returns:
        What was written; ``loss`` has the IoU of every mask that is read back differently. Empty masks cannot
        be written and have IoU 0.

    Raises:
        DataError: a name or a text holds characters that XML cannot hold, a label is called ``nb_image``, or
            images are URLs.

    Warns:
        LossWarning: there are empty masks, or regions.

    Source: https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/
    """
    target = local_path(path)
    target = target if target.suffix.lower() == ".xml" else target / FILE
    instances = shown(tables)[1]
    files = relative_names(tables.images)
    sizes = sizes_of(tables.images, instances["image_id"]).tolist()
    masks = instances["mask"].tolist()
    crops = [to_crop(m, h, w) for m, (h, w) in progress(list(zip(masks, sizes, strict=True)), "masks")]
    data = _document(tables, files, crops).encode()
    if images != "none":
        targets = [target.parent / "images" / name for name in files]
        export_images(tables.image_root, tables.images, targets, images)
    write_bytes(target, data)
    back = [
        None if crop is None else from_crop(crop, h, w, str(target))
        for crop, (h, w) in zip(crops, sizes, strict=True)
    ]
    ids = instances.index.to_numpy()
    return report(tables, target, ids, measured(masks, back), "a mask needs one pixel or more", kept=_KEPT)


def label_list(tables: LabeledImages) -> list[dict[str, Any]]:
    """The labels with their attributes, as CVAT takes them where a task is made ("Raw")."""
    listed = [{"name": label, "attributes": _listed(_attributes(tables))} for label in tables.labels]
    about = _listed(_of_images(tables))
    return [*listed, {"name": OUR_TAG, "type": "tag", "attributes": about}] if about else listed


def _listed(attributes: Sequence[Attribute]) -> list[dict[str, Any]]:
    return [
        {
            "name": one.name,
            "input_type": one.kind,
            "mutable": False,
            "values": list(one.values),
            "default_value": one.default,
        }
        for one in attributes
    ]


def _attributes(tables: LabeledImages) -> list[Attribute]:
    crowd = [Attribute("crowd", "checkbox", ("false", "true"))] if tables.instances["crowd"].any() else []
    own = [x for one in questions(tables, "instances", _FIELDS) for x in declared(one)]
    return [Attribute(NB_ID, "text"), *crowd, *own]


def _of_images(tables: LabeledImages) -> list[Attribute]:
    return [x for one in questions(tables, "images") for x in declared(one)]


def _document(tables: LabeledImages, files: Sequence[str], crops: Sequence[Crop | None]) -> str:
    if OUR_TAG in tables.labels:
        raise DataError(
            f"no label can be {OUR_TAG!r} in a file of CVAT: ds.rename_label gives it another name"
        )
    shapes, tags = _shapes(tables, crops), _tags(tables)
    out = ['<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n<version>1.1</version>\n', _head(tables)]
    split = tables.images["split"].astype(object).tolist() if "split" in tables.images else []
    rows = zip(pictures(tables.images, tables.instances), files, strict=True)
    for position, (picture, file) in enumerate(rows):
        part = split[position] if split and split[position] in SPLITS else None
        subset = f" subset={as_attribute(part, 'split')}" if part else ""
        name = as_attribute(file, "file name")
        size = f'width="{picture.width}" height="{picture.height}"'
        out.append(f'<image id="{position}" name={name}{subset} {size}>\n')
        out += [tags[position], *(shapes[i] for i in picture.at)]
        out.append("</image>\n")
    return "".join([*out, "</annotations>\n"])


def _head(tables: LabeledImages) -> str:
    attributes = "".join(one.xml() for one in _attributes(tables))
    labels = "".join(
        f"<label><name>{as_text(label, 'label')}</name><type>any</type>"
        f"<attributes>{attributes}</attributes></label>\n"
        for label in tables.labels
    )
    about = "".join(one.xml() for one in _of_images(tables))
    if about:
        labels += f"<label><name>{OUR_TAG}</name><type>tag</type><attributes>{about}</attributes></label>\n"
    subsets = [s for s in SPLITS if "split" in tables.images and (tables.images["split"] == s).any()]
    listed = "".join(f"<subset>{s}</subset>" for s in subsets)
    return (
        f"<meta><task><size>{len(tables.images)}</size><mode>annotation</mode><subsets>{listed}</subsets>\n"
        f"<labels>\n{labels}</labels></task></meta>\n"
    )


def _tags(tables: LabeledImages) -> list[str]:
    """The XML of what is said about each image; "" where nothing can be."""
    asked = questions(tables, "images")
    if not asked:
        return [""] * len(tables.images)
    rows = said_in(shown(tables)[0], asked)
    head = f'<tag label="{OUR_TAG}" source="manual">'
    return [f"{head}{_said(as_said(row, asked))}</tag>\n" for row in rows]


def _shapes(tables: LabeledImages, crops: Sequence[Crop | None]) -> list[str]:
    """The XML of each instance; "" for one without pixels."""
    instances, asked = shown(tables)[1], questions(tables, "instances", _FIELDS)
    texts = said_in(instances, asked, ("crowd",))
    boxes, labels = still_boxes(instances), instances["label"].astype(object).tolist()
    made = instances["source"].astype(object).isin(["model", "propagated"]).tolist()
    crowds, ids = instances["crowd"].tolist(), instances.index.tolist()
    fields = {name: _whole(instances[name]) for name in _FIELDS if name in instances}
    out = []
    for i, crop in enumerate(crops):
        if crop is None:
            out.append("")
            continue
        said = {NB_ID: ids[i], **({"crowd": True} if crowds[i] else {})}
        said |= as_said(texts[i], asked)
        head = {
            "label": labels[i],
            "source": "auto" if made[i] else "manual",
            "occluded": "0",
            "z_order": "0",
        }
        head |= {name: str(found[i]) for name, found in fields.items() if found[i] is not None}
        out.append(_xml(crop, head, said, boxes[i]))
    return out


def _xml(crop: Crop, head: dict[str, str], said: dict[str, Any], box: bool) -> str:
    place = {"left": crop.left, "top": crop.top, "width": crop.width, "height": crop.height}
    if box:
        right, bottom = crop.left + crop.width, crop.top + crop.height
        place = {"xtl": crop.left, "ytl": crop.top, "xbr": right, "ybr": bottom}
    kind, given = ("box", {}) if box else ("mask", {"rle": crop.runs})
    texts = {**head, **given, **{name: str(value) for name, value in place.items()}}
    attributes = " ".join(f"{name}={as_attribute(text, name)}" for name, text in texts.items())
    return f"<{kind} {attributes}>{_said(said)}</{kind}>\n"


def _said(said: dict[str, Any]) -> str:
    return "".join(
        f"<attribute name={as_attribute(name, 'column')}>{as_text(plain(value), f'column {name}')}"
        "</attribute>"
        for name, value in said.items()
    )


def _whole(column: pd.Series) -> list[int | None]:
    """A column of whole numbers or flags; None where it holds none."""
    numbers = pd.to_numeric(column, errors="coerce")
    return [None if v != v else int(v) for v in numbers.astype(np.float64).tolist()]
