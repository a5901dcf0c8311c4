"""The training examples of tables: which images, how often, and their masks as paths."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import FallbackWarning, ModelError, NbalabelWarning, first
from ...core.tables.bare import complete_without_masks, said_of
from ...core.tables.of_images import labeled_all_over
from ...core.tables.schema import LabeledImages
from ..runs.measured import trains
from .open_regions import Open, open_regions
from .outlines import Points, outline

_PARTIAL = ("use", "skip", "regions")
_MOST_TO_CHECK = 48
_LEAST_TO_PART = 8


@dataclass(frozen=True)
class Examples:
    """Images to learn from, in the order of their ids; everything is parallel to ``image_ids``.

    Attributes:
        tables: the tables that pixels are read from.
        image_ids: ``(n,)`` int64.
        weights: ``(n,)`` float64 > 0, to which the expected draws per epoch are proportional.
        sizes: ``(n, 2)`` int64, height and width of the originals, pixels.
        paths: for each image the closed paths of its masks, pixels at the training size (see ``outlines``).
        classes: for each image the label index of each path, ``(k,)`` float32.
        pixels: for each image its pixels at the training size, or None where memory would not hold them (see
            ``pixels.load``).
        open: regions where it is not known whether there is an object.
        whole: whether all instances of each image are labeled (state complete or empty), ``(n,)`` bool.
    """

    tables: LabeledImages
    image_ids: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]
    sizes: npt.NDArray[np.int64]
    paths: list[list[Points]]
    classes: list[npt.NDArray[np.float32]]
    pixels: list[Any] = field(default_factory=list)
    open: Open = field(default_factory=Open)
    whole: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))

    def __len__(self) -> int:
        return len(self.image_ids)

    def take(self, at: Sequence[int]) -> Examples:
        """Some of the examples, by position."""
        chosen = list(at)
        return Examples(
            self.tables,
            self.image_ids[chosen],
            self.weights[chosen],
            self.sizes[chosen],
            [self.paths[i] for i in chosen],
            [self.classes[i] for i in chosen],
            [self.pixels[i] for i in chosen] if self.pixels else [],
            self.open.take(chosen),
            self.whole[chosen],
        )

    @property
    def n_instances(self) -> int:
        """Masks over all images."""
        return sum(len(paths) for paths in self.paths)


@dataclass(frozen=True)
class Parting:
    """The examples that a training learns from, and those it is measured on.

    Attributes:
        learn: examples to learn from until the rate falls.
        check: examples to measure on after each period; perhaps none.
        all: examples to learn from while the rate falls.
        put_back: whether ``all`` includes ``check``.
    """

    learn: Examples
    check: Examples
    all: Examples
    put_back: bool = False


def part(labeled: Examples, groups: Sequence[str | None], share: float, seed: int) -> Parting:
    """Put a share of labeled images aside to measure on, in whole groups.

    Frames of one sequence look alike: measured on neighbours of its training images, a model seems better
    than it is. Where one group is too large to be put aside or left whole, images are drawn one by one.
    Groups with images of state partial are put aside only where there are few others: on such images, what is
    found and has no label is not wrong.

    Args:
        labeled: the labeled examples.
        groups: the group of each image, parallel to ``labeled``; None is a group of its own.
        share: share of the images, 0..1; at least two are put aside and two are left.
        seed: seed of the choice.
    """
    n = len(labeled)
    if share <= 0 or n < _LEAST_TO_PART:
        return Parting(labeled, labeled.take([]), labeled)
    wanted = int(np.clip(round(share * n), 2, min(n - 2, _MOST_TO_CHECK)))
    with_masks = np.array([len(paths) > 0 for paths in labeled.paths])
    named = [f"image {i}" if group is None else f"group {group}" for i, group in enumerate(groups)]
    codes, _ = pd.factorize(np.array(named))
    if np.bincount(codes).max() > n - wanted:
        codes = np.arange(n)
    free = ~np.isin(codes, codes[~labeled.whole])
    free |= free.sum() < max(wanted, _LEAST_TO_PART)
    aside = np.zeros(n, dtype=bool)
    for code in np.random.default_rng([seed, n]).permutation(codes.max() + 1):
        members = (codes == code) & free
        if aside.sum() < wanted and aside.sum() + members.sum() <= max(wanted * 1.5, 2):
            aside |= members
    if not with_masks[aside].any() or not with_masks[~aside].any():
        return Parting(labeled, labeled.take([]), labeled)
    check, learn = np.flatnonzero(aside), np.flatnonzero(~aside)
    return Parting(labeled.take(learn.tolist()), labeled.take(check.tolist()), labeled, put_back=True)


def training(
    tables: LabeledImages, imgsz: int, partial: str = "use", ignore: pd.DataFrame | None = None
) -> Examples:
    """Labeled images with weight > 0, of split train or none.

    An image of state unlabeled is never trained on, whatever its weight: its objects would be trained as
    background. Crowd masks and proposals are no examples either. Complete images without any instance are
    used, as images with nothing on them; a warning counts them.

    Args:
        tables: the tables to learn from.
        imgsz: long side that images are resized to, pixels; paths are as fine as that needs.
        partial: "use" images of state partial, "skip" them, or learn from "regions" of them, where background
            is only what lies in a region of kind "done".
        ignore: rows (image_id, mask) of undecided masks; on images of state partial they become open regions.

    Raises:
        ModelError: no image is left, or none of them has an instance.
    """
    if partial not in _PARTIAL:
        raise ModelError(f"partial must be one of {', '.join(_PARTIAL)}, got {partial!r}")
    images = tables.images
    eligible = trains(images)
    unlabeled = eligible & (images["state"] == "unlabeled").to_numpy()
    if unlabeled.any():
        warnings.warn(
            f"{int(unlabeled.sum())} images with weight > 0 have state 'unlabeled' and are left out: "
            f"{first(images.index[unlabeled])}. Set their state to partial, complete or empty",
            FallbackWarning,
            stacklevel=3,
        )
    eligible &= ~unlabeled
    bare = complete_without_masks(images[eligible], tables.instances)
    if len(bare):
        warnings.warn(f"training takes them all the same: {said_of(bare)}", NbalabelWarning, stacklevel=3)
    if partial == "skip":
        eligible &= (images["state"] != "partial").to_numpy()
    examples = _examples(tables, images[eligible], imgsz)
    examples = replace(examples, open=open_regions(tables, images[eligible], imgsz, partial, ignore))
    if not examples.n_instances:
        states = "unlabeled" + (" or partial" if partial == "skip" else "")
        raise ModelError(
            f"nothing to learn from: {len(examples)} of {len(images)} images have weight > 0, split train or "
            f"none, and a state other than {states}, and no accepted instance is on them"
        )
    return examples


def validation(tables: LabeledImages, imgsz: int) -> Examples:
    """Completely labeled images (state complete or empty) of split val, whatever their weight."""
    images = tables.images
    chosen = (images["split"] == "val").to_numpy() & labeled_all_over(images)
    return _examples(tables, images[chosen], imgsz)


def usable(tables: LabeledImages, image_ids: Any) -> pd.DataFrame:
    """The instances on some images that are examples: neither crowds nor proposals."""
    instances = tables.instances
    return instances[
        instances["image_id"].isin(image_ids) & ~instances["crowd"] & (instances["status"] != "proposed")
    ]


def _examples(tables: LabeledImages, images: pd.DataFrame, imgsz: int) -> Examples:
    sizes = images[["height", "width"]].to_numpy(np.int64)
    rows = usable(tables, images.index)
    ids = images.index.to_numpy(np.int64)
    paths, places = _paths(ids, sizes, rows, imgsz)
    codes: npt.NDArray[np.float32] = rows["label"].cat.codes.to_numpy().astype(np.float32)
    weights = images["weight"].to_numpy(np.float64)
    whole = labeled_all_over(images)
    return Examples(tables, ids, weights, sizes, paths, [codes[at] for at in places], whole=whole)


def _paths(
    ids: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64], rows: pd.DataFrame, imgsz: int
) -> tuple[list[list[Points]], list[list[int]]]:
    """For each image the paths of its masks, pixels at the training size, and the positions of their rows."""
    paths: list[list[Points]] = [[] for _ in ids]
    places: list[list[int]] = [[] for _ in ids]
    position = pd.Index(ids).get_indexer(pd.Index(rows["image_id"]))
    for place, (at, mask) in enumerate(zip(position.tolist(), rows["mask"].array, strict=True)):
        if at < 0:
            continue
        height, width = (int(side) for side in sizes[at])
        path = outline(mask, height, width, imgsz / max(height, width))
        if len(path):
            paths[at].append(path)
            places[at].append(place)
    return paths, places


def draw(weights: npt.ArrayLike, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """One epoch: as many draws as weights, each index in proportion to its weight, in random order.

    Systematic resampling: index i comes up floor or ceil of n * w[i] / sum(w) times; equal weights, exactly
    once.

    Args:
        weights: ``(n,)`` > 0.
        rng: source of randomness.

    Source: G. Kitagawa, "Monte Carlo filter and smoother for non-Gaussian nonlinear state space models"
        (1996).

    Example:
        >>> sorted(draw([2, 1, 1], np.random.default_rng(0)).tolist()) in ([0, 0, 1], [0, 0, 2], [0, 1, 2])
        True
    """
    w = np.asarray(weights, np.float64)
    n = len(w)
    if (w == w[:1]).all():
        return rng.permutation(n)
    ends = np.cumsum(w) / w.sum() * n
    ends[-1] = n
    return rng.permutation(np.searchsorted(ends, rng.random() + np.arange(n), side="right")).astype(np.int64)


def partners(weights: npt.ArrayLike) -> Sequence[float]:
    """Cumulative weights, as ``random.choices`` takes them, to draw the images that mosaic adds."""
    return np.cumsum(np.asarray(weights, np.float64)).tolist()


def resized(height: int, width: int, imgsz: int) -> tuple[int, int]:
    """Height and width with the long side at ``imgsz``, rounded up as ultralytics does."""
    ratio = imgsz / max(height, width)
    return min(int(np.ceil(height * ratio)), imgsz), min(int(np.ceil(width * ratio)), imgsz)
