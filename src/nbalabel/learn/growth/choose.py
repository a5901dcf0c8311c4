"""Which images to complete next: similar to many, unlike the labeled ones, of all groups, and uncertain."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError, UnknownNameError
from ...core.tables.names import instead_of
from ...core.tables.of_images import labeled_all_over
from ...core.tables.schema import LabeledImages
from ..runs.measured import not_held_out
from ..runs.run import Run
from .vectors import Floats
from .vectors import vectors as vectors_of

_MOST_CANDIDATES = 20_000
_MOST_DEMAND = 2_000
_CHUNK = 2_048
_OPEN = ("unlabeled", "partial")


def choose(
    tables: LabeledImages,
    run: Run,
    n: int,
    *,
    by: str | None = None,
    at_random: float = 0.2,
    seed: int = 0,
) -> pd.DataFrame:
    """Images to complete next, best first.

    Each image is picked for its gain: how much closer the open images come to a labeled image (facility
    location over the image embeddings), times how unsure the model is of its predictions. With ``by``, groups
    take turns, so that none is left out. A share is drawn at random instead: such images measure the model
    without bias, which chosen images do not.

    Args:
        tables: a Dataset, a Version or Tables; images of state unlabeled or partial, of split train or none,
            are open.
        run: predictions on them, with embeddings.
        n: number of images; fewer where fewer are open.
        by: a column of ``images`` (habitat, modality, group) whose values take turns; None: no turns.
        at_random: share of ``n`` that is drawn at random, 0..1.
        seed: seed of the random share.

    Returns:
        One row per image, index ``image_id``, best first, the random ones spread evenly among them. ``why``
        is "gain" or "random"; ``gain`` is the share of the uncovered distance that the image covers, 0..1;
        ``unsure`` the mean of 4 * score * (1 - score) over its predictions, 0..1; ``predictions`` their
        number; and the column ``by``.

    Raises:
        DataError: ``n`` or ``at_random`` is out of range, or the run has no image embeddings.
        UnknownNameError: ``images`` has no column ``by``.

    Source: K. Wei, R. Iyer and J. Bilmes, "Submodularity in data subset selection and active learning"
        (2015), for facility location with uncertainty.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/reef.nbal", n_images=24, n_labeled=6, n_test=4, size=96)
        >>> choose(ds, nl.demo.simulated_run(ds), 5)["why"].tolist()
        ['gain', 'gain', 'random', 'gain', 'gain']
    """
    if n < 1:
        raise DataError(f"n must be at least 1, got {n}")
    if not 0 <= at_random <= 1:
        raise DataError(f"at_random must be a share from 0 to 1, got {at_random}")
    images = tables.images
    if by is not None and by not in images:
        raise UnknownNameError(f"images has no column {by!r}; {instead_of(by, images.columns)}")
    facts = _facts(images, run, by)
    rng = np.random.default_rng(seed)
    drawn = rng.permutation(len(facts))[: round(at_random * min(n, len(facts)))]
    wanted = min(n, len(facts)) - len(drawn)
    picked, gains = _greedy(facts, vectors_of(run, facts.index), _known(images, run), drawn, wanted, by, rng)
    facts["gain"] = 0.0
    facts.iloc[picked, facts.columns.get_loc("gain")] = gains  # type: ignore[index]  # unique columns
    facts["why"] = "gain"
    facts.iloc[drawn, facts.columns.get_loc("why")] = "random"  # type: ignore[index]  # unique columns
    order = _spread(picked, drawn.tolist())
    return facts.iloc[order][["why", "gain", "unsure", "predictions", *([by] if by else [])]]


def _facts(images: pd.DataFrame, run: Run, by: str | None) -> pd.DataFrame:
    """Open images that were predicted on, and how unsure the model is about them."""
    is_open = images["state"].isin(_OPEN) & not_held_out(images)
    ids = images.index[is_open & images.index.isin(run.embeddings.image_ids)]
    score = run.predictions["score"].astype(np.float64)
    doubt = (4 * score * (1 - score)).groupby(run.predictions["image_id"]).agg(["mean", "size"])
    doubt = doubt.reindex(ids)
    out = pd.DataFrame(
        {"unsure": doubt["mean"].fillna(0.0), "predictions": doubt["size"].fillna(0)}, index=ids
    )
    out["predictions"] = out["predictions"].astype(np.int64)
    if by is not None:
        out[by] = images.loc[ids, by]
    return out


def _known(images: pd.DataFrame, run: Run) -> Floats:
    """Embeddings of the completely labeled images of split train or none."""
    labeled = labeled_all_over(images) & not_held_out(images)
    return vectors_of(run, images.index[labeled & images.index.isin(run.embeddings.image_ids)])


def _greedy(
    facts: pd.DataFrame,
    vectors: Floats,
    known: Floats,
    drawn: npt.NDArray[np.int64],
    wanted: int,
    by: str | None,
    rng: np.random.Generator,
) -> tuple[list[int], list[float]]:
    """Positions picked one after the other, and the share of the uncovered distance that each covers."""
    demand = vectors[np.sort(rng.permutation(len(facts))[:_MOST_DEMAND])]
    covered = _nearest(demand, np.concatenate([known, vectors[drawn]]))
    left = np.setdiff1d(np.arange(len(facts)), drawn)
    if len(left) > _MOST_CANDIDATES:
        left = np.sort(rng.choice(left, _MOST_CANDIDATES, replace=False))
    worth = 0.5 + facts["unsure"].to_numpy(np.float64)
    groups = np.zeros(len(facts), np.int64) if by is None else pd.factorize(facts[by])[0]
    turns = np.zeros(groups.max(initial=0) + 2)
    room = float((1 - covered).sum()) or 1.0
    picked: list[int] = []
    gains: list[float] = []
    while len(picked) < wanted:
        waiting = turns[groups[left]]
        turn = left[waiting == waiting.min()]
        covers = _covers(vectors[turn], demand, covered)
        best = int(np.argmax((covers + 1e-9) * worth[turn]))
        at = int(turn[best])
        picked.append(at)
        gains.append(float(covers[best]) / room)
        covered = np.maximum(covered, demand @ vectors[at])
        left = left[left != at]
        turns[groups[at]] += 1
    return picked, gains


def _nearest(demand: Floats, known: Floats) -> Floats:
    """For each image how near the nearest labeled one is, 0..1."""
    out = np.zeros(len(demand), np.float32)
    for start in range(0, len(known), _CHUNK):
        out = np.maximum(out, (demand @ known[start : start + _CHUNK].T).max(axis=1))
    return out


def _covers(candidates: Floats, demand: Floats, covered: Floats) -> npt.NDArray[np.float64]:
    """How much closer all images come to a labeled one when a candidate is labeled, ``(n,)``."""
    out = np.zeros(len(candidates))
    for start in range(0, len(candidates), _CHUNK):
        near = candidates[start : start + _CHUNK] @ demand.T
        out[start : start + _CHUNK] = np.maximum(near - covered, 0).sum(axis=1)
    return out


def _spread(picked: list[int], drawn: list[int]) -> list[int]:
    """Both in their own order, with the drawn positions evenly spread among the picked ones."""
    place = [(i + 0.5) / len(picked) for i in range(len(picked))]
    place += [(i + 0.5) / len(drawn) for i in range(len(drawn))]
    return [at for _, at in sorted(zip(place, picked + drawn, strict=True), key=lambda one: one[0])]
