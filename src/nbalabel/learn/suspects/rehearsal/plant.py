"""Plant errors into labels: labels dropped, made up, renamed, moved, resized, joined, cut and doubled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from ....core.geometry.masks import rle
from ....core.regions.of_tables import codes_of
from ....core.tables.of_images import sizes_of
from ..crops.background import occupied, place_free, turned
from .spoil import Piece, copied, halved, resized, shifted

KINDS = ("spurious", "swapped", "outline", "merged", "split", "duplicate")
"""Kinds of wrong labels; the code of a kind is its place here plus one, 0 is right."""

_NEAR = 1.3  # distance of centres, in mean sides, from which two labels are no neighbours
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Planted:
    """Labels with planted errors.

    Attributes:
        instances: ``image_id``, ``label``, ``mask``, box and ``area``; created rows have negative ids.
        wrong: code of the planted error of each row, 0 where nothing was planted, ``(n,)``.
        dropped: rows of the labels that were removed.
    """

    instances: pd.DataFrame
    wrong: Ints
    dropped: pd.DataFrame


@dataclass
class _Work:
    """Labels while errors are planted."""

    image_id: list[int]
    code: list[int]
    mask: list[bytes]
    ids: list[int]
    sizes: list[tuple[int, int]]
    n_labels: int
    rng: np.random.Generator
    by_image: dict[int, list[int]]
    wrong: dict[int, int] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    dropped: list[int] = field(default_factory=list)
    taken: dict[int, npt.NDArray[np.bool_]] = field(default_factory=dict)

    def piece(self, row: int) -> Piece:
        return Piece.of(self.mask[row], *self.sizes[row])

    def add(self, like: int, mask: bytes, code: int, kind: str) -> None:
        row = len(self.mask)
        self.image_id.append(self.image_id[like])
        self.sizes.append(self.sizes[like])
        self.code.append(code)
        self.mask.append(mask)
        self.ids.append(-row - 1)
        self.wrong[row] = KINDS.index(kind) + 1

    def mark(self, row: int, kind: str) -> None:
        self.wrong[row] = KINDS.index(kind) + 1


def plant(
    instances: pd.DataFrame,
    images: pd.DataFrame,
    labels: tuple[str, ...],
    chosen: Ints,
    drop: float,
    seed: int,
) -> Planted:
    """Plant one error at each chosen row, of a random kind.

    Args:
        instances: rows with ``image_id``, ``label`` and ``mask``.
        images: their images.
        labels: the label list.
        chosen: positions of the rows to plant at, ``(k,)``.
        drop: share of the errors that are dropped labels, 0..1; the other kinds are equally frequent.
        seed: seed of kinds and shapes.
    """
    rng = np.random.default_rng(seed)
    on = instances["image_id"].to_numpy(np.int64)
    work = _Work(
        image_id=on.tolist(),
        code=codes_of(instances["label"], labels).tolist(),
        mask=list(instances["mask"]),
        ids=instances.index.tolist(),
        sizes=[(int(h), int(w)) for h, w in sizes_of(images, on)],
        n_labels=len(labels),
        rng=rng,
        by_image={int(i): np.flatnonzero(on == i).tolist() for i in np.unique(on)},
    )
    ways: dict[str, Callable[[_Work, int], None]] = {k: _WAYS[k] for k in KINDS}
    if len(labels) < 2:
        del ways["swapped"]
    names = list(ways)
    for row in rng.permutation(chosen).tolist():
        if row in work.gone or row in work.wrong:
            continue
        if rng.random() < drop:
            work.gone.add(row)
            work.dropped.append(row)
        else:
            ways[names[int(rng.integers(len(names)))]](work, row)
    return _planted(work, instances, labels)


def _spawn(work: _Work, row: int) -> None:
    """Make up a label of the row's shape and label elsewhere on its image; the row itself stays."""
    image_id = work.image_id[row]
    if image_id not in work.taken:
        masks = [work.mask[i] for i in work.by_image[image_id]]
        work.taken[image_id] = occupied(masks, *work.sizes[row])
    shape = turned(work.piece(row).crop, work.rng)
    mask = place_free(shape, work.taken[image_id], work.rng)
    if mask is not None:
        work.add(row, mask, work.code[row], "spurious")


def _swap(work: _Work, row: int) -> None:
    others = [k for k in range(work.n_labels) if k != work.code[row]]
    work.code[row] = others[int(work.rng.integers(len(others)))]
    work.mark(row, "swapped")


def _outline(work: _Work, row: int) -> None:
    way = shifted if work.rng.random() < 0.5 else resized
    mask = way(work.piece(row), work.rng)
    if mask is not None and rle.iou_pairs([mask], [work.mask[row]])[0] < 0.8:
        work.mask[row] = mask
        work.mark(row, "outline")


def _merge(work: _Work, row: int) -> None:
    height, width = work.sizes[row]
    x, y, w, h = rle.boxes([work.mask[row]], height)[0]
    free = [
        i
        for i in work.by_image[work.image_id[row]]
        if i != row and i not in work.gone and i not in work.wrong
    ]
    if not free:
        return
    box = rle.boxes([work.mask[i] for i in free], height)
    far = np.hypot(box[:, 0] + box[:, 2] / 2 - x - w / 2, box[:, 1] + box[:, 3] / 2 - y - h / 2)
    far = far / np.maximum((np.sqrt(box[:, 2] * box[:, 3]) + np.sqrt(w * h)) / 2, 1)
    best = int(far.argmin())
    if far[best] > _NEAR:
        return
    other = free[best]
    work.mask[row] = rle.union([work.mask[row], work.mask[other]], height, width)
    work.mark(row, "merged")
    work.gone.add(other)


def _split(work: _Work, row: int) -> None:
    parts = halved(work.piece(row), work.rng)
    if parts is not None:
        work.mask[row] = parts[0]
        work.mark(row, "split")
        work.add(row, parts[1], work.code[row], "split")


def _double(work: _Work, row: int) -> None:
    mask = copied(work.piece(row), work.rng)
    if mask is not None:
        work.mark(row, "duplicate")
        work.add(row, mask, work.code[row], "duplicate")


_WAYS: dict[str, Callable[[_Work, int], None]] = {
    "spurious": _spawn,
    "swapped": _swap,
    "outline": _outline,
    "merged": _merge,
    "split": _split,
    "duplicate": _double,
}


def _planted(work: _Work, instances: pd.DataFrame, labels: tuple[str, ...]) -> Planted:
    keep = [i for i in range(len(work.mask)) if i not in work.gone]
    masks = [work.mask[i] for i in keep]
    heights = np.array([work.sizes[i][0] for i in keep], np.int64)
    box = rle.boxes(masks, heights)
    rows = pd.DataFrame(
        {
            "image_id": np.array([work.image_id[i] for i in keep], np.int64),
            "label": pd.Categorical.from_codes(
                [work.code[i] for i in keep], dtype=pd.CategoricalDtype(list(labels))
            ),
            "mask": pd.Series(masks, dtype=instances["mask"].dtype).array,
            **{name: box[:, i].astype(np.float32) for i, name in enumerate("xywh")},
            "area": rle.areas(masks).astype(np.int32),
        },
        index=pd.Index([work.ids[i] for i in keep], name="instance_id"),
    )
    wrong = np.array([work.wrong.get(i, 0) for i in keep], np.int64)
    return Planted(rows, wrong, instances.iloc[sorted(work.dropped)])
