"""Split images into train, val and test: stratified, by whole groups.

Greedy: the largest groups first, each to the part where it reduces the cost most. Then a local search moves
single groups and swaps pairs of groups while that reduces the cost.

Source: K. Sechidis, G. Tsoumakas, I. Vlahavas, "On the stratification of multi-label data" (2011), for the
goal; here the cost is a weighted sum of squared differences from the shares, over whole groups.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.change.change import Change
from ...core.change.table_change import select_rows
from ...core.errors import DataError, UnknownNameError, first
from ...core.tables.names import instead_of
from ...core.tables.pasted import are_copies
from ...core.tables.state import State
from ..edits.cells import set_cells

_MOST_TO_MEND = 2000
_ROUNDS = 20
_FAR = 0.1


@dataclass(frozen=True)
class Shares:
    """The shares of the images for test and val; train gets the rest."""

    test: float
    val: float

    def parts(self) -> dict[str, float]:
        """Name -> share of the parts that are not empty.

        Raises:
            DataError: a share is not in 0..1, or nothing is left to train on.
        """
        given = {"test": self.test, "val": self.val}
        for name, share in given.items():
            if not isinstance(share, int | float) or not 0 <= share < 1:
                raise DataError(f"{name} must be a share of the images, 0 <= {name} < 1, got {share!r}")
        rest = 1 - self.test - self.val
        if rest <= 1e-9:
            raise DataError(f"test={self.test} and val={self.val} leave no image to train on")
        return {"train": rest, **{name: share for name, share in given.items() if share > 0}}


def split(
    state: State,
    ids: npt.NDArray[np.int64],
    shares: Shares,
    by: str | None,
    stratify: str | None,
    seed: int,
    origin: str,
) -> Change:
    """Set the column ``split`` of some images; see :meth:`Dataset.split`."""
    parts = shares.parts()
    _check_not_pasted(state)
    images = select_rows(state.tables["images"], ids)
    codes = _groups(images, by)
    n_groups = int(codes.max()) + 1 if len(codes) else 0
    if n_groups < len(parts):
        raise DataError(
            f"{len(images):,} images in {n_groups} groups{f' of {by}' if by else ''} cannot be parted into "
            f"{', '.join(parts)}: by=None parts image by image"
        )
    features, names = _features(state, images, stratify)
    of_group = np.zeros((n_groups, features.shape[1]))
    np.add.at(of_group, codes, features)
    place = assign(of_group, np.array(list(parts.values())), seed)
    got = np.array(list(parts))[place[codes]]
    change = set_cells(state, "images", ids, {"split": got}, origin)
    note = _said(parts, place, codes, of_group, names, by)
    return Change(change.tables, None, origin, note)


def _check_not_pasted(state: State) -> None:
    """Refuse to split where pasted images hold pixels of images that may come to another part."""
    instances = state.tables["instances"]
    copies = instances[are_copies(instances)]
    if len(copies):
        calls = copies["origin"].str.partition("/")[0].unique()
        raise DataError(
            f"{copies['image_id'].nunique():,} images were pasted together from others ({first(calls)}) and "
            "would carry their pixels from one part into another: "
            f"ds.revert({calls[0]!r}) takes those back; split, then paste again"
        )


def assign(
    groups: npt.NDArray[np.float64], shares: npt.NDArray[np.float64], seed: int
) -> npt.NDArray[np.int64]:
    """The part of each group, ``(n,)``; no part stays empty.

    Args:
        groups: ``(n, k)``, amount of each feature in each group; the first column counts images.
        shares: ``(p,)``, sum 1, target share of each part.
        seed: breaks ties.

    Example:
        >>> assign(np.ones((10, 1)), np.array([0.8, 0.2]), seed=0).tolist().count(1)
        2
    """
    n = len(groups)
    parts = _Parts(groups, shares)
    order = np.random.default_rng(seed).permutation(n)
    order = order[np.argsort(-(parts.scaled[order] ** 2).sum(axis=1), kind="stable")]
    place = np.full(n, -1)
    bare = set(range(len(shares)))
    for left, i in zip(range(n, 0, -1), order, strict=True):
        allowed = np.array(sorted(bare)) if left <= len(bare) else np.arange(len(shares))
        place[i] = allowed[np.argmin(parts.cost_of_adding(i)[allowed])]
        parts.add(i, place[i])
        bare.discard(int(place[i]))
    return _mended(parts, place, order) if n <= _MOST_TO_MEND else place


class _Parts:
    """The amount of each feature in each part, as a share of its total, and the cost of a split."""

    def __init__(self, groups: npt.NDArray[np.float64], shares: npt.NDArray[np.float64]) -> None:
        total = groups.sum(axis=0)
        weight = np.ones(groups.shape[1])
        weight[0] = max(1, groups.shape[1] - 1)  # the number of images counts as much as all labels
        self.factor = np.sqrt(weight) / np.where(total > 0, total, 1)
        self.scaled = groups * self.factor
        self.wanted = shares[:, None] * np.sqrt(weight) * (total > 0)
        self.have = np.zeros_like(self.wanted)
        self.per = 1 / shares[:, None]  # the same deviation costs more in a small part

    def cost(self, have: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Squared distance of each part from its share, weighted, ``(p,)``."""
        return np.asarray((((have - self.wanted) ** 2) * self.per).sum(axis=1))

    def cost_of_adding(self, i: int) -> npt.NDArray[np.float64]:
        """Increase of each part's cost if group ``i`` is added to it, ``(p,)``."""
        return self.cost(self.have + self.scaled[i]) - self.cost(self.have)

    def add(self, i: int, part: int, sign: int = 1) -> None:
        """Add a group to a part, or remove it with ``sign=-1``."""
        self.have[part] += sign * self.scaled[i]


