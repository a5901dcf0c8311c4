"""The reef on disk: pictures, the dataset as its owner sees it, and beside it the truth."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from PIL import Image

from ..core.errors import DataError, StorageError
from ..core.geometry.masks import rle
from ..data.tables.tables import Tables
from .underwater.habitats import HABITAT_NAMES
from .underwater.scene import Frame
from .underwater.species import NAMES

if TYPE_CHECKING:
    from ..data.dataset.dataset import Dataset

_QUALITY = 90
_IMAGE_COLUMNS = ["file", "width", "height", "state", "group", "frame", "habitat", "turbidity"]
PERSON = {"source": "human", "origin": "generator", "status": "verified"}


def save(
    folder: Path,
    frames: Iterable[Frame],
    n_train: int,
    n_labeled: int,
    seed: int,
    *,
    by_species: bool,
    unseen: Collection[str] = (),
) -> Dataset:
    """Write frames (training ones first) into a dataset folder; see :func:`nbalabel.demo.reef`."""
    from ..data.dataset.dataset import create_from

    pictures = folder / "images"
    try:
        pictures.mkdir(parents=True)
        images, instances, labels = collect(_written(frames, pictures), by_species=by_species)
        images["split"] = np.where(np.arange(len(images)) < n_train, "train", "test")
        images["weight"] = np.float32(0)
        whole = Tables.of(images, instances, labels, pictures)
        write_truth(folder / "truth", whole)
        message = f"{n_labeled} of {n_train} training images labeled"
        return create_from(_first_day(whole, n_labeled, seed, unseen), folder, message=message)
    except BaseException:  # half a dataset is none, also after an interrupt
        for part in (pictures, folder / "truth"):
            shutil.rmtree(part, ignore_errors=True)
        raise


def _written(frames: Iterable[Frame], folder: Path) -> Iterator[Frame]:
    """Save the picture of each frame that passes."""
    for frame in frames:
        Image.fromarray(frame.image).save(folder / file_name(frame), quality=_QUALITY, subsampling=0)
        yield frame


def file_name(frame: Frame) -> str:
    """Such as "reef-007-3.jpg"."""
    return f"{frame.group}-{frame.frame}.jpg"


def collect(
    frames: Iterable[Frame], *, by_species: bool = False
) -> tuple[pd.DataFrame, pd.DataFrame, tuple[str, ...]]:
    """The complete truth of frames: images, instances and labels.

    Args:
        frames: taken one by one; none is kept.
        by_species: label each fish with its species instead of "fish".
    """
    images: list[tuple[Any, ...]] = []
    instances: list[tuple[Any, ...]] = []
    for i, f in enumerate(frames):
        height, width = f.labels.shape
        state = "complete" if f.species else "empty"
        images.append((file_name(f), width, height, state, f.group, f.frame, f.habitat, f.turbidity))
        masks = rle.encode_labels(f.labels)[1]
        instances += [(i, *row) for row in zip(masks, f.species, f.tracks, strict=True)]
    image_table = pd.DataFrame(images, columns=_IMAGE_COLUMNS)
    image_table["habitat"] = pd.Categorical(image_table["habitat"], categories=list(HABITAT_NAMES))
    image_table["turbidity"] = image_table["turbidity"].astype(np.float32)
    instance_table = pd.DataFrame(instances, columns=["image_id", "mask", "species", "track"])
    instance_table["label"] = instance_table["species"] if by_species else "fish"
    instance_table["species"] = pd.Categorical(instance_table["species"], categories=list(NAMES))
    return image_table, instance_table.assign(**PERSON), NAMES if by_species else ("fish",)


def _first_day(whole: Tables, n_labeled: int, seed: int, unseen: Collection[str]) -> Tables:
    """The truth with all labels but a few taken away; labeled training images show no unseen species."""
    images = whole.images.copy()
    showing = whole.instances.loc[whole.instances["species"].isin(unseen), "image_id"]
    pool = images[(images["split"] == "train") & ~images.index.isin(showing)]
    if len(pool) < n_labeled:
        raise DataError(
            f"only {len(pool)} training images show no {' or '.join(unseen)}, got n_labeled={n_labeled}: ask "
            "for fewer, or for more images"
        )
    chosen = choose(pool, n_labeled, seed)
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


def write_truth(folder: Path, tables: Tables) -> None:
    """Keep all masks in a new folder."""
    folder.mkdir()
    for name, frame in (("images", tables.images), ("instances", tables.instances)):
        frame.reset_index().to_feather(folder / f"{name}.arrow")


def read_truth(place: Path, image_root: Path) -> Tables:
    """What :func:`write_truth` kept."""
    if not (place / "instances.arrow").is_file():
        raise StorageError(
            f"no truth in {place}: only what nl.demo made has one; pictures of your own have none: draw"
        )
    images = pd.read_feather(place / "images.arrow").set_index("image_id")
    instances = pd.read_feather(place / "instances.arrow").set_index("instance_id")
    return Tables.of(images, instances, list(instances["label"].cat.categories), image_root)
