"""A folder of pictures as somebody has them who begins: cells under a microscope, and nothing labeled.

The masks are kept out of sight in the folder, for :func:`nbalabel.demo.truth`.
"""

from __future__ import annotations

import shutil
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
from .files import PERSON, read_truth, write_truth
from .underwater.noise import Floats, fractal

if TYPE_CHECKING:
    from ..data.dataset.dataset import Dataset

SIZES = (64, 1024)
TRUTH = ".truth"
_MADE = "made.txt"
_PLATES = 6  # folders: each a plate with a light, a background and a noise of its own
_REFERENCE = 160  # pixels: cells have a radius of 6 to 12 pixels in a picture of that size


def cells(folder: str | Path, n_images: int = 120, size: int = 160, seed: int = 0) -> Path:
    """Write dark pictures of bright cells, as a fluorescence microscope takes them, and nothing else.

    They are PNG files in six folders, ``plate-1/field-01.png`` and so on. A picture has up to 22 cells, one
    in ten has none. Some touch, some are dim; dirt and cells out of focus are there, too, to be left alone.
    :func:`truth` knows the masks, label "cell". A folder that holds these very pictures stays as it is.

    Args:
        folder: where; must not exist, or be empty.
        n_images: how many pictures.
        size: height and width, 64 to 1024 pixels; cells grow with it.
        seed: the same seed writes the same pictures.

    Returns:
        The folder, for :func:`nbalabel.read_images`.

    Raises:
        DataError: a negative number of images, or a size out of range.
        StorageError: the folder is not empty.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.read_images(cells(tempfile.mkdtemp(), n_images=12, size=64), labels=["cell"])
        >>> len(ds.images), len(ds.instances), ds.images.group.nunique()
        (12, 0, 6)
    """
    folder = local_path(folder)
    if n_images < 0:
        raise DataError(f"n_images must be >= 0, got {n_images}")
    if not SIZES[0] <= size <= SIZES[1]:
        raise DataError(f"size must be {SIZES[0]} to {SIZES[1]} pixels, got {size}")
    made = f"{n_images} pictures of {size} pixels, seed {seed}"
    if (folder / TRUTH / _MADE).is_file() and (folder / TRUTH / _MADE).read_text() == made:
        return folder
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StorageError(
            f"{folder} already exists and is not an empty folder: choose another one, or delete it first"
        )
    folder.mkdir(parents=True, exist_ok=True)
    try:
        write_truth(folder / TRUTH, _write(folder, n_images, size, seed))
        (folder / TRUTH / _MADE).write_text(made)
    except BaseException:  # half a folder is none, also after an interrupt
        for part in list(folder.iterdir()):
            shutil.rmtree(part, ignore_errors=True)
        raise
    return folder


def truth_of(dataset: Dataset) -> Tables | None:
    """The masks that :func:`cells` kept, under the image ids of a dataset made of its pictures; None: none.

    Raises:
        StorageError: the dataset has pictures that the folder did not have when it was made.
    """
    root = dataset.image_root
    if root is None or not (root / TRUTH).is_dir():
        return None
    whole = read_truth(root / TRUTH, root)
    id_of = pd.Series(dataset.images.index, index=dataset.images["file"])
    if not id_of.index.isin(whole.images["file"]).all():
        new = id_of.index.difference(pd.Index(whole.images["file"]))
        raise StorageError(f"no truth of {len(new)} pictures, such as {new[0]}: they were added later")
    images = whole.images[whole.images["file"].isin(id_of.index)]
    ids = id_of[images["file"]].to_numpy()
    instances = whole.instances[whole.instances["image_id"].isin(images.index)]
    at = pd.Series(ids, index=images.index)
    instances = instances.assign(image_id=at[instances["image_id"]].to_numpy())
    images = images.set_index(pd.Index(ids, name="image_id")).sort_index()
    return Tables.of(images, instances, whole.labels, root)


def _write(folder: Path, n_images: int, size: int, seed: int) -> Tables:
    """Draw and save every picture; the tables of what is on them."""
    images, instances = [], []
    for i in range(n_images):
        plate, field = i % _PLATES, i // _PLATES
        pixels, labels = picture(size, seed, plate, field)
        file = f"plate-{plate + 1}/field-{field + 1:02d}.png"
        (folder / file).parent.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(folder / file)
        masks = rle.encode_labels(labels)[1]
        images.append((file, size, size, "complete" if masks else "empty"))
        instances += [(i, mask) for mask in masks]
    image_table = pd.DataFrame(images, columns=["file", "width", "height", "state"])
    rows = pd.DataFrame(instances, columns=["image_id", "mask"]).assign(label="cell", **PERSON)
    return Tables.of(image_table, rows, ("cell",), folder)


