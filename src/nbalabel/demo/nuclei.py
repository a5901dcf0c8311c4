"""Dark microscopy-like pictures: glowing nuclei as a camera of twelve bits sees them, and their truth.

For trying the views on pictures that show nothing without auto contrast, for pictures of them and for tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from ..core.errors import DataError, StorageError
from ..core.geometry.masks import rle
from ..core.urls import local_path
from ..data.tables.tables import Tables
from . import files
from .underwater import noise

if TYPE_CHECKING:
    from ..data.dataset.dataset import Dataset

LABELS = ("nucleus", "mitosis", "debris")
_SHARES = (0.84, 0.1, 0.06)
_RADIUS = {"nucleus": 11.0, "mitosis": 9.0, "debris": 4.0}  # pixels, in the mean
_GLOW = {"nucleus": 500.0, "mitosis": 1300.0, "debris": 900.0}  # counts of the camera above the dark
_DARK, _MOST = 100, 4095  # counts of the camera without light, and where it is full
SIZES = (96, 1024)

Floats = NDArray[np.float32]


def nuclei(
    folder: str | Path, n_images: int = 40, n_labeled: int = 8, size: int = 256, seed: int = 0
) -> Dataset:
    """Generate a dataset of dark 16-bit pictures, the first few of which are labeled.

    Images have a column of their own, ``focus`` (0..1, lower is more blurred). :func:`truth` and
    :func:`simulated_run` know these datasets too.

    Args:
        folder: where the dataset goes; must not exist, or be empty.
        n_images: how many.
        n_labeled: those that are labeled; the others are unlabeled, of weight 0.
        size: height and width, 96 to 1024 pixels.
        seed: the same seed makes the same dataset.

    Raises:
        DataError: numbers that do not fit together, or a size out of range.
        StorageError: the folder is not empty.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.nuclei(tempfile.mkdtemp() + "/nuclei.nbal", n_images=3, n_labeled=1, size=96)
        >>> ds.images["state"].tolist()
        ['complete', 'unlabeled', 'unlabeled']
    """
    from ..data.dataset.dataset import create_from

    folder = local_path(folder)
    if not 0 <= n_labeled <= n_images:
        raise DataError(f"needs 0 <= n_labeled <= n_images, got n_labeled={n_labeled}, n_images={n_images}")
    if not SIZES[0] <= size <= SIZES[1]:
        raise DataError(f"size must be {SIZES[0]} to {SIZES[1]} pixels, got {size}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StorageError(
            f"{folder} already exists and is not an empty folder: choose another one, or delete it first"
        )
    whole = _written(folder / "images", n_images, size, seed)
    files.write_truth(folder / "truth", whole)
    hidden = whole.images.index >= n_labeled
    images = whole.images.copy()
    images.loc[hidden, "state"] = "unlabeled"
    images["weight"] = np.where(hidden, 0, 1).astype(np.float32)
    instances = whole.instances[(whole.instances["image_id"] < n_labeled).to_numpy()]
    tables = Tables.of(images, instances, LABELS, whole.image_root)
    return create_from(tables, folder, message=f"{n_labeled} of {n_images} images labeled")


def _written(folder: Path, n_images: int, size: int, seed: int) -> Tables:
    """Save the pictures; what is on them."""
    folder.mkdir(parents=True)
    images: list[dict[str, Any]] = []
    instances: list[dict[str, Any]] = []
    for i in range(n_images):
        rng = np.random.default_rng([seed, 16, i])
        focus = float(rng.uniform(0.2, 1))
        counts, found = field(rng, size, focus)
        name = f"well-{i // 8:02d}-{i % 8}.png"
        Image.fromarray(counts).save(folder / name)
        state = "complete" if found else "empty"
        images.append({"file": name, "width": size, "height": size, "state": state, "focus": focus})
        instances += [{"image_id": i, "label": label, "mask": mask} for label, mask in found]
    frame = pd.DataFrame(images).astype({"focus": np.float32})
    rows = pd.DataFrame(instances, columns=["image_id", "label", "mask"]).assign(**files.PERSON)
    return Tables.of(frame, rows, LABELS, folder)


def field(
    rng: np.random.Generator, size: int, focus: float = 1.0
) -> tuple[NDArray[np.uint16], list[tuple[str, bytes]]]:
    """One field of view.

    Args:
        rng: source of randomness.
        size: height and width, pixels.
        focus: 0..1; lower is more blurred.

    Returns:
        ``(size, size)`` uint16 counts of a twelve-bit camera; label and mask of each object, the upper
        ones first.
    """
    light = np.zeros((size, size), np.float32)
    free = np.ones((size, size), np.bool_)
    found = []
    for label, inside, glow in _objects(rng, size):
        shown = inside & free
        if shown.sum() < 0.5 * max(inside.sum(), 24):
            continue  # mostly behind another, or out of the picture
        free &= ~inside
        found.append((label, rle.encode(shown)))
        grain = 1 + 0.18 * noise.resize(rng.standard_normal((size // 4, size // 4)), size, size)
        light += np.where(shown, glow * grain, 0).astype(np.float32)
    haze = 60 * noise.fractal(rng, size, size, cells=2, octaves=2)
    light = ndimage.gaussian_filter(light, 0.8 + 2.2 * (1 - focus)) + ndimage.gaussian_filter(light, 14) / 8
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    seen = (light + haze) * (1 - 0.25 * (x**2 + y**2))
    counts = rng.poisson(np.clip(seen, 0, None)) + rng.normal(_DARK, 4, seen.shape)
    return np.clip(counts, 0, _MOST).astype(np.uint16), found


def _objects(rng: np.random.Generator, size: int) -> Iterator[tuple[str, NDArray[np.bool_], float]]:
    """Label, pixels and brightness of objects, some of them touching."""
    y, x = np.mgrid[:size, :size].astype(np.float32)
    for _ in range(int(rng.integers(8, 34) * (size / 256) ** 2)):
        label = str(rng.choice(LABELS, p=_SHARES))
        radius = _RADIUS[label] * rng.uniform(0.75, 1.3)
        long = rng.uniform(1.05, 1.5) if label != "mitosis" else rng.uniform(1.6, 2.2)
        turn, at = rng.uniform(0, np.pi), rng.uniform(0, size, 2)
        u = (x - at[0]) * np.cos(turn) + (y - at[1]) * np.sin(turn)
        v = (y - at[1]) * np.cos(turn) - (x - at[0]) * np.sin(turn)
        waves = rng.normal(0, 0.05, 3)
        angle = np.arctan2(v, u)
        edge = 1 + sum(wave * np.cos((k + 2) * angle + k) for k, wave in enumerate(waves))
        inside = np.hypot(u / long, v * long**0.3) < radius * edge
        yield label, inside, float(_GLOW[label] * rng.lognormal(0, 0.45))
