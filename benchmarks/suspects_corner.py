"""One object, labeled in a corner of many images, that a model has learned: answers until it is gone.

A boat is painted into the upper right corner of a third of the images and labeled as if it were right; the
run finds it as a model would that was trained on such labels (score 0.6 to 0.9). Somebody notices one of them
and says so, and then answers what ``suspects.unsure`` asks about labels. After 30 answers all
labels with a score of 0.5 or more are removed. Beside it: ``nl.similar`` to the one noticed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

import nbalabel as nl
from nbalabel.core.geometry.masks import rle

ANSWERS = 30


@dataclass(frozen=True)
class Painted:
    """Tables with boats in their images; implements ``LabeledImages``."""

    images: pd.DataFrame
    instances: pd.DataFrame
    labels: tuple[str, ...]
    image_root: Path | None
    of: nl.Tables
    boats: dict[int, np.ndarray]

    def read_image(self, image_id: int) -> np.ndarray:
        """Pixels with the boat, if there is one."""
        pixels = np.array(self.of.read_image(image_id))
        boat = self.boats.get(image_id)
        if boat is not None:
            shade = np.random.default_rng(image_id).normal(0, 6, (*boat.shape, 3))
            pixels[boat] = np.clip(np.array([190, 96, 60]) + shade, 0, 255)[boat]
        return pixels


def boat(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """A hull in the upper right corner, ``(height, width)`` bool."""
    h, w = height * rng.uniform(0.07, 0.1), width * rng.uniform(0.16, 0.22)
    left, top = width * 0.97 - w + rng.normal(0, 0.01) * width, height * rng.uniform(0.02, 0.06)
    y, x = np.mgrid[:height, :width]
    down = (y - top) / h
    return (down >= 0) & (down < 1) & (x >= left + 0.25 * w * down) & (x < left + w - 0.15 * w * down)


def plant_boats(truth: nl.Tables, rng: np.random.Generator) -> tuple[dict[int, np.ndarray], pd.DataFrame]:
    """Boats on a third of the images, where nothing else lies: masks by image, and their rows."""
    ids = truth.images.index[rng.random(len(truth.images)) < 1 / 3]
    masks = {int(i): boat(*map(int, truth.images.loc[i, ["height", "width"]]), rng) for i in ids}
    taken = truth.instances.groupby("image_id")["mask"].apply(list).to_dict()
    masks = {
        i: m for i, m in masks.items() if rle.iou([rle.encode(m)], taken.get(i, []), *m.shape).sum() == 0
    }
    label = truth.instances["label"].value_counts().index[0]
    rows = pd.DataFrame(
        {"image_id": list(masks), "label": label, "mask": [rle.encode(m) for m in masks.values()]}
    )
    rows.index = int(truth.instances.index.max()) + 1 + np.arange(len(rows))
    return masks, rows


def corner(truth: nl.Tables, run: nl.Run, seed: int) -> None:
    """Plant boats, answer, print what is left."""
    rng = np.random.default_rng(seed)
    masks, rows = plant_boats(truth, rng)
    both = pd.concat([truth.instances[["image_id", "label", "mask"]].astype({"label": object}), rows])
    tables = nl.Tables.of(truth.images, both, truth.labels, truth.image_root)
    painted = Painted(tables.images, tables.instances, tables.labels, tables.image_root, tables, masks)
    again = rows.assign(mask=[rle.encode(np.roll(m, 1, axis=1)) for m in masks.values()])
    scored = nl.Tables.of(truth.images, again, truth.labels, truth.image_root).instances
    found = scored.assign(score=rng.uniform(0.6, 0.9, len(rows)).astype(np.float32))
    found.index = int(run.predictions.index.max()) + 1 + np.arange(len(rows))
    known = run.predictions[run.predictions["image_id"].isin(truth.images.index)]
    more = replace(run, predictions=pd.concat([known, found]).rename_axis("prediction_id")).matched_to(
        painted
    )
    first = nl.suspects(painted, more, seed=seed)
    table = first.table[first.table["instance_id"].notna()]
    boats = table.index[table["instance_id"].isin(rows.index)]
    n = len(boats)
    place = np.flatnonzero(table.index.isin(boats))
    print(f"\n{n} boats among {len(table):,} labels; median place in the list {np.median(place):.0f}")
    print(f"in the first {n} of the list: {(place < n).sum()} boats")
    noticed = int(boats[len(boats) // 2])
    one = int(table["instance_id"].at[noticed])
    near = nl.similar(painted, [one], n=n - 1)
    print(f"nl.similar to one, first {n - 1}: {near.index.isin(rows.index).mean():.3f} boats")
    now = first.answered([noticed], wrong=True)
    for answer in range(1, ANSWERS + 1):
        if answer in (1, 5, 10, 20, 30):
            tell(now, first, boats, answer)
        rows = now.unsure(len(now.table))
        asked = int(rows.index[rows["instance_id"].notna().to_numpy()][0])
        now = now.answered([asked], wrong=asked in boats)


def tell(now: nl.Suspects, first: nl.Suspects, boats: pd.Index, answers: int) -> None:
    """Print what is removed at a score of 0.5, and what of it the answers brought."""
    table = now.table[now.table["instance_id"].notna()]
    gone = table.index[(table["score"] >= 0.5).to_numpy()]
    before = first.table["score"].reindex(gone) >= 0.5
    raised = gone[~before.to_numpy()]
    right = float(raised.isin(boats).mean()) if len(raised) else float("nan")
    share = gone.isin(boats).sum() / len(boats)
    print(f"{answers} answers: {share:.3f} of the boats removed")
    print(f"  of {len(raised)} labels that the answers raised above 0.5, {right:.3f} are boats", flush=True)
