"""What each annotator drew on the images that several looked at, as one table."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError, FallbackWarning, UnknownNameError, first
from ...core.regions.of_tables import codes_of
from ...core.tables.names import instead_of
from ...core.tables.of_images import labeled_all_over
from ...core.tables.schema import LabeledImages
from .left_out import left_out
from .same_images import same_images

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Looked = Mapping[str, Iterable[int]] | None


@dataclass(frozen=True, eq=False)
class Opinions:
    """Instances of all annotators on the images that two or more of them looked at.

    Attributes:
        raters: names of the annotators.
        labels: labels of all tables, in the order in which they come.
        tables: what each annotator's instances are rows of, one per annotator.
        image_ids: id of each image in the table of each annotator, ``(n_images, n_raters)``; -1: not there.
        sizes: height and width of each image, ``(n_images, 2)``.
        looked: who looked at which image, ``(n_images, n_raters)``.
        image: image of each instance, ``(n,)``, ascending.
        rater: annotator of each instance, ``(n,)``.
        label: label of each instance, ``(n,)``.
        instance_id: its id in its annotator's table, ``(n,)``.
        masks: compressed masks, ``(n,)``.
        n_images_left_out: images that fewer than two looked at.
        n_left_out: instances on images that count which do not: crowds, proposed ones, those of nobody, and
            those where nobody knows what is there.
    """

    raters: tuple[str, ...]
    labels: tuple[str, ...]
    tables: tuple[LabeledImages, ...]
    image_ids: Ints
    sizes: Ints
    looked: Bools
    image: Ints
    rater: Ints
    label: Ints
    instance_id: Ints
    masks: pd.Series
    n_images_left_out: int
    n_left_out: int


def opinions_of(tables: Mapping[str, LabeledImages], looked: Looked) -> Opinions:
    """The opinions of annotators who have a table each.

    Args:
        tables: name of the annotator -> their tables.
        looked: name -> images of their table that they looked at; None: see :func:`nbalabel.raters`.
    """
    names = tuple(tables)
    ids = same_images(list(tables.values()), names)
    rows = [_rows(t, ids[:, k], np.full(len(t.instances), k)) for k, t in enumerate(tables.values())]
    return _gathered(names, tuple(tables.values()), ids, rows, _known(looked, names))


def opinions_by(tables: LabeledImages, by: str, looked: Looked) -> Opinions:
    """The opinions of annotators who share a table.

    Args:
        tables: the table of all of them.
        by: column of instances that names the annotator of each row; rows without a name are left out.
        looked: name -> images that they looked at; None: see :func:`nbalabel.raters`.

    Raises:
        UnknownNameError: there is no such column.
        DataError: it names fewer than two annotators.
    """
    instances = tables.instances
    if by not in instances:
        columns = list(map(str, instances.columns))
        raise UnknownNameError(f"instances have no column {by!r}; {instead_of(by, columns)}")
    said = instances[by].astype(object).where(instances[by].notna(), "").astype(str)
    names = tuple(sorted(set(said) - {""} | set(looked or {})))
    if len(names) < 2:
        raise DataError(
            f"agreement takes two annotators or more; instances[{by!r}] names {len(names)}: {first(names)}"
        )
    ids = np.repeat(tables.images.index.to_numpy(np.int64)[:, None], len(names), axis=1)
    rater = pd.Index(names).get_indexer(pd.Index(said))
    rows = _rows(tables, ids[:, 0], rater)
    _warn_of_parts(rows, [name for name in names if name not in (looked or {})], names)
    return _gathered(names, (tables,) * len(names), ids, [rows], _known(looked, names))


def _warn_of_parts(rows: pd.DataFrame, guessed: list[str], names: tuple[str, ...]) -> None:
    """Warn where annotators of a shared table seem to have looked at a part of the images only."""
    own = rows[((rows["image"] >= 0) & (rows["rater"] >= 0)).to_numpy()]
    whole = own["image"].nunique()
    seen = own.groupby("rater")["image"].nunique()
    few = [name for name in guessed if 2 * seen.get(names.index(name), 0) < whole]
    if few:
        warnings.warn(
            f"{first(few)} drew something on fewer than half of the {whole:,} images that somebody drew on, "
            "and count as having looked at all complete ones: where they had a part of the images, "
            "looked={name: image_ids} says which",
            FallbackWarning,
            stacklevel=5,
        )


def _known(looked: Looked, names: tuple[str, ...]) -> Looked:
    strange = [name for name in looked or {} if name not in names]
    if strange:
        raise UnknownNameError(
            f"looked= names {first(strange)}, who is none of the annotators; {instead_of(strange[0], names)}"
        )
    return looked


def _rows(tables: LabeledImages, ids: Ints, rater: npt.NDArray[Any]) -> pd.DataFrame:
    """Instances of a table with the image's position in ``ids``, and the annotator's; -1 for neither."""
    there = tables.instances
    label: Any = there["label"].astype("category")
    present = np.flatnonzero(ids >= 0)
    at = pd.Index(ids[present]).get_indexer(pd.Index(there["image_id"]))
    return pd.DataFrame(
        {
            "image": np.where(at < 0, -1, np.append(present, -1)[at]),
            "rater": np.asarray(rater, np.int64),
            "label": label.astype(object).to_numpy(),
            "instance_id": there.index.to_numpy(np.int64),
            "mask": there["mask"].array,
            "area": there["area"].to_numpy(np.int64),
            "crowd": there["crowd"].to_numpy(bool),
            "proposed": (there["status"] == "proposed").to_numpy(bool),
        }
    )


def _gathered(
    names: tuple[str, ...],
    tables: tuple[LabeledImages, ...],
    ids: Ints,
    parts: list[pd.DataFrame],
    looked: Looked,
) -> Opinions:
    labels = tuple(dict.fromkeys(label for t in tables for label in t.labels))
    rows = pd.concat(parts, ignore_index=True)
    rows = rows[(rows["image"] >= 0).to_numpy()]
    seen = np.zeros(ids.shape, bool)
    for k, (name, table) in enumerate(zip(names, tables, strict=True)):
        seen[:, k] = _looked(ids[:, k], table, None if looked is None else looked.get(name))
    own = rows[((rows["rater"] >= 0) & ~rows["proposed"]).to_numpy()]
    seen[own["image"].to_numpy(), own["rater"].to_numpy()] = True
    chosen = np.flatnonzero(seen.sum(axis=1) >= 2)
    if not len(chosen):
        raise DataError(
            f"no image was looked at by two of {first(names)}: an annotator has looked at an image that is "
            "complete or empty, or has instances of theirs. looked={name: image_ids} says it otherwise"
        )
    position = np.full(len(ids) + 1, -1, np.int64)
    position[chosen] = np.arange(len(chosen))
    rows = rows.assign(image=position[rows["image"].to_numpy()], label=codes_of(rows["label"], labels))
    rows = rows[(rows["image"] >= 0).to_numpy()]
    kept = rows[~left_out(rows, tables, ids[chosen], labels)]
    kept = kept.sort_values(["image", "rater", "instance_id"], kind="stable")
    image, rater, label, ids_of = (
        kept[name].to_numpy(np.int64) for name in ("image", "rater", "label", "instance_id")
    )
    return Opinions(
        names, labels, tables, ids[chosen], _sizes(tables, ids[chosen], names), seen[chosen],
        image, rater, label, ids_of, kept["mask"].reset_index(drop=True),
        len(ids) - len(chosen), len(rows) - len(kept),
    )  # fmt: skip


def _looked(ids: Ints, tables: LabeledImages, said: Iterable[int] | None) -> Bools:
    images = tables.images
    known = images.index[labeled_all_over(images)] if said is None else pd.Index(list(said))
    strange = known[~known.isin(images.index)]
    if len(strange):
        raise UnknownNameError(f"looked= names images that are not there: {first(strange)}")
    return np.isin(ids, known.to_numpy(np.int64)) & (ids >= 0)


def _sizes(tables: tuple[LabeledImages, ...], ids: Ints, names: tuple[str, ...]) -> Ints:
    """Height and width of each image, the same for all annotators."""
    out = np.full((len(ids), 2), -1, np.int64)
    for k, table in enumerate(tables):
        at = table.images.index.get_indexer(pd.Index(ids[:, k]))
        own = table.images[["height", "width"]].to_numpy(np.int64)[at]
        there = at >= 0
        wrong = there & (out[:, 0] >= 0) & (out != own).any(axis=1)
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise DataError(
                f"an image must be of one size for all annotators; {int(wrong.sum())} are not: image "
                f"{ids[row, k]} of {names[k]} has height and width {own[row].tolist()}, for others "
                f"{out[row].tolist()}"
            )
        out[there] = own[there]
    return out
