"""Shared by readers: build Tables from rows of masks, with each image's state and weight."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from ....core.errors import DataError, first
from ....core.tables.schema import INSTANCES
from ...images.remote.folder import Root
from ...tables.tables import Tables
from .files import Unannotated, unwritable


class Picture(NamedTuple):
    """One image with the positions ``at`` of its instances, for loops over images."""

    image_id: int
    file: str
    height: int
    width: int
    unlabeled: bool
    at: list[int]


def pictures(images: pd.DataFrame, instances: pd.DataFrame | None = None) -> list[Picture]:
    """The images of a table, each with its instances."""
    of_image: dict[int, list[int]] = {}
    for position, image_id in enumerate([] if instances is None else instances["image_id"].tolist()):
        of_image.setdefault(image_id, []).append(position)
    state = images["state"] if "state" in images else pd.Series("unlabeled", index=images.index)
    columns = [images[name].tolist() for name in ("file", "height", "width")]
    rows = zip(images.index.tolist(), *columns, (state == "unlabeled").tolist(), strict=True)
    return [Picture(i, f, h, w, u, of_image.get(i, [])) for i, f, h, w, u in rows]


def categorical(codes: Any, labels: Sequence[str]) -> Any:
    """Positions in the label list as a column ``label``.

    Raises:
        DataError: labels are repeated, or not valid Unicode.
    """
    repeated = {label for label, n in Counter(labels).items() if n > 1}
    if repeated:
        raise DataError(f"labels must be unique, repeated: {first(sorted(repeated))}")
    broken = unwritable(labels)
    if broken:
        raise DataError(f"labels must be valid Unicode, got {first(broken)}")
    return pd.Categorical.from_codes(
        np.asarray(codes, np.int64), categories=pd.Index(list(labels), dtype="str")
    )


def mask_array(masks: Sequence[bytes] | pa.Array) -> Any:
    """Masks as a column ``mask``."""
    found: Any = masks if isinstance(masks, pa.Array) else pa.array(masks, pa.large_binary())
    return pd.array(found, dtype=INSTANCES["mask"].dtype)


def states(
    images: pd.DataFrame,
    labeled: np.ndarray,
    verified: np.ndarray | None = None,
    unannotated: Unannotated = "unlabeled",
) -> pd.DataFrame:
    """Set state and weight of images from the instances found.

    Training on unlabeled images teaches a model that nothing is there, so they get weight 0 unless the caller
    says that they are empty.

    Args:
        images: images, indexed by image id.
        labeled: ids of images with at least one instance.
        verified: ids of images that a person found empty.
        unannotated: state of the other images: "unlabeled" (weight 0) or "empty" (weight 1).
    """
    if unannotated not in ("unlabeled", "empty"):
        raise DataError(f'unannotated must be "unlabeled" or "empty", got {unannotated!r}')
    has = images.index.isin(labeled)
    blank = images.index.isin(verified) if verified is not None else np.zeros(len(images), bool)
    state = np.where(has, "complete", np.where(blank, "empty", unannotated))
    weight = np.where(state == "unlabeled", 0.0, 1.0)
    return images.assign(state=state, weight=weight)


def assemble(
    images: pd.DataFrame,
    rows: Mapping[str, Any],
    labels: Sequence[str],
    image_root: str | Root | None,
    unannotated: Unannotated,
    verified: Sequence[int] = (),
    info: Mapping[str, Any] | None = None,
) -> Tables:
    """Build Tables from the rows of a reader; instances are numbered 1..n in the order given.

    Args:
        images: columns ``file``, ``width``, ``height`` and possibly more, indexed by image id.
        rows: columns of instances, at least ``image_id``, ``label`` and ``mask`` (bytes).
        labels: label names, in order.
        image_root: the image folder, here or elsewhere.
        unannotated: see :func:`states`.
        verified: ids of images that a person found empty.
        info: other contents of the file.
    """
    n = len(rows["image_id"])
    instances = pd.DataFrame(
        {**rows, "mask": mask_array(rows["mask"])}, index=pd.RangeIndex(1, n + 1, name="instance_id")
    )
    instances["image_id"] = instances["image_id"].astype(np.int64)
    if "source" not in instances:
        instances["source"] = "imported"
    images = states(images, instances["image_id"].to_numpy(), np.array(verified, np.int64), unannotated)
    return Tables.of(images, instances, labels, image_root, info=info)
