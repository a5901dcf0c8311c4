"""``read_predictions``: predictions of any model, as a Run."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from .core.errors import DataError, FallbackWarning, first
from .core.id_sets import distinct, minus
from .core.tables.schema import LabeledImages
from .data.formats.predictions.foreign import Foreign, read_foreign
from .learn.embed.pooling import Embeddings
from .learn.prediction.inference import choose
from .learn.runs.frozen_tables import state_of
from .learn.runs.run import Run, new_id
from .learn.torchvision.embed import embed


def read_predictions(
    found: str | Path | pd.DataFrame | Mapping[Any, Any],
    tables: LabeledImages,
    *,
    images: Any = None,
    labels: Mapping[Any, str | None] | None = None,
    unknown: Literal["error", "drop"] = "error",
    model: str = "",
    embeddings: Any = None,
    boxes: Literal["error", "mask"] = "error",
    iou: float = 0.5,
) -> Run:
    """Read predictions of any model as a Run, to be matched, measured, reviewed and accepted like our own.

    Args:
        found: one of

            - a file of COCO results: a JSON list of objects with image_id, category_id, score and
              segmentation (run lengths or polygons);
            - a DataFrame, one row per prediction: ``image_id`` or ``file``, ``label``, ``score``, and
              ``mask`` (run lengths as bytes, COCO objects or ``(height, width)`` arrays), ``segmentation``
              (COCO's) or a box ``x``, ``y``, ``w``, ``h``. Other columns are kept;
            - a dictionary of the predictions per image, by image id or file: ``{"masks": (n, h, w),
              "scores": (n,), "labels": (n,)}`` as torchvision's models return it (probabilities are cut at
              0.5; ``boxes`` are x1, y1, x2, y2), supervision's Detections, or ultralytics' Results.
        tables: the Dataset, Version or Tables whose images were predicted on.
        images: the images that were predicted on: ids, rows of ``images``, or a boolean Series over them. An
            image without predictions counts only if it is named here, or is a key of the dictionary. None:
            the images with predictions; warns if there are others.
        labels: our label for each name or number of the model (in a results file: a category id):
            ``{"person": "diver", 3: "cod"}``; None leaves its predictions out. A name that is one of our
            labels needs no entry. Category ids of a results file are by default those of the COCO file the
            tables came from, otherwise 1..n in the order of the labels.
        unknown: what to do with predictions of any other label: "error", or "drop" them with a warning.
        model: name of the model, for the Run.
        embeddings: vectors of the predictions: ``(n, d)`` in the order given, :class:`nbalabel.Embeddings`
            (its ``instance_ids`` are the prediction ids: positions, or the index of a DataFrame), or what
            :func:`nbalabel.embed` takes ("resnet18", a model) to compute them now. None: no vectors.
        boxes: what to do with a prediction that has only a box: "error", or fill the box as its "mask".
        iou: lowest IoU of a match, 0..1.

    Returns:
        A Run. ``ds.accept(run.predictions)`` makes instances with the Run's id as origin, and
        ``ds.revert(run)`` takes them back, in any later session, too.

    Raises:
        DataError: rows do not fit; the message names them and what to do.
        UnknownNameError: no such images or labels.
        MaskError: masks are malformed or of another size than their image.

    Example:
        >>> import nbalabel as nl
        >>> from nbalabel.core.tables.schema import empty
        >>> images = pd.DataFrame({"file": ["a.png"], "width": [3], "height": [2]}, index=[5])
        >>> tables = nl.Tables.of(images, empty("instances"), ["diver"])
        >>> mask = np.array([[True, False, False], [True, False, False]])
        >>> found = {"a.png": {"masks": mask[None], "scores": [0.9], "labels": ["person"]}}
        >>> run = read_predictions(found, tables, labels={"person": "diver"}, model="street")
        >>> run.predictions[["image_id", "label", "area"]].values.tolist()
        [[5, 'diver', 2]]
    """
    began = time.perf_counter()
    read = read_foreign(found, tables, labels or {}, unknown, boxes)
    seen = _seen(read, tables, images)
    name = new_id("predict")
    run = Run(
        id=name,
        kind="predict",
        model=model or (Path(found).stem if isinstance(found, str | Path) else "predictions"),
        arguments={
            "labels": {str(k): v for k, v in (labels or {}).items()},
            "unknown": unknown,
            "boxes": boxes,
        },
        labels=tables.labels,
        n_images=len(seen),
        predictions=read.predictions.assign(origin=pd.Series(name, read.predictions.index, dtype="str")),
        predicted_ids=seen,
        **state_of(tables),
    ).matched_to(tables, iou=iou)
    found_embeddings = _embeddings(embeddings, read, run)
    return replace(run, embeddings=found_embeddings, seconds=time.perf_counter() - began)


def _seen(read: Foreign, tables: LabeledImages, images: Any) -> npt.NDArray[np.int64]:
    """Ids of the images that were predicted on: as given, else as read, else those with predictions."""
    on = distinct(read.predictions["image_id"].to_numpy(np.int64))
    if images is not None:
        seen = choose(tables, images)
        stray = minus(on, seen)
        if len(stray):
            raise DataError(
                f"images= must name every image that was predicted on; {len(stray)} with predictions are not "
                f"among its {len(seen)}: {first(stray)}"
            )
        return seen
    if read.image_ids is not None:
        return read.image_ids
    rest = len(tables.images) - len(on)
    if rest:
        warnings.warn(
            f"{len(on):,} of {len(tables.images):,} images have predictions, and only they count as "
            f"predicted on: what was missed on the other {rest:,} is not known. images= says which were "
            "predicted on (images=ds.images: all)",
            FallbackWarning,
            stacklevel=3,
        )
    return on


def _embeddings(given: Any, read: Foreign, run: Run) -> Embeddings:
    """Vectors of the predictions: given by prediction id, given for every row read, or computed."""
    if given is None:
        return Embeddings.none()
    if isinstance(given, Embeddings):
        stray = minus(given.instance_ids, read.given)
        if len(stray):
            raise DataError(
                f"embeddings: instance_ids must be prediction ids; {len(stray)} of {len(given.instance_ids)} "
                f"are not: {first(stray)}"
            )
        return given
    if isinstance(given, str) or hasattr(given, "embed"):
        return embed(run, given)
    vectors = np.asarray(given, np.float32)
    if vectors.ndim != 2 or len(vectors) != len(read.given):
        raise DataError(f"embeddings must be ({len(read.given)}, d), one per prediction, got {vectors.shape}")
    none = Embeddings.none()
    return replace(none, instance_ids=read.given, instance=vectors)
