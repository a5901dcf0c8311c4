"""Small pictures for the page: images with their masks, and masks before and after."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import ImageError, NbalabelError, UnsafePathError
from ...core.geometry.masks import rle
from ...core.ontology.colors import label_colors
from ...core.show.display import Display
from ...core.show.masks_on_image import overlay
from ...core.tables.image_files import has_pixels
from ...core.tables.of_images import groups_of
from ...core.tables.schema import LabeledImages
from ...learn.runs.run import Run
from ..numbers.differences import Differences
from ..numbers.gathered import Numbers
from .parts import escape

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

_WIDE = 340  # pixels of a picture's longer side
_DENSEST, _CROPS, _MISSING = 6, 12, 8
_MARGIN = 0.5  # of a crop around both masks, of their sides
_QUALITY = 80
_SURE = 0.3  # lowest score of predictions that are drawn

Pixels = npt.NDArray[np.uint8]


class Shown(NamedTuple):
    """A picture as a JPEG in a URL, or two, and the line below."""

    urls: tuple[str, ...]
    caption: str


class Pictures(NamedTuple):
    """All pictures of a page."""

    densest: list[Shown]
    moved: list[Shown]
    missing: list[Shown]


def pictures(tables: LabeledImages, run: Run | None, numbers: Numbers) -> Pictures:
    """Read the images and draw; stops at the first file that cannot be read.

    Args:
        tables: the tables as they are now.
        run: the last predictions; None: none.
        numbers: of the report.
    """
    if not has_pixels(tables.images, tables.image_root):
        return Pictures([], [], [])
    return Pictures(
        _drawn(_dense_ids(tables, numbers), lambda i: _labeled(tables, i)),
        [] if numbers.differences is None else _moved(tables, numbers.differences),
        [] if run is None else _drawn(_missing_ids(numbers), lambda i: _waiting(tables, run, numbers, i)),
    )


def strip(shown: Sequence[Shown]) -> str:
    """Pictures side by side."""
    parts = (
        f'<figure><img alt="{escape(one.caption)}" src="{one.urls[0]}"><figcaption>{escape(one.caption)}'
        "</figcaption></figure>"
        for one in shown
    )
    return f'<div class="nbr-strip">{"".join(parts)}</div>'


def pairs(shown: Sequence[Shown]) -> str:
    """Pictures of before and after, two by two."""
    parts = []
    for one in shown:
        images = "".join(
            f'<img alt="{when}: {escape(one.caption)}" src="{url}">'
            for when, url in zip(("before", "after"), one.urls, strict=True)
        )
        said = f"<figcaption>{escape(one.caption)}</figcaption>"
        parts.append(f'<figure><div class="nbr-two">{images}</div>{said}</figure>')
    return f'<div class="nbr-pairs">{"".join(parts)}</div>'


def _dense_ids(tables: LabeledImages, numbers: Numbers) -> list[int]:
    """The densest image of each group, the densest groups first."""
    found = numbers.contents.per_image
    found = found[found > 0].sort_values(ascending=False, kind="stable")
    group = groups_of(tables.images, pd.Series(found.index))
    _, first = np.unique(group, return_index=True)
    return [int(i) for i in found.index[np.sort(first)][:_DENSEST]]


def _missing_ids(numbers: Numbers) -> list[int]:
    found = numbers.missing.images
    return [int(i) for i in found.index[(found["expected"] > 0).to_numpy()][:_MISSING]]


def _drawn(ids: Sequence[int], draw: Callable[[int], Shown]) -> list[Shown]:
    out: list[Shown] = []
    for image_id in ids:
        try:
            out.append(draw(image_id))
        except (ImageError, UnsafePathError):
            break
    return out


def _colors(tables: LabeledImages) -> npt.NDArray[np.uint8]:
    return label_colors(getattr(tables, "ontology", None), tables.labels)


def _labeled(tables: LabeledImages, image_id: int) -> Shown:
    rows = tables.instances[(tables.instances["image_id"] == image_id).to_numpy()]
    colors = _colors(tables)[rows["label"].cat.codes.to_numpy()]
    picture = overlay(_pixels(tables, image_id), list(rows["mask"]), colors)
    return Shown((_jpeg(picture),), f"{len(rows):,} instances · {_name(tables, image_id)}")


def _waiting(tables: LabeledImages, run: Run, numbers: Numbers, image_id: int) -> Shown:
    """Instances filled, predictions that are likely enough outlined in white."""
    rows = tables.instances[(tables.instances["image_id"] == image_id).to_numpy()]
    near = run.predictions
    near = near[((near["image_id"] == image_id) & (near["score"] >= _SURE)).to_numpy()]
    colors = _colors(tables)[rows["label"].cat.codes.to_numpy()]
    picture = overlay(_pixels(tables, image_id), list(rows["mask"]), colors, contours=list(near["mask"]))
    expected = float(numbers.missing.images["expected"].loc[[image_id]].iloc[0])
    return Shown((_jpeg(picture),), f"about {expected:.1f} missing · {_name(tables, image_id)}")


def _name(tables: LabeledImages, image_id: int) -> str:
    return str(tables.images["file"].loc[[image_id]].iloc[0]).rsplit("/", 1)[-1]


def _pixels(tables: LabeledImages, image_id: int) -> Pixels:
    return Display().of(tables.read_image(image_id))


def _moved(tables: LabeledImages, found: Differences) -> list[Shown]:
    """Crops of the largest differences: the mask before, and after."""
    labels = {name: i for i, name in enumerate(tables.labels)}
    colors = _colors(tables)
    out: list[Shown] = []
    order = found.pairs.sort_values(["iou"], kind="stable").head(_CROPS)
    for place, row in zip(order.index, order.to_dict("records"), strict=True):
        try:
            pixels = _pixels(tables, int(row["image_id"]))
            sides = [
                _crop(
                    pixels, found.old_masks[place], found.new_masks[place], which, colors[labels.get(name, 0)]
                )
                for which, name in ((0, str(row["old_label"])), (1, str(row["new_label"])))
            ]
        except (NbalabelError, ValueError):  # the image was replaced by one of another size since
            continue
        out.append(Shown(tuple(map(_jpeg, sides)), _said(row)))
    return out


def _said(row: dict[object, object]) -> str:
    moved = f"IoU {row['iou']:.2f}"
    if row["old_label"] == row["new_label"]:
        return f"{row['new_label']} · {moved}"
    return f"{row['old_label']} → {row['new_label']} · {moved}"


def _crop(pixels: Pixels, old: bytes, new: bytes, which: int, color: npt.NDArray[np.uint8]) -> Picture:
    """The place of both masks, with one of them drawn."""
    height, width = pixels.shape[:2]
    both = [rle.decode(mask, height, width) for mask in (old, new)]
    rows, columns = np.nonzero(both[0] | both[1])
    if not len(rows):
        raise ValueError("both masks are empty")
    side = max(np.ptp(rows), np.ptp(columns)) + 1
    half = int(min(side * (0.5 + _MARGIN), max(height, width) / 2)) + 4
    y, x = (int(rows.min()) + int(rows.max())) // 2, (int(columns.min()) + int(columns.max())) // 2
    top, left = max(y - half, 0), max(x - half, 0)
    part = (slice(top, y + half), slice(left, x + half))
    mask = rle.encode(both[which][part])
    return overlay(np.ascontiguousarray(pixels[part]), [mask], color[None], alpha=0.2, contours=[mask])


def _jpeg(picture: Picture) -> str:
    from PIL import Image

    small = picture.convert("RGB")
    small.thumbnail((_WIDE, _WIDE), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    small.save(stream, "JPEG", quality=_QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode()
