"""An image that is being pasted together, with the masks of what is seen on it."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ...core.compositing.layer import Layer, lay
from ...core.compositing.light import Light, light_of
from ...core.geometry.masks import rle
from .rules import Rules

Box: TypeAlias = tuple[float, float, float, float]  # x, y, w, h, pixels

_AROUND = 0.5  # surroundings whose light counts, as a share of the longer side of the layer


class Canvas:
    """An image that is being pasted together.

    Args:
        pixels: ``(height, width, 3)`` uint8, RGB; modified in place.
        masks: instances of the background.

    Attributes:
        pixels: the picture so far.
        masks: what is seen of each instance, in the order they came; b"" where too little is.
    """

    def __init__(self, pixels: npt.NDArray[np.uint8], masks: list[bytes]) -> None:
        self.pixels, self.masks = pixels, list(masks)
        self._height, self._width = pixels.shape[:2]
        self._boxes: list[Box] = [(x, y, w, h) for x, y, w, h in rle.boxes(masks, self._height).tolist()]
        self._whole = rle.areas(masks).tolist()
        self._seen = list(self._whole)

    def paste(self, layer: Layer, light: Light | None, rules: Rules) -> bool:
        """Paste a layer on top if it hides no more than the rules allow; returns whether it did.

        Args:
            layer: what to paste; its part on the image has pixels.
            light: the light that it stood in.
            rules: how much it may hide, and how far it is brought to the light here.
        """
        part = layer.within(self._height, self._width)
        mask = rle.encode_labels(part.mask.view(np.uint8), self._height, self._width, part.x, part.y)[1][0]
        box = (part.x, part.y, part.alpha.shape[1], part.alpha.shape[0])
        met = [i for i, other in enumerate(self._boxes) if self.masks[i] and _meet(box, other)]
        left = [rle.difference(self.masks[i], mask, self._height, self._width) for i in met]
        areas = dict(zip(met, rle.areas(left).tolist(), strict=True))
        if any(self._seen[i] - area > rules.overlap * self._seen[i] for i, area in areas.items()):
            return False
        for i, rest in zip(met, left, strict=True):
            is_gone = areas[i] == 0 or areas[i] < rules.visible * self._whole[i]
            self.masks[i], self._seen[i] = (b"", 0) if is_gone else (rest, areas[i])
        lay(self.pixels, layer.relit(light, self._light_at(layer), rules.match))
        self._add(mask, box, int(np.count_nonzero(part.mask)))
        return True

    def _add(self, mask: bytes, box: Box, area: int) -> None:
        self.masks.append(mask)
        self._boxes.append(box)
        self._whole.append(area)
        self._seen.append(area)

    def _light_at(self, layer: Layer) -> Light | None:
        height, width = layer.alpha.shape
        more = round(_AROUND * max(height, width))
        rows = slice(max(layer.y - more, 0), max(layer.y + height + more, 0))
        columns = slice(max(layer.x - more, 0), max(layer.x + width + more, 0))
        return light_of(self.pixels[rows, columns])


def _meet(a: Box, b: Box) -> bool:
    """Whether two boxes share a pixel."""
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]
