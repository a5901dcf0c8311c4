"""Pixels of examples at training size: read once, kept in memory while they fit."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from tqdm.auto import tqdm

from ...core.errors import FallbackWarning, ImageError, first
from ...core.tables.ahead import ahead
from ...core.tables.schema import LabeledImages
from .examples import Examples, resized

_CACHE_BYTES = 2 << 30

Pixels = npt.NDArray[np.uint8]


def read_image(tables: LabeledImages, image_id: int, size: tuple[int, int]) -> Pixels:
    """An image of the size its table says, ``(height, width, 3)`` uint8 RGB.

    Raises:
        ImageError: it cannot be read, or has another size: masks would not lie where they belong.
    """
    pixels = np.asarray(tables.read_image(image_id))
    if pixels.shape[:2] != size:
        raise ImageError(
            f"image {image_id} is {pixels.shape[1]} x {pixels.shape[0]} pixels, "
            f"its table says {size[1]} x {size[0]}"
        )
    return pixels


def resize(pixels: Pixels, height: int, width: int) -> Pixels:
    """Pixels at another size: averaged when shrinking, linear when growing."""
    if pixels.shape[:2] == (height, width):
        return pixels
    smaller = height < pixels.shape[0] or width < pixels.shape[1]
    try:
        import cv2
    except ImportError:  # it comes with ultralytics; torchvision's models do without
        which = Image.Resampling.BOX if smaller else Image.Resampling.BILINEAR
        return np.asarray(Image.fromarray(pixels).resize((width, height), which), np.uint8)
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=how), np.uint8)


def read(examples: Examples, at: int, imgsz: int) -> Pixels:
    """Pixels of one example with the long side at ``imgsz``, BGR as ultralytics' transforms take them."""
    height, width = examples.sizes[at].tolist()
    pixels = read_image(examples.tables, int(examples.image_ids[at]), (height, width))
    return np.ascontiguousarray(resize(pixels, *resized(height, width, imgsz))[..., ::-1])


def load(examples: Examples, imgsz: int, limit: int = _CACHE_BYTES) -> Examples:
    """Examples that can be read, with pixels as far as ``limit`` bytes go; a warning names the others."""
    cache: list[Any] = []
    failed: dict[int, str] = {}
    held = 0
    coming = ahead(examples.tables, examples.image_ids.tolist())
    n = len(examples)
    for at, _ in enumerate(tqdm(coming, desc="reading images", total=n, unit="image", delay=1, leave=False)):
        try:
            pixels = read(examples, at, imgsz)
        except (ImageError, OSError) as error:
            failed[at] = str(error)
            continue
        held += pixels.nbytes
        cache.append(pixels if held <= limit else None)
    if failed:
        ids = first(examples.image_ids[list(failed)])
        reason = next(iter(failed.values()))
        warnings.warn(
            f"{len(failed)} images cannot be read and are left out of training: {ids} ({reason})",
            FallbackWarning,
            stacklevel=3,
        )
        examples = examples.take([at for at in range(len(examples)) if at not in failed])
    return replace(examples, pixels=cache)
