"""Labeled images at working size: pixels, and a map of their instances."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...core.errors import FallbackWarning, ImageError, ModelError, first
from ...core.geometry.masks import rle
from ...core.tables.schema import LabeledImages
from ..runs.measured import trains
from ..training.examples import resized, usable
from ..training.pixels import read_image, resize
from .look import Picture

Labels = npt.NDArray[np.int32]

MOST_IMAGES = 48


@dataclass(frozen=True, eq=False)
class Example:
    """A labeled image.

    Attributes:
        image_id: its id.
        picture: at working size.
        truth: ``(h, w)``: 0 is background, 1..n the instances.
        codes: label index of each instance, ``(n,)``.
        whole: whether the image is completely labeled.
    """

    image_id: int
    picture: Picture
    truth: Labels
    codes: npt.NDArray[np.int64]
    whole: bool

    @property
    def n(self) -> int:
        """Number of instances."""
        return len(self.codes)


def examples(tables: LabeledImages, imgsz: int, seed: int) -> list[Example]:
    """Labeled images of weight > 0, not of split val or test; at most 48, drawn at random.

    Args:
        tables: where to learn from.
        imgsz: long side that images are resized to, pixels.
        seed: seed of the draw.

    Raises:
        ModelError: there are no such images, or no instance is on them.
    """
    images = tables.images
    images = images[trains(images) & (images["state"] != "unlabeled").to_numpy()]
    some = np.random.default_rng(seed).permutation(len(images))[:MOST_IMAGES]
    ids = images.index.to_numpy(np.int64)[np.sort(some)]
    rows = usable(tables, ids)
    found: list[Example] = []
    failed: dict[int, str] = {}
    for image_id in ids.tolist():
        try:
            found.append(_example(tables, images.loc[image_id], rows[rows["image_id"] == image_id], imgsz))
        except (ImageError, OSError) as error:
            failed[image_id] = str(error)
    if failed:
        reason = next(iter(failed.values()))
        message = f"{len(failed)} images cannot be read and are left out: {first(list(failed))} ({reason})"
        warnings.warn(message, FallbackWarning, stacklevel=3)
    if not any(example.n for example in found):
        raise ModelError(
            f"nothing to learn from: of {len(tables.images)} images {len(ids)} have weight > 0, split train "
            "or none, and a state other than unlabeled, and no accepted instance is on them"
        )
    return found


def _example(tables: LabeledImages, image: Any, rows: Any, imgsz: int) -> Example:
    height, width = int(image["height"]), int(image["width"])
    inner = resized(height, width, imgsz)
    pixels = resize(read_image(tables, int(image.name), (height, width)), *inner)
    truth, codes = np.zeros(inner, np.int32), []
    for mask, code in zip(rows["mask"].array, rows["label"].cat.codes.tolist(), strict=True):
        small = sampled(rle.decode(mask, height, width), inner)
        if small.any():
            codes.append(code)
            truth[small] = len(codes)
    visible = np.intersect1d(truth, np.arange(1, len(codes) + 1))  # smaller ones may lie under others
    order = np.zeros(len(codes) + 1, np.int32)
    order[visible] = np.arange(1, len(visible) + 1)
    kept = np.array(codes, np.int64)[visible - 1]
    return Example(int(image.name), Picture.of(pixels), order[truth], kept, image["state"] != "partial")


def sampled(mask: npt.NDArray[np.bool_], size: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Resize a mask by nearest-neighbour sampling, ``size`` bool."""
    at = [
        np.minimum((np.arange(new) + 0.5) * old / new, old - 1).astype(np.int64)
        for new, old in zip(size, mask.shape, strict=True)
    ]
    return mask[np.ix_(*at)]
