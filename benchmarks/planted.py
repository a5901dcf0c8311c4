"""Errors planted into true labels, for ``suspects.py``; written apart from the rehearsal that it measures.

The kinds follow COCO-N (https://arxiv.org/abs/2406.10891: class, boundary, localisation) and "Learning to
detect label errors by making them" (https://arxiv.org/abs/2508.17930: drop, flip, spawn), and masks that are
joined, cut and doubled. They differ from those of the rehearsal: a spawned mask is a label of another image
at its own place, an outline grows or shrinks by a disk, a cut is straight along the axes, a copy is smoothed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import ndimage

import nbalabel as nl
from nbalabel.core.geometry.masks import rle

KINDS = ("drop", "spawn", "swap", "shift", "resize", "merge", "split", "duplicate")


@dataclass(frozen=True)
class Planted:
    """Tables with planted errors.

    Attributes:
        tables: as they look to whoever judges them.
        errors: one row per error: ``kind``.
        of_label: instance id -> number of its error; two rows may share one error.
        dropped: the removed true labels, with a column ``error``.
    """

    tables: nl.Tables
    errors: pd.DataFrame
    of_label: dict[int, int]
    dropped: pd.DataFrame


def plant(truth: nl.Tables, share: float, seed: int, kinds: tuple[str, ...] = KINDS) -> Planted:
    """Plant errors at a share of the labels, of all kinds equally often."""
    rng = np.random.default_rng(seed)
    rows = truth.instances
    kinds = tuple(k for k in kinds if k != "swap" or len(truth.labels) > 1)
    size = {i: (int(h), int(w)) for i, h, w in truth.images[["height", "width"]].itertuples()}
    masks, label = dict(zip(rows.index, rows["mask"], strict=True)), rows["label"].astype(str).to_dict()
    on = rows["image_id"].to_dict()
    near = rows.groupby("image_id").groups
    free = set(rows.index[~rows["crowd"]])
    chosen = rng.permutation(sorted(free))[: round(share * len(rows))].tolist()
    names = [kinds[i % len(kinds)] for i in range(len(chosen))]
    new: list[tuple[int, str, bytes]] = []
    errors, of_label, new_of, dropped = [], {}, [], []
    for row, kind in zip(chosen, names, strict=True):
        if row not in free:
            continue
        height, width = size[on[row]]
        number = len(errors)
        crop, x, y = rle.decode_crop(masks[row], height, width)
        if kind == "drop":
            dropped.append((row, number))
        elif kind == "spawn":
            made = _spawned(truth, on[row], size, near, masks, on, rng)
            if made is None:
                continue
            new.append((on[row], label[made[0]], made[1]))
            new_of.append(number)
        elif kind == "swap":
            label[row] = str(rng.choice([n for n in truth.labels if n != label[row]]))
            of_label[row] = number
        elif kind in ("shift", "resize"):
            made = _moved(crop, x, y, height, width, kind, rng)
            if made is None or not 0.2 <= rle.iou_pairs([made], [masks[row]])[0] <= 0.75:
                continue
            masks[row] = made
            of_label[row] = number
        elif kind == "merge":
            other = _neighbour(row, near[on[row]], free, masks, height)
            if other is None:
                continue
            masks[row] = rle.union([masks[row], masks[other]], height, width)
            of_label[row] = number
            free.discard(other)
            dropped.append((other, -1))
        elif kind == "split":
            parts = _cut(crop, x, y, height, width, rng)
            if parts is None:
                continue
            masks[row] = parts[0]
            of_label[row] = number
            new.append((on[row], label[row], parts[1]))
            new_of.append(number)
        else:
            again = ndimage.binary_opening(np.pad(crop, 1)) if crop.sum() > 80 else np.pad(crop, 1)
            if not again.any():
                continue
            new.append((on[row], label[row], _encoded(again, x - 1, y - 1, height, width)))
            new_of.append(number)
            of_label[row] = number
        free.discard(row)
        errors.append(kind)
    gone = [row for row, _ in dropped]
    kept = rows.index.difference(gone)
    frame = pd.DataFrame(
        {
            "image_id": [on[i] for i in kept],
            "label": [label[i] for i in kept],
            "mask": [masks[i] for i in kept],
        },
        index=kept,
    )
    first = int(rows.index.max()) + 1
    extra = pd.DataFrame(new, columns=["image_id", "label", "mask"], index=first + np.arange(len(new)))
    of_label |= dict(zip(extra.index.tolist(), new_of, strict=True))
    tables = nl.Tables.of(truth.images, pd.concat([frame, extra]), truth.labels, truth.image_root)
    lost = rows.loc[gone].assign(error=[n for _, n in dropped])
    return Planted(tables, pd.DataFrame({"kind": errors}), of_label, lost[lost["error"] >= 0])


def _encoded(crop: np.ndarray, x: int, y: int, height: int, width: int) -> bytes | None:
    """A mask from a crop that may reach over the border."""
    whole = np.zeros((height, width), bool)
    rows, columns = np.nonzero(crop)
    rows, columns = rows + y, columns + x
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    whole[rows[inside], columns[inside]] = True
    return rle.encode(whole) if whole.any() else None


def _moved(crop, x, y, height, width, kind, rng):  # type: ignore[no-untyped-def]
    side = np.sqrt(crop.sum())
    if kind == "shift":
        dx, dy = (rng.normal(0, 0.3 * side, 2)).round().astype(int)
        return _encoded(crop, x + dx, y + dy, height, width)
    radius = max(1, round(side * rng.uniform(0.08, 0.2)))
    disk = np.hypot(*np.mgrid[-radius : radius + 1, -radius : radius + 1]) <= radius
    padded = np.pad(crop, radius)
    made = (ndimage.binary_dilation if rng.random() < 0.5 else ndimage.binary_erosion)(padded, disk)
    return _encoded(made, x - radius, y - radius, height, width)


def _spawned(truth, image_id, size, near, masks, on, rng):  # type: ignore[no-untyped-def]
    """A label of another image of at least this size, at its own place, where nothing is labeled."""
    height, width = size[image_id]
    there = [masks[i] for i in near.get(image_id, [])]
    taken = rle.decode(rle.union(there, height, width), height, width)
    for other in rng.choice(truth.instances.index.to_numpy(), 60):
        h, w = size[on[other]]
        crop, x, y = rle.decode_crop(truth.instances["mask"].at[other], h, w)
        x, y = round(x * width / w), round(y * height / h)
        part = taken[y : y + crop.shape[0], x : x + crop.shape[1]]
        if part.shape == crop.shape and not (part & crop).any():
            return other, _encoded(crop, x, y, height, width)
    return None


def _neighbour(row, others, free, masks, height):  # type: ignore[no-untyped-def]
    """The free label whose box is nearest, less than a third of the side away."""
    x, y, w, h = rle.boxes([masks[row]], height)[0]
    best, least = None, 0.33 * max(w, h)
    for other in others:
        if other == row or other not in free:
            continue
        a, b, c, d = rle.boxes([masks[other]], height)[0]
        gap = np.hypot(max(a - x - w, x - a - c, 0), max(b - y - h, y - b - d, 0))
        if gap < least:
            best, least = other, gap
    return best


def _cut(crop, x, y, height, width, rng):  # type: ignore[no-untyped-def]
    """Two parts, cut across the longer side of the box at 0.35 to 0.65 of it."""
    axis = int(crop.shape[1] > crop.shape[0])
    at = round(crop.shape[axis] * rng.uniform(0.35, 0.65))
    parts = []
    for side in (slice(0, at), slice(at, None)):
        part = np.zeros_like(crop)
        where = (side, slice(None)) if axis == 0 else (slice(None), side)
        part[where] = crop[where]
        parts.append(_encoded(part, x, y, height, width))
    return None if None in parts else tuple(parts)
