"""Paste instances into images, one image after another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.compositing.cutout import Cutout, cut
from ...core.compositing.layer import Layer, Pose, layer_of
from ...core.errors import ImageError
from ...core.geometry.masks import rle
from ...core.recent import Recent
from ...core.tables.of_images import sizes_of
from ..tables.tables import Tables
from .canvas import Canvas
from .places import Places
from .rules import Rules

T = TypeVar("T")

_PLACES, _SOURCES, _BACKGROUNDS = 12, 3, 5  # how many are tried before something else is
_LEAST_INSIDE = 0.75  # of the pixels of a copy
_BYTES = 64 << 20  # of cutouts kept


@dataclass(frozen=True, eq=False)
class Composed:
    """One image that was pasted together.

    Attributes:
        background: id of the image pasted onto.
        pixels: ``(height, width, 3)`` uint8, RGB.
        kept: instances of the background that are still seen, id -> mask.
        pasted: (id, mask) of what was pasted; an instance may be there twice.
        n_hidden: instances of which too little is seen.
    """

    background: int
    pixels: npt.NDArray[np.uint8]
    kept: Mapping[int, bytes]
    pasted: list[tuple[int, bytes]]
    n_hidden: int


class Composer:
    """Pastes instances into images.

    Backgrounds, labels and the instances of a label each come from a shuffled deck, so that none comes again
    before all the others did.

    Args:
        tables: the images and instances, with pixels.
        rows: the instances to cut out.
        onto: ids of the images to paste onto.
        rules: what may happen to a copy.
        seed: the same seed and tables give the same images.
    """

    def __init__(
        self, tables: Tables, rows: pd.DataFrame, onto: npt.NDArray[np.int64], rules: Rules, seed: int
    ) -> None:
        self._tables, self._rules = tables, rules
        self._rng = np.random.default_rng(seed)
        by_label = {str(label): part for label, part in rows.groupby("label", observed=True)}
        self._places = {label: Places.of(part, tables.images) for label, part in by_label.items()}
        self._masks = dict(zip(rows.index.tolist(), rows["mask"].tolist(), strict=True))
        self._image_of = dict(zip(rows.index.tolist(), rows["image_id"].tolist(), strict=True))
        self._backgrounds = _deck(onto.tolist(), self._rng)
        self._labels = _deck(list(by_label), self._rng)
        self._dealt = {label: _deck(part.index.tolist(), self._rng) for label, part in by_label.items()}
        self._cutouts: Recent[int, Cutout] = Recent(_BYTES, lambda cutout: cutout.nbytes)
        there = tables.instances[tables.instances["image_id"].isin(onto)]
        self._there = there[there["status"] != "proposed"]

    def compose(self) -> Composed | None:
        """The next image; None where several backgrounds left no room."""
        for _ in range(_BACKGROUNDS):
            made = self._onto(next(self._backgrounds))
            if made.pasted:
                return made
        return None

    def _onto(self, background: int) -> Composed:
        own = self._there[self._there["image_id"] == background]
        canvas = Canvas(self._read(background).copy(), own["mask"].tolist())
        least, most = self._rules.copies
        copies = [self._copy(canvas) for _ in range(int(self._rng.integers(least, most + 1)))]
        ids = [int(i) for i in own.index] + [i for i in copies if i is not None]
        seen = [(i, mask) for i, mask in zip(ids, canvas.masks, strict=True)]
        kept = {i: mask for i, mask in seen[: len(own)] if mask}
        pasted = [(i, mask) for i, mask in seen[len(own) :] if mask]
        return Composed(background, canvas.pixels, kept, pasted, len(seen) - len(kept) - len(pasted))

    def _copy(self, canvas: Canvas) -> int | None:
        """Paste one instance somewhere; returns its id, or None where no place was found."""
        label = next(self._labels)
        for _ in range(_SOURCES):
            source: int = next(self._dealt[label])
            if self._placed(canvas, label, source):
                return source
        return None

    def _placed(self, canvas: Canvas, label: str, source: int) -> bool:
        rules, (height, width) = self._rules, canvas.pixels.shape[:2]
        cutout, layer = self._layer(source, max(height, width))
        area = np.count_nonzero(layer.mask)
        if not area:
            return False
        for _ in range(_PLACES):
            middle = self._places[label].draw(np.sqrt(area) / max(height, width), self._rng)
            x, y = np.rint(middle * [width, height]).astype(int).tolist()
            moved = replace(layer, x=layer.x + x, y=layer.y + y)
            if np.count_nonzero(moved.within(height, width).mask) < _LEAST_INSIDE * area:
                continue
            if canvas.paste(moved, cutout.light, rules):
                return True
        return False

    def _layer(self, source: int, longer: int) -> tuple[Cutout, Layer]:
        """A cutout, and a layer of it around (0, 0) for an image with this longer side."""
        rules, rng = self._rules, self._rng
        to_size = longer / max(self._size(self._image_of[source]))
        scale = float(np.exp(rng.uniform(*np.log(rules.scale)))) * to_size
        angle = float(rng.uniform(-rules.rotate, rules.rotate))
        mirror = bool(rng.random() < 0.5) and rules.mirror
        cutout = self._cutouts.get(source) or self._cutouts.put(source, self._cut(source))
        return cutout, layer_of(cutout, Pose(0, 0, scale, angle, mirror), rules.feather)

    def _cut(self, source: int) -> Cutout:
        pixels = self._read(self._image_of[source])
        return cut(pixels, *rle.decode_crop(self._masks[source], *pixels.shape[:2]))

    def _read(self, image_id: int) -> npt.NDArray[np.uint8]:
        pixels = self._tables.read_image(image_id)
        height, width = self._size(image_id)
        if pixels.shape[:2] != (height, width):
            raise ImageError(
                f"image {image_id} is {width} x {height} pixels in the table, and its file "
                f"{pixels.shape[1]} x {pixels.shape[0]}: its masks do not fit it"
            )
        return pixels

    def _size(self, image_id: int) -> tuple[int, int]:
        """Height and width of an image."""
        height, width = sizes_of(self._tables.images, [image_id])[0].tolist()
        return height, width


def _deck(values: list[T], rng: np.random.Generator) -> Iterator[T]:
    """The values in random order, again and again."""
    while True:
        for at in rng.permutation(len(values)).tolist():
            yield values[at]
