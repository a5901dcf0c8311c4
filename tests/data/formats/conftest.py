"""Generated labeled images that every format must bring back."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st
from PIL import Image

from nbalabel.core.geometry.masks import rle
from nbalabel.data.tables.tables import Tables

LABELS = ("fish", "sea star", "ray/manta")

Masks = list[list[tuple[int, np.ndarray]]]
"""Per image, the label code and the pixels of each instance."""


def make_tables(images: Masks, folder: Path | None = None, **columns: object) -> Tables:
    """Tables of pixel masks; the images are written as PNG files when there is a folder for them."""
    sizes = [(masks[0][1].shape if masks else (5, 6)) for masks in images]
    rows = [(i, code, mask) for i, masks in enumerate(images, 1) for code, mask in masks]
    frame = pd.DataFrame(
        {
            "file": [f"dir {i // 3}/image {i}.png" for i in range(1, len(images) + 1)],
            "width": [w for _, w in sizes],
            "height": [h for h, _ in sizes],
            "state": ["complete" if masks else "empty" for masks in images],
            **columns,
        },
        index=pd.RangeIndex(1, len(images) + 1),
    )
    instances = pd.DataFrame(
        {
            "image_id": np.array([i for i, _, _ in rows], np.int64),
            "label": [LABELS[code] for _, code, _ in rows],
            "mask": [rle.encode(mask) for _, _, mask in rows],
            "source": "imported",
        },
        index=pd.RangeIndex(1, len(rows) + 1),
    )
    if folder is not None:
        for file, (h, w) in zip(frame["file"], sizes, strict=True):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((h, w, 3), 90, np.uint8)).save(folder / file)
    return Tables.of(frame, instances, LABELS, folder)


@st.composite
def labeled_masks(draw: st.DrawFn, max_images: int = 3, overlap: bool = True) -> Masks:
    """Masks of any shape, islands and holes included, on images of a few sizes; never empty ones."""
    images = []
    for _ in range(draw(st.integers(1, max_images))):
        h, w = draw(st.sampled_from([(5, 6), (7, 4), (1, 9), (8, 1)]))
        n = draw(st.integers(0, 3))
        if overlap:
            bits = [draw(st.lists(st.booleans(), min_size=h * w, max_size=h * w)) for _ in range(n)]
            masks = [np.array(b).reshape(h, w) for b in bits]
        else:
            owner = draw(st.lists(st.integers(0, n), min_size=h * w, max_size=h * w))
            masks = [np.array(owner).reshape(h, w) == i for i in range(1, n + 1)]
        images.append([(draw(st.integers(0, 2)), mask) for mask in masks if mask.any()])
    return images


def pixels(tables: Tables) -> dict[str, list[tuple[str, bytes]]]:
    """Labels and masks of each image by its file name, in a fixed order."""
    files = tables.images["file"].loc[tables.instances["image_id"]].tolist()
    rows = zip(files, tables.instances["label"], tables.instances["mask"], strict=True)
    found: dict[str, list[tuple[str, bytes]]] = {file: [] for file in tables.images["file"]}
    for file, label, mask in rows:
        found[file].append((label, mask))
    return {file: sorted(masks) for file, masks in found.items()}


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[[], Path]:
    """A new folder on each call, for tests that hypothesis repeats."""
    made = iter(range(1_000_000))

    def make() -> Path:
        folder = tmp_path / str(next(made))
        folder.mkdir()
        return folder

    return make
