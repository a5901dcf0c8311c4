"""Predictions of every labeled image by a model that did not learn it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ...core.errors import DataError
from ...core.tables.of_images import labeled_all_over
from ..embed.pooling import Embeddings
from ..model import Model
from ..quality.fit import fold_of
from ..runs.frozen_tables import Snapshot
from ..runs.measured import trains
from ..runs.run import Run, new_id

_SCORE = 0.03


def cross_run(model: Model, tables: Snapshot, folds: int, seed: int, arguments: Mapping[str, Any]) -> Run:
    """Train a copy of the model without each part of the images, and predict that part.

    Args:
        model: the model; it stays as it is.
        tables: the tables. Labeled images that are not for training are predicted, never learned.
        folds: number of parts.
        seed: seed of the parts and of the trainings.
        arguments: of the model's ``train``.

    Returns:
        One run with the predictions of all parts, without embeddings (each copy has a space of its own).

    Raises:
        DataError: fewer than two images are for training.
    """
    images = tables.images
    labeled = images[(labeled_all_over(images) | images.index.isin(tables.instances["image_id"]))]
    taught = labeled.index[trains(labeled)].to_numpy(np.int64)
    if len(taught) < 2:
        raise DataError(
            "a model is trained without each part of the images: expected 2 or more labeled images that are "
            f"for training (split train or none, weight above 0), got {len(taught)}"
        )
    ids = labeled.index.to_numpy(np.int64)
    there = tables.instances["image_id"].to_numpy(np.int64)
    rows = np.concatenate([ids, there[np.isin(there, ids)]])  # parts of like size, in images and instances
    fold = fold_of(rows, np.ones(len(rows), bool), folds, seed)[: len(ids)]
    parts = []
    for number in range(int(fold.max()) + 1):
        own = ids[fold == number]
        weight = images["weight"].where(~images.index.isin(own), np.float32(0))
        learner = copy.deepcopy(model)
        learner.train(replace(tables, images=images.assign(weight=weight)), seed=seed, **arguments)
        parts.append(learner.predict(tables, own.tolist(), score=_SCORE))
    found = pd.concat([p.predictions for p in parts], ignore_index=True).rename_axis("prediction_id")
    name = new_id("crossed")
    whole = Run(
        id=name,
        kind="predict",
        model=parts[0].model,
        version=parts[0].version,
        arguments={**dict(arguments), "cross_fitted": True, "folds": len(parts)},
        seed=seed,
        labels=tables.labels,
        n_images=len(ids),
        predictions=found.assign(origin=name),
        embeddings=Embeddings.none(),
        predicted_ids=ids,
    )
    return whole.matched_to(tables)
