"""Small tables of annotators for the tests of agreement."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

import nbalabel as nl

SIZE = 40
LABELS = ("cod", "ling", "ray")

Box = tuple[int, str, int, int, int, int]
"""Image, label, left, top, width, height."""


def square(x: int, y: int, w: int, h: int) -> bytes:
    """A filled box as a mask."""
    mask = np.zeros((SIZE, SIZE), bool)
    mask[y : y + h, x : x + w] = True
    return nl.encode_mask(mask)


def tables(
    boxes: Sequence[Box],
    n_images: int = 3,
    states: Sequence[str] | None = None,
    prefix: str = "",
    **columns: list,
) -> nl.Tables:
    """Tables of boxes; every image is complete, or empty where it has none."""
    on = {box[0] for box in boxes}
    said = states or ["complete" if i in on else "empty" for i in range(n_images)]
    files = [f"{prefix}{i}.png" for i in range(n_images)]
    images = pd.DataFrame({"file": files, "width": SIZE, "height": SIZE, "state": said})
    rows = pd.DataFrame(
        {
            "image_id": [b[0] for b in boxes],
            "label": [b[1] for b in boxes],
            "mask": [square(*b[2:]) for b in boxes],
            **columns,
        }
    )
    return nl.Tables.of(images, rows, LABELS)


def bare(images: pd.DataFrame, labels: Sequence[str] = LABELS) -> nl.Tables:
    """Tables without instances."""
    return nl.Tables.of(images, pd.DataFrame({"image_id": [], "label": [], "mask": []}), labels)
