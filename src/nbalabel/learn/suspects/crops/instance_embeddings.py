"""``instance_embeddings``: a vector, a label guess and a chance of background per instance and prediction."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from ....core.errors import DataError
from ....core.geometry.overlap.keep_best import overlapping
from ....core.regions.of_tables import codes_of
from ....core.tables.of_images import labeled_all_over
from ....core.tables.schema import LabeledImages
from ....engine.run import On
from ...runs.run import Run
from .axes import spread
from .background import background
from .classify import BACKGROUND, crossed
from .described import InstanceEmbeddings
from .describing import described

_OPEN = 0.25  # score from which an unmatched prediction may be an object: no background there
_TAKEN = 0.3  # IoU with a label from which a prediction is about that label
_LEAST = 50  # crops of background at least


def instance_embeddings(
    tables: LabeledImages | Run,
    run: Run | None = None,
    *,
    folds: int = 5,
    seed: int = 0,
    folder: str | Path | None = None,
    on: On = None,
) -> InstanceEmbeddings:
    """Describe instances and predictions by crops of their masks; no pretrained weights are used.

    A vector holds colors inside the mask and around it, contrast at the outline, edges and the shape, along
    the main axes of all crops. Nothing in it is learned from labels, so all vectors share one space. The
    classifier is learned: from crops of instances and crops of background (the shape of a random instance at
    a place without label and without open prediction, on images labeled all over; their share is one over
    the number of labels). No crop is judged by a classifier that saw its image.

    Args:
        tables: a Dataset, a Version or Tables; or a Run, whose tables are taken.
        run: predictions to describe, too.
        folds: folds of images, 2 or more.
        seed: seed of background, folds and trees; the same seed gives the same result.
        folder: where parts are kept until all are done, so that what was interrupted continues.
        on: where to cut crops and describe them: None is here, a number that many processes of this machine,
            a ``dask.distributed.Client`` the workers of its cluster, which reach ``folder`` and pictures by
            the same paths; anything with ``submit`` will do. See docs/cluster.md.

    Raises:
        DataError: the Run holds no tables, there are fewer than two images with instances, or folds < 2.
        MissingExtraError: scikit-learn is not installed.

    Example:
        >>> import nbalabel as nl, tempfile
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/reef.nbal", n_images=24, n_labeled=16, n_test=0)
        >>> found = nl.instance_embeddings(ds)
        >>> found.instances.columns.tolist()
        ['image_id', 'label', 'guess', 'chance', 'background']
        >>> bool(found.instances["background"].between(0, 1).all())
        True
        >>> ds.close()
    """
    if isinstance(tables, Run):
        run, found = tables, tables.tables
        if found is None:
            raise DataError(f"{run.id} holds no tables: load it with Run.load(folder, tables)")
        tables = found
    instances = tables.instances
    predictions = None if run is None else run.predictions
    _check(instances, folds)
    empty = background_of(tables, instances, predictions, seed)
    parts = [instances, *([] if predictions is None else [predictions]), empty]
    image_ids = np.concatenate([p["image_id"].to_numpy(np.int64) for p in parts])
    raw = described(tables, image_ids, [m for p in parts for m in p["mask"]], folder, on)
    n, m = len(instances), 0 if predictions is None else len(predictions)
    known = np.ones(len(image_ids), bool)
    known[:n] = ~instances["crowd"].to_numpy(bool)
    known[n : n + m] = False
    codes = np.full(len(image_ids), BACKGROUND)
    codes[:n] = codes_of(instances["label"], tables.labels)
    chances = crossed(raw, codes, image_ids, known, len(tables.labels), folds, seed)
    vectors = spread(raw, n + m, seed)
    return InstanceEmbeddings(
        instances=_said(instances, chances[:n], tables.labels),
        predictions=None if predictions is None else _said(predictions, chances[n : n + m], tables.labels),
        instance_vectors=vectors[:n],
        prediction_vectors=vectors[n:],
        n_background=len(empty),
    )


def background_of(
    tables: LabeledImages, instances: pd.DataFrame, predictions: pd.DataFrame | None, seed: int
) -> pd.DataFrame:
    """Masks on background of tables; see :func:`.background.background`."""
    images = tables.images
    whole = images.index[labeled_all_over(images)].to_numpy(np.int64)
    avoid = [instances[["image_id", "mask"]]]
    if predictions is not None and len(predictions):
        avoid.append(_open(predictions, instances)[["image_id", "mask"]])
    shapes = instances[~instances["crowd"].to_numpy(bool)]
    n = max(len(shapes) // max(len(tables.labels), 1), min(_LEAST, len(shapes)))
    return background(shapes, pd.concat(avoid), images, whole, n, seed)


def _check(instances: pd.DataFrame, folds: int) -> None:
    if folds < 2:
        raise DataError(f"folds must be 2 or more, got {folds}: a crop is judged by what other images taught")
    n = instances["image_id"].nunique()
    if n < 2:
        raise DataError(
            f"a crop is judged by what other images taught: expected instances on 2 or more, got {n}"
        )


def _open(predictions: pd.DataFrame, instances: pd.DataFrame) -> pd.DataFrame:
    """Predictions of some score that are about no label."""
    some = predictions[(predictions["score"] >= _OPEN).to_numpy()]
    if not len(some) or not len(instances):
        return some
    pairs = overlapping(
        some["image_id"], some["mask"], instances["image_id"], instances["mask"], above=_TAKEN
    )
    keep = np.ones(len(some), bool)
    keep[pairs.left] = False
    return some[keep]


def _said(rows: pd.DataFrame, chances: npt.NDArray[np.float64], labels: tuple[str, ...]) -> pd.DataFrame:
    """What the classifier says of each row."""
    own = codes_of(rows["label"], labels)
    named = chances[:, :-1]
    dtype = pd.CategoricalDtype(list(labels))
    return pd.DataFrame(
        {
            "image_id": rows["image_id"].to_numpy(np.int64),
            "label": rows["label"].array,
            "guess": pd.Categorical.from_codes(named.argmax(axis=1) if len(labels) else own, dtype=dtype),
            "chance": np.where(own >= 0, named[np.arange(len(own)), np.maximum(own, 0)], 0).astype(
                np.float32
            ),
            "background": chances[:, -1].astype(np.float32),
        },
        index=rows.index,
    )
