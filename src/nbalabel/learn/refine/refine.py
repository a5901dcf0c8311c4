"""Replace the masks of a run by sharper ones, each only where it is predicted to be better."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from tqdm.auto import tqdm

from ...core.errors import DataError, ImageError, UnknownNameError
from ...core.geometry import rle
from ...core.schema import LabeledImages, conform
from ..quality import true_iou
from ..quality_fit import FEW, cross_fit, fold_of
from ..run import Run, new_id
from .evidence import N_COLUMNS, evidence
from .methods import METHODS, Mask, Patch, reach
from .shaken import shaken

BEFORE = "mask_before"
"""Column of a refined run: each mask as it was."""

_BASE = "as it was"
_FOLDS, _SHAKES = 5, 2
_Window = tuple[slice, slice]
_LEAST_AREA = 6
_AGREE = 0.75  # mean IoU with the others from which a mask is taken where nothing could be learned
_GAIN = 0.01  # predicted gain in IoU from which a mask is replaced


def refine(
    run: Run,
    *,
    method: str = "auto",
    tables: LabeledImages | None = None,
    gain: float = _GAIN,
    seed: int = 0,
) -> Run:
    """A run with sharper masks: outlines moved to the edges of the picture, where that is predicted to help.

    Of each prediction several masks are made within a band around its outline: the colour at three levels
    between surroundings and middle, and GrabCut. "auto" learns on the predictions of images that are labeled
    all over (state complete or empty) which of them has the highest IoU, from what the picture and the others
    say of each; a prediction on such an image is chosen for by what was learned on other images. With fewer
    than 60 such predictions, the mask that agrees best with the others is taken where three of the others
    agree with it.

    Args:
        run: what a model predicted, of any model. It stays as it is.
        method: "auto", or one of "level 0.25", "level 0.35", "level 0.5", "grabcut" for all masks.
        tables: with pictures and labels; None takes those the run was matched to.
        gain: predicted gain in IoU from which a mask is replaced, 0..1.
        seed: of folds and trees; the same seed gives the same masks.

    Returns:
        A Run, matched anew to the labels, with the columns ``mask_before`` (the mask as it was) and
        ``refined`` (whether it is another one now). Embeddings are those of the masks as they were. Images
        that cannot be read keep their masks.

    Raises:
        DataError: the run holds no tables and none are given.
        UnknownNameError: there is no such method.
        MissingExtraError: OpenCV or scikit-learn is not installed.
    """
    if method != "auto" and method not in METHODS:
        raise UnknownNameError(f"method must be 'auto' or one of {', '.join(METHODS)}, got {method!r}")
    found = run.tables if tables is None else tables
    if found is None:
        raise DataError(f"{run.id} holds no tables: load it with Run.load(folder, tables), or pass tables=")
    names = [_BASE, *METHODS] if method == "auto" else [_BASE, method]
    made = _candidates(run.predictions, found, names)
    fixed = np.where(made.at[:, 1] >= 0, 1, 0)
    chosen = _chosen(run, found, made, gain, seed) if method == "auto" else fixed
    return _with_masks(run, found, made, chosen, {"method": method, "gain": gain})


@dataclass(frozen=True, eq=False)
class _Candidates:
    """Masks to choose from.

    Attributes:
        masks: run lengths of all that were made.
        columns: their evidence, ``(len(masks), d)`` float32.
        at: for each prediction and name the position of its mask; -1 where none was made, ``(n, names)``.
    """

    masks: list[bytes]
    columns: npt.NDArray[np.float32]
    at: npt.NDArray[np.int64]


def _candidates(predictions: pd.DataFrame, tables: LabeledImages, names: Sequence[str]) -> _Candidates:
    masks: list[bytes] = []
    columns: list[npt.NDArray[np.float32]] = []
    at = np.full((len(predictions), len(names)), -1, np.int64)
    kinds = np.eye(len(names), dtype=np.float32)
    for place, patch, window, size, score in _patches(predictions, tables):
        found = [patch.mask, *(METHODS[name](patch) for name in names[1:])]
        keep = [k for k, mask in enumerate(found) if k == 0 or mask.sum() >= _LEAST_AREA]
        found = [found[k] for k in keep]
        at[place, keep] = np.arange(len(masks), len(masks) + len(keep))
        columns.append(np.concatenate([evidence(patch, found, score), kinds[keep]], axis=1))
        before = predictions["mask"].iloc[place]
        masks += [
            before if k == 0 else _placed(mask, window, size) for k, mask in zip(keep, found, strict=True)
        ]
    width = N_COLUMNS + len(names)
    return _Candidates(masks, np.concatenate([np.zeros((0, width), np.float32), *columns]), at)


def _patches(
    predictions: pd.DataFrame, tables: LabeledImages
) -> Iterator[tuple[int, Patch, _Window, tuple[int, int], float]]:
    """Each mask with the picture around it: its position, the patch, where it is, the image's size, score."""
    images = predictions["image_id"].to_numpy(np.int64)
    sizes = tables.images[["height", "width"]]
    for image_id in tqdm(np.unique(images), desc="refining", unit="image", delay=1, leave=False):
        height, width = sizes.loc[image_id].to_numpy(np.int64).tolist()
        try:
            pixels = np.asarray(tables.read_image(int(image_id)))
        except (ImageError, OSError):
            continue
        places = np.flatnonzero(images == image_id)
        rows = predictions.iloc[places]
        decoded = [rle.decode(mask, height, width) for mask in rows["mask"].array]
        covered = np.zeros((height, width), np.int16)
        for mask in decoded:
            covered += mask
        scores = rows["score"].fillna(0).to_numpy(np.float64)
        for place, mask, score in zip(places.tolist(), decoded, scores.tolist(), strict=True):
            area = int(mask.sum())
            if area < _LEAST_AREA:
                continue
            far = reach(area)
            window = _around(mask, 3 * far + 2)
            here = np.ascontiguousarray(mask[window])
            patch = Patch(np.ascontiguousarray(pixels[window]), here, covered[window] > here, far)
            yield place, patch, window, (height, width), score


