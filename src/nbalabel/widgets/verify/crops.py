"""Crops of masks with their surroundings, for a person to judge."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd

from ...core.errors import DataError, ImageError, NbalabelError, UnknownNameError, first
from ...core.geometry.masks import rle
from ...core.ontology.colors import label_colors
from ...core.recent import Recent
from ...core.show.display import Display, Levels, Values, measured
from ...core.tables.schema import LabeledImages
from ...data.images.files import locate, read_values, thumbnail
from ..pixels.pictures import jpeg
from ..review.crop import Box, crop_box, scaled

_KEPT = 256 << 20  # bytes of recently read images
QUICKLY, PATIENTLY = 0.015, 0.08  # seconds; after them, the rest goes into the next message
_MESSAGE = 6 << 20  # bytes; beyond them, the rest goes into the next message
_NEEDED = ("image_id", "label", "mask", "x", "y", "w", "h")


class Cut(NamedTuple):
    """One mask in its surroundings.

    Attributes:
        head: fields for the browser: id, label code, image size, boxes, problem.
        mask: COCO run-length bytes of the mask within the box.
        pixels: a JPEG of the box; b"" where there are none.
    """

    head: dict[str, Any]
    mask: bytes
    pixels: bytes


class Crops:
    """Cuts candidates out of their images.

    Args:
        candidates: rows with image_id, label, mask (or a function that gives it) and box; questions name them
            by their index.
        images: source of the pixels: files below its ``image_root``, or its ``read_image``.

    Attributes:
        labels: names of the labels, in the order of their codes.
        colors: their colors, ``(n, 3)`` uint8.
        display: how the pixels are shown.

    Raises:
        DataError: the candidates have no masks.
    """

    def __init__(self, candidates: pd.DataFrame, images: LabeledImages) -> None:
        missing = [name for name in _NEEDED if name not in candidates]
        if missing:
            raise DataError(
                f"expected candidates with {', '.join(_NEEDED)}, got none of {', '.join(missing)}: "
                "a propagation of mere arrays is answered with p.ask() and p.tell(question, answers)"
            )
        self._images, self._ids = images, candidates.index
        columns = {name: candidates[name].to_numpy() for name in _NEEDED if name != "label"}
        self._image_ids, self._masks = columns["image_id"].astype(np.int64), columns["mask"]
        self._boxes = np.column_stack([columns[name] for name in "xywh"]).astype(np.float64)
        table = images.images  # read once: a dataset checks for edits on each access
        self._places = pd.Index(table.index)
        self._sizes = table[["width", "height"]].to_numpy(np.int64)
        self._files = table["file"].astype(str).to_numpy() if "file" in table else None
        label = candidates["label"].astype("category")
        self.labels = [str(name) for name in label.cat.categories]
        self.colors = label_colors(getattr(images, "ontology", None), self.labels)
        self._codes = label.cat.codes.to_numpy(np.int64)
        self.display = Display()
        self._kept: Recent[int, Values] = Recent(_KEPT, lambda image: image.nbytes, least=1)
        self._levels: dict[int, Levels] = {}

    def cut(self, row_id: int, context: float, size: int) -> Cut:
        """One mask, a square around it.

        Args:
            row_id: of the candidate.
            context: margin on every side, as a share of the longer side of its box.
            size: longer side of the picture, pixels; it is never enlarged.

        Raises:
            UnknownNameError: there is no such candidate, or its image is gone.
        """
        row = self._row(row_id)
        at = self._boxes[row].tolist()
        image = self._image(int(self._image_ids[row]))
        width, height = self._sizes[image].tolist()
        box = crop_box(at, (width, height), context, 1.0)
        left, top, right, bottom = box
        mask = self._masks[row]
        inside, _, _ = rle.decode_crop(
            mask() if callable(mask) else mask, height, width, (left, top, right - left, bottom - top)
        )
        small = scaled(inside, size)
        head = {
            "id": row_id,
            "image": int(self._image_ids[row]),
            "label": int(self._codes[row]),
            "size": (width, height),
            "at": at,
            "box": box,
            "mask": (small.shape[1], small.shape[0]),
            "problem": "",
            "auto": False,
        }
        try:
            pixels = self._part(image, box, size)
            head["auto"] = self.display.look(self._levels[image]).auto
        except NbalabelError as error:
            return Cut({**head, "problem": str(error)}, rle.encode(small), b"")
        return Cut(head, rle.encode(small), pixels)

    def some(self, ids: Sequence[int], context: float, size: int, seconds: float) -> list[Cut]:
        """As :meth:`cut`, for as many ids as the time and the size of a message allow; at least one.

        A mask that cannot be cut becomes a blank with its ``problem``; the others are still cut.
        """
        out: list[Cut] = []
        end, n_bytes = time.monotonic() + seconds, 0
        for row_id in ids:
            try:
                out.append(self.cut(int(row_id), context, size))
            except NbalabelError as error:
                out.append(self._blank(int(row_id), str(error)))
            n_bytes += len(out[-1].pixels) + len(out[-1].mask)
            if time.monotonic() > end or n_bytes > _MESSAGE:
                break
        return out

    def _blank(self, row_id: int, problem: str) -> Cut:
        row = self._row(row_id)
        at = self._boxes[row].tolist()
        left, top, width, height = (int(value) for value in np.maximum(np.nan_to_num(self._boxes[row]), 0))
        box = (left, top, left + max(width, 1), top + max(height, 1))
        label, image = int(self._codes[row]), int(self._image_ids[row])
        head = {"id": row_id, "image": image, "label": label, "size": box[2:], "at": at, "box": box}
        nothing = rle.encode(np.zeros((1, 1), np.uint8))
        return Cut({**head, "mask": (1, 1), "problem": problem, "auto": False}, nothing, b"")

    def _row(self, row_id: int) -> int:
        row = int(self._ids.get_indexer(pd.Index([row_id]))[0])
        if row < 0:
            raise UnknownNameError(f"there is no candidate {row_id}; they are {first(self._ids)}")
        return row

    def _image(self, image_id: int) -> int:
        place = int(self._places.get_indexer(pd.Index([image_id]))[0])
        if place < 0:
            raise UnknownNameError(f"image {image_id} is not among the images that pixels are read from")
        return place

    def _part(self, image: int, box: Box, size: int) -> bytes:
        left, top, right, bottom = box
        part = self._pixels(image)[top:bottom, left:right]
        if not part.size:
            about = f"image {self._places[image]}"
            raise ImageError(f"{about} has no pixels in {box}: it is smaller than its table says")
        return jpeg(thumbnail(self.display.look(self._levels[image]).apply(part), size))

    def _pixels(self, image: int) -> Values:
        kept = self._kept.get(image)
        if kept is None:
            kept = self._kept.put(image, self._read(image))
            if image not in self._levels:
                self._levels[image] = measured(kept)
        return kept

    def _read(self, image: int) -> Values:
        root = self._images.image_root
        if root is None or self._files is None:
            return np.asarray(self._images.read_image(int(self._places[image])), np.uint8)
        return read_values(locate(root, self._files[image]))


def packed(cuts: Sequence[Cut]) -> tuple[list[dict[str, Any]], list[bytes]]:
    """Heads of cuts for the browser, and two buffers: all masks concatenated, and all pixels."""
    heads = [{**cut.head, "bytes": (len(cut.mask), len(cut.pixels))} for cut in cuts]
    return heads, [b"".join(cut.mask for cut in cuts), b"".join(cut.pixels for cut in cuts)]


def images_of(*candidates: Any) -> LabeledImages:
    """The first candidate that is not None.

    Raises:
        DataError: there is none, or it has no pixels.
    """
    found = next((images for images in candidates if images is not None), None)
    if not callable(getattr(found, "read_image", None)):
        raise DataError(
            "expected images to read pixels from: nl.Verify(p, ws), or nl.Verify(p, images=ds); "
            f"got {type(found).__name__}"
        )
    return cast(LabeledImages, found)
