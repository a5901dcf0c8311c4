"""What differs between two versions: masks added, removed, relabeled and moved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...core.geometry.masks import rle
from ...core.geometry.overlap.keep_best import overlapping
from ...data.history.comparison import Comparison

_SAME = 0.5  # IoU from which a mask that was removed and one that was added are the same thing


@dataclass(frozen=True, eq=False)
class Differences:
    """What differs between two versions.

    Attributes:
        before: name of the first.
        after: name of the second.
        counts: one row per label and one for all, ``label``: ``added``, ``removed``, ``relabeled``,
            ``moved``.
        pairs: masks that are in both, but not the same: ``old_id``, ``new_id``, ``image_id``, ``what``
            ("moved", "relabeled" or both), ``old_label``, ``new_label``, ``iou``, the lowest first.
        old_masks: mask before, by row of ``pairs``.
        new_masks: mask after.
    """

    before: str
    after: str
    counts: pd.DataFrame
    pairs: pd.DataFrame
    old_masks: list[bytes]
    new_masks: list[bytes]


def differences(
    found: Comparison, old: pd.DataFrame, new: pd.DataFrame, labels: tuple[str, ...]
) -> Differences:
    """Sort what differs.

    A mask that was removed and another of the same image that was added, of IoU 0.5 or more, are one mask
    that was replaced: they count as moved or relabeled, not as added and removed.

    Args:
        found: the comparison of the two.
        old: instances before.
        new: instances after.
        labels: the label list.
    """
    gone, come = found.removed["instances"], found.added["instances"]
    changed = found.updated["instances"]
    ids = changed.index[changed["column"].isin(["label", "mask"]).to_numpy()].unique()
    lost, made = _replaced(gone, come)
    old_rows = pd.concat([old.loc[ids], gone.iloc[lost]])
    new_rows = pd.concat([new.loc[ids], come.iloc[made]])
    pairs = _pairs(old_rows, new_rows).sort_values("iou", kind="stable")
    added = come.drop(index=come.index[made])
    removed = gone.drop(index=gone.index[lost])
    return Differences(
        found.a,
        found.b,
        _counts(added, removed, pairs, labels),
        pairs.reset_index(drop=True),
        [old_rows["mask"].iloc[int(i)] for i in pairs.index],
        [new_rows["mask"].iloc[int(i)] for i in pairs.index],
    )


def _replaced(gone: pd.DataFrame, come: pd.DataFrame) -> tuple[list[int], list[int]]:
    """Positions of removed masks and of the added ones that replace them, each once, the best first."""
    if not len(gone) or not len(come):
        return [], []
    met = overlapping(gone["image_id"], gone["mask"], come["image_id"], come["mask"], above=_SAME - 1e-9)
    lost: dict[int, int] = {}
    taken = np.zeros(len(come), bool)
    for i in np.argsort(-met.iou, kind="stable").tolist():
        a, b = int(met.left[i]), int(met.right[i])
        if a not in lost and not taken[b]:
            lost[a] = b
            taken[b] = True
    return list(lost), list(lost.values())


def _pairs(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """One row per mask that is in both."""
    same_image = (old["image_id"].to_numpy() == new["image_id"].to_numpy()) if len(old) else np.zeros(0, bool)
    iou = np.zeros(len(old))
    if same_image.any():
        iou[same_image] = rle.iou_pairs(old["mask"][same_image], new["mask"][same_image])
    before, after = old["label"].astype(str).to_numpy(), new["label"].astype(str).to_numpy()
    moved, named = iou < 1, before != after
    what = np.where(moved & named, "moved and relabeled", np.where(named, "relabeled", "moved"))
    frame = pd.DataFrame(
        {
            "old_id": old.index.to_numpy(np.int64),
            "new_id": new.index.to_numpy(np.int64),
            "image_id": new["image_id"].to_numpy(np.int64),
            "what": what,
            "old_label": before,
            "new_label": after,
            "iou": iou,
        }
    )
    kept: pd.DataFrame = frame[moved | named]
    return kept


def _counts(
    added: pd.DataFrame, removed: pd.DataFrame, pairs: pd.DataFrame, labels: tuple[str, ...]
) -> pd.DataFrame:
    names = pd.Index([*labels, *sorted(set(removed["label"].astype(str)) - set(labels))], name="label")
    moved = pairs[pairs["what"].str.startswith("moved")]
    named = pairs[pairs["what"].str.endswith("relabeled")]
    columns = {
        "added": added["label"].astype(str).value_counts(),
        "removed": removed["label"].astype(str).value_counts(),
        "relabeled": named["new_label"].value_counts(),
        "moved": moved["new_label"].value_counts(),
    }
    frame = pd.DataFrame({name: n.reindex(names).fillna(0) for name, n in columns.items()}, index=names)
    frame.loc["all"] = frame.sum()
    return frame.astype(np.int64)
