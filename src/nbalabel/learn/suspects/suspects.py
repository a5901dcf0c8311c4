"""``suspects``: which labels are probably wrong, and which are missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ...core.errors import DataError, UnknownNameError, first
from ...core.tables.names import instead_of
from ...core.tables.schema import LabeledImages
from ..model import Model
from ..runs.frozen_tables import Snapshot
from ..runs.measured import trains
from ..runs.run import Run, new_id
from .crossed import cross_run
from .found import Suspects
from .listed import ALL, listed
from .scene import Scene
from .work import judged


def suspects(
    tables: LabeledImages,
    run: Run | None = None,
    model: Model | None = None,
    folds: int = 5,
    kinds: Sequence[str] | None = None,
    seed: int = 0,
    *,
    rate: float = 0.05,
    agreement: pd.Series | None = None,
    **arguments: Any,
) -> Suspects:
    """Rank labels by the chance that they are wrong, and predictions by the chance that a label is missing.

    Errors are rehearsed: labels are dropped, made up, renamed, moved, resized, joined, cut and doubled, and
    what tells them from the labels as they are is learned from predictions, outlines, crops, shapes and
    places. No row is judged by a fit that saw its image. The chance of a row follows from how many labels
    look like the planted errors; it holds as far as real errors look like these, and answers correct it
    (:meth:`Suspects.answered`).

    Args:
        tables: a Dataset, a Version or Tables.
        run: predictions of a model on images that it did not learn. Where it may have learned them,
            ``note`` says so: such a model repeats errors.
        model: without a run: this model, trained ``folds`` times from where it stands, each time without a
            part of the images, which it then predicts; the model itself stays as it is.
        folds: parts of the images, 2 or more.
        kinds: kinds to list; None: all. See :class:`Suspects`.
        seed: seed of planted errors, folds and trees; the same seed gives the same list.
        rate: share of the labels that is thought to be wrong or missing before any answer, 0..1, each kind as
            often as the others. The order hardly depends on it, the scores do.
        agreement: how far each prediction of the run is found again in other views of its image, from
            :func:`nbalabel.agreement`; None leaves it out.
        **arguments: of the model's ``train``, such as ``steps`` and ``imgsz``.

    Raises:
        DataError: neither run nor model is given, or both; there are too few labels or images; ``folds`` or
            ``rate`` is out of range.
        UnknownNameError: there is no such kind.
        MissingExtraError: scikit-learn is not installed.

    Source: J. Penquitt et al., Learning to detect label errors by making them, 2025,
        https://arxiv.org/abs/2508.17930, for planting errors to learn from; C. Northcutt et al., Confident
        learning, JAIR 70 (2021), for judging labels out of sample.

    Example:
        >>> import nbalabel as nl, tempfile
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/reef.nbal", n_images=24, n_labeled=16, n_test=0)
        >>> found = nl.suspects(ds, nl.demo.simulated_run(ds))
        >>> found.table["score"].is_monotonic_decreasing
        True
        >>> change = ds.apply(found.change(found.table.iloc[:2]))
        >>> change.origin == found.id
        True
        >>> ds.close()
    """
    if (run is None) == (model is None):
        raise DataError(
            "suspects compares labels with predictions of a model that did not learn them: give a run on "
            "images that its model did not learn, or a model to train without each part of the images in "
            f"turn; got {'neither' if run is None else 'both'}"
        )
    if folds < 2:
        raise DataError(
            f"folds must be 2 or more, got {folds}: a label is judged by what other images taught"
        )
    if not 0 < rate < 1:
        raise DataError(f"rate must lie between 0 and 1, got {rate}")
    unknown = [kind for kind in kinds or () if kind not in ALL]
    if unknown:
        raise UnknownNameError(f"no kind is called {first(unknown)}; {instead_of(unknown[0], ALL)}")
    frozen = Snapshot.of(tables)
    if run is None:
        assert model is not None
        run, note = cross_run(model, frozen, folds, seed, arguments), ""
    else:
        note = _learned(run, frozen)
    scene = Scene.of(frozen, run, getattr(tables, "rejected", None), agreement, folds, seed)
    work = judged(frozen, scene, rate, folds, seed)
    table, features = listed(work, frozen.images, frozen.labels)
    if kinds is not None:
        keep = table["kind"].isin(list(kinds)).to_numpy()
        table, features = table[keep], features[keep]
    return Suspects(
        id=new_id("suspects"),
        table=table.assign(settled=False),
        answers=pd.Series([], pd.Index([], dtype=np.int64, name="suspect_id"), dtype=bool, name="wrong"),
        n_left_out=scene.n_left_out,
        note=note,
        _tables=frozen,
        _predictions=run.predictions,
        _rehearsed=table["score"].astype(np.float64),
        _features=features,
    )


def _learned(run: Run, tables: LabeledImages) -> str:
    """How many of the images judged the run's model may have learned, as a sentence; empty for none."""
    images = tables.images[tables.images.index.isin(run.predicted_ids)]
    images = images[images["state"].isin(["partial", "complete", "empty"]).to_numpy()]
    n = int(trains(images).sum())
    if not n or run.arguments.get("cross_fitted"):
        return ""
    return (
        f"{n:,} of the {len(images):,} images judged are for training: a model that learned them repeats "
        f"their errors, and {run.id} may be of such a one; suspects(ds, model=...) trains without each part"
    )
