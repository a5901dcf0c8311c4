"""Predicting on a dataset's images, a few at a time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from ...core.errors import DataError, ImageError, UnknownNameError, first
from ...core.tables.ahead import ahead
from ...core.tables.schema import LabeledImages
from ...engine.shards import Shard
from ...engine.step import Tell
from ..embed.pooling import Floats, concatenate
from ..training.pixels import read_image
from .found import Found
from .letterbox import Letterbox, encode_crops
from .resumable import Part, gather
from .stages import staged


class Pooled(Protocol):
    """Source of the embeddings of one image: feature maps, or any other description."""

    def image(self, letterbox: Letterbox) -> Floats:
        """The image's embedding, ``(d,)``."""

    def instances(
        self, crops: Sequence[npt.NDArray[Any]], corners: npt.NDArray[Any], letterbox: Letterbox
    ) -> Floats:
        """Embeddings of masks given as crops, ``(n, e)``."""


class Finder(Protocol):
    """A network ready to predict: finds masks on images of any size, and gives feature maps."""

    def find(
        self,
        images: Sequence[npt.NDArray[np.uint8]],
        imgsz: int,
        *,
        score: float,
        iou: float,
        max_detections: int,
        embed: bool,
    ) -> list[Found]:
        """The masks found on each image."""

    def maps(self, images: Sequence[npt.NDArray[np.uint8]], imgsz: int) -> Sequence[tuple[Pooled, Letterbox]]:
        """Feature maps of each image, and where it lies in the input."""


@runtime_checkable
class Stepwise(Protocol):
    """A finder whose steps may run in different threads: ``find`` is all of them, one after the other."""

    def prepare(self, images: Iterable[npt.NDArray[np.uint8]], imgsz: int) -> Any:
        """Images scaled to the input, each as it comes; any thread may do it."""

    def look(
        self, ready: Any, *, score: float, iou: float, max_detections: int, embed: bool
    ) -> Callable[[], list[Found]]:
        """The network on what was prepared; what is returned makes masks of it, in any thread."""


class Listener(Protocol):
    """A network that only describes images."""

    def maps(self, images: Sequence[npt.NDArray[np.uint8]], imgsz: int) -> Sequence[tuple[Pooled, Letterbox]]:
        """Feature maps of each image, and where it lies in the input."""


@dataclass(frozen=True)
class Settings:
    """How to predict; part of the `fingerprint` of a prediction.

    Attributes:
        imgsz: long side images are resized to, pixels.
        score: lowest score, 0..1.
        iou: of two boxes of one label that overlap more, only the one with the higher score stays, 0..1.
        max_detections: most predictions on one image.
        embed: collect embeddings.
    """

    imgsz: int
    score: float
    iou: float
    max_detections: int
    embed: bool

    def __post_init__(self) -> None:
        if self.imgsz < 32:
            raise DataError(f"imgsz must be at least 32 pixels, got {self.imgsz}")
        for name in ("score", "iou"):
            if not 0 <= getattr(self, name) <= 1:
                raise DataError(f"{name} must be between 0 and 1, got {getattr(self, name)}")
        if self.max_detections < 1:
            raise DataError(f"max_detections must be at least 1, got {self.max_detections}")


def choose(tables: LabeledImages, images: Any) -> npt.NDArray[np.int64]:
    """Ids of the chosen images: None (all), a DataFrame of them, a boolean Series over them, or ids.

    Raises:
        UnknownNameError: an id is no image.
    """
    index = tables.images.index
    if images is None:
        return index.to_numpy(np.int64)
    if isinstance(images, pd.DataFrame):
        ids: Any = images["image_id"].unique() if "image_id" in images else images.index
    elif isinstance(images, pd.Series) and images.dtype == bool:
        ids = images.index[images]
    else:
        given = np.asarray(images)
        if given.dtype == bool and len(given) != len(index):
            raise DataError(f"a boolean choice of images must have {len(index)} values, got {len(given)}")
        ids = index[given] if given.dtype == bool else given
    unknown = ~np.isin(ids, index)
    if unknown.any():
        raise UnknownNameError(f"no such images: {first(np.asarray(ids)[unknown].tolist())}")
    return np.asarray(ids, np.int64)


def fingerprint(
    weights: Mapping[str, npt.NDArray[Any]],
    tables: LabeledImages,
    ids: npt.NDArray[np.int64],
    settings: Mapping[str, Any],
    more: Any = None,
) -> str:
    """A hash of weights, images and settings: parts on disk with the same hash can be used again.

    Args:
        weights: weights of the model, by name; see :func:`tensors`.
        tables: the tables of the images.
        ids: ids of the images predicted on.
        settings: how to predict.
        more: whatever else makes a difference, hashed by its ``repr``.
    """
    digest = hashlib.sha256(repr(more).encode())
    for name, array in sorted(weights.items()):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    files = tables.images["file"].reindex(ids).tolist()
    digest.update(json.dumps([ids.tolist(), files, str(tables.image_root), dict(settings)]).encode())
    return digest.hexdigest()


def tensors(network: Any) -> dict[str, npt.NDArray[Any]]:
    """The weights of a network of torch, by name."""
    return {name: tensor.detach().cpu().numpy() for name, tensor in network.state_dict().items()}


def gathered(
    shards: Iterable[Shard], codes: Collection[int] | None = None, folder: Path | None = None
) -> Part:
    """Shards of predictions as one part.

    Args:
        shards: looked at one by one.
        codes: labels of the model whose predictions are wanted; None takes all.
        folder: where many vectors are joined, see `gather`.
    """
    parts = map(Part.of, shards)
    return gather(
        chain([_blank()], parts if codes is None else (part.of_codes(codes) for part in parts)), folder
    )


