"""A simulated annotator, who draws the truth with errors and at a pace of their own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from ..core.errors import UnknownNameError, first
from ..core.geometry.masks import rle
from ..core.tables.of_images import sizes_of

if TYPE_CHECKING:
    from ..core.tables.schema import LabeledImages

_PAD = 8  # pixels around a mask in which its outline may move
_SMOOTH = 3  # pixels over which an outline wobbles


@dataclass(frozen=True)
class Annotator:
    """How a simulated person draws.

    Attributes:
        name: of the annotator.
        missed: share of things that are not drawn, 0..1.
        invented: things drawn where there is nothing, as a share of those drawn, 0..1.
        renamed: share with a wrong label, 0..1.
        grown: pixels by which outlines lie outside of the truth on average; below 0, inside.
        wobble: standard deviation of the outline, pixels.
        shift: standard deviation of the place, pixels.
        seconds: mean time per drawn mask.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/reef.nbal", n_images=40, n_labeled=12, n_test=8, size=96)
        >>> truth = nl.demo.truth(ds)
        >>> drawn = Annotator("bo", missed=0.5).draw(truth)
        >>> list(drawn), 0 < len(drawn) < len(truth.instances)
        (['image_id', 'label', 'mask'], True)
        >>> ds.close()
    """

    name: str
    missed: float = 0.05
    invented: float = 0.03
    renamed: float = 0.05
    grown: float = 0.0
    wobble: float = 1.0
    shift: float = 0.5
    seconds: float = 20.0

    def draw(self, truth: LabeledImages, images: Iterable[int] | None = None, seed: int = 0) -> pd.DataFrame:
        """Draw what is on some images.

        Args:
            truth: complete labels of these images.
            images: ids; None draws all images.
            seed: with the name of the annotator it determines the errors.

        Returns:
            Rows with ``image_id``, ``label`` and ``mask`` (run lengths), numbered from 0.

        Raises:
            UnknownNameError: an image that the truth does not have.
        """
        rng = np.random.default_rng([seed, sum(map(ord, self.name))])
        ids = truth.images.index if images is None else pd.Index(np.asarray(list(images), np.int64))
        unknown = ids[~ids.isin(truth.images.index)]
        if len(unknown):
            raise UnknownNameError(f"the truth has no images {first(unknown)}")
        on = truth.instances[truth.instances["image_id"].isin(ids)]
        sizes = sizes_of(truth.images, on["image_id"]).tolist()
        columns = (on[name].tolist() for name in ("image_id", "label", "mask"))
        rows = []
        for (height, width), image, label, mask in zip(sizes, *columns, strict=True):
            if rng.random() < self.missed:
                continue
            redrawn = self._redrawn(mask, height, width, rng)
            rows.append((image, self._named(str(label), truth.labels, rng), redrawn))
            if rng.random() < self.invented:
                rows.append((image, str(rng.choice(truth.labels)), _ellipse(height, width, rng)))
        return pd.DataFrame(rows, columns=["image_id", "label", "mask"])

    def _redrawn(self, mask: bytes, height: int, width: int, rng: np.random.Generator) -> bytes:
        crop, x, y = rle.decode_crop(mask, height, width)
        inside = np.pad(crop, _PAD)
        signed = ndimage.distance_transform_edt(inside) - ndimage.distance_transform_edt(~inside)
        noise: NDArray[np.float64] = ndimage.gaussian_filter(rng.normal(size=inside.shape), _SMOOTH)
        noise *= self.wobble / max(noise.std(), 1e-9)
        moved = ndimage.shift(
            signed + noise + self.grown, rng.normal(0, self.shift, 2), order=1, mode="nearest"
        )
        out = np.zeros((height + 2 * _PAD, width + 2 * _PAD), bool)
        out[y : y + inside.shape[0], x : x + inside.shape[1]] = moved > 0
        out = out[_PAD:-_PAD, _PAD:-_PAD]
        return rle.encode(out) if out.any() else mask

    def _named(self, label: str, labels: tuple[str, ...], rng: np.random.Generator) -> str:
        others = [name for name in labels if name != label]
        return str(rng.choice(others)) if others and rng.random() < self.renamed else label


def _ellipse(height: int, width: int, rng: np.random.Generator) -> bytes:
    y, x = np.mgrid[:height, :width]
    a, b = rng.uniform(3, 9, 2)
    cx, cy = rng.uniform(9, width - 9), rng.uniform(9, height - 9)
    return rle.encode(((x - cx) / a) ** 2 + ((y - cy) / b) ** 2 < 1)
