"""Where on an image, and for which labels, it is not known whether there is an object."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..geometry.masks import rle
from .of_tables import ALL, codes_of

Codes = tuple[int, ...]


@dataclass(frozen=True)
class Unknown:
    """A part of an image where it is not known whether there is an object of some labels.

    Attributes:
        image_id: the image.
        labels: indices in the label list, ascending.
        mask: run lengths.
    """

    image_id: int
    labels: Codes
    mask: bytes


def unknown(
    images: pd.DataFrame, regions: pd.DataFrame, labels: tuple[str, ...], is_open: npt.NDArray[np.bool_]
) -> list[Unknown]:
    """The unknown parts of images, image by image; parts of one image may overlap.

    On every image these are its regions of kind "ignore". On an *open* image it is also all that lies in no
    region of kind "done": of all labels, or of the label in question.

    Args:
        images: rows of images.
        regions: rows with ``image_id``, ``mask``, ``kind`` and ``label`` (missing: all labels); rows on other
            images are left out.
        labels: the label list.
        is_open: which of the images are known only where a region says so, ``(n,)``.

    Example:
        >>> images = pd.DataFrame({"height": [2], "width": [2]}, index=[7])
        >>> done = pd.DataFrame({"image_id": [7], "mask": [b"022"], "kind": ["done"], "label": ["cod"]})
        >>> unknown(images, done, ("cod", "ling"), np.array([True]))
        [Unknown(image_id=7, labels=(1,), mask=b'04'), Unknown(image_id=7, labels=(0,), mask=b'22')]
    """
    on = regions["image_id"].isin(images.index).to_numpy()
    rows = pd.DataFrame(
        {
            "image_id": regions["image_id"].to_numpy(np.int64)[on],
            "mask": regions["mask"].to_numpy(object)[on],
            "code": codes_of(regions["label"], labels)[on],
            "done": (regions["kind"] == "done").to_numpy(bool)[on],
        }
    )
    of_image = rows.groupby("image_id").indices
    no_rows = np.zeros(0, np.int64)
    parts: list[Unknown] = []
    ids = images.index.to_numpy(np.int64).tolist()
    sizes = images[["height", "width"]].to_numpy(np.int64).tolist()
    for image_id, (height, width), open_ in zip(ids, sizes, is_open.tolist(), strict=True):
        if not open_ and image_id not in of_image:
            continue
        own = rows.iloc[of_image.get(image_id, no_rows)]
        every = tuple(range(len(labels)))
        for code, mask in own.loc[~own["done"], ["code", "mask"]].itertuples(index=False):
            parts.append(Unknown(image_id, every if code == ALL else (int(code),), mask))
        if open_:
            parts += [
                Unknown(image_id, of, mask) for of, mask in _outside(own[own["done"]], every, height, width)
            ]
    return parts


def _outside(done: pd.DataFrame, every: Codes, height: int, width: int) -> Iterator[tuple[Codes, bytes]]:
    """For labels that share it, the mask of all that lies in none of their regions of kind "done"."""
    of_all = done.loc[done["code"] == ALL, "mask"].tolist()
    special = sorted(set(done["code"].tolist()) - {ALL})
    others = tuple(code for code in every if code not in special)
    groups = [(others, of_all)] if others else []
    groups += [((code,), of_all + done.loc[done["code"] == code, "mask"].tolist()) for code in special]
    whole = rle.from_counts([0, height * width])
    for codes, masks in groups:
        mask = whole
        if masks:
            mask = rle.difference(whole, rle.union(masks, height, width), height, width)
        if rle.areas([mask])[0]:
            yield codes, mask
