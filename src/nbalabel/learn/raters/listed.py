"""Agreement label by label, annotator by annotator, and pair by pair, as DataFrames."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from .bootstrap import measured
from .opinions import Opinions
from .tallies import alpha_sums
from .units import NOT_LOOKED, Units

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def by_label(opinions: Opinions, units: Units) -> pd.DataFrame:
    """One row per label that somebody gave; see :class:`nbalabel.Raters`."""
    n = len(opinions.labels)
    label, unit = opinions.label, units.of_row
    k = units.drew.sum(axis=1)[unit]
    others = (opinions.looked.sum(axis=1) - 1)[opinions.image]
    ends = np.concatenate([label[units.left], label[units.right]])
    far = np.concatenate([label[units.right], label[units.left]])
    mixed = np.zeros((n, n))
    np.add.at(mixed, (ends, far), 1.0)
    same = np.diag(mixed).copy()
    np.fill_diagonal(mixed, 0.0)
    with_other = mixed.argmax(axis=1) if n else np.zeros(0, np.int64)
    named = np.array([*opinions.labels, None], dtype=object)
    count = np.bincount(label, minlength=n)
    table = pd.DataFrame(
        {
            "instances": count,
            "alone": _share(np.bincount(label, k == 1, n), count),
            "alpha": _against_rest(units, n),
            "existence": _share(np.bincount(label, k - 1, n), np.bincount(label, others, n)),
            "outline": _share(np.bincount(ends, np.tile(units.iou, 2), n), np.bincount(ends, minlength=n)),
            "boundary": _share(
                np.bincount(ends, np.tile(units.boundary, 2), n), np.bincount(ends, minlength=n)
            ),
            "name": _share(same, np.bincount(ends, minlength=n)),
            "mixed_with": named[np.where(mixed.sum(axis=1) > 0, with_other, n)],
        },
        index=pd.Index(list(opinions.labels), name="label", dtype=object),
    )
    return table[count > 0]


def by_annotator(opinions: Opinions, units: Units, draws: int, seed: int) -> pd.DataFrame:
    """One row per annotator; see :class:`nbalabel.Raters`."""
    looked, drew = opinions.looked, units.drew
    n, n_labels = len(opinions.raters), len(opinions.labels)
    whole = alpha_sums(units, looked, n_labels)
    parts = [alpha_sums(units, looked, n_labels, without=a) for a in range(n)]

    def vitality(weights: Floats | None) -> Floats:
        every = whole.alpha(weights)
        return np.stack([every - part.alpha(weights) for part in parts], axis=1)

    value, low, high = measured(vitality, len(looked), draws, seed)
    there = looked[units.image]
    k, m = drew.sum(axis=1)[:, None], there.sum(axis=1)[:, None]
    both = (drew * (k - 1)).sum(axis=0)
    existence = _share(2 * both, (there * (drew * (m - 1) + (k - drew))).sum(axis=0))
    asked = there & (2 * (k - drew) > m - 1)  # more than half of the others drew it
    outline, boundary, name = _of_pairs(opinions, units)
    return pd.DataFrame(
        {
            "images": looked.sum(axis=0),
            "instances": drew.sum(axis=0),
            "vitality": value,
            "vitality_low": low,
            "vitality_high": high,
            "pq": existence * outline,
            "existence": existence,
            "outline": outline,
            "boundary": boundary,
            "name": name,
            "alone": _share((drew & (k == 1)).sum(axis=0), drew.sum(axis=0)),
            "missed": _share((asked & ~drew).sum(axis=0), asked.sum(axis=0)),
        },
        index=pd.Index(list(opinions.raters), name="annotator", dtype=object),
    )


def by_pair(opinions: Opinions, units: Units) -> pd.DataFrame:
    """One row per pair of annotators who looked at an image together; see :class:`nbalabel.Raters`."""
    a, b = opinions.rater[units.left], opinions.rater[units.right]
    same = opinions.label[units.left] == opinions.label[units.right]
    rows = []
    for i, j in combinations(range(len(opinions.raters)), 2):
        images = opinions.looked[:, i] & opinions.looked[:, j]
        if not images.any():
            continue
        on = images[units.image]
        n_i, n_j = (int(units.drew[on, r].sum()) for r in (i, j))
        of = (a == i) & (b == j)
        existence = 2 * of.sum() / (n_i + n_j) if n_i + n_j else np.nan
        outline, boundary, name = (
            v[of].mean() if of.any() else np.nan for v in (units.iou, units.boundary, same)
        )
        rows.append(
            (opinions.raters[i], opinions.raters[j], int(images.sum()), n_i, n_j, int(of.sum()),
             existence * outline, existence, outline, boundary, name)
        )  # fmt: skip
    columns = ["a", "b", "images", "instances_a", "instances_b", "both", "pq"]
    return pd.DataFrame(rows, columns=[*columns, "existence", "outline", "boundary", "name"])


def _of_pairs(opinions: Opinions, units: Units) -> tuple[Floats, Floats, Floats]:
    """Mean IoU, boundary IoU and share of equal labels over the pairs of each annotator."""
    n = len(opinions.raters)
    who = np.concatenate([opinions.rater[units.left], opinions.rater[units.right]])
    same = (opinions.label[units.left] == opinions.label[units.right]).astype(np.float64)
    count = np.bincount(who, minlength=n)
    outline, boundary, name = (
        _share(np.bincount(who, np.tile(v, 2), n), count) for v in (units.iou, units.boundary, same)
    )
    return outline, boundary, name


def _against_rest(units: Units, n_labels: int) -> Floats:
    """Alpha of each label against all that is not this label, "nobody there" included.

    Source: K. Krippendorff, Content analysis, 4th ed., 2018, section 12.3, on single categories.
    """
    valid = units.code != NOT_LOOKED
    m = valid.sum(axis=1)
    unit, rater = np.nonzero(valid & (units.code >= 0))
    key, n_in = np.unique(unit * max(n_labels, 1) + units.code[unit, rater], return_counts=True)
    of, label = key // max(n_labels, 1), key % max(n_labels, 1)
    apart = np.bincount(label, n_in * (m[of] - n_in) / np.maximum(m[of] - 1, 1), n_labels)
    given, n = np.bincount(label, n_in, n_labels), m.sum()
    expected = given * (n - given)
    return np.where(expected > 0, 1 - (n - 1) * apart / np.maximum(expected, 1), 1.0)


def _share(above: npt.NDArray[np.generic], below: npt.NDArray[np.generic]) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(above / below, np.float64)  # type: ignore[operator]
