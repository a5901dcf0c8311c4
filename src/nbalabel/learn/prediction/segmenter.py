"""``ModelSegmenter``: a trained model answers the boxes and clicks of the editor."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from ...core.errors import DataError
from ...core.recent import Recent
from ...core.segmenting.boxcut import BoxCut
from ...core.segmenting.protocol import Box, Flags, Pixels, Points, Window
from ...core.segmenting.windows import clipped, on_image
from .inference import Finder

Floats: TypeAlias = npt.NDArray[np.float32]

_SIDE = 160  # longer side of the input for a crop, pixels
_IN_CROP = (24, 48)  # longer side of a box in the inputs it is looked at in, pixels
_ZOOM = 1.6  # of the crop around a click, beside the size at which whole images are predicted on
_LEAST_SCORE, _MOST = 0.02, 100  # of predictions on a window
_SAME = 0.4  # IoU of a prediction's box with the box asked for from which it is believed
_BESIDE_BOX = {"trust": 2.0, "ellipse": 0.75}  # how BoxCut weighs the model's shape in a drawn box
_BESIDE_CLICK = {"trust": 3.0, "ellipse": 0.0}  # and in a box that the model found
_GROWN = 0.05  # such a box is grown by this share of its sides


class Ready(Protocol):
    """A model that hands out its network, ready to find masks on pixels."""

    name: str

    def finder(self) -> tuple[Finder, int]:
        """What finds masks, the same until the model is trained, and the long side of its input, pixels."""


@dataclass(frozen=True, eq=False)
class _Seen:
    """A prediction on a window of the image.

    Attributes:
        mask: its pixels, ``(h, w)`` bool.
        x: column of the image where they begin.
        y: row of the image.
        score: 0..1.
        box: tight box (x, y, w, h), pixels of the image.
    """

    mask: Flags
    x: int
    y: int
    score: float
    box: Box

    def holds(self, points: Points, positive: Flags) -> bool:
        """Whether all positive points lie on it and no others."""
        at = (points - [self.x, self.y]).astype(np.int64)
        inside = ((at >= 0) & (at < self.mask.shape[::-1])).all(axis=1)
        hit = np.zeros(len(points), np.bool_)
        hit[inside] = self.mask[at[inside, 1], at[inside, 0]]
        return bool((hit == positive).all())


class ModelSegmenter:
    """Segments what a person points at by a model that was trained here; needs OpenCV.

    The model looks at the whole image (once per image) and at a crop or two around the box or the clicks. Of
    what it finds in each, even with a low score, the prediction that agrees best with the box, or the one of
    highest score at the clicks, gives the shape. :class:`BoxCut` starts from that shape beside its ellipse,
    and moves the outline to the colors' edges. Where the model finds nothing there, BoxCut answers by itself,
    and :class:`GrabCut` clicks without a box.

    It answers with the weights the model has at that time, also after another training.

    Args:
        model: an ``nl.Yolo`` or ``nl.MaskRCNN``, trained; or any object with ``name`` and ``finder()``.
        keep: images whose predictions are kept, at least 1.

    Raises:
        DataError: ``keep`` out of range, or the model has no ``finder``.

    Example:
        >>> segmenter = ModelSegmenter(model)  # doctest: +SKIP
        >>> nl.Editor(ws, segmenter=segmenter)  # doctest: +SKIP
    """

    def __init__(self, model: Ready, keep: int = 16) -> None:
        if not hasattr(model, "finder"):
            raise DataError(f"expected a model with finder(), as nl.Yolo has, got {type(model).__name__}")
        if keep < 1:
            raise DataError(f"keep must be at least one image, got {keep}")
        self.model, self.keep = model, keep
        self._boxcut = BoxCut()
        self._finder: Finder | None = None
        self._whole: Recent[Hashable, list[_Seen]] = Recent(keep)

    @property
    def name(self) -> str:
        """Name shown to people."""
        return self.model.name

    def __repr__(self) -> str:
        return f"ModelSegmenter({self.model!r})"

    def segment(
        self,
        image: Pixels,
        points: Points,
        positive: Flags,
        box: Box | None = None,
        image_key: Hashable = None,
    ) -> tuple[Flags, float]:
        """The mask of one object, see :class:`nbalabel.Segmenter`; the score is the model's.

        Raises:
            DataError: neither a positive point nor a box lies on the image.
            ModelError: the model has not been trained.
            MissingExtraError: OpenCV is not installed.
        """
        height, width = image.shape[:2]
        points, positive = on_image(points, positive, height, width)
        if box is None and not positive.any():
            raise DataError(f"expected a point inside, or a box, on the image of {width} x {height} pixels")
        windows = self._look(image, points[positive], box, image_key)
        near = _at(windows, points, positive) if box is None else box
        if near is not None:
            asked = _grown(near) if box is None else near
            shape, score = _shape(windows, near, clipped(asked, height, width))
            if shape is not None:
                how = _BESIDE_CLICK if box is None else _BESIDE_BOX
                return self._boxcut.from_shape(image, shape, asked, points, positive, **how)[0], score
        return self._boxcut.segment(image, points, positive, box, image_key)

    def _look(self, image: Pixels, spots: Points, box: Box | None, key: Hashable) -> list[list[_Seen]]:
        """What the model finds on the whole image and on crops."""
        height, width = image.shape[:2]
        finder, size = self.model.finder()
        if finder is not self._finder:
            self._finder, self._whole = finder, Recent(self.keep)
        whole = None if key is None else self._whole.get(key)
        if whole is None:
            (whole,) = _found(finder, image, [(0, 0, width, height)], size)
            if key is not None:
                self._whole.put(key, whole)
        if box is not None:
            x, y, w, h = box
            middle, sides = (x + w / 2, y + h / 2), [max(w, h) * _SIDE / part for part in _IN_CROP]
        else:
            x, y = spots.mean(axis=0).tolist()
            middle, sides = (x, y), [_SIDE / size * max(height, width) / _ZOOM]
        crops = {_window(*middle, side, height, width): None for side in sides}
        return [whole, *_found(finder, image, list(crops), _SIDE)]


def _window(x: float, y: float, side: float, height: int, width: int) -> Window:
    """The square around a place, moved and clipped so that it lies on the image."""
    w, h = min(max(round(side), 8), width), min(max(round(side), 8), height)
    left, top = int(np.clip(round(x - w / 2), 0, width - w)), int(np.clip(round(y - h / 2), 0, height - h))
    return left, top, left + w, top + h


def _found(finder: Finder, image: Pixels, windows: Sequence[Window], size: int) -> list[list[_Seen]]:
    crops = [np.ascontiguousarray(image[y1:y2, x1:x2]) for x1, y1, x2, y2 in windows]
    found = finder.find(crops, size, score=_LEAST_SCORE, iou=0.7, max_detections=_MOST, embed=False)
    return [
        [
            _Seen(mask, left + x, top + y, float(score), _tight(mask, left + x, top + y))
            for mask, (x, y), score in zip(one.crops, one.corners.tolist(), one.scores, strict=True)
        ]
        for one, (left, top, _, _) in zip(found, windows, strict=True)
    ]


def _tight(mask: Flags, x: int, y: int) -> Box:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    left, top = int(columns[0]), int(rows[0])
    return x + left, y + top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top


def _at(windows: Sequence[Sequence[_Seen]], points: Points, positive: Flags) -> Box | None:
    """The box of the prediction of highest score that agrees with the points."""
    there = [one for seen in windows for one in seen if one.holds(points, positive)]
    return max(there, key=lambda one: one.score).box if there else None


def _grown(box: Box) -> Box:
    x, y, w, h = box
    dx, dy = _GROWN * w + 1, _GROWN * h + 1
    return x - dx, y - dy, w + 2 * dx, h + 2 * dy


def _shape(windows: Sequence[Sequence[_Seen]], near: Box, inside: Window) -> tuple[Floats | None, float]:
    """How likely each pixel of ``inside`` lies on the object, by the best prediction of each window."""
    left, top, right, bottom = inside
    shape, total, score = np.zeros((bottom - top, right - left), np.float32), 0.0, 0.0
    for seen in windows:
        overlaps = [_overlap(one.box, near) for one in seen]
        best = max(overlaps, default=0.0)
        if best < _SAME:
            continue
        one = seen[overlaps.index(best)]
        x1, y1 = max(one.x, left), max(one.y, top)
        x2, y2 = min(one.x + one.mask.shape[1], right), min(one.y + one.mask.shape[0], bottom)
        part = one.mask[y1 - one.y : max(y2, y1) - one.y, x1 - one.x : max(x2, x1) - one.x]
        shape[y1 - top : y1 - top + part.shape[0], x1 - left : x1 - left + part.shape[1]] += best * part
        total, score = total + best, max(score, one.score)
    return (shape / np.float32(total), score) if total else (None, 0.0)


def _overlap(a: Box, b: Box) -> float:
    """IoU of two boxes (x, y, w, h)."""
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(w, 0.0) * max(h, 0.0)
    return shared / max(a[2] * a[3] + b[2] * b[3] - shared, 1e-9)
