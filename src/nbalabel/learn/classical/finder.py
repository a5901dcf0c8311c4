"""Apply a fitted model: find regions on images, and embed masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..prediction.found import Found
from ..prediction.letterbox import Letterbox, mask_crops
from .examples import sampled
from .judge import Judge
from .look import N_COLUMNS, Picture, look
from .pool import Pool
from .threshold import Threshold

Floats = npt.NDArray[np.floating[Any]]

_SOFT = 0.7
"""Standard deviation by which an edge is smoothed before it is enlarged, pixels of working size."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted model.

    Attributes:
        thresholds: separate objects from the background.
        sizes: least and largest area of a region, pixels of working size.
        judge: predicted IoU of a region.
        labels: names, in the order of the judge's columns.
        imgsz: working size, the long side in pixels.
    """

    thresholds: tuple[Threshold, ...]
    sizes: tuple[float, float]
    judge: Judge
    labels: tuple[str, ...]
    imgsz: int


@dataclass(frozen=True, eq=False)
class Looks:
    """Embeds one image and its masks."""

    picture: Picture
    judge: Judge

    def image(self, _letterbox: Letterbox) -> npt.NDArray[np.float32]:
        """Embedding of the image: mean and standard deviation of its colours, mean slope, ``(7,)``."""
        return self.picture.whole.astype(np.float32)

    def instances(
        self, crops: Sequence[npt.NDArray[Any]], corners: npt.NDArray[np.int64], letterbox: Letterbox
    ) -> npt.NDArray[np.float32]:
        """Embeddings of masks in the image's own pixels, ``(n, 23)``."""
        rows = [
            self._one(crop, corner, letterbox) for crop, corner in zip(crops, corners.tolist(), strict=True)
        ]
        return self.scaled(np.concatenate([np.zeros((0, N_COLUMNS)), *rows]))

    def scaled(self, looks: Floats) -> npt.NDArray[np.float32]:
        """Embeddings from looks: each number standardised over the regions that were fitted to."""
        mean, scale = self.judge.mean[:N_COLUMNS], self.judge.scale[:N_COLUMNS]
        return np.clip((looks - mean) / scale, -5, 5).astype(np.float32)

    def _one(self, crop: npt.NDArray[Any], corner: list[int], letterbox: Letterbox) -> Floats:
        whole = np.zeros(letterbox.size, bool)
        x, y = corner
        whole[y : y + crop.shape[0], x : x + crop.shape[1]] = crop
        found = look(sampled(whole, letterbox.inner).astype(np.int32), self.picture)
        return found if len(found) else np.zeros((1, N_COLUMNS))


class WatershedFinder:
    """Finds regions by a :class:`Fitted`; see ``prediction.inference.Finder``."""

    def __init__(self, fitted: Fitted) -> None:
        self.fitted = fitted

    def find(
        self,
        images: Sequence[npt.NDArray[np.uint8]],
        imgsz: int,
        *,
        score: float,
        iou: float,  # noqa: ARG002  # overlap of masks, not of boxes, suppresses regions
        max_detections: int,
        embed: bool,
    ) -> list[Found]:
        """The regions found on each image."""
        return [self._find(image, imgsz, score, max_detections, embed) for image in images]

    def maps(self, images: Sequence[npt.NDArray[np.uint8]], imgsz: int) -> list[tuple[Looks, Letterbox]]:
        """What embeds each image, and how the image was resized."""
        boxes = [Letterbox.fit(image.shape[0], image.shape[1], imgsz, 1) for image in images]
        pairs = zip(images, boxes, strict=True)
        return [(Looks(Picture.of(box.fill(image)), self.fitted.judge), box) for image, box in pairs]

    def _find(self, image: npt.NDArray[np.uint8], imgsz: int, score: float, most: int, embed: bool) -> Found:
        ((looks, letterbox),) = self.maps([image], imgsz)
        factor = imgsz / self.fitted.imgsz
        low, high = (side * factor**2 for side in self.fitted.sizes)
        thresholds = [threshold.scaled(factor) for threshold in self.fitted.thresholds]
        pool = Pool.of(looks.picture, thresholds if factor != 1 else self.fitted.thresholds, (low, high))
        predicted = self.fitted.judge(pool.columns)
        best = predicted.max(axis=1, initial=0)
        at, crops, corners = [], [], []
        for row, window, mask in pool.best(best, score, most):
            crop, corner = _enlarged(mask, window, letterbox)
            if crop.any():
                at.append(row)
                crops.append(crop)
                corners.append(corner)
        none = np.zeros((len(at), 0), np.float32)
        return Found(
            crops,
            np.array(corners, np.int64).reshape(-1, 2),
            best[at].astype(np.float32),
            predicted[at].argmax(axis=1).astype(np.int64) if at else np.zeros(0, np.int64),
            looks.image(letterbox) if embed else np.zeros(0, np.float32),
            looks.scaled(pool.columns[at, :N_COLUMNS]) if embed else none,
        )


def _enlarged(
    mask: npt.NDArray[np.bool_], window: tuple[slice, slice], letterbox: Letterbox
) -> tuple[npt.NDArray[np.bool_], tuple[int, int]]:
    """A region in the image's own pixels, its edge smoothed, and the corner of the crop (x, y)."""
    height, width = letterbox.inner
    rows, columns = window
    if letterbox.size == letterbox.inner:
        return mask, (columns.start, rows.start)
    margin = 3
    top, left = max(rows.start - margin, 0), max(columns.start - margin, 0)
    whole = np.zeros((1, height, width), np.float32)
    inner = whole[0, top : rows.stop + margin, left : columns.stop + margin]
    inner[rows.start - top :, columns.start - left :][: mask.shape[0], : mask.shape[1]] = mask
    inner[:] = ndimage.gaussian_filter(inner, _SOFT) - 0.5
    box = np.array([[left, top, left + inner.shape[1], top + inner.shape[0]]], np.float32)
    back = letterbox.boxes_back(box)
    return mask_crops(whole, back, letterbox)[0], (int(back[0, 0]), int(back[0, 1]))
