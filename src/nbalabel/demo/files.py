"""The reef on disk: pictures, the dataset as its owner sees it, and beside it the truth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..core.errors import StorageError
from .scene import Frame

if TYPE_CHECKING:
    from ..data.dataset import Dataset
    from ..data.tables import Tables

QUALITY = 90


def save(
    folder: Path, frames: Iterable[Frame], n_train: int, n_labeled: int, seed: int, *, by_species: bool
) -> Dataset:
    """Write frames (training ones first) into a dataset folder; see :func:`nbalabel.demo.reef`."""
    from ..data.dataset import create_from
    from ..data.tables import Tables
    from .reef import frames_to_tables

    pictures = folder / "images"
    pictures.mkdir(parents=True)
    kept, names = _write_pictures(pictures, frames)
    images, instances, labels = frames_to_tables(kept, names, by_species=by_species)
    images["split"] = np.where(np.arange(len(images)) < n_train, "train", "test")
    images["weight"] = np.float32(0)
    whole = Tables.of(images, instances, labels, pictures)
    _write_truth(folder / "truth", whole)
    shown = _first_day(whole, n_labeled, seed)
    return create_from(shown, folder, message=f"{n_labeled} of {n_train} training images labeled")


def _write_pictures(folder: Path, frames: Iterable[Frame]) -> tuple[list[Frame], list[str]]:
    """Save each picture; the frames come back with their pixels still in memory, and their file names."""
    from PIL import Image

    from .reef import group_name

    kept, names = [], []
    for frame in frames:
        name = f"{group_name(frame)}-{frame.frame}.jpg"
        Image.fromarray(frame.image).save(folder / name, quality=QUALITY, subsampling=0)
        kept.append(replace(frame, image=frame.image[:, :, :0]))
        names.append(name)
    return kept, names


def _first_day(whole: Tables, n_labeled: int, seed: int) -> Tables:
    """The truth with all labels but a few taken away."""
    from ..data.tables import Tables

    images = whole.images.copy()
    chosen = choose(images, n_labeled, seed)
    hidden = (images["split"] == "train") & ~images.index.isin(chosen)
    images.loc[hidden, "state"] = "unlabeled"
    images.loc[chosen, "weight"] = np.float32(1)
    instances = whole.instances[~whole.instances["image_id"].map(hidden).to_numpy(bool)]
    instances = instances.drop(columns=["species", "track"])
    return Tables.of(images, instances, whole.labels, whole.image_root)


def choose(images: pd.DataFrame, count: int, seed: int) -> list[int]:
    """Training images to label first: habitats in turn, as many sequences as can be, one in six without fish.

    Args:
        images: with the columns ``split``, ``state``, ``habitat`` and ``group``.
        count: how many, at most the number of training images.
        seed: of the choice.

    Returns:
        ``count`` image ids, ascending.
    """
    rng = np.random.default_rng([seed, 24])
    pool = images.loc[images["split"] == "train", ["habitat", "group", "state"]].astype(str)
    pool["order"] = rng.random(len(pool))
    pool["used"] = 0
    habitats = list(rng.permutation(pool["habitat"].unique()))
    chosen: list[int] = []
    for k in range(count):
        wish = "empty" if k % 6 == 5 else "complete"
        # Fewest labels in the sequence first; a habitat that has no such image left gives way.
        misses = (pool["habitat"] != habitats[(k + k // 6) % len(habitats)]) * 1 + (pool["state"] != wish) * 2
        best = pool.assign(misses=misses).sort_values(["misses", "used", "order"]).index[0]
        pool.loc[pool["group"] == pool.loc[best, "group"], "used"] += 1
        pool = pool.drop(index=best)
        chosen.append(int(best))
    return sorted(chosen)


def _write_truth(folder: Path, tables: Tables) -> None:
    folder.mkdir()
    for name, frame in (("images", tables.images), ("instances", tables.instances)):
        frame.reset_index().to_feather(folder / f"{name}.arrow")


def read_truth(folder: Path) -> Tables:
    """What :func:`save` kept beside a dataset."""
    from ..data.tables import Tables

    place = folder / "truth"
    if not (place / "instances.arrow").is_file():
        raise StorageError(f"no truth in {place}: only datasets made by nl.demo.reef have one")
    images = pd.read_feather(place / "images.arrow").set_index("image_id")
    instances = pd.read_feather(place / "instances.arrow").set_index("instance_id")
    return Tables.of(images, instances, list(instances["label"].cat.categories), folder / "images")
