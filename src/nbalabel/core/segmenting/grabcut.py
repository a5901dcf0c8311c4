"""GrabCut: colors inside and outside, and a cut between them."""

from __future__ import annotations

from collections.abc import Hashable
from types import ModuleType

import numpy as np
import numpy.typing as npt

from ..errors import DataError
from ..opencv import opencv
from .protocol import Box, Flags, Pixels, Points, Window
from .windows import around, clipped, contrast, grown, holding, on_image

__all__ = ["GrabCut"]

_REACHES = (12, 18, 27, 40, 60, 90, 135, 200, 400, 800, 1600, 3200, 6400)  # pixels around points, in turn
_COARSE = 192  # longer side of the crop while searching for the surroundings, pixels
_GOOD = 0.2  # above this worth, the search stops after two clearly worse surroundings
_MOST = 0.5  # a mask that covers a larger share of its surroundings is no object
_OUTSIDE, _INSIDE, _MAYBE_OUTSIDE, _MAYBE_INSIDE = range(4)  # OpenCV's cv2.GC_* values


class GrabCut:
    """Segments an object by its colors; needs OpenCV (``pip install opencv-python-headless``), no weights.

    With a box, everything outside is background; a box is the most reliable prompt. Without a box, growing
    surroundings of the points are tried, and the ones in which the mask stays the same are taken. The
    score says how different the colors inside and outside are: 0 the same, 1 nothing in common.

    Args:
        iterations: rounds of fitting colors and cutting, 1..20.
        longest: longer side of the crop that is computed on, pixels, 64..4096; larger crops are scaled down.

    Raises:
        DataError: an argument out of range.

    Source: Rother, Kolmogorov, Blake (2004), "GrabCut": interactive foreground extraction using iterated
        graph cuts; OpenCV's implementation.

    Example:
        >>> GrabCut(longest=256)
        GrabCut(iterations=3, longest=256)
    """

    name = "GrabCut"

    def __init__(self, iterations: int = 3, longest: int = 512) -> None:
        if not 1 <= iterations <= 20 or not 64 <= longest <= 4096:
            raise DataError(
                f"iterations must be 1..20 and longest 64..4096 pixels, got {iterations} and {longest}"
            )
        self.iterations, self.longest = iterations, longest

    def __repr__(self) -> str:
        return f"GrabCut(iterations={self.iterations}, longest={self.longest})"

    def segment(
        self,
        image: Pixels,
        points: Points,
        positive: Flags,
        box: Box | None = None,
        image_key: Hashable = None,  # noqa: ARG002  # nothing is cached per image
    ) -> tuple[Flags, float]:
        """The mask of one object, see :class:`Segmenter`; deterministic.

        Raises:
            DataError: neither a positive point nor a box lies on the image.
            MissingExtraError: OpenCV is not installed.
        """
        height, width = image.shape[:2]
        points, positive = on_image(points, positive, height, width)
        inside = None if box is None else clipped(box, height, width)
        if inside is None and not positive.any():
            raise DataError(f"expected a point inside, or a box, on the image of {width} x {height} pixels")
        if inside is None:
            inside = self._look(image, points, positive)
        window = around(points, inside, height, width)
        part, score = self._cut(image, window, points, positive, inside, self.longest)
        mask = np.zeros((height, width), np.bool_)
        left, top, right, bottom = window
        mask[top:bottom, left:right] = part
        return mask, score

    def _look(self, image: Pixels, points: Points, positive: Flags) -> Window:
        """The window around the points that holds the object: the one where growth changes the mask least."""
        height, width = image.shape[:2]
        best, before = (-1.0, (0, 0, width, height)), (np.zeros((0, 0), np.bool_), (0, 0, 0, 0))
        worse = 0
        for reach in _REACHES:
            inside = grown(points[positive], reach, height, width)
            window = around(points[:0], inside, height, width)
            part, score = self._cut(image, window, points, positive, inside, min(self.longest, _COARSE))
            share = part.sum() / ((inside[2] - inside[0]) * (inside[3] - inside[1]))
            # High for a mask that stays the same as the window grows, and is not tiny, huge or cut off.
            most = _MOST if inside != (0, 0, width, height) else 1 - _MOST / 4
            worth = score * _agreement(*before, part, window) * np.sqrt(share) * (share < most)
            worth *= 1 - _cut_off(part, window, inside, height, width)
            worse = worse + 1 if best[0] > _GOOD and worth < best[0] / 3 else 0
            if worth > best[0]:
                best = worth, inside
            if worse == 2 or inside == (0, 0, width, height):
                break
            before = part, window
        return best[1]

    def _cut(
        self, image: Pixels, window: Window, points: Points, positive: Flags, inside: Window, longest: int
    ) -> tuple[Flags, float]:
        """The mask within ``window``; everything outside of ``inside`` is background."""
        cv2 = opencv("GrabCut")
        left, top, right, bottom = window
        crop = np.ascontiguousarray(image[top:bottom, left:right])
        scale = min(1.0, longest / max(crop.shape[:2]))
        size = max(round(crop.shape[1] * scale), 1), max(round(crop.shape[0] * scale), 1)
        small = cv2.resize(crop, size, interpolation=cv2.INTER_AREA) if scale < 1 else crop
        seen = (points >= [left, top]).all(axis=1) & (points < [right, bottom]).all(axis=1)
        spots = ((points[seen] - [left, top]) * scale).astype(np.int32)
        spots = np.minimum(spots, np.array(size, np.int32) - 1)
        marks = np.full(small.shape[:2], _OUTSIDE, np.uint8)
        x0, y0, x1, y1 = (
            round((value - start) * scale) for value, start in zip(inside, (left, top) * 2, strict=True)
        )
        marks[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)] = _MAYBE_INSIDE
        for (x, y), good in zip(spots.tolist(), positive[seen].tolist(), strict=True):
            cv2.circle(marks, (x, y), 2, _INSIDE if good else _OUTSIDE, -1)
        found = self._fit(cv2, small, marks)
        found = holding(cv2, found, spots[positive[seen]])
        score = contrast(cv2, small, found)
        if scale < 1:
            found = (
                cv2.resize(found.astype(np.float32), crop.shape[1::-1], interpolation=cv2.INTER_LINEAR) > 0.5
            )
        return np.asarray(found, np.bool_), score

    def _fit(self, cv2: ModuleType, small: Pixels, marks: npt.NDArray[np.uint8]) -> Flags:
        """Run OpenCV's GrabCut on the marks; it needs pixels both inside and outside."""
        within = np.isin(marks, (_INSIDE, _MAYBE_INSIDE))
        if within.all():
            ring = np.ones(marks.shape, np.bool_)
            ring[1:-1, 1:-1] = False
            marks[ring & (marks == _MAYBE_INSIDE)] = _MAYBE_OUTSIDE
            within = np.isin(marks, (_INSIDE, _MAYBE_INSIDE))
        if within.all() or not within.any():
            return within
        cv2.setRNGSeed(0)
        models = np.zeros((1, 65)), np.zeros((1, 65))
        cv2.grabCut(small, marks, None, *models, self.iterations, cv2.GC_INIT_WITH_MASK)
        return np.isin(marks, (_INSIDE, _MAYBE_INSIDE))


def _agreement(a: Flags, at_a: Window, b: Flags, at_b: Window) -> float:
    """IoU of two masks in windows; the second window contains the first."""
    left, top = at_a[0] - at_b[0], at_a[1] - at_b[1]
    shared = int((b[top : top + a.shape[0], left : left + a.shape[1]] & a).sum()) if a.size else 0
    return shared / max(int(a.sum()) + int(b.sum()) - shared, 1)


def _cut_off(part: Flags, window: Window, inside: Window, height: int, width: int) -> float:
    """Share of the box's sides that the mask touches; sides on the image border do not count."""
    left, top, right, bottom = (value - start for value, start in zip(inside, window[:2] * 2, strict=True))
    sub = part[top:bottom, left:right]
    sides = (sub[:, 0], sub[0], sub[:, -1], sub[-1])
    is_open = (inside[0] > 0, inside[1] > 0, inside[2] < width, inside[3] < height)
    open_sides = [side for side, one in zip(sides, is_open, strict=True) if one]
    return float(np.concatenate(open_sides).mean()) if open_sides else 0.0
