"""Replace the masks of a run by sharper ones, each only where it is predicted to be better."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, overload

import numpy as np
import numpy.typing as npt
import pandas as pd
from tqdm.auto import tqdm

from ...core.errors import DataError, ImageError, UnknownNameError, first
from ...core.opencv import one_thread, opencv
from ...core.snapping.bands import METHODS, Mask, Patch
from ...core.snapping.patches import LEAST_AREA, Window, patches, whole
from ...core.snapping.snap import AGREE
from ...core.tables.ahead import ahead
from ...core.tables.of_images import labeled_all_over, sizes_of
from ...core.tables.schema import LabeledImages, conform
from ..quality.fit import FEW, cross_fit, fold_of, sklearn
from ..quality.predicted_iou import true_iou
from ..runs.run import Run, new_id
from .evidence import N_COLUMNS, evidence
from .of_instances import refine_instances
from .refined import Refined
from .shaken import shaken

_BEFORE = "mask_before"
"""Column of a refined run: each mask as it was."""

_BASE = "as it was"
_FOLDS, _SHAKES = 5, 2
_GAIN = 0.01  # predicted gain in IoU from which a mask is replaced


@overload
def refine(
    run: Run,
    *,
    method: str = "auto",
    on: pd.DataFrame | None = None,
    tables: LabeledImages | None = None,
    gain: float = _GAIN,
    seed: int = 0,
) -> Run: ...


@overload
def refine(run: LabeledImages, *, method: str = "auto", on: pd.DataFrame | None = None) -> Refined: ...


def refine(
    run: Run | LabeledImages,
    *,
    method: str = "auto",
    on: pd.DataFrame | None = None,
    tables: LabeledImages | None = None,
    gain: float = _GAIN,
    seed: int = 0,
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
        on: rows of its predictions or instances; the others keep their masks. None: all.
        tables: tables with images and instances; None takes those the run was matched to.
        gain: predicted gain in IoU from which a mask is replaced, 0..1.
        seed: seed of folds and trees; the same seed gives the same masks.

    Returns:
        A Run, matched anew to the instances, with the columns ``mask_before`` (the mask as it was) and
        ``refined`` (whether the mask was replaced). Embeddings are those of the masks as they were. On images
        that cannot be read, masks stay as they are. Of a dataset: a
        :class:`~nbalabel.learn.refine.refined.Refined`, with a preview and the Change.

    Raises:
        DataError: the run holds no tables and none are given.
        UnknownNameError: there is no such method, or ``on`` has rows that are not of the run.
        MissingExtraError: OpenCV or scikit-learn is not installed.
    """
    if not isinstance(run, Run):
        return refine_instances(run, method, on)
    if method != "auto" and method not in METHODS:
        raise UnknownNameError(f"method must be 'auto' or one of {', '.join(METHODS)}, got {method!r}")
    found = run.tables if tables is None else tables
    if found is None:
        raise DataError(f"{run.id} holds no tables: load it with Run.load(folder, tables), or pass tables=")
    names = [_BASE, *METHODS] if method == "auto" else [_BASE, method]
    wanted = _wanted(run, on)
    with one_thread("nl.refine"):
        made = _candidates(run.predictions, found, names, wanted)
        learned = _learned(run, found, made, names, wanted, seed) if method == "auto" else None
    least = gain
    if method == "auto":
        worth = learned
        if worth is None:
            agree = made.columns[:, 0].astype(np.float64)
            worth, least = np.where(made.name == 0, AGREE, agree), 0.0
    else:
        worth, least = made.name.astype(np.float64), 0.0
    chosen = _best(made, worth, least, len(run.predictions))
    return _with_masks(run, found, made, chosen, {"method": method, "gain": gain})


def check_packages() -> None:
    """Check that what refining needs is installed, before a long prediction.

    Raises:
        MissingExtraError: OpenCV or scikit-learn is not installed.
    """
    opencv("refine")
    sklearn("ensemble")


@dataclass(frozen=True, eq=False)
class _Piece:
    """A mask that was made: its pixels within a window of the image."""

    mask: Mask
    window: Window
    size: tuple[int, int]

    def encoded(self) -> bytes:
        """Run lengths in the whole image."""
        return whole(self.mask, self.window, *self.size)


@dataclass(frozen=True, eq=False)
class _Candidates:
    """Candidate masks, one per row.

    Attributes:
        place: position of the prediction each belongs to, ascending, ``(m,)``.
        name: index of the method that made it; 0 is the mask as it was, ``(m,)``.
        columns: evidence of each, ``(m, d)`` float32.
        pieces: the masks; None for the mask as it was.
    """

    place: npt.NDArray[np.int64]
    name: npt.NDArray[np.int64]
    columns: npt.NDArray[np.float32]
    pieces: list[_Piece | None]

    def masks(self, predictions: pd.DataFrame, rows: npt.NDArray[np.int64]) -> list[bytes]:
        """Run lengths of the candidates ``rows``."""
        before = predictions["mask"].array[self.place[rows]]
        some = [self.pieces[row] for row in rows.tolist()]
        return [old if piece is None else piece.encoded() for old, piece in zip(before, some, strict=True)]


def _wanted(run: Run, on: pd.DataFrame | None) -> npt.NDArray[np.bool_]:
    if on is None:
        return np.ones(len(run.predictions), np.bool_)
    unknown = on.index[~on.index.isin(run.predictions.index)]
    if len(unknown):
        raise UnknownNameError(
            f"on takes rows of the run's predictions; {first(unknown)} are none of {run.id}"
        )
    return run.predictions.index.isin(on.index)


