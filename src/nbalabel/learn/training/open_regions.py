"""Open regions of training images: where it is not known whether there is an object, so that no loss is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.regions.of_tables import regions_of
from ...core.regions.unknown import Codes, Unknown, unknown
from ...core.tables.schema import LabeledImages
from .outlines import Points, outline

_COLUMNS = ["image_id", "mask", "kind", "label"]


@dataclass(frozen=True)
class Open:
    """The open regions of images, as closed paths.

    Attributes:
        paths: for each image its paths, pixels at the training size.
        of: for each image the index in ``labels`` of each path.
        labels: the distinct sets of labels that a region can be about, as indices in the label list.
    """

    paths: list[list[Points]] = field(default_factory=list)
    of: list[list[int]] = field(default_factory=list)
    labels: list[Codes] = field(default_factory=list)

    def on(self, at: int) -> tuple[list[Points], list[int]]:
        """Paths of one image, and the index in ``labels`` of each."""
        return (self.paths[at], self.of[at]) if self.paths else ([], [])

    def take(self, at: Sequence[int]) -> Open:
        """Those of some images, by position."""
        if not self.paths:
            return self
        return Open([self.paths[i] for i in at], [self.of[i] for i in at], self.labels)

    def matrix(self, n_labels: int) -> npt.NDArray[np.float32]:
        """Whether each set holds each label, ``(n_sets, n_labels)``, 0 or 1."""
        out = np.zeros((len(self.labels), n_labels), np.float32)
        for row, codes in zip(out, self.labels, strict=True):
            row[list(codes)] = 1
        return out


def open_regions(
    tables: LabeledImages, images: pd.DataFrame, imgsz: int, partial: str, ignore: pd.DataFrame | None
) -> Open:
    """The open regions of images that are trained on.

    These are the regions of kind "ignore", crowds and proposed instances (for their label), and on images of
    state partial what ``ignore`` names. With ``partial="regions"``, also all of a partial image that lies in
    no region of kind "done".

    Args:
        tables: the tables to learn from.
        images: rows of the images that are trained on.
        imgsz: long side that images are resized to, pixels.
        partial: "use", "skip" or "regions".
        ignore: rows (image_id, mask) of undecided masks.
    """
    is_partial = (images["state"] == "partial").to_numpy()
    rows = _said(tables, images.index[is_partial], ignore)
    found = unknown(images, rows, tuple(tables.labels), is_partial & (partial == "regions"))
    return _as_paths(found, images, imgsz) if found else Open()


def _said(tables: LabeledImages, partial: pd.Index, ignore: pd.DataFrame | None) -> pd.DataFrame:
    """Regions of the tables, and all that is one without a row there."""
    instances = tables.instances
    unsure = instances[instances["crowd"] | (instances["status"] == "proposed")]
    parts = [regions_of(tables)[_COLUMNS], unsure.assign(kind="ignore")[_COLUMNS]]
    if ignore is not None:
        near = ignore[ignore["image_id"].isin(partial)]
        parts.append(near.assign(kind="ignore", label=None)[_COLUMNS])
    return pd.concat([part.astype(object) for part in parts if len(part)] or [parts[0].astype(object)])


def _as_paths(found: list[Unknown], images: pd.DataFrame, imgsz: int) -> Open:
    sets = list(dict.fromkeys(part.labels for part in found))
    out = Open([[] for _ in range(len(images))], [[] for _ in range(len(images))], sets)
    place = dict(zip(images.index.tolist(), range(len(images)), strict=True))
    sizes = images[["height", "width"]].to_numpy(np.int64)
    for part in found:
        at = place[part.image_id]
        height, width = sizes[at].tolist()
        path = outline(part.mask, height, width, imgsz / max(height, width))
        if len(path):
            out.paths[at].append(path)
            out.of[at].append(sets.index(part.labels))
    return out