def _around(mask: Mask, margin: int) -> _Window:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (
        slice(max(int(rows[0]) - margin, 0), int(rows[-1]) + 1 + margin),
        slice(max(int(columns[0]) - margin, 0), int(columns[-1]) + 1 + margin),
    )


def _placed(mask: Mask, window: _Window, size: tuple[int, int]) -> bytes:
    whole = np.zeros(size, np.bool_)
    whole[window] = mask
    return rle.encode(whole)


def _chosen(
    run: Run, tables: LabeledImages, made: _Candidates, gain: float, seed: int
) -> npt.NDArray[np.int64]:
    """For each prediction the column of the mask to take."""
    known = run.predictions[run.predictions["image_id"].isin(_labeled(tables))]
    several = [shaken(known, tables, seed + k) for k in range(_SHAKES)]
    examples = [_rows(run.predictions, made)]
    examples += [_rows(part, _candidates(part, tables, [_BASE, *METHODS])) for part in several]
    stacked = pd.concat([rows.frame for rows in examples], ignore_index=True)
    heights = tables.images["height"].loc[stacked["image_id"]].to_numpy(np.int64)
    stacked = conform(stacked, "predictions", run.labels, heights=heights)
    iou, judged = true_iou(stacked, run.predicted_ids, tables)
    own = np.arange(len(stacked)) < len(examples[0].frame)
    if (judged & own).sum() < FEW * made.at.shape[1]:
        return _by_agreement(made)
    fold = fold_of(stacked["image_id"].to_numpy(np.int64), judged, _FOLDS, seed)
    columns = np.concatenate([rows.columns for rows in examples])
    predicted = cross_fit(columns, iou, judged & ~own, fold, seed).iou[own]
    said = np.full(made.at.shape, -np.inf)
    said[examples[0].place, examples[0].name] = predicted
    best = said.argmax(axis=1)
    better = said[np.arange(len(said)), best] > said[:, 0] + gain
    return np.where(better & (made.at[:, 0] >= 0), best, 0)


@dataclass(frozen=True, eq=False)
class _Rows:
    """Candidates one below the other: whose they are, by which name, their evidence."""

    frame: pd.DataFrame
    place: npt.NDArray[np.int64]
    name: npt.NDArray[np.int64]
    columns: npt.NDArray[np.float32]


def _rows(predictions: pd.DataFrame, made: _Candidates) -> _Rows:
    place, name = np.nonzero(made.at >= 0)
    order = made.at[place, name]
    frame = predictions.iloc[place][["image_id", "label", "score"]].reset_index(drop=True)
    frame["mask"] = [made.masks[at] for at in order.tolist()]
    return _Rows(frame, place, name, made.columns[order])


def _labeled(tables: LabeledImages) -> pd.Index:
    return tables.images.index[tables.images["state"].isin(["complete", "empty"])]


def _by_agreement(made: _Candidates) -> npt.NDArray[np.int64]:
    """The mask that agrees best with the others, where nothing could be learned and they do agree."""
    agree = np.full(made.at.shape, -np.inf)
    there = made.at >= 0
    agree[there] = made.columns[made.at[there], 0]
    best = agree.argmax(axis=1)
    return np.where(agree.max(axis=1) > _AGREE, best, 0)


def _with_masks(
    run: Run, tables: LabeledImages, made: _Candidates, chosen: npt.NDArray[np.int64], asked: dict[str, Any]
) -> Run:
    name = new_id("refine")
    predictions = run.predictions
    place = made.at[np.arange(len(chosen)), chosen]
    before = predictions["mask"]
    masks = [old if at < 0 else made.masks[at] for old, at in zip(before.array, place.tolist(), strict=True)]
    frame = predictions.drop(columns=["x", "y", "w", "h", "area", "mask"])
    frame = frame.assign(mask=masks, origin=name, refined=chosen > 0)
    frame[BEFORE] = before.array
    heights = tables.images["height"].loc[frame["image_id"]].to_numpy(np.int64)
    frame = conform(frame, "predictions", run.labels, heights=heights)
    arguments = {**run.arguments, "refined": {**asked, "from": run.id}}
    return replace(run, id=name, predictions=frame, arguments=arguments).matched_to(tables)
