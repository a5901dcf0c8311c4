"""What became of each mask that was handed out: untouched, moved, renamed, removed; and what was added."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ...core.geometry.overlap.assign import assign
from ...core.geometry.overlap.keep_best import overlapping
from ..formats.records.ids import IS_BOX, NB_ID

LEAST = 0.25
"""IoU from which two masks without a common id may be the same instance."""

_WORTH_OF_ID = 0.5  # an id that agrees counts as much as this IoU
_WORTH_OF_LABEL = 0.01  # parts what the masks leave open

_COLUMNS = (
    "image_id",
    "instance_id",
    "position",
    "claimed",
    "what",
    "iou",
    "label_before",
    "label",
    "problem",
)


def compare(sent: pd.DataFrame, back: pd.DataFrame, labels: tuple[str, ...]) -> pd.DataFrame:
    """Match what came back with what was handed out, image by image.

    Masks are matched so that the sum of their IoU is as high as can be. An id that a mask claims counts as
    much as an IoU of 0.5, if no other mask claims it and the two overlap at all; an id alone says nothing.

    Args:
        sent: instances by id, as the package held them: ``image_id``, ``label``, ``mask``.
        back: instances that came back on the same images; ``nb_id`` is the id that each claims, if any.
        labels: labels of the dataset.

    Returns:
        One row per instance of either, by image: the columns of ``_COLUMNS``. ``position`` is the row of
        ``back``, ``instance_id`` that of ``sent``, missing where there is none.
    """
    claimed = claims(back)
    pairs = overlapping(back["image_id"], back["mask"], sent["image_id"], sent["mask"], above=0.0)
    ids, once = sent.index.to_numpy(np.int64), ~np.asarray(pd.Series(claimed).duplicated(keep=False))
    by_id = (claimed[pairs.left] == ids[pairs.right]) & once[pairs.left]
    named, before = back["label"].astype(object).to_numpy(), sent["label"].astype(object).to_numpy()
    same = named[pairs.left] == before[pairs.right]
    worth = np.where(
        by_id | (pairs.iou >= LEAST), pairs.iou + _WORTH_OF_ID * by_id + _WORTH_OF_LABEL * same, 0
    )
    chosen = assign(pairs, worth)
    chosen = chosen[worth[chosen] > 0]
    at, of, iou = pairs.left[chosen], pairs.right[chosen], pairs.iou[chosen]
    alike = same[chosen]
    what = np.where(~alike, "renamed", np.where(iou < 1, "moved", "untouched"))
    kept = _rows(back, at, what, iou, claimed).assign(instance_id=ids[of], label_before=before[of])
    new = np.setdiff1d(np.arange(len(back)), at)
    added = _rows(back, new, np.full(len(new), "added"), np.zeros(len(new)), claimed)
    gone = sent.iloc[np.setdiff1d(np.arange(len(sent)), of)]
    removed = pd.DataFrame(
        {
            "image_id": gone["image_id"].to_numpy(np.int64),
            "instance_id": gone.index.to_numpy(np.int64),
            "what": "removed",
            "iou": 0.0,
            "label_before": gone["label"].astype(object).to_numpy(),
        }
    )
    parts = [part for part in (kept, added, removed) if len(part)]
    out = pd.concat(parts) if parts else pd.DataFrame(columns=list(_COLUMNS))
    return _finished(out.reindex(columns=list(_COLUMNS)), back, labels)


def claims(back: pd.DataFrame) -> np.ndarray:
    """The id that each row claims, ``(n,)`` int64; -1 for none."""
    if NB_ID not in back:
        return np.full(len(back), -1, np.int64)
    numbers = pd.to_numeric(back[NB_ID], errors="coerce").astype("Float64").fillna(-1.0)
    return numbers.to_numpy(np.float64).astype(np.int64)


def boxes_of(back: pd.DataFrame) -> np.ndarray:
    """Of which rows only a box is known, ``(n,)`` bool."""
    return back[IS_BOX].to_numpy(bool) if IS_BOX in back else np.zeros(len(back), bool)


def _rows(back: pd.DataFrame, at: np.ndarray, what: Any, iou: Any, claimed: np.ndarray) -> pd.DataFrame:
    rows = back.iloc[at]
    return pd.DataFrame(
        {
            "image_id": rows["image_id"].to_numpy(np.int64),
            "position": at,
            "claimed": claimed[at],
            "what": what,
            "iou": iou,
            "label": rows["label"].astype(object).to_numpy(),
        }
    )


def _finished(out: pd.DataFrame, back: pd.DataFrame, labels: tuple[str, ...]) -> pd.DataFrame:
    """Dtypes, problems, and the order by image."""
    for name in ("instance_id", "position", "claimed"):
        out[name] = out[name].astype("Int64")
    out["claimed"] = out["claimed"].mask(out["claimed"].fillna(-1) < 0)
    area = back["area"].to_numpy()
    blank = [not pd.isna(p) and area[p] == 0 for p in out["position"]]
    strange = out["label"].notna() & ~out["label"].isin(labels)
    out["problem"] = np.where(blank, "empty", np.where(strange, "unknown label", ""))
    boxes = boxes_of(back)
    out["is_box"] = [not pd.isna(p) and bool(boxes[p]) for p in out["position"]]
    order = ["image_id", "instance_id", "position"]
    return out.astype({"image_id": np.int64, "iou": np.float64}).sort_values(order).reset_index(drop=True)
