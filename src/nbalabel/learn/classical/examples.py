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
        truth: ``(h, w)``: 0 is ground, 1..n its instances.
        codes: label index of each, ``(n,)``.
        whole: whether everything on it is labeled.
    """

    image_id: int
    picture: Picture
    truth: Labels
    codes: npt.NDArray[np.int64]
    whole: bool

    @property
    def n(self) -> int:
        """How many instances."""
        return len(self.codes)


def examples(tables: LabeledImages, imgsz: int, seed: int) -> list[Example]:
    """Images of weight > 0 that somebody labeled, not of split val or test; 48 of them where there are more.

    Args:
        tables: where to learn from.
        imgsz: long side they are resized to, pixels.
        seed: which ones, where there are more.

    Raises:
        ModelError: there are none, or nothing is on them.
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
    """A mask at another height and width: the nearest pixel of each, ``size`` bool."""
    at = [
        np.minimum((np.arange(new) + 0.5) * old / new, old - 1).astype(np.int64)
        for new, old in zip(size, mask.shape, strict=True)
    ]
    return mask[np.ix_(*at)]
