"""The step of embedding: a part of the images and the masks on them in, vectors out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.geometry.masks import rle
from ...core.tables.schema import LabeledImages
from ...engine.pictures import pictures
from ...engine.run import On
from ...engine.shards import Shard, Shards
from ...engine.step import Tell, cuts, make, place
from ..embed.pooling import Embeddings, concatenate
from ..runs.frozen_tables import live
from .inference import Listener, fingerprint, groups_of

_PART_IMAGES = 64

Ints = npt.NDArray[np.int64]
Opener: TypeAlias = Callable[[], Listener]
"""Makes a network ready to describe images; can be pickled where it goes to a worker."""

Argument: TypeAlias = tuple[LabeledImages, Ints, pd.DataFrame]
"""Tables to read pictures from, ids of the images, and the rows of masks on them."""


@dataclass(frozen=True)
class Portable:
    """How a network that describes images goes to a worker.

    Attributes:
        weights: gives its weights by name, which identify parts in a folder.
        write: writes it into a folder, and returns what makes it ready again in a worker.
    """

    weights: Callable[[], Mapping[str, npt.NDArray[Any]]]
    write: Callable[[Path], Opener]


@dataclass(frozen=True)
class _Embedding:
    """Embed the images of a part, and the masks on them.

    Attributes:
        opener: makes the network.
        imgsz: long side images are resized to, pixels.
        batch: images at once.
    """

    opener: Opener
    imgsz: int
    batch: int

    def open(self) -> Listener:
        """The network, kept for the parts that follow."""
        return self.opener()

    def make(self, held: Any, argument: Argument, tell: Tell) -> Shard:
        """Vectors of these images and masks; images that cannot be read have none."""
        tables, ids, rows = argument
        places = rows.groupby("image_id").indices
        known: list[int] = []
        image, instance, instance_ids = [], [], [np.zeros(0, np.int64)]
        failed: dict[int, str] = {}
        for group in groups_of(tables, ids, self.batch):
            pixels = list(group.read())
            for image_id, size, (maps, letterbox) in zip(
                group.ids, group.sizes, held.maps(pixels, self.imgsz), strict=True
            ):
                known.append(image_id)
                image.append(maps.image(letterbox)[None])
                own = rows.iloc[places.get(image_id, [])]
                cut = [rle.decode_crop(mask, *size) for mask in own["mask"]]
                if cut:
                    crops, corners = [c for c, _, _ in cut], np.array([(x, y) for _, x, y in cut])
                    instance.append(maps.instances(crops, corners, letterbox))
                    instance_ids.append(own.index.to_numpy(np.int64))
            failed |= group.failed
            tell(len(group.ids) + len(group.failed))
        arrays: dict[str, npt.NDArray[Any]] = {
            "ids": np.array(known, np.int64),
            "image": concatenate(image),
            "instance_ids": np.concatenate(instance_ids),
            "instance": concatenate(instance),
        }
        return Shard(arrays=arrays, failed=failed)


def embed(
    listener: Listener,
    tables: LabeledImages,
    ids: Ints,
    imgsz: int,
    batch: int,
    *,
    folder: str | Path | None = None,
    on: On = None,
    portable: Portable | None = None,
) -> Embeddings:
    """Embeddings of images and of their instances; images that cannot be read have none.

    Args:
        listener: the network, ready to describe images.
        tables: tables with the images and instances.
        ids: ids of the images.
        imgsz: long side images are resized to, pixels.
        batch: images at once.
        folder: where parts are kept until all are done; None keeps all in memory.
        on: where to embed; None is here. See :func:`nbalabel.engine.run.run`.
        portable: how the network goes to a worker; needed with ``folder`` or ``on``.
    """
    rows = tables.instances[["image_id", "mask"]]
    rows = rows[rows["image_id"].isin(ids)]
    order = rows["image_id"].to_numpy(np.int64).argsort(kind="stable")
    ascending = rows["image_id"].to_numpy(np.int64)[order]
    cut = cuts(ids, _PART_IMAGES)

    def part(number: int) -> Argument:
        begin, end = (np.searchsorted(ascending, cut[number], side) for side in ("left", "right"))
        places = [order[a:b] for a, b in zip(begin.tolist(), end.tolist(), strict=True)]
        return read(cut[number]), cut[number], rows.iloc[np.sort(np.concatenate(places))]

    travel = on is not None
    read = pictures(live(tables) if travel else tables, tables.images, travel=travel)
    with place(folder, on) as where:
        mark = "" if where is None or portable is None else _mark(portable, tables, ids, rows, imgsz, batch)
        shards = Shards(None if where is None else where / "embedding", mark, "embedding")
        opener: Opener = lambda: listener  # noqa: E731
        if travel and portable is not None and shards.folder is not None:
            opener = portable.write(shards.folder)
        sizes = [len(some) for some in cut]
        made = make(_Embedding(opener, imgsz, batch), part, sizes, shards, on, "embedding").whole()
    shards.clear()
    return _gathered(made)


def _mark(
    portable: Portable, tables: LabeledImages, ids: Ints, rows: pd.DataFrame, imgsz: int, batch: int
) -> str:
    masks = pd.util.hash_pandas_object(rows).to_numpy().tobytes()
    return fingerprint(portable.weights(), tables, ids, {"imgsz": imgsz, "batch": batch}, masks)


def _gathered(shards: list[Shard]) -> Embeddings:
    none = np.zeros(0, np.int64)
    arrays = [shard.arrays for shard in shards]
    return Embeddings(
        np.concatenate([none, *(one["ids"] for one in arrays)]),
        concatenate([one["image"] for one in arrays]),
        np.concatenate([none, *(one["instance_ids"] for one in arrays)]),
        concatenate([one["instance"] for one in arrays]),
    )