def part_of(
    predictor: Finder,
    tables: LabeledImages,
    ids: npt.NDArray[np.int64],
    settings: Settings,
    batch: int,
    tell: Tell,
) -> Part:
    """Predict on the images of one part.

    Args:
        predictor: a network ready to predict.
        tables: the tables of the images.
        ids: the images.
        settings: how to predict.
        batch: images at once.
        tell: called with numbers of images that are done.
    """
    rows, image, instance, known = [_blank().rows], [], [], []
    failed: dict[int, str] = {}
    steps = _Steps(predictor, settings)
    groups = groups_of(tables, ids, batch)
    threads = None if isinstance(predictor, Stepwise) else 1  # whole pictures wait, not inputs
    for group, found_rows, held in staged(groups, steps.prepare, steps.look, steps.finish, threads=threads):
        failed |= group.failed
        rows.append(found_rows)
        image += [found.image[None] for found in held]
        instance += [found.instance for found in held]
        known += group.ids
        tell(len(group.ids) + len(group.failed))
    return Part(
        pd.concat(rows, ignore_index=True),
        np.array(known, np.int64),
        concatenate(image),
        concatenate(instance),
        failed,
    )


@dataclass
class Group:
    """Some images: those that could be read, with their pixels, and why the others could not.

    Attributes:
        wanted: their ids, with height and width.
        tables: that they are read from.
    """

    tables: LabeledImages
    wanted: list[tuple[int, tuple[int, int]]]
    ids: list[int] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    failed: dict[int, str] = field(default_factory=dict)

    def read(self) -> Iterator[npt.NDArray[np.uint8]]:
        """The pixels of those that can be read, one after the other."""
        for image_id, size in self.wanted:
            try:
                pixels = read_image(self.tables, image_id, size)
            except (ImageError, OSError) as error:
                self.failed[image_id] = str(error)
                continue
            self.ids.append(image_id)
            self.sizes.append(size)
            yield pixels


def groups_of(tables: LabeledImages, ids: npt.NDArray[np.int64], batch: int) -> Iterator[Group]:
    """Images ``batch`` at a time, in order; nothing is read yet."""
    frame = tables.images.loc[ids, ["height", "width"]]
    sizes = {i: (h, w) for i, h, w in frame.itertuples()}
    coming = ahead(tables, ids.tolist())
    for _ in range(0, len(ids), batch):
        yield Group(tables, [(image_id, sizes[image_id]) for image_id in islice(coming, batch)])


class _Steps:
    """The steps of a prediction on a group of images: in threads, on the device, in threads."""

    def __init__(self, predictor: Finder, settings: Settings) -> None:
        self.predictor, self.imgsz = predictor, settings.imgsz
        self.asked: dict[str, Any] = {
            "score": settings.score,
            "iou": settings.iou,
            "max_detections": settings.max_detections,
            "embed": settings.embed,
        }

    def prepare(self, group: Group) -> tuple[Group, Any]:
        """Read, and scale to the input."""
        if isinstance(self.predictor, Stepwise):
            return group, self.predictor.prepare(group.read(), self.imgsz)
        return group, list(group.read())

    def look(self, ready: tuple[Group, Any]) -> tuple[Group, Callable[[], list[Found]]]:
        """The network."""
        group, images = ready
        if not group.ids:
            return group, list
        if isinstance(self.predictor, Stepwise):
            return group, self.predictor.look(images, **self.asked)
        held = self.predictor.find(images, self.imgsz, **self.asked)
        return group, lambda: held

    def finish(
        self, seen: tuple[Group, Callable[[], list[Found]]]
    ) -> tuple[Group, pd.DataFrame, list[Found]]:
        """Masks, and their run lengths."""
        group, finish = seen
        held = finish()
        return group, _rows(held, group.ids, group.sizes), held


def _rows(held: Sequence[Found], ids: Sequence[int], sizes: Sequence[tuple[int, int]]) -> pd.DataFrame:
    if not any(len(found.crops) for found in held):
        return _blank().rows
    counts = [len(found.crops) for found in held]
    heights = np.repeat([size[0] for size in sizes], counts)
    masks = encode_crops(
        [crop for found in held for crop in found.crops],
        np.concatenate([found.corners for found in held]),
        [size for size, n in zip(sizes, counts, strict=True) for _ in range(n)],
    )
    box = masks.boxes(heights).astype(np.float32)
    return pd.DataFrame(
        {
            "image_id": np.repeat(np.array(ids, np.int64), counts),
            "code": np.concatenate([found.classes for found in held]),
            "mask": pd.array(masks.to_arrow(), dtype=pd.ArrowDtype(pa.large_binary())),
            **{name: box[:, i] for i, name in enumerate("xywh")},
            "area": masks.areas().astype(np.int32),
            "score": np.concatenate([found.scores for found in held]),
        }
    )


def _blank() -> Part:
    types: dict[str, Any] = {"image_id": "int64", "code": "int64", "mask": pd.ArrowDtype(pa.large_binary())}
    types |= {**dict.fromkeys("xywh", "float32"), "area": "int32", "score": "float32"}
    rows = pd.DataFrame({name: pd.array([], dtype=dtype) for name, dtype in types.items()})
    return Part(rows, np.zeros(0, np.int64), np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32))
