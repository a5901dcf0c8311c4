"""Images on which probably nothing is missing: a look each, and training may take the rest for background."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.tables.schema import LabeledImages
from ..runs.run import Run
from .candidates import candidates, waiting
from .chances import Chances, chances
from .missing import Missing, missing, unfound

_DRAWS = 1_000


def likely_complete(tables: LabeledImages, run: Run, *, seed: int = 0) -> pd.DataFrame:
    """Images on which every object probably has an instance already, most certain first: look, then confirm.

        done = nl.likely_complete(ds, run).query("chance > 0.5")
        ws.select(done); nl.Gallery(ws)              # look them over
        ds.mark_complete(looked_over)                # training takes the rest of them for background

    After a propagation or bulk accepts many images hold all that is on them, but are still "partial", so that
    training does not know where background is. Two things may be missing: open predictions, each with its
    calibrated chance to be an object, and objects that no prediction found, estimated from what was missed on
    completely labeled images. ``chance`` is an estimate, no guarantee, and too high where the model was
    trained on all labeled images: hold some out (``ds.split``), and stop looking once the first few lack
    something. :func:`nbalabel.completeness_audit` makes a statement with a probability.

    Args:
        tables: a Dataset, a Version or Tables; images of state unlabeled or partial that have instances, of
            split train or none, are considered.
        run: predictions on them.
        seed: seed of folds and draws.

    Returns:
        One row per image, index ``image_id``, in descending order of ``chance`` that nothing is missing,
        0..1: ``labeled`` instances; expected missing ones among open predictions (``open``) and beside them
        (``unfound``).

    Raises:
        MissingExtraError: scikit-learn is not installed.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/reef.nbal", n_images=40, n_labeled=12, n_test=8, size=96)
        >>> run = nl.demo.simulated_run(ds)
        >>> _ = ds.accept(run.query("score > 0.6"), overlap="skip")
        >>> done = likely_complete(ds, run)
        >>> list(done), done["chance"].is_monotonic_decreasing
        (['labeled', 'open', 'unfound', 'chance'], True)
        >>> ds.close()
    """
    run = run.matched_to(tables)
    odds = chances(tables, run, seed)
    rng = np.random.default_rng(seed)
    images = waiting(tables, run)
    lost = missing(tables, run, odds, images, unfound(tables, run, images), seed)
    rows = candidates(tables, run, odds.right)
    return nothing_missing(tables, odds, rows, lost, _DRAWS, rng)[0]


def nothing_missing(
    tables: LabeledImages,
    odds: Chances,
    rows: pd.DataFrame,
    lost: Missing,
    n: int,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, npt.NDArray[np.bool_]]:
    """Images with instances, and the chance that nothing else is on them, highest first.

    Args:
        tables: the tables as they are now.
        odds: chances of the predictions.
        rows: open predictions, of those that overlap the best one.
        lost: what no prediction found, and the images to judge.
        n: number of draws.
        rng: random numbers.

    Returns:
        The rows of :func:`likely_complete`, and which images are complete, as it might be, ``(n, images)``.
    """
    ids = pd.Index(lost.images, name="image_id")
    labeled = tables.instances.groupby("image_id").size().reindex(ids, fill_value=0).to_numpy()
    expected = (odds.right + odds.near).loc[rows.index].groupby(rows["image_id"]).sum()
    place = ids.get_indexer(pd.Index(rows["image_id"]))
    left = np.zeros((n, len(ids)), np.bool_)
    for i, (good, close) in enumerate(odds.each_draw(rows, n, rng)):
        left[i, place[(good | close) & (place >= 0)]] = True
    drawn = ~left & (lost.draws(n, rng) == 0)
    columns = {"labeled": labeled, "open": expected.reindex(ids, fill_value=0.0), "unfound": lost.expected}
    found = pd.DataFrame(columns | {"chance": drawn.mean(axis=0)}, index=ids)
    order = np.argsort(-found["chance"].to_numpy(), kind="stable")
    order = order[labeled[order] > 0]
    return found.iloc[order], drawn[:, order]