def _candidates(
    predictions: pd.DataFrame,
    tables: LabeledImages,
    names: Sequence[str],
    wanted: npt.NDArray[np.bool_] | None = None,
) -> _Candidates:
    places: list[int] = []
    kinds: list[int] = []
    pieces: list[_Piece | None] = []
    columns = [np.zeros((0, N_COLUMNS + len(names)), np.float32)]
    one_of = np.eye(len(names), dtype=np.float32)
    for place, patch, window, size, score in _patches(predictions, tables, wanted):
        made = [patch.mask, *(METHODS[name](patch) for name in names[1:])]
        keep = [k for k, mask in enumerate(made) if k == 0 or mask.sum() >= LEAST_AREA]
        columns.append(
            np.concatenate([evidence(patch, [made[k] for k in keep], score), one_of[keep]], axis=1)
        )
        places += [place] * len(keep)
        kinds += keep
        pieces += [None, *(_Piece(made[k], window, size) for k in keep[1:])]
    order = np.argsort(places, kind="stable")
    return _Candidates(
        np.asarray(places, np.int64)[order],
        np.asarray(kinds, np.int64)[order],
        np.concatenate(columns)[order],
        [pieces[at] for at in order.tolist()],
    )


def _patches(
    predictions: pd.DataFrame, tables: LabeledImages, wanted: npt.NDArray[np.bool_] | None
) -> Iterator[tuple[int, Patch, Window, tuple[int, int], float]]:
    """Each mask with the picture around it: its position, the patch, where it is, the image's size, score."""
    images = predictions["image_id"].to_numpy(np.int64)
    wanted = np.ones(len(images), np.bool_) if wanted is None else wanted
    sizes = tables.images[["height", "width"]]
    ids = np.unique(images[wanted]).tolist()
    coming = ahead(tables, ids)
    for image_id in tqdm(coming, desc="refining", total=len(ids), unit="image", delay=1, leave=False):
        height, width = (int(side) for side in sizes.loc[image_id].to_numpy(np.int64))
        try:
            pixels = np.asarray(tables.read_image(image_id))
        except (ImageError, OSError):
            continue
        places = np.flatnonzero(images == image_id)
        rows = predictions.iloc[places]
        scores = rows["score"].fillna(0).to_numpy(np.float64)
        for at, patch, window in patches(pixels, rows["mask"].tolist(), wanted[places]):
            yield int(places[at]), patch, window, (height, width), float(scores[at])


def _learned(
    run: Run,
    tables: LabeledImages,
    made: _Candidates,
    names: Sequence[str],
    wanted: npt.NDArray[np.bool_],
    seed: int,
) -> npt.NDArray[np.float64] | None:
    """Predicted IoU of each candidate; None where too little is labeled to learn it."""
    labeled = tables.images.index[labeled_all_over(tables.images)]
    known = run.predictions[run.predictions["image_id"].isin(labeled).to_numpy() & wanted]
    parts = [shaken(known, tables, seed + k) for k in range(_SHAKES)]
    examples = [(part, _candidates(part, tables, names)) for part in parts]
    stacked = pd.concat([_rows(part, some) for part, some in examples], ignore_index=True)
    heights = sizes_of(tables.images, stacked["image_id"])[:, 0]
    stacked = conform(stacked, "predictions", run.labels, heights=heights)
    iou, judged = true_iou(stacked, run.predicted_ids, tables)
    if judged.sum() < FEW * len(names) * _SHAKES:
        return None
    own = run.predictions["image_id"].to_numpy(np.int64)[made.place]
    images = np.concatenate([own, stacked["image_id"].to_numpy(np.int64)])
    columns = np.concatenate([made.columns, *(some.columns for _, some in examples)])
    nothing = np.zeros(len(own))
    judged = np.concatenate([nothing > 0, judged])
    fold = fold_of(images, judged, _FOLDS, seed)
    return cross_fit(columns, np.concatenate([nothing, iou]), judged, fold, seed).iou[: len(own)]


def _rows(predictions: pd.DataFrame, made: _Candidates) -> pd.DataFrame:
    rows = predictions.iloc[made.place][["image_id", "label", "score"]].reset_index(drop=True)
    return rows.assign(mask=made.masks(predictions, np.arange(len(made.place))))


def _best(made: _Candidates, worth: npt.NDArray[np.float64], least: float, n: int) -> npt.NDArray[np.int64]:
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
    run: Run, tables: LabeledImages, made: _Candidates, chosen: npt.NDArray[np.int64], asked: dict[str, Any]
) -> Run:
    name = new_id("refine")
    predictions = run.predictions
    before = predictions["mask"]
    masks = np.array(before.tolist(), dtype=object)
    masks[chosen >= 0] = made.masks(predictions, chosen[chosen >= 0])
    frame = predictions.drop(columns=["x", "y", "w", "h", "area", "mask"])
    frame = frame.assign(mask=masks, origin=name, refined=chosen >= 0)
    frame[_BEFORE] = before.array
    heights = sizes_of(tables.images, frame["image_id"])[:, 0]
    frame = conform(frame, "predictions", run.labels, heights=heights)
    arguments = {**run.arguments, "refined": {**asked, "from": run.id}}
    return replace(run, id=name, predictions=frame, arguments=arguments).matched_to(tables)
