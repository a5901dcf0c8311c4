"""First cell of the notebooks that ``views.py`` measures: a million rows, and crowded pictures."""

import numpy as np
import pandas as pd
from PIL import Image

import nbalabel as nl
from nbalabel.core.geometry.masks import rle
from nbalabel.core.tables.schema import empty

N = 1_000_000


def table(n: int = N) -> pd.DataFrame:
    """Rows with coordinates in clusters, a category, a number, a text."""
    rng = np.random.default_rng(0)
    cluster = rng.integers(40, size=n)
    middle = rng.normal(size=(40, 2)) * 4
    points = middle[cluster] + rng.normal(size=(n, 2))
    habitats = ["coral reef", "seagrass", "sandy flat", "mangrove", "rocky slope", "open blue"]
    return pd.DataFrame(
        {
            "file": pd.Series(np.char.add("frame-", np.arange(n).astype(str)), dtype="str"),
            "width": 1920,
            "height": 1080,
            "habitat": pd.Categorical.from_codes(cluster % 6, habitats),
            "east": points[:, 0].astype(np.float32),
            "north": points[:, 1].astype(np.float32),
            "depth": rng.gamma(4, 8, n).astype(np.float32),
        }
    )


def crowded(n_images: int = 22, n_masks: int = 500) -> nl.Dataset:
    """Images of 1920 x 1080 pixels with ``n_masks`` masks on each."""
    rng = np.random.default_rng(0)
    images, instances = [], []
    y, x = np.mgrid[:1080, :1920]
    for i in range(n_images):
        noise = rng.integers(0, 60, (1080, 1920, 3))
        shade = (127 + 60 * np.sin(x / 190 + i) + 60 * np.cos(y / 130))[..., None]
        Image.fromarray(np.clip(shade + noise, 0, 255).astype(np.uint8)).save(f"crowd-{i}.jpg", quality=88)
        images.append((f"crowd-{i}.jpg", 1920, 1080))
        for _ in range(n_masks):
            a, b = rng.uniform(12, 55, 2)
            cx, cy = rng.uniform(0, 1920), rng.uniform(0, 1080)
            mask = np.zeros((1080, 1920), np.bool_)
            top, left = max(int(cy - b), 0), max(int(cx - a), 0)
            part = (slice(top, int(cy + b) + 1), slice(left, int(cx + a) + 1))
            wave = 1 + 0.25 * np.sin(5 * np.arctan2(y[part] - cy, x[part] - cx))
            mask[part] = ((x[part] - cx) / a) ** 2 + ((y[part] - cy) / b) ** 2 < wave
            if mask.any():
                instances.append((i, f"kind {rng.integers(8)}", rle.encode(mask)))
    ds = nl.create("crowd.nbal", [f"kind {k}" for k in range(8)], image_root=".")
    ds.add_images(pd.DataFrame(images, columns=["file", "width", "height"]))
    ds.add_instances(pd.DataFrame(instances, columns=["image_id", "label", "mask"]))
    return ds


frame = table()
ds = nl.Tables.of(frame, empty("instances", ["fish"]), ["fish"], None).save("million.nbal")
ws = nl.Workspace(ds)
