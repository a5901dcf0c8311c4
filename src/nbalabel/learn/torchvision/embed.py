"""``embed``: embeddings of images and masks, by an nbalabel model or a network of torchvision."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from ...core.errors import DataError
from ...core.tables.schema import LabeledImages
from ..embed.pooling import Embeddings
from ..runs.frozen_tables import Snapshot
from ..runs.run import Run
from .backbone import Backbone


def embed(
    what: LabeledImages | Run, model: Any = "resnet18", images: Any = None, **arguments: Any
) -> Embeddings:
    """Embeddings of images, and of their instances or of the predictions of a Run.

    Args:
        what: a Dataset, Version or Tables, to embed its instances; or a Run, to embed its predictions.
        model: a model with a method ``embed`` (``nl.Yolo``, ``nl.MaskRCNN``), or the name of a network of
            torchvision, of which the backbone is used: "resnet18", "convnext_tiny", "efficientnet_b0" ...
        images: ids, rows of ``images``, a boolean Series over them, or None for all (of a Run: those that
            were predicted on).
        **arguments: of the model's ``embed``, such as ``imgsz`` and ``batch``; ``on`` and ``folder`` embed in
            other processes or on a cluster (docs/cluster.md).

    Returns:
        Embeddings; give them to a run as ``run.embeddings``.

    Raises:
        DataError: the Run holds no tables.
        UnknownNameError: there is no such network, or an id is no image.
        MissingExtraError: torchvision is not installed.
    """
    tables: LabeledImages
    if isinstance(what, Run):
        if what.tables is None:
            raise DataError(f"{what.id} holds no tables: load it with Run.load(folder, tables)")
        tables = replace(Snapshot.of(what.tables), instances=what.predictions)
        images = what.predicted_ids if images is None else images
    else:
        tables = what
    if isinstance(model, str):
        model = Backbone(model)
    return cast(Embeddings, model.embed(tables, images, **arguments))