def picture(size: int, seed: int, plate: int, field: int) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """One gray picture ``(size, size)`` uint8, and its label map ``(size, size)`` int32, 0 outside cells."""
    light = np.random.default_rng([seed, plate])
    gain, base, noise = light.uniform(60, 130), light.uniform(4, 14), light.uniform(1.5, 5)
    tilt = light.normal(0, 0.12, 2)
    rng = np.random.default_rng([seed, plate, field])
    labels = np.zeros((size, size), np.int32)
    glow = np.zeros((size, size), np.float32)
    n_cells = 0 if (plate + field) % 10 == 9 else int(rng.integers(4, 23))
    for number in range(1, n_cells + 1):
        _place(labels, glow, number, rng)
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j].astype(np.float32)
    shade = 1 + tilt[0] * y + tilt[1] * x - 0.15 * (y * y + x * x)
    scene = ndimage.gaussian_filter(glow, 1.1 * size / _REFERENCE)
    scene += 0.18 * ndimage.gaussian_filter(glow, 9 * size / _REFERENCE) + _dirt(size, rng)
    scene = (scene * gain + base * (0.6 + 0.8 * fractal(rng, size, size))) * shade
    scene += rng.normal(0, noise, scene.shape) + rng.normal(0, 0.05, scene.shape) * np.sqrt(np.abs(scene))
    return np.clip(scene, 0, 255).astype(np.uint8), _numbered(labels)


def _place(labels: NDArray[np.int32], glow: Floats, number: int, rng: np.random.Generator) -> None:
    """Draw one cell into both maps; what lies over another by more than a little is left out."""
    size = len(labels)
    radius = rng.uniform(6, 12) * size / _REFERENCE
    cy, cx = rng.uniform(0, size, 2)
    angle, stretch = rng.uniform(0, np.pi), rng.uniform(1, 1.5)
    y, x = np.mgrid[:size, :size].astype(np.float32)
    u = (np.cos(angle) * (x - cx) + np.sin(angle) * (y - cy)) / stretch
    v = np.cos(angle) * (y - cy) - np.sin(angle) * (x - cx)
    around = np.arctan2(v, u)
    edge = sum(rng.normal(0, 0.06 / k) * np.cos(k * around + rng.uniform(0, 6.3)) for k in (2, 3, 4, 5))
    distance = np.hypot(u, v) / (radius * (1 + edge))
    inside = distance < 1
    if (labels[inside] > 0).mean() > 0.08:
        return
    inside &= labels == 0
    labels[inside] = number
    level = rng.uniform(0.25, 1) * (1 - 0.45 * distance**2)
    grain = 0.75 + 0.5 * fractal(rng, size, size, cells=max(size // 8, 1), octaves=2)
    glow[inside] = (level * grain)[inside]


def _dirt(size: int, rng: np.random.Generator) -> Floats:
    """Light of what is no cell in the plane: small specks, blurs of what floats above; ``(size, size)``."""
    y, x = np.mgrid[:size, :size].astype(np.float32) * _REFERENCE / size
    out = np.zeros((size, size), np.float32)
    for count, widths, levels in (
        (rng.integers(0, 6), (1, 2.2), (0.3, 1)),
        (rng.integers(0, 3), (5, 9), (0.1, 0.3)),
    ):
        for _ in range(int(count)):
            cy, cx = rng.uniform(0, _REFERENCE, 2)
            width = rng.uniform(*widths)
            out += rng.uniform(*levels) * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * width**2))
    return out


def _numbered(labels: NDArray[Any]) -> NDArray[np.int32]:
    """The same cells as 1..n without gaps; those of a few pixels at the border are none."""
    numbers, areas = np.unique(labels[labels > 0], return_counts=True)
    table = np.zeros(int(labels.max()) + 1, np.int32)
    kept = numbers[areas >= 12]
    table[kept] = np.arange(1, len(kept) + 1)
    return table[labels]
