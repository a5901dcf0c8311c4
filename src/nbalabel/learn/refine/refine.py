"""Replace the masks of a run by sharper ones, each only where it is predicted to be better."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, overload

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError, UnknownNameError, first
from ...core.opencv import one_thread, opencv
from ...core.snapping.bands import METHODS
from ...core.snapping.snap import AGREE
from ...core.tables.of_images import sizes_of
from ...core.tables.schema import LabeledImages, conform
from ...engine.pictures import pictures
from ...engine.rows import Wanted, fingerprint
from ...engine.run import On
from ...engine.shards import Shards
from ...engine.step import place, said_of
from ..quality.fit import sklearn
from ..runs.frozen_tables import live
from ..runs.run import Run, new_id
from .candidates import COLUMNS, Candidates, candidates
from .learned import predicted, shaken_twice
from .of_instances import refine_instances
from .refined import Refined

Floats = npt.NDArray[np.float64]

_BEFORE = "mask_before"
"""Column of a refined run: each mask as it was."""

_BASE = "as it was"
_GAIN = 0.01  # predicted gain in IoU from which a mask is replaced


@overload
def refine(
    run: Run,
    *,
    method: str = "auto",
    rows: pd.DataFrame | None = None,
    tables: LabeledImages | None = None,
    gain: float = _GAIN,
    seed: int = 0,
    folder: str | Path | None = None,
    on: On = None,
) -> Run: ...


@overload
def refine(
    run: LabeledImages,
    *,
    method: str = "auto",
    rows: pd.DataFrame | None = None,
    folder: str | Path | None = None,
    on: On = None,
) -> Refined: ...


def refine(
    run: Run | LabeledImages,
    *,
    method: str = "auto",
    rows: pd.DataFrame | None = None,
    tables: LabeledImages | None = None,
    gain: float = _GAIN,
    seed: int = 0,
    folder: str | Path | None = None,
    on: On = None,
) -> Run | Refined:
    """A run with sharper masks: outlines moved to the edges of the picture, where that is predicted to help.

    For each prediction several masks are made within a band around its outline: by the colour at three levels
    between surroundings and middle, and by GrabCut. "auto" learns on completely labeled images (state
    complete or empty) to predict the IoU of each mask from the image and from the other masks; on such an
    image it uses only what was learned on other images. With fewer than 60 predictions on such images, the
    mask that agrees best with the others is taken, if its mean IoU with them is above 0.75.

    Of a dataset, it proposes sharper masks for its instances: nothing is learned then. A mask that fills its
    box is taken for a box, in which :class:`nbalabel.BoxCut` finds the object; other masks are moved where
    the methods agree. ``ds.apply(refined)`` takes them.

    Args:
        run: predictions of any model, or a Dataset, a Version or Tables. It stays as it is.
        method: "auto", or one of "level 0.25", "level 0.35", "level 0.5", "grabcut" for all masks. For
            instances: "auto", "snap" or "box" for all.
        rows: rows of its predictions or instances; the others keep their masks. None: all.
        tables: tables with images and instances; None takes those the run was matched to.
        gain: predicted gain in IoU from which a mask is replaced, 0..1.
        seed: seed of folds and trees; the same seed gives the same masks.
        folder: where parts are kept, so that an interrupted refinement continues, and then the Run is saved.
        on: where to refine: None is here, a number that many processes of this machine, a
            ``dask.distributed.Client`` the workers of its cluster, which reach ``folder`` and pictures by
            the same paths; anything with ``submit`` will do. See docs/cluster.md.

    Returns:
        A Run, matched anew to the instances, with the columns ``mask_before`` (the mask as it was) and
        ``refined`` (whether the mask was replaced). Embeddings are those of the masks as they were. On images
        that cannot be read, masks stay as they are. Of a dataset: a
        :class:`~nbalabel.learn.refine.refined.Refined`, with a preview and the Change.

    Raises:
        DataError: the run holds no tables and none are given, or ``on`` is nothing to run on.
        StorageError: the folder cannot be used.
        UnknownNameError: there is no such method, or ``rows`` are not of the run.
        MissingExtraError: OpenCV or scikit-learn is not installed.
    """
    if isinstance(on, pd.DataFrame):
        raise DataError("on= says where to run: nl.refine(run, rows=...) takes the rows to refine")
    if not isinstance(run, Run):
        return refine_instances(run, method, rows, folder, on)
    if method != "auto" and method not in METHODS:
        raise UnknownNameError(f"method must be 'auto' or one of {', '.join(METHODS)}, got {method!r}")
    found = run.tables if tables is None else tables
    if found is None:
        raise DataError(f"{run.id} holds no tables: load it with Run.load(folder, tables), or pass tables=")
    made = sharpened(run, found, method, rows, gain, seed, folder, on)
    if folder is not None:
        made.run.save(folder)
        made.shards.clear()
    return made.run


@dataclass(frozen=True, eq=False)
class Sharpened:
    """A refined run that is not saved yet.

    Attributes:
        run: the run.
        shards: the parts it was made of, to be cleared once it is saved.
    """

    run: Run
    shards: Shards


def sharpened(
    run: Run,
    tables: LabeledImages,
    method: str = "auto",
    rows: pd.DataFrame | None = None,
    gain: float = _GAIN,
    seed: int = 0,
    folder: str | Path | None = None,
    on: On = None,
) -> Sharpened:
    """A refined run; see :func:`refine`. Nothing is saved, and parts stay in ``folder``."""
    names = [_BASE, *METHODS] if method == "auto" else [_BASE, method]
    travel = on is not None
    read = pictures(live(tables) if travel else tables, tables.images, travel=travel)
    with one_thread("nl.refine"), place(folder, on) as where:
        of = [Wanted(run.predictions, _wanted(run, rows))]
        of += shaken_twice(of[0], tables, seed) if method == "auto" else []
        mark = "" if where is None else fingerprint(of, COLUMNS, tables.images, [names, tables.image_root])
        shards = Shards(None if where is None else where / "refining", mark, "refinement")
        (made, *examples), workers = candidates(names, of, read, shards, on)
        worth, least = made.name.astype(np.float64), 0.0
        if method == "auto":
            shakes = list(zip(of[1:], examples, strict=True))
            worth, least = _worth(predicted(run, tables, made, shakes, len(names), seed), made, gain)
    chosen = _best(made, worth, least, len(run.predictions))
    asked = {"method": method, "gain": gain, **said_of(workers)}
    return Sharpened(_with_masks(run, tables, made, chosen, asked), shards)


def check_packages() -> None:
    """Check that what refining needs is installed, before a long prediction.

    Raises:
        MissingExtraError: OpenCV or scikit-learn is not installed.
    """
    opencv("refine")
    sklearn("ensemble")


def _wanted(run: Run, rows: pd.DataFrame | None) -> npt.NDArray[np.bool_]:
    if rows is None:
        return np.ones(len(run.predictions), np.bool_)
    unknown = rows.index[~rows.index.isin(run.predictions.index)]
    if len(unknown):
        raise UnknownNameError(
            f"rows must be of the run's predictions; {first(unknown)} are none of {run.id}"
        )
    return run.predictions.index.isin(rows.index)


def _worth(learned: Floats | None, made: Candidates, gain: float) -> tuple[Floats, float]:
    """Worth of each candidate, and how much more than the mask as it was it must be worth."""
    if learned is not None:
        return learned, gain
    return np.where(made.name == 0, AGREE, made.columns[:, 0].astype(np.float64)), 0.0


def _best(made: Candidates, worth: npt.NDArray[np.float64], least: float, n: int) -> npt.NDArray[np.int64]:
    """The best candidate of each prediction, if it is worth ``least`` more than the mask as it was.

    Args:
        made: the candidates.
        worth: worth of each candidate, ``(m,)``.
        least: how much more than the mask as it was a candidate must be worth; -inf replaces all.
        n: predictions.

    Returns:
        ``(n,)`` row of the candidate, -1 where the mask stays.
    """
    out = np.full(n, -1, np.int64)
    order = np.lexsort([-worth, made.place])
    place, first = np.unique(made.place[order], return_index=True)
    best = order[first]
    before = np.full(n, np.inf)
    before[made.place[made.name == 0]] = worth[made.name == 0]
    better = (made.name[best] > 0) & (worth[best] > before[place] + least)
    out[place[better]] = best[better]
    return out


def _with_masks(
    run: Run, tables: LabeledImages, made: Candidates, chosen: npt.NDArray[np.int64], asked: dict[str, Any]
) -> Run:
    name = new_id("refine")
    predictions = run.predictions
    before = predictions["mask"]
    masks = np.array(before.tolist(), dtype=object)
    masks[chosen >= 0] = made.masks[chosen[chosen >= 0]]
    frame = predictions.drop(columns=["x", "y", "w", "h", "area", "mask"])
    frame = frame.assign(mask=masks, origin=name, refined=chosen >= 0)
    frame[_BEFORE] = before.array
    heights = sizes_of(tables.images, frame["image_id"])[:, 0]
    frame = conform(frame, "predictions", run.labels, heights=heights)
    arguments = {**run.arguments, "refined": {**asked, "from": run.id}}
    return replace(run, id=name, predictions=frame, arguments=arguments).matched_to(tables)
