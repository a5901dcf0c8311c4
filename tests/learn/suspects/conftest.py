"""A small world of discs and squares with one error of each kind, and what is suspected of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.geometry.masks import rle
from nbalabel.core.tables.schema import conform

SIDE, N = 72, 24
LABELS = ("disc", "square")
COLORS = {"disc": (210, 70, 60), "square": (70, 90, 210)}


def shape(label: str, x: float, y: float, r: float) -> np.ndarray:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    if label == "disc":
        return np.hypot(columns - x, rows - y) <= r
    return (abs(columns - x) <= r) & (abs(rows - y) <= r)


class World:
    """Red discs and blue squares, pixels in memory, a run that finds them, and labels that can be spoiled."""

    def __init__(self, folder: Path) -> None:
        from PIL import Image

        rng = np.random.default_rng(0)
        rows: list[dict[str, Any]] = []
        for i in range(N):
            pixels = np.full((SIDE, SIDE, 3), 40.0)
            for k in range(9):
                if k == 4:
                    continue  # the middle stays free
                label = LABELS[int(rng.integers(2))]
                x, y, r = 12 + k % 3 * 24, 12 + k // 3 * 24, rng.uniform(5, 8)
                inside = shape(label, x, y, r)
                pixels[inside] = COLORS[label]
                rows.append({"image_id": i, "label": label, "mask": rle.encode(inside)})
            noisy = np.clip(pixels + rng.normal(0, 6, pixels.shape), 0, 255).astype(np.uint8)
            Image.fromarray(noisy).save(folder / f"{i}.png")
        images = pd.DataFrame({"file": [f"{i}.png" for i in range(N)], "width": SIDE, "height": SIDE}).assign(
            state="complete", split="test"
        )
        self.truth = nl.Tables.of(images, pd.DataFrame(rows), LABELS, folder)
        score = rng.uniform(0.6, 0.98, len(rows)).astype(np.float32)
        found = self.truth.instances.assign(score=score, origin="r", source="model")
        run = nl.Run(id="r", kind="predict", labels=LABELS, predictions=conform(found, "predictions", LABELS))
        self.run = run.matched_to(self.truth)

    def spoiled(self) -> tuple[nl.Tables, dict[str, int]]:
        """Labels with one error of each kind, and the instance, or the prediction, that each is about."""
        rows = self.truth.instances[["image_id", "label", "mask"]].astype({"label": object}).copy()
        at = {i: rows.index[rows["image_id"] == i].tolist() for i in range(N)}
        rows.loc[at[2][0], "label"] = "disc" if rows.at[at[2][0], "label"] == "square" else "square"
        small = rle.decode(rows.at[at[3][0], "mask"], SIDE, SIDE)
        rows.at[at[3][0], "mask"] = rle.encode(np.roll(small, 5, axis=1))
        rows.at[at[4][0], "mask"] = rle.union(rows.loc[at[4][:2], "mask"].tolist(), SIDE, SIDE)
        whole = rle.decode(rows.at[at[5][0], "mask"], SIDE, SIDE)
        half = whole.copy()
        half[:, 12:] = False
        rows.at[at[5][0], "mask"] = rle.encode(half)
        new = pd.DataFrame(
            {
                "image_id": [1, 5, 6],
                "label": ["disc", rows.at[at[5][0], "label"], rows.at[at[6][0], "label"]],
                "mask": [
                    rle.encode(shape("disc", 36, 36, 6)),
                    rle.encode(whole & ~half),
                    rows.at[at[6][0], "mask"],
                ],
            },
            index=[1000, 1001, 1002],
        )
        rows = pd.concat([rows.drop(index=[at[0][0], at[4][1]]), new])
        about = {"missing": at[0][0], "spurious": 1000, "swapped": at[2][0], "outline": at[3][0]}
        about |= {"merged": at[4][0], "split": at[5][0], "duplicate": 1002}
        return nl.Tables.of(self.truth.images, rows, LABELS, self.truth.image_root), about

    @staticmethod
    def row_of(found: nl.Suspects, kind: str, number: int) -> pd.DataFrame:
        """The row about an instance, or about a prediction if it is of kind "missing"."""
        column = "prediction_id" if kind == "missing" else "instance_id"
        rows = found.table[found.table[column].isin([number]).to_numpy()]
        return rows[(rows["kind"] == "missing").to_numpy()] if kind == "missing" else rows

    @staticmethod
    def as_kind(found: nl.Suspects, rows: pd.DataFrame, kind: str) -> nl.Suspects:
        """The suspects with the kind of some rows set."""
        kinds = found.table["kind"].where(~found.table.index.isin(rows.index), kind)
        return replace(found, table=found.table.assign(kind=kinds))


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="session")
def found(world: World) -> nl.Suspects:
    tables, _ = world.spoiled()
    return nl.suspects(tables, world.run.matched_to(tables), seed=1)