def _mended(
    parts: _Parts, place: npt.NDArray[np.int64], order: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Local search: move or swap groups while that reduces the cost."""
    for _ in range(_ROUNDS):
        better = [_moved(parts, place, int(i)) or _swapped(parts, place, int(i)) for i in order]
        if not any(better):
            break
    return place


def _moved(parts: _Parts, place: npt.NDArray[np.int64], i: int) -> bool:
    here = place[i]
    if (place == here).sum() == 1:
        return False
    parts.add(i, here, -1)
    cost = parts.cost_of_adding(i)
    best = int(np.argmin(cost))
    best = best if cost[best] < cost[here] - 1e-12 else int(here)
    parts.add(i, best)
    place[i] = best
    return bool(best != here)


def _swapped(parts: _Parts, place: npt.NDArray[np.int64], i: int) -> bool:
    here = place[i]
    others = np.flatnonzero(place != here)
    there = place[others]
    step = parts.scaled[others] - parts.scaled[i]
    mine = (((parts.have[here] + step - parts.wanted[here]) ** 2) * parts.per[here]).sum(axis=1)
    theirs = (((parts.have[there] - step - parts.wanted[there]) ** 2) * parts.per[there]).sum(axis=1)
    now = parts.cost(parts.have)
    gain = mine + theirs - now[here] - now[there]
    if not len(gain) or gain.min() >= -1e-12:
        return False
    j = int(others[np.argmin(gain)])
    for k, leaves, comes in ((i, here, place[j]), (j, place[j], here)):
        parts.add(k, leaves, -1)
        parts.add(k, comes)
    place[i], place[j] = place[j], here
    return True


def _groups(images: pd.DataFrame, by: str | None) -> npt.NDArray[np.int64]:
    """Group number of each image, from 0; an image with a missing value is a group of its own."""
    if by is None:
        return np.arange(len(images))
    codes, _ = pd.factorize(_column(images, by, "by"))
    alone = codes < 0
    codes[alone] = np.arange(alone.sum()) + codes.max(initial=-1) + 1
    return np.asarray(codes, np.int64)


def _features(
    state: State, images: pd.DataFrame, stratify: str | None
) -> tuple[npt.NDArray[np.float64], list[str]]:
    """Features of each image, a 1 and the counts per label or value; and the names of the counts."""
    one = np.ones((len(images), 1))
    if stratify is None:
        return one, []
    if stratify == "label":
        rows = state.tables["instances"]
        at = images.index.get_indexer(pd.Index(rows["image_id"]))
        codes, names = rows["label"].cat.codes.to_numpy(), list(state.labels)
        on = (at >= 0) & (codes >= 0)
        at, codes = at[on], codes[on]
    else:
        codes, found = pd.factorize(_column(images, stratify, "stratify"))
        names, at = [f"{stratify} {value}" for value in found], np.arange(len(images))
        at, codes = at[codes >= 0], codes[codes >= 0]
    counts = np.zeros((len(images), len(names)))
    np.add.at(counts, (at, codes), 1)
    return np.hstack([one, counts]), names


def _column(images: pd.DataFrame, name: str, argument: str) -> pd.Series:
    if name not in images:
        raise UnknownNameError(
            f"{argument}={name!r} is no column of images; {instead_of(name, images.columns)}"
        )
    return images[name]


def _said(
    parts: dict[str, float],
    place: npt.NDArray[np.int64],
    codes: npt.NDArray[np.int64],
    groups: npt.NDArray[np.float64],
    names: list[str],
    by: str | None,
) -> str:
    """A text about the size of each part, and about labels far from their share."""
    total = groups.sum(axis=0)
    said, far = [], []
    grouped = by is not None and len(groups) < len(codes)
    for p, (part, share) in enumerate(parts.items()):
        got = groups[place == p].sum(axis=0)
        n_groups = int((place == p).sum())
        whole = f" in {n_groups:,} group{'s' * (n_groups != 1)}" if grouped else ""
        said.append(f"{part} {got[0] / total[0]:.0%} ({int(got[0]):,} images{whole})")
        for name, n, of in zip(names, got[1:], total[1:], strict=True):
            if of and abs(n / of - share) > max(_FAR, share / 2):
                far.append(f"{n / of:.0%} of {name} in {part}")
    text = f"split {len(codes):,} images: {', '.join(said)}"
    return f"{text}. As even as it gets: {first(far)}" if far else text
